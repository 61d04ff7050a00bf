// IndexEntry: what a slot of a page-cache index holds: nothing, a folio, or the swap entry of a page that is swapped
// out.
//
// Pages that were swapped out as one folio have one value entry of its order between them, at a multiple of its size:
// each index holds its own slot, and the order. Such an entry is freed, and comes back, as a whole, or is split first.
#pragma once

#include <cstdint>

#include "base/types.h"
#include "cache/folio.h"

namespace quire::cache {

/// Linux: xarray entry; the value form is xa_is_value().
class IndexEntry {
 public:
  constexpr IndexEntry() = default;
  [[nodiscard]] static IndexEntry of(Folio& folio) { return IndexEntry(reinterpret_cast<uintptr_t>(&folio)); }
  [[nodiscard]] static constexpr IndexEntry of(SwapEntry entry, Order order = Order(0)) {
    return IndexEntry(uint64_t{order.value()} << kOrderShift | (entry.raw() << 1) | 1);
  }
  [[nodiscard]] static constexpr IndexEntry from_word(uint64_t word) { return IndexEntry(word); }
  [[nodiscard]] constexpr uint64_t word() const { return word_; }

  [[nodiscard]] constexpr bool none() const { return word_ == 0; }
  [[nodiscard]] constexpr bool is_value() const { return (word_ & 1) != 0; }
  [[nodiscard]] constexpr bool is_folio() const { return word_ != 0 && (word_ & 1) == 0; }
  [[nodiscard]] Folio& folio() const {
    QUIRE_ASSERT(is_folio());
    return *reinterpret_cast<Folio*>(word_);
  }
  [[nodiscard]] constexpr SwapEntry swap() const {
    QUIRE_ASSERT(is_value());
    return SwapEntry::from_raw((word_ & ((uint64_t{1} << kOrderShift) - 1)) >> 1);
  }
  /// Of the value entry that this is a page of. Linux: xa_get_order()
  [[nodiscard]] constexpr Order order() const { return Order(is_value() ? word_ >> kOrderShift : 0); }
  /// Whether it is a value of this slot, in an entry of whatever order.
  [[nodiscard]] constexpr bool is_swap(SwapEntry entry) const { return is_value() && swap() == entry; }
  constexpr bool operator==(const IndexEntry&) const = default;

 private:
  static constexpr unsigned kOrderShift = 56;
  static_assert(kOrderShift > SwapEntry::kBits + 1);
  constexpr explicit IndexEntry(uint64_t word) : word_(word) {}
  uint64_t word_ = 0;
};

}  // namespace quire::cache
