// MemoryFailure: what is done about a page whose memory has failed.
//
//   flag hwpoison on the page (a large folio is split first) -> lock -> entries become hwpoison entries, or, of a clean
//   page that can be read again, none -> the page is taken out of its cache if that is safe, or stays there to be told
//   of
// The failed page is never freed: one reference to it is kept for good. A load or store of what was lost is SIGBUS with
// BUS_MCEERR_AR (4); a process that has asked for it (PR_MCE_KILL_EARLY) is sent SIGBUS with BUS_MCEERR_AO (5) at once.
// Locks: folio lock, those of rmap_walk.h, i_pages. Sleeps. Linux: mm/memory-failure.c
//
//   Errno error = failure.memory_failure(pfn_with_reference, [&](rmap::MappedSpace& space) { tell(space); });
#pragma once

#include "rmap/mapped_range.h"

namespace quire::reclaim {

class MemoryFailure {
 public:
  explicit MemoryFailure(rmap::Environment& env) : env_(env) {}
  MemoryFailure(const MemoryFailure&) = delete;
  MemoryFailure& operator=(const MemoryFailure&) = delete;

  /// `page` is a page of `folio`, whose reference is taken over. Adds to `victims` each space that mapped it (no lock
  /// is held on return: it may have ended since). 0; -EHWPOISON: it had failed before; -EBUSY: it is still in
  /// use, or part of a huge page that is.
  /// Linux: memory_failure()
  [[nodiscard]] base::Errno memory_failure(cache::FolioRef folio, base::Pfn page,
                                           sync::Vector<const rmap::MappedSpace*>& victims);

 private:
  [[nodiscard]] cache::FolioRef split_off(cache::FolioRef folio, base::Pfn pfn);
  [[nodiscard]] bool hwpoison_user_mappings(cache::Folio& folio, sync::Vector<const rmap::MappedSpace*>& victims);
  void identify_page_state(cache::Folio& folio);

  rmap::Environment& env_;
};

}  // namespace quire::reclaim
