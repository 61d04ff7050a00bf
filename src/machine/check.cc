// The invariants of the whole machine: what page tables, files and swap caches say of each other (SEMANTICS 0.7).
#include <algorithm>

#include "machine/device.h"
#include "machine/stacked.h"

namespace quire::machine {
namespace {

using base::Pfn;
using base::SwapEntry;
using base::SwapOffset;
using base::SwapType;
using cache::Folio;
using cache::FolioFlag;
using pgtable::Pte;
using pgtable::PteKind;
using rmap::RssClass;
using sync::CheckReport;
using sync::Failure;

}  // namespace

/// What a walk over everything counts, in the machine's scratch memory.
struct Machine::Recount {
  uint32_t* references;    ///< per frame: to the folio that begins there
  uint32_t* mappings;      ///< per frame: likewise
  uint32_t* slots;         ///< per slot of all areas, one after the other
  uint32_t* pmd_mappings;  ///< likewise, where a PMD swap mapping begins
  uint32_t first_slot[swap::SwapAreas::kAreasMax] = {};
  uint32_t slots_of[swap::SwapAreas::kAreasMax] = {};

  /// The count of a slot, or nullptr if there is no such slot: its area is not live.
  [[nodiscard]] uint32_t* slot(SwapEntry entry) const {
    unsigned type = entry.type().value();
    if (type >= swap::SwapAreas::kAreasMax || entry.offset().value() >= slots_of[type]) return nullptr;
    return &slots[first_slot[type] + entry.offset().value()];
  }
};

// One reference to each slot; a PMD's is counted apart too. false: there are no such slots.
bool Machine::recount_slots(const Recount& r, SwapEntry entry, PageCount pages) {
  for (uint64_t i = 0; i < pages.value(); ++i) {
    uint32_t* slot = r.slot(entry + PageCount(i));
    if (slot == nullptr) return false;
    ++*slot;
  }
  if (pages > PageCount(1)) ++r.pmd_mappings[r.slot(entry) - r.slots];
  return true;
}

// I5 and I7, and the references of one address space.
void Machine::recount_space(Recount& r, mm::AddressSpace& mm, CheckReport* report) {
  int64_t rss[rmap::kRssClasses] = {};
  mm.tables.peek_each([&](base::VirtPage page, Pte pte, PageCount pages) {
    if (pte.is_swap()) {
      rss[static_cast<unsigned>(RssClass::swap_entries)] += static_cast<int64_t>(pages.value());
      bool named = recount_slots(r, pte.swap_entry(), pages);
      if (!named && report != nullptr)
        report->fail(Failure::swap_count, "I4: page {:#x} names slot {} of an area that is not live", page.value(),
                     pte.swap_entry().offset().value());
    }
    if (pte.kind() == PteKind::zero_page && pages > PageCount(1)) ++r.references[pte.frame_bits()];
    if (!pte.has_pfn() || pte.kind() == PteKind::hwpoison) return;
    Folio& folio = folios_.of(pte.pfn());
    if (!folios_.peek_in_use(folio.pfn()) || !folio.contains(pte.pfn())) {
      if (report != nullptr)
        report->fail(Failure::stale_pte, "page {:#x} maps free frame {}", page.value(), pte.pfn().value());
      return;
    }
    rss[static_cast<unsigned>(Folio::rss_class(folio.peek_flags()))] += static_cast<int64_t>(pages.value());
    if (report != nullptr)
      report->expect(!pte.is_migration(), Failure::stale_pte, "page {:#x} is left with a migration entry",
                     page.value());
    if (pte.is_migration()) return;
    ++r.references[folio.pfn().value()];
    if (pte.kind() != PteKind::device_exclusive) ++r.mappings[folio.pfn().value()];
  });
  if (report == nullptr) return;
  for (unsigned c = 0; c < rmap::kRssClasses; ++c)
    report->expect(mm.rss.peek(static_cast<RssClass>(c)) == rss[c], Failure::rss_mismatch,
                   "I5: rss counter {} is {} but the tables have {}", c, mm.rss.peek(static_cast<RssClass>(c)), rss[c]);
  mm.peek_vmas([&](const mm::Vma& vma) {
    if (vma.file() == nullptr) return;
    mm.tables.peek_each([&](base::VirtPage page, Pte pte, PageCount) {
      if (!vma.peek_pages().contains(page) || !pte.is_present()) return;
      Folio& folio = folios_.of(pte.pfn());
      if (cache::any(folio.peek_flags() & FolioFlag::anon)) return;
      bool right = folio.peek_mapping() == vma.mapping() &&
                   folio.peek_index() + (pte.pfn() - folio.pfn()) == vma.peek_index_of(page);
      report->expect(right, Failure::stale_pte, "I7: page {:#x} maps a folio that is not the file's there",
                     page.value());
    });
  });
}

void Machine::recount_pages(Recount& r, const cache::Mapping& mapping) {
  mapping.peek_entries([&](base::FileIndex, cache::IndexEntry entry) {
    if (entry.is_folio()) {
      ++r.references[entry.folio().pfn().value()];
    } else if (uint32_t* slot = r.slot(entry.swap())) {
      ++*slot;
    }
  });
}

void Machine::recount_files(Recount& r) {
  tmpfs_.peek_inodes([&](const fs::TmpfsInode& inode) {
    recount_pages(r, inode.mapping());
    inode.peek_vector([&](base::SwapEntry entry) {
      if (uint32_t* slot = r.slot(entry)) ++*slot;
    });
  });
  block_fs_.peek_inodes([&](const fs::BlockInode& inode) { recount_pages(r, inode.mapping()); });
  if (stacked_ == nullptr) return;
  stacked_->peek_inodes([&](const fs::UnionInode& inode) { recount_pages(r, inode.mapping()); });
}

// A failed page keeps the reference that was taken when it failed.
void Machine::recount_poisoned(Recount& r) {
  for (uint32_t frame = 0; frame < frames_.frames().value(); ++frame)
    if (folios_.peek_in_use(Pfn(frame)) && cache::any(folios_.peek(Pfn(frame)).peek_flags() & FolioFlag::hwpoison))
      ++r.references[frame];
}

void Machine::recount_swap_cache(Recount& r) {
  for (unsigned type = 0; type < swap_.areas_max(); ++type) {
    const cache::SwapCache* cached = swap_.peek_area(SwapType(type)).peek_swap_cache();
    for (uint32_t slot = 0; cached != nullptr && slot < r.slots_of[type]; ++slot)
      if (const Folio* folio = cached->peek(SwapOffset(slot))) ++r.references[folio->pfn().value()];
  }
}

// Pages that hold digits of counts.
void Machine::recount_continuations(Recount& r) {
  for (unsigned type = 0; type < swap_.areas_max(); ++type)
    if (const swap::Continuations* digits = swap_.peek_area(SwapType(type)).peek_continuations())
      digits->peek_each_page([&](const Folio& page) { ++r.references[page.pfn().value()]; });
}

void Machine::recount(Recount& r) QUIRE_NO_THREAD_SAFETY_ANALYSIS {
  std::fill(scratch_.begin(), scratch_.end(), 0);
  r.references = scratch_.data();
  r.mappings = r.references + frames_.frames().value();
  r.slots = r.mappings + frames_.frames().value();
  uint32_t first = 0;
  for (unsigned type = 0; type < swap_.areas_max(); ++type) {
    const swap::SwapArea& area = swap_.peek_area(SwapType(type));
    r.first_slot[type] = first;
    r.slots_of[type] = static_cast<uint32_t>(area.peek_max().value());
    first += r.slots_of[type];
  }
  r.pmd_mappings = r.slots + first;
  if (const cache::Lru* lru = folios_.lru())
    lru->peek_batched([&](const Folio& folio) { ++r.references[folio.pfn().value()]; });
  recount_files(r);
  recount_swap_cache(r);
  recount_continuations(r);
  recount_poisoned(r);
  if (const Folio* zeros = huge_zero_.peek()) ++r.references[zeros->pfn().value()];
}

// I6: the references and mappings of every folio.
void Machine::check_folios(const Recount& r, CheckReport& report) {
  for (uint32_t frame = 0; frame < frames_.frames().value(); ++frame) {
    if (!folios_.peek_in_use(Pfn(frame))) {
      report.expect(r.references[frame] == 0, Failure::stale_pte, "I6: free frame {} is referred to", frame);
      continue;
    }
    const Folio& folio = folios_.peek(Pfn(frame));
    auto references = static_cast<uint32_t>(folio.peek_refcount());
    auto mappings = static_cast<uint32_t>(folio.peek_mapcount());
    report.expect(r.references[frame] != 0, Failure::leak, "folio {} has refcount {} and nobody refers to it", frame,
                  references);
    report.expect(references == r.references[frame], Failure::bug, "I6: folio {} has refcount {}, not {}", frame,
                  references, r.references[frame]);
    report.expect(mappings == r.mappings[frame], Failure::bug, "I6: folio {} has mapcount {}, not {}", frame, mappings,
                  r.mappings[frame]);
  }
}

// I3: the PMD mappings of every huge cluster. Those of a cluster that was split count in the slots only.
void Machine::check_huge_cluster(const Recount& r, const swap::SwapArea& area, SwapOffset slot, CheckReport& report) {
  if (slot.offset_in(area.cluster_slots()) != PageCount(0) || !area.peek_huge_cluster(slot)) return;
  uint32_t mappings = r.pmd_mappings[r.first_slot[area.type().value()] + slot.value()];
  auto stated =
      static_cast<int64_t>(area.peek_cluster_count(slot)) - static_cast<int64_t>(area.cluster_slots().value());
  report.expect(stated == mappings, Failure::swap_count,
                "I3: the huge cluster of slot {} counts {} PMD mappings, and there are {}", slot.value(), stated,
                mappings);
}

// I1 and I2: the count of every slot.
void Machine::check_slots(const Recount& r, CheckReport& report) {
  for (unsigned type = 0; type < swap_.areas_max(); ++type) {
    const swap::SwapArea& area = swap_.peek_area(SwapType(type));
    for (uint32_t slot = 0; slot < r.slots_of[type]; ++slot) {
      swap::CountByte byte = area.peek_swap_map(SwapOffset(slot));
      check_huge_cluster(r, area, SwapOffset(slot), report);
      uint64_t stated = area.peek_references(SwapOffset(slot));
      uint32_t counted = r.slots[r.first_slot[type] + slot];
      if (byte.continued())
        report.expect(stated == counted, Failure::swap_count,
                      "I1: slot {} has a continued count of {} and {} references", slot, stated, counted);
      else
        report.expect(stated == counted, Failure::swap_count, "I1: slot {} has byte {:#04x} and {} references", slot,
                      byte.byte(), counted);
    }
  }
}

// A translation is what the page table says, with no more rights.
void Machine::check_translation(const pgtable::Translation& t, CheckReport& report) QUIRE_NO_THREAD_SAFETY_ANALYSIS {
  for (const Process* process = tasks_; process != nullptr; process = process->next_) {
    mm::AddressSpace& mm = process->mm();
    if (&mm.tlb != t.space) continue;
    Pte pte = mm.tables.peek(t.page);
    bool same = pte.kind() == t.pte.kind() && (!pte.is_present() || pte.pfn() == t.pte.pfn());
    report.expect(same && (pte.writable() || !t.pte.writable()), Failure::stale_tlb,
                  "a CPU still has a translation of page {:#x} that the page table has not", t.page.value());
    return;
  }
  report.fail(Failure::stale_tlb, "a CPU still has a translation of page {:#x} of a process that has ended",
              t.page.value());
}

void Machine::check(CheckReport& report) QUIRE_NO_THREAD_SAFETY_ANALYSIS {
  frames_.check(report);
  folios_.check(report);
  swap_.check(report);
  tmpfs_.check(report);
  for (const auto& mount : tmpfs_mounts_) mount->check(report);
  block_fs_.check(report);
  if (stacked_ != nullptr) stacked_->check(report);
  Recount r{};
  recount(r);
  for (const Process* process = tasks_; process != nullptr; process = process->next_) {
    process->mm().check(report);
    report.expect(process->mm().peek_users() == 1, Failure::leak, "an address space has {} users",
                  process->mm().peek_users());
    recount_space(r, process->mm(), &report);
  }
  check_folios(r, report);
  check_slots(r, report);
  tlbs_.peek_each([&](const pgtable::Translation& t) { check_translation(t, report); });
  private_data_.check(report);
}

uint64_t Machine::folios_leaked() QUIRE_NO_THREAD_SAFETY_ANALYSIS {
  Recount r{};
  recount(r);
  for (const Process* process = tasks_; process != nullptr; process = process->next_)
    recount_space(r, process->mm(), nullptr);
  uint64_t leaked = 0;
  for (uint32_t frame = 0; frame < frames_.frames().value(); ++frame)
    if (folios_.peek_in_use(Pfn(frame)) && r.references[frame] == 0) leaked += folios_.peek(Pfn(frame)).pages().value();
  return leaked;
}

}  // namespace quire::machine
