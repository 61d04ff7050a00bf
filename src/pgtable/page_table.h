// PageTables: the tables of one address space, from the root to LeafTables: a PMD entry with the PTE table below it.
//
// Levels and bits per level are parameters: 4 x 9 as on x86-64, 1 x 3 or 2 x 2 when explored. A table above the leaves
// is filled in with one compare-exchange and never emptied before the address space ends, so that a walk needs no lock.
// The PMD entry of a leaf says whether its PTE table counts:
//   none -> table: populate()            none -> huge: a fault, khugepaged; the PTE table waits below, deposited
//   huge -> table: split_huge_pmd()      huge -> none: zap      table -> none: khugepaged takes the entries away
//   I1  a PTE changes only under its leaf's PTL, while the PMD entry says `table`
//   I2  a PMD entry changes only under its pmd_lock, and leaves `table` only under both locks
//   I3  a leaf, once reachable, stays until the tables are destroyed; unless its PMD says `table` its PTEs are none
// Locks: pmd_lock > page_table_lock (PTL); two of a class only as destination before source (fork, mremap).
// Linux: mm/memory.c pte_alloc(), mm/pgtable-generic.c pte_offset_map_lock(), pgtable_trans_huge_deposit()
//
//   LockedPageTable table(*tables.find(page));
//   if (!table) ...                      // a huge page, or nothing, is mapped there: look at the PMD
//   Pte before = table.get(page);
//   table.set(page, Pte::none());
#pragma once

#include <memory>
#include <utility>

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
  uint8_t pte_bits = 9;  ///< of the lowest level: a huge page has 2^pte_bits pages
  [[nodiscard]] constexpr VirtPage limit() const { return VirtPage(uint64_t{1} << shift_of(levels)); }
  /// Entries of a PTE table: the pages of a huge page.
  [[nodiscard]] constexpr PageCount entries() const { return PageCount(uint64_t{1} << pte_bits); }
  /// The lowest bit of a page number that `level` looks at; 0 is the PTE level.
  [[nodiscard]] constexpr unsigned shift_of(unsigned level) const {
    return level == 0 ? 0 : pte_bits + (level - 1U) * bits_per_level;
  }
};

/// A PMD entry and its PTE table, each behind a lock of its own.
class LeafTable {
 public:
  using PmdLock = sync::SpinLock<sync::LockClass::pmd_lock>;
  using Lock = sync::SpinLock<sync::LockClass::page_table_lock>;
  using Entry = sync::Plain<Pte, "pte">;

  LeafTable(const LeafTable&) = delete;
  LeafTable& operator=(const LeafTable&) = delete;
  /// One look without a lock: good for a decision that is made again under one.
  [[nodiscard]] Pmd pmd() const { return Pmd::from_raw(pmd_.load()); }
  /// The PTE table counts from now on, unless a huge page is mapped. Linux: mm/memory.c pmd_install()
  void populate();
  /// Without lock or step: for check() and dump().
  [[nodiscard]] Pmd peek_pmd() const { return Pmd::from_raw(pmd_.peek()); }
  [[nodiscard]] Pte peek(uint64_t index) const { return entries()[index].peek(); }

 private:
  friend class LockedPageTable;
  friend class LockedPmd;
  friend class PageTables;
  explicit LeafTable(Geometry geometry);
  [[nodiscard]] Entry* entries() { return reinterpret_cast<Entry*>(this + 1); }
  [[nodiscard]] const Entry* entries() const { return reinterpret_cast<const Entry*>(this + 1); }
  [[nodiscard]] Entry& at(VirtPage page) { return entries()[page.value() & mask_]; }

  PmdLock pmd_lock_;
  Lock lock_;
  sync::Atomic<uint64_t, "pmd"> pmd_{0};
  uint64_t mask_;
};
static_assert(sizeof(LeafTable) % alignof(LeafTable::Entry) == 0);

/// The PTEs of a leaf, whose lock is held while the object lives; the only way to them. Empty if the PMD entry does not
/// say `table`. Linux: pte_offset_map_lock(), which fails likewise
class LockedPageTable {
 public:
  LockedPageTable() = default;
  explicit LockedPageTable(LeafTable& table) QUIRE_NO_THREAD_SAFETY_ANALYSIS : table_(&table) {
    table_->lock_.lock();
    if (!table_->pmd().is_table()) unlock();
  }
  ~LockedPageTable() { unlock(); }
  LockedPageTable(const LockedPageTable&) = delete;
  LockedPageTable& operator=(const LockedPageTable&) = delete;
  explicit operator bool() const { return table_ != nullptr; }

  [[nodiscard]] Pte get(VirtPage page) const { return table_->at(page).get(); }
  void set(VirtPage page, Pte pte) { table_->at(page).set(pte); }
  /// At most once before the end of the object.
  void unlock() QUIRE_NO_THREAD_SAFETY_ANALYSIS {
    if (table_ != nullptr) std::exchange(table_, nullptr)->lock_.unlock();
  }

 private:
  LeafTable* table_ = nullptr;
};

