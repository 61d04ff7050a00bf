// MappingOps: what a file system does for the pages of one of its files. Implemented by fs, called by mm and reclaim.
#pragma once

#include "base/result.h"
#include "base/types.h"
#include "cache/folio.h"

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

enum class WriteReason : uint8_t { reclaim, sync };

enum class WriteOutcome : uint8_t {
  written,    ///< writeback was started (and maybe ended); the folio is unlocked
  redirtied,  ///< could not; dirty again, the folio is unlocked
  activate,   ///< could not; dirty again, the folio is still LOCKED: only for WriteReason::reclaim
              ///< (AOP_WRITEPAGE_ACTIVATE)
};

class MappingOps {
 public:
  /// The folio at `index`, brought in or made if need be. Sleeps. Linux: vm_ops->fault
  [[nodiscard]] virtual FaultResult fault(Mapping& mapping, FileIndex index) = 0;
  /// Writes `folio` (locked, dirty flag cleared for I/O, referenced by the caller, unmapped if for reclaim). The lock
  /// is taken over unless the outcome is `activate`. Sleeps. Linux: a_ops->writepage
  [[nodiscard]] virtual WriteOutcome writepage(Mapping& mapping, Folio& folio, WriteReason reason) = 0;
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
