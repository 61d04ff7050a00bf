// migrate_folio(): moves the contents and every role of a folio to another place: another node, a device's memory, RAM
// again, or just elsewhere (compaction).
//
//   lock both -> migration entries -> if nobody else has it: freeze the references, take its places in the page cache
//   or the swap cache, copy -> entries of the new folio -> unlock; otherwise entries of the old one and `again`
// Locks: folio lock of the source (waited for), of the target (nobody knows it yet); then those of rmap_walk.h;
// i_pages. Linux: mm/migrate.c migrate_folio_unmap(), migrate_folio_move()
//
//   MigrateOutcome outcome = migrate_folio(env, *isolated, std::move(fresh));
#pragma once

#include "rmap/mapped_range.h"

namespace quire::rmap {

enum class MigrateOutcome : uint8_t {
  moved,
  again,  ///< somebody else has a reference just now: nothing is changed. Linux -EAGAIN
  gone,   ///< nobody had it any more: freed instead
};

/// `from`: isolated (flag lru cleared) and with one reference of the caller's, which is the last one after it moved.
/// `to`: fresh, with as many pages; on the LRU if it was moved to. Sleeps. Linux: mm/migrate.c migrate_pages()
[[nodiscard]] MigrateOutcome migrate_folio(Environment& env, Folio& from, cache::FolioRef to);
/// The same of a folio that the caller has locked; it is unlocked afterwards.
[[nodiscard]] MigrateOutcome migrate_folio(Environment& env, cache::LockedFolio from, cache::FolioRef to);

/// The large folio (locked, one reference of the caller's) becomes folios of one page; false: somebody else has a
/// reference. Entries of a file's are taken away, for the next access finds its page. The pages but the first are left
/// unlocked; the caller's reference is the first's.
/// Linux: mm/huge_memory.c split_huge_page()
[[nodiscard]] bool split_folio(Environment& env, Folio& folio);

}  // namespace quire::rmap