/// The PMD entry of a leaf, whose lock is held while the object lives. Linux: pmd_lock()
class LockedPmd {
 public:
  explicit LockedPmd(LeafTable& table) QUIRE_NO_THREAD_SAFETY_ANALYSIS : table_(&table) { table_->pmd_lock_.lock(); }
  ~LockedPmd() { unlock(); }
  LockedPmd(const LockedPmd&) = delete;
  LockedPmd& operator=(const LockedPmd&) = delete;

  [[nodiscard]] Pmd get() const { return table_->pmd(); }
  /// Not from `table`.
  void set(Pmd pmd) { table_->pmd_.store(pmd.raw()); }
  /// From `table` to none: PTEs may be looked at, and put back or taken away, by the caller alone until it says what is
  /// there now. Linux: pmdp_collapse_flush()
  void collapse();
  /// The same if there is a table and all its PTEs are none; nobody sees it gone otherwise. Linux:
  /// retract_page_tables()
  bool collapse_if_empty();
  /// After collapse(), or below a huge page: entries of a table that nobody else can see.
  [[nodiscard]] Pte get_hidden(VirtPage page) const { return table_->at(page).get(); }
  void set_hidden(VirtPage page, Pte pte) { table_->at(page).set(pte); }
  void unlock() QUIRE_NO_THREAD_SAFETY_ANALYSIS {
    if (table_ != nullptr) std::exchange(table_, nullptr)->pmd_lock_.unlock();
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
  /// The leaf of `page`, created if need be (its PMD none); nullptr when there is no memory for it. Sleeps.
  /// Linux: mm/memory.c pmd_alloc()
  [[nodiscard]] LeafTable* find_or_create(VirtPage page);
  /// A leaf that is in no tree yet: made before locks are taken, so that there is no failing later. Freed unless it is
  /// installed. Linux: pte_alloc_one(), pte_free()
  struct FreeLeaf {
    const PageTables* tables;
    void operator()(LeafTable* leaf) const { tables->free_table(leaf, 0); }
  };
  using SpareLeaf = std::unique_ptr<LeafTable, FreeLeaf>;
  /// Empty when there is no memory for it. Sleeps.
  [[nodiscard]] SpareLeaf new_leaf() const;
  /// `spare` is the leaf of `page` from now on; there was none, and only the caller makes any.
  void install(VirtPage page, SpareLeaf spare);
  /// What one leaf maps: the pages around `page`.
  [[nodiscard]] Range<VirtPage> leaf_range(VirtPage page) const {
    return Range<VirtPage>::of(page.align_down(geometry_.entries()), geometry_.entries());
  }
  /// The first page behind the leaf that holds `page`.
  [[nodiscard]] VirtPage end_of_leaf(VirtPage page) const { return leaf_range(page).limit(); }
  /// Calls visit(LeafTable*, Range<VirtPage>) for each leaf's part of `range`; nullptr where there is no leaf.
  template <typename Visit>
  void for_each_leaf(Range<VirtPage> range, Visit visit) const {
    for (VirtPage page = range.start(); page < range.limit();) {
      Range<VirtPage> part = leaf_range(page).intersection(range);
      visit(find(page), part);
      page = part.limit();
    }
  }
  /// Calls visit(VirtPage, Pte, PageCount) for every entry that is not none, huge ones with their number of pages; at
  /// quiescent points only.
  template <typename Visit>
  void peek_each(Visit&& visit) const {
    peek_below(root_, geometry_.levels - 1U, 0, visit);
  }
  /// What maps `page`, of a huge page its part; at quiescent points only.
  [[nodiscard]] Pte peek(VirtPage page) const;

 private:
  using Slot = sync::Atomic<void*, "pud">;
  [[nodiscard]] unsigned entries_at(unsigned level) const {
    return 1U << (level == 0 ? geometry_.pte_bits : geometry_.bits_per_level);
  }
  [[nodiscard]] unsigned index_at(VirtPage page, unsigned level) const {
    return static_cast<unsigned>(page.value() >> geometry_.shift_of(level)) & (entries_at(level) - 1);
  }
  [[nodiscard]] void* new_table(unsigned level) const;
  void free_table(void* table, unsigned level) const;
  [[nodiscard]] std::size_t leaf_bytes() const { return sizeof(LeafTable) + entries_at(0) * sizeof(LeafTable::Entry); }

  template <typename Visit>
  void peek_below(void* table, unsigned level, uint64_t first, Visit& visit) const {
    if (level == 0) return peek_leaf(*static_cast<LeafTable*>(table), first, visit);
    for (unsigned i = 0; i < entries_at(level); ++i)
      if (void* below = static_cast<Slot*>(table)[i].peek())
        peek_below(below, level - 1, first | uint64_t{i} << geometry_.shift_of(level), visit);
  }
  template <typename Visit>
  void peek_leaf(const LeafTable& leaf, uint64_t first, Visit& visit) const {
    if (leaf.peek_pmd().is_huge()) visit(VirtPage(first), leaf.peek_pmd().entry(), geometry_.entries());
    for (unsigned i = 0; i < entries_at(0); ++i)
      if (Pte pte = leaf.peek(i); !pte.is_none()) visit(VirtPage(first | i), pte, PageCount(1));
  }

  Geometry geometry_;
  void* root_;
};

}  // namespace quire::pgtable
