// move_pages() and compaction: folios moved because somebody wants them elsewhere.
//
// A folio is isolated (flag lru cleared, one reference) by one task at a time, as for reclaim, and moved by
// rmap::migrate_folio(); one that somebody else uses at the moment is tried a few times and left.
// Locks: mmap_lock shared to find the page; then none but those of migrate_folio(). Linux: mm/migrate.c,
// mm/compaction.c
//
//   Result<int> node = mover.move_pages(mm, address, 1);
#pragma once

#include "mm/address_space.h"

namespace quire::reclaim {

class Mover {
 public:
  explicit Mover(rmap::Environment& env) : env_(env) {}
  Mover(const Mover&) = delete;
  Mover& operator=(const Mover&) = delete;

  /// The page at `address` moves to `node`; returns the node it is on. -ENODEV: no such node; -ENOENT: no page is
  /// there; -EACCES: others map it too; -EBUSY: it could not be moved now; -ENOMEM: the node has no free page. Linux:
  /// mm/migrate.c do_move_pages_to_node()
  [[nodiscard]] base::Result<int> move_pages(mm::AddressSpace& mm, base::VirtAddr address, unsigned node);
  /// Moves folios from low frames to free frames above them; returns how many pages moved.
  /// Linux: mm/compaction.c compact_zone()
  base::PageCount compact();

 private:
  [[nodiscard]] base::Result<cache::FolioRef> isolate(mm::AddressSpace& mm, base::VirtAddr address);
  [[nodiscard]] base::Errno move_to_node(cache::Folio& folio, unsigned node);
  [[nodiscard]] bool move_up(cache::Folio& folio);

  rmap::Environment& env_;
};

}  // namespace quire::reclaim
