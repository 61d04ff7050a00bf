// A table of the direct map, for the files that implement it.
#pragma once

#include "phys/direct_map.h"

namespace quire::phys {

struct alignas(32) DirectMap::Table {
  Table(std::size_t count, Pfn page_) : entries(count), page(page_) {}
  static constexpr Pfn kBootPage{~uint32_t{0}};
  sync::Vector<Entry> entries;
  Pfn page;  ///< what it costs; kBootPage: made at boot
};

template <typename Load>
DirectMap::LeafRef DirectMap::walk(Pfn pfn, Load load) const {
  unsigned level = kLevels - 1;
  auto* entry = const_cast<Entry*>(&root_[pfn.value() >> (level * shift_)]);
  for (;;) {
    uint64_t value = load(*entry);
    Table* table = table_of(value);
    if (table == nullptr) {
      Pfn first = pfn.align_down(leaf_pages(level));
      return {entry, value, level, Range<Pfn>::of(first, leaf_pages(level))};
    }
    --level;
    entry = &table->entries[(pfn.value() >> (level * shift_)) & ((std::size_t{1} << shift_) - 1)];
  }
}

template <typename Visit>
void DirectMap::peek_tables(const Entry& entry, Visit visit) const {
  const Table* table = table_of(entry.peek());
  if (table == nullptr) return;
  visit(*table);
  for (const Entry& below : table->entries) peek_tables(below, visit);
}

}  // namespace quire::phys
