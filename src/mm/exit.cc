// Users of an address space, and its end.
#include <algorithm>

#include "mm/address_space.h"
#include "sync/trace.h"

namespace quire::mm {

using rmap::RssClass;

// Linux: include/linux/sched/mm.h mmget_not_zero()
bool AddressSpace::mmget_not_zero() {
  int32_t seen = users_.load(sync::Order::relaxed);
  while (seen != 0)
    if (users_.compare_exchange(seen, seen + 1)) return true;
  return false;
}

// Linux: kernel/fork.c mmput(), __mmput()
void AddressSpace::mmput() {
  int32_t before = users_.fetch_sub(1);
  QUIRE_ASSERT(before > 0, "a user of an address space left twice");
  if (before != 1) return;
  exit_mmap();
  // Only now: until here swapoff may meet it on the list, and passes by because it has no user.
  env.swap.users().remove(*this);
  sync::destroy_object(this);
}

// Linux: kernel/fork.c check_mm()
void AddressSpace::check_counters() const {
  for (RssClass c : {RssClass::file, RssClass::anon, RssClass::shmem, RssClass::swap_entries})
    if (int64_t left = rss.get(c); left != 0) {
      char text[80];
      auto end =
          fmt::format_to_n(text, sizeof(text), "Bad rss-counter state type {} val {}", static_cast<int>(c), left);
      sync::bug(sync::Failure::rss_mismatch, {text, std::min(end.size, sizeof(text))});
    }
}

// The last user is gone, so nobody takes mmap_lock any more; reverse-map walks still come by until a mapping is
// unlinked. Linux: mm/mmap.c exit_mmap()
void AddressSpace::exit_mmap() {
  QUIRE_FUNC();
  for (const auto& [end, vma] : vmas_) zap_range(*vma, vma->pages(), {});
  for (const auto& [end, vma] : vmas_) {
    vma->unlink();
    Vma::remove(vma);
  }
  vmas_.clear();
  // Only now: a walk that has emptied a PMD may not have counted it yet, and zap_range() passes by what is empty.
  check_counters();
}

void AddressSpace::check(sync::CheckReport& report) const {
  using sync::Failure;
  VirtPage end(0);
  for (const auto& [limit, vma] : vmas_) {
    report.expect(end <= vma->peek_pages().start(), Failure::check, "mm I1: mappings overlap at page {:#x}",
                  vma->peek_pages().start().value());
    end = vma->peek_pages().limit();
    report.expect(end == limit, Failure::check, "mm I1: a mapping is not where it is looked for, page {:#x}",
                  limit.value());
  }
  auto at = vmas_.begin();
  tables.peek_each([&](VirtPage page, Pte pte, PageCount pages) {
    while (at != vmas_.end() && at->first <= page) ++at;
    bool mapped = at != vmas_.end() && at->second->peek_pages().contains(Range<VirtPage>::of(page, pages));
    report.expect(mapped, Failure::stale_pte, "mm I2: page {:#x} has an entry and no mapping", page.value());
    report.expect(!pte.is_swap() || peek_on_list(), Failure::swap_count,
                  "mm I4: page {:#x} is in swap, not on the mmlist", page.value());
    if (!mapped || !pte.is_present()) return;
    const Folio& folio = env.folios.of(pte.pfn());
    bool anon = cache::any(folio.peek_flags() & cache::FolioFlag::anon);
    report.expect(!anon || at->second->anon_chains.has(folio.peek_anon_vma()), Failure::stale_pte,
                  "vma I1: page {:#x} maps a page that is not looked for there", page.value());
  });
}

}  // namespace quire::mm
