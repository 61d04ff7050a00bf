// MappingOps: what a file system does for the pages of one of its files. Implemented by fs, called by mm and reclaim.
//
// The contract of writepage(), for every file system and every caller:
//   in   the folio is locked, its dirty flag is cleared for I/O (its dirty tag in the index stays), the caller has a
//        reference; if wbc.for_reclaim nothing maps it
//   out  it is unlocked whatever the outcome (success, dirty again, error), but for kAopWritepageActivate, which leaves
//        it locked, and not in the swap cache, and is returned only if wbc.for_reclaim; and writeback was begun (and
//        perhaps ended), or the folio is dirty again (folio_redirty_for_writepage())
//   the caller of kAopWritepageActivate: reclaim puts the folio on the active list and goes on with it locked; who did
//        not reclaim unlocks it and takes the outcome for success: it is not recorded as an error of the file
#pragma once

#include "base/result.h"
#include "base/types.h"
#include "cache/folio.h"
#include "cache/writeback_control.h"
#include "phys/gfp.h"

namespace quire::cache {

class Mapping;

enum class FaultOutcome : uint8_t {
  found,       ///< the folio is referenced, locked, uptodate and in the mapping at that index
  beyond_end,  ///< SIGBUS, BUS_ADRERR
  io_error,    ///< SIGBUS, BUS_ADRERR
  no_memory,
  hwpoison,  ///< SIGBUS, BUS_MCEERR_AR: the page is there and cannot be used
  retry,     ///< the caller has to start again
};

struct FaultResult {
  FaultOutcome outcome = FaultOutcome::retry;
  FolioRef folio;      ///< `found` only
  LockedFolio locked;  ///< `found` only; declared after `folio`, so unlocked before the reference is dropped
};

/// A folio of a file with the caller's reference and lock; may be empty.
struct HeldFolio {
  FolioRef folio;
  LockedFolio locked;  ///< after `folio`: unlocked first
};

class MappingOps {
 public:
  /// The folio at `index`, brought in or made if need be. Sleeps. Linux: vm_ops->fault
  [[nodiscard]] virtual FaultResult fault(Mapping& mapping, FileIndex index) = 0;
  /// Writes `folio`; the contract is above. ok: written, under writeback, or dirty again; an errno that is known before
  /// the I/O (what the I/O itself comes to is recorded on the mapping); kAopWritepageActivate. Sleeps.
  /// Linux: a_ops->writepage
  [[nodiscard]] virtual base::Errno writepage(Mapping& mapping, Folio& folio, WritebackControl& wbc) = 0;
  /// Writes what is dirty of the file, as far as `wbc` wants; its first error. Sleeps. Linux: a_ops->writepages
  [[nodiscard]] virtual base::Errno writepages(Mapping& mapping, WritebackControl& wbc) {
    (void)mapping, (void)wbc;
    return base::Errno::ok;
  }
  /// `folio` (locked, in the mapping) has been written to: whether it was clean. Linux: a_ops->dirty_folio; as here,
  /// noop_dirty_folio(), where nothing is written back
  virtual bool dirty_folio(Mapping& mapping, Folio& folio) {
    (void)mapping;
    return !folio.test_and_set(FolioFlag::dirty);
  }
  /// A program is about to write to `folio` (locked, in the mapping) through a shared mapping, whose entry becomes
  /// writable while it is locked. Asked only where can_writeback(): there an entry is writable only if the folio was
  /// marked dirty since it was last cleared for I/O, so that writeback finds it. An error, -ENOSPC, is the program's
  /// SIGBUS, and the folio is as it was. Linux: vm_ops->page_mkwrite
  [[nodiscard]] virtual base::Errno page_mkwrite(Mapping& mapping, Folio& folio) {
    (void)dirty_folio(mapping, folio);
    return base::Errno::ok;
  }
  /// A page was made dirty; waits if there are too many. Called with no folio locked. Sleeps.
  /// Linux: balance_dirty_pages_ratelimited()
  virtual void balance_dirty_pages(Mapping& mapping) { (void)mapping; }
  /// The folio at `index`, held, for who will fill or overwrite all of it: made with `gfp` if there is none (then it
  /// may be not uptodate, or zeros), brought back if it is in swap. The size of the file does not count. -ENOMEM, -EIO.
  /// Sleeps.
  /// Linux: mm/filemap.c __filemap_get_folio() with FGP_LOCK and FGP_CREAT; once find_or_create_page()
  [[nodiscard]] virtual base::Result<HeldFolio> find_or_create(Mapping& mapping, FileIndex index, phys::Gfp gfp) = 0;
  /// The same by who goes around the file system, to the page cache alone: what is in swap stays there, and the page is
  /// in two places. Only stacked file systems of 2007 do. Linux: mm/filemap.c find_or_create_page() on a file of tmpfs
  [[nodiscard]] virtual base::Result<HeldFolio> find_or_create_around(Mapping& mapping, FileIndex index,
                                                                      phys::Gfp gfp) {
    return find_or_create(mapping, index, gfp);
  }
  /// The file's size in pages, rounded up, read without a lock.
  [[nodiscard]] virtual PageCount size_pages(const Mapping& mapping) const = 0;
  /// Before `folio` (locked, unmapped, not under writeback) is dropped from a cache that is said to be out of date:
  /// writes it if it is dirty and the file system wants that; -EIO. Linux: a_ops->launder_folio
  [[nodiscard]] virtual base::Errno launder_folio(Mapping&, Folio&) { return base::Errno::ok; }
  /// Whether what is dirty can be written and read again: without, memory is the only place. Linux:
  /// mapping_can_writeback()
  [[nodiscard]] virtual bool can_writeback() const { return true; }
  /// The memory of `folio` (locked, unmapped) is broken: whether it left the mapping. Linux: a_ops->error_remove_folio
  [[nodiscard]] virtual bool error_remove_folio(Mapping& mapping, Folio& folio) = 0;

 protected:
  ~MappingOps() = default;
};

}  // namespace quire::cache
