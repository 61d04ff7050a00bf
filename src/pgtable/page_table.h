// PageTables: the tables of one address space, from the root to LeafTables, each leaf with the lock (PTL) of its
// entries.
//
// Levels and bits per level are parameters: 4 x 9 as on x86-64, 1 x 3 or 2 x 2 when explored. A table above the leaves
// is filled in with one compare-exchange and never emptied before the address space ends, so that a walk needs no lock.
//   I1  an entry changes only under its leaf's lock
//   I2  a leaf, once reachable, stays until the tables are destroyed
// Locks: page_table_lock of a leaf for every look at an entry; two leaves only as destination before source (fork).
// Linux: mm/memory.c pte_alloc(), pte_offset_map_lock()
//
//   LockedPageTable table(*tables.find(page));
//   Pte before = table.get(page);
//   table.set(page, Pte::none());
#pragma once

#include "base/types.h"
#include "pgtable/pte.h"
#include "sync/atomic.h"
#include "sync/heap.h"
#include "sync/lock.h"
#include "sync/plain.h"

namespace quire::pgtable {

using base::PageCount;
using base::Range;
using base::VirtPage;

struct Geometry {
  uint8_t levels = 4;
  uint8_t bits_per_level = 9;
  [[nodiscard]] constexpr VirtPage limit() const {
    return VirtPage(uint64_t{1} << (unsigned{levels} * bits_per_level));
  }
  [[nodiscard]] constexpr PageCount entries() const { return PageCount(uint64_t{1} << bits_per_level); }
};

/// The lowest table: 2^bits entries behind one lock.
class LeafTable {
 public:
  using Lock = sync::SpinLock<sync::LockClass::page_table_lock>;
  using Entry = sync::Plain<Pte, "pte">;

  LeafTable(const LeafTable&) = delete;
  LeafTable& operator=(const LeafTable&) = delete;
  [[nodiscard]] Lock& ptl() QUIRE_RETURN_CAPABILITY(lock_) { return lock_; }
  /// Without lock or step: for check() and dump().
  [[nodiscard]] Pte peek(uint64_t index) const { return entries()[index].peek(); }

 private:
  friend class LockedPageTable;
  friend class PageTables;
  explicit LeafTable(Geometry geometry);
  [[nodiscard]] Entry* entries() { return reinterpret_cast<Entry*>(this + 1); }
  [[nodiscard]] const Entry* entries() const { return reinterpret_cast<const Entry*>(this + 1); }
  [[nodiscard]] Entry& at(VirtPage page) { return entries()[page.value() & mask_]; }

  Lock lock_;
  uint32_t mask_;
};
static_assert(sizeof(LeafTable) % alignof(LeafTable::Entry) == 0);

/// A leaf whose lock is held while the object lives; the only way to its entries.
class LockedPageTable {
 public:
  explicit LockedPageTable(LeafTable& table) QUIRE_NO_THREAD_SAFETY_ANALYSIS : table_(&table) { table_->lock_.lock(); }
  ~LockedPageTable() { unlock(); }
  LockedPageTable(const LockedPageTable&) = delete;
  LockedPageTable& operator=(const LockedPageTable&) = delete;

  [[nodiscard]] Pte get(VirtPage page) const { return table_->at(page).get(); }
  void set(VirtPage page, Pte pte) { table_->at(page).set(pte); }
  /// At most once before the end of the object.
  void unlock() QUIRE_NO_THREAD_SAFETY_ANALYSIS {
    if (table_ == nullptr) return;
    table_->lock_.unlock();
    table_ = nullptr;
  }

 private:
  LeafTable* table_;
};

class PageTables {
 public:
  explicit PageTables(Geometry geometry);
  ~PageTables();
  PageTables(const PageTables&) = delete;
  PageTables& operator=(const PageTables&) = delete;

  [[nodiscard]] Geometry geometry() const { return geometry_; }
  /// The leaf of `page`, or nullptr when nothing near it was ever mapped.
  [[nodiscard]] LeafTable* find(VirtPage page) const;
  /// The leaf of `page`, created if need be; nullptr when there is no memory for it. Sleeps.
  /// Linux: mm/memory.c __pte_alloc()
  [[nodiscard]] LeafTable* find_or_create(VirtPage page);
  /// The first page behind the leaf that holds `page`.
  [[nodiscard]] VirtPage end_of_leaf(VirtPage page) const {
    return page.align_down(geometry_.entries()) + geometry_.entries();
  }
  /// Calls visit(VirtPage, Pte) for every entry that is not none; at quiescent points only.
  template <typename Visit>
  void peek_each(Visit&& visit) const {
    peek_below(root_, geometry_.levels - 1U, 0, visit);
  }

 private:
  using Slot = sync::Atomic<void*, "pmd">;
  [[nodiscard]] unsigned index_at(VirtPage page, unsigned level) const {
    return static_cast<unsigned>(page.value() >> (level * geometry_.bits_per_level)) & mask_;
  }
  [[nodiscard]] void* new_table(unsigned level) const;
  void free_table(void* table, unsigned level) const;
  [[nodiscard]] std::size_t leaf_bytes() const { return sizeof(LeafTable) + entries_ * sizeof(LeafTable::Entry); }

  template <typename Visit>
  void peek_below(void* table, unsigned level, uint64_t first, Visit& visit) const {
    for (unsigned i = 0; i < entries_; ++i) {
      uint64_t place = first | uint64_t{i} << (level * geometry_.bits_per_level);
      if (level > 0) {
        if (void* below = static_cast<Slot*>(table)[i].peek()) peek_below(below, level - 1, place, visit);
      } else if (Pte pte = static_cast<LeafTable*>(table)->peek(i); !pte.is_none()) {
        visit(VirtPage(place), pte);
      }
    }
  }

  Geometry geometry_;
  uint32_t entries_;
  uint32_t mask_;
  void* root_;
};

}  // namespace quire::pgtable
