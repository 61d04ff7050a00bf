// The machine's state as text, one line per thing that is there.
//
//   A: anon 1 shmem 0 swapents 0
//     0x1000-0x2000 rw- private
//     0x1000 present frame 3 w
//   file: size 4096 references 1
//     0 swap 0:1
//   file f: size 4096 references 2
//     0 frame 5 dirty
//   S: 1 of 8 slots
//     1 byte 0xff cached
//     4 huge cluster, 2 PMD mappings
#include <iterator>

#include "machine/device.h"

namespace quire::machine {
namespace {

using pgtable::Pte;
using pgtable::PteBit;
using pgtable::PteKind;
using rmap::RssClass;

template <typename... Args>
void line(sync::String& out, fmt::format_string<Args...> text, Args&&... args) {
  char buffer[160];
  auto result = fmt::format_to_n(buffer, sizeof(buffer), text, std::forward<Args>(args)...);
  out.append(buffer, std::min(result.size, sizeof(buffer)));
  out.push_back('\n');
}

void dump_entry(sync::String& out, base::VirtPage page, Pte pte, PageCount pages) {
  uint64_t address = base::address_of(page).value();
  const char* huge = pages > PageCount(1) ? "huge " : "";
  switch (pte.kind()) {
    case PteKind::none:
      break;
    case PteKind::present:
      return line(out, "    {:#x} {}frame {}{}{}", address, huge, pte.pfn().value(), pte.writable() ? " w" : "",
                  pte.has(PteBit::dirty) ? " dirty" : "");
    case PteKind::zero_page:
      return line(out, "    {:#x} {}zero page", address, huge);
    case PteKind::swap:
      return line(out, "    {:#x} {}swap {}:{}{}", address, huge, pte.swap_entry().type().value(),
                  pte.swap_entry().offset().value(), pte.has(PteBit::exclusive) ? " exclusive" : "");
    case PteKind::migration:
      return line(out, "    {:#x} migration of frame {}", address, pte.pfn().value());
    case PteKind::device_private:
      return line(out, "    {:#x} device page {}", address, pte.pfn().value());
    case PteKind::device_exclusive:
      return line(out, "    {:#x} frame {} for the device alone", address, pte.pfn().value());
    case PteKind::hwpoison:
      return line(out, "    {:#x} poison of frame {}", address, pte.pfn().value());
    case PteKind::marker:
      return line(out, "    {:#x} marker{}", address,
                  pte.has(PteBit::uffd_wp) ? " uffd-wp"
                  : pte.has(PteBit::guard) ? " guard"
                                           : " poisoned");
    case PteKind::swapin_error:
      return line(out, "    {:#x} swap-in error", address);
  }
}

}  // namespace

void Machine::dump_space(sync::String& out, const Process& process) {
  mm::AddressSpace& mm = process.mm();
  line(out, "process {} {}: anon {} file {} shmem {} swapents {}", process.pid(), process.name(),
       mm.rss.peek(RssClass::anon), mm.rss.peek(RssClass::file), mm.rss.peek(RssClass::shmem),
       mm.rss.peek(RssClass::swap_entries));
  mm.peek_vmas([&](const mm::Vma& vma) {
    auto has = [&](mm::VmFlag flag) { return (vma.peek_flags() & flag) != mm::VmFlag::none; };
    line(out, "  {:#x}-{:#x} {}{} {}{}", base::address_of(vma.peek_pages().start()).value(),
         base::address_of(vma.peek_pages().limit()).value(), has(mm::VmFlag::read) ? 'r' : '-',
         has(mm::VmFlag::write) ? 'w' : '-', has(mm::VmFlag::shared) ? "shared" : "private",
         vma.file() == nullptr ? "" : " file");
  });
  mm.tables.peek_each([&](base::VirtPage page, Pte pte, PageCount pages) { dump_entry(out, page, pte, pages); });
}

void Machine::dump_pages(sync::String& out, const cache::Mapping& mapping) {
  mapping.peek_entries([&](base::FileIndex index, cache::IndexEntry entry) {
    if (!entry.is_folio())
      return line(out, "    {} swap {}:{}", index.value(), entry.swap().type().value(), entry.swap().offset().value());
    auto has = [&](cache::FolioFlag flag) { return cache::any(entry.folio().peek_flags() & flag); };
    line(out, "    {} frame {}{}{}", index.value(), entry.folio().pfn().value(),
         has(cache::FolioFlag::dirty) ? " dirty" : "", has(cache::FolioFlag::uptodate) ? "" : " not uptodate");
  });
}

void Machine::dump_files(sync::String& out) {
  tmpfs_.peek_inodes([&](const fs::TmpfsInode& inode) {
    line(out, "file: size {} references {}", inode.peek_size(), inode.peek_references());
    dump_pages(out, inode.mapping());
  });
  block_fs_.peek_inodes([&](const fs::BlockInode& inode) {
    line(out, "file {}: size {} references {}", inode.name(), inode.peek_size(), inode.peek_references());
    dump_pages(out, inode.mapping());
  });
}

void Machine::dump_swap(sync::String& out) {
  for (Device* device : devices_) {
    const swap::SwapArea* area = swap_.peek_area_of(device->backend());
    if (area == nullptr) {
      std::string_view why = device->reason;
      line(out, "swap {}: off{}{}", device->settings.get_name(), why.empty() ? "" : ", ", why);
      continue;
    }
    line(out, "swap {}: {} of {} slots", device->settings.get_name(), area->peek_inuse_pages().value(),
         area->peek_pages().value());
    device->backend().describe(out);
    for (uint32_t slot = 1; slot < area->peek_max().value(); ++slot) {
      swap::CountByte byte = area->peek_swap_map(base::SwapOffset(slot));
      const cache::Folio* folio = area->peek_swap_cache()->peek(base::SwapOffset(slot));
      if (slot % area->cluster_slots().value() == 0 && area->peek_huge_cluster(base::SwapOffset(slot)))
        line(out, "    {} huge cluster, {} PMD mappings", slot,
             area->peek_cluster_count(base::SwapOffset(slot)) - area->cluster_slots().value());
      if (byte.free()) continue;
      if (folio == nullptr)
        line(out, "    {} byte {:#04x}", slot, byte.byte());
      else
        line(out, "    {} byte {:#04x} frame {}", slot, byte.byte(), folio->pfn().value());
    }
  }
}

sync::String Machine::dump() QUIRE_NO_THREAD_SAFETY_ANALYSIS {
  sync::String out;
  line(out, "ram: {} of {} pages free", frames_.peek_free().value(), options_.ram.value());
  for (const Process* process = tasks_; process != nullptr; process = process->next_) dump_space(out, *process);
  dump_files(out);
  dump_swap(out);
  return out;
}

}  // namespace quire::machine
