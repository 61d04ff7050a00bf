#include "pgtable/page_table.h"

#include <new>

#include "sync/trace.h"

namespace quire::pgtable {

LeafTable::LeafTable(Geometry geometry) : mask_(geometry.entries().value() - 1) {
  for (uint64_t i = 0; i <= mask_; ++i) new (&entries()[i]) Entry();
}

void LeafTable::populate() {
  if (!pmd().is_none()) return;
  LockedPmd locked(*this);
  if (locked.get().is_none()) locked.set(Pmd::table());
}

void LockedPmd::collapse() QUIRE_NO_THREAD_SAFETY_ANALYSIS {
  table_->lock_.lock();
  set(Pmd::none());
  table_->lock_.unlock();
}

bool LockedPmd::collapse_if_empty() QUIRE_NO_THREAD_SAFETY_ANALYSIS {
  table_->lock_.lock();
  bool empty = get().is_table();
  for (uint64_t i = 0; empty && i <= table_->mask_; ++i) empty = table_->entries()[i].get().is_none();
  if (empty) set(Pmd::none());
  table_->lock_.unlock();
  return empty;
}

PageTables::PageTables(Geometry geometry) : geometry_(geometry), root_(new_table(geometry.levels - 1U)) {
  QUIRE_ASSERT(geometry.levels >= 1);
  QUIRE_ASSERT(geometry.bits_per_level >= 1);
  QUIRE_ASSERT(geometry.pte_bits >= 1);
}

PageTables::~PageTables() { free_table(root_, geometry_.levels - 1U); }

void* PageTables::new_table(unsigned level) const {
  if (level == 0) return new (sync::allocate(leaf_bytes(), alignof(LeafTable))) LeafTable(geometry_);
  auto* slots = static_cast<Slot*>(sync::allocate(entries_at(level) * sizeof(Slot), alignof(Slot)));
  for (unsigned i = 0; i < entries_at(level); ++i) new (&slots[i]) Slot(nullptr);
  return slots;
}

void PageTables::free_table(void* table, unsigned level) const {
  if (level == 0) {
    static_cast<LeafTable*>(table)->~LeafTable();
    sync::deallocate(table, leaf_bytes(), alignof(LeafTable));
    return;
  }
  auto* slots = static_cast<Slot*>(table);
  for (unsigned i = 0; i < entries_at(level); ++i)
    if (void* below = slots[i].peek()) free_table(below, level - 1);
  sync::deallocate(slots, entries_at(level) * sizeof(Slot), alignof(Slot));
}

LeafTable* PageTables::find(VirtPage page) const {
  auto walk = [this, page](auto load) {
    void* table = root_;
    for (unsigned level = geometry_.levels - 1U; level > 0 && table != nullptr; --level)
      table = load(static_cast<const Slot*>(table)[index_at(page, level)]);
    return static_cast<LeafTable*>(table);
  };
  if (sync::driven()) [[unlikely]]
    return walk([](const Slot& slot) { return slot.load(); });
  return walk([](const Slot& slot) { return slot.load_undriven(); });
}

LeafTable* PageTables::find_or_create(VirtPage page) {
  void* table = root_;
  for (unsigned level = geometry_.levels - 1U; level > 0; --level) {
    Slot& slot = static_cast<Slot*>(table)[index_at(page, level)];
    void* below = slot.load();
    if (below == nullptr) {
      if (sync::should_fail("page_alloc", "pte_alloc_one")) return nullptr;
      void* fresh = new_table(level - 1);
      if (slot.compare_exchange(below, fresh))
        below = fresh;
      else
        free_table(fresh, level - 1);
    }
    table = below;
  }
  return static_cast<LeafTable*>(table);
}

PageTables::SpareLeaf PageTables::new_leaf() const {
  bool no_memory = sync::should_fail("page_alloc", "pte_alloc_one");
  return {no_memory ? nullptr : static_cast<LeafTable*>(new_table(0)), FreeLeaf{this}};
}

void PageTables::install(VirtPage page, SpareLeaf spare) {
  QUIRE_ASSERT(geometry_.levels > 1, "the one leaf is there from the start");
  void* table = root_;
  for (unsigned level = geometry_.levels - 1U; level > 1; --level) {
    Slot& slot = static_cast<Slot*>(table)[index_at(page, level)];
    table = slot.load();
    if (table == nullptr) slot.store(table = new_table(level - 1));
  }
  static_cast<Slot*>(table)[index_at(page, 1)].store(spare.release());
}

Pte PageTables::peek(VirtPage page) const {
  void* table = root_;
  for (unsigned level = geometry_.levels - 1U; level > 0 && table != nullptr; --level)
    table = static_cast<const Slot*>(table)[index_at(page, level)].peek();
  if (table == nullptr) return Pte::none();
  const auto& leaf = *static_cast<const LeafTable*>(table);
  if (leaf.peek_pmd().is_huge()) return leaf.peek_pmd().entry().moved_by(page - leaf_range(page).start());
  return leaf.peek(index_at(page, 0));
}

}  // namespace quire::pgtable
