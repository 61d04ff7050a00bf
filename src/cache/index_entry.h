// IndexEntry: what a slot of a page-cache index holds: nothing, a folio, or the swap entry of a page that is swapped
// out.
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
  [[nodiscard]] static constexpr IndexEntry of(SwapEntry entry) { return IndexEntry((entry.raw() << 1) | 1); }
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
    return SwapEntry::from_raw(word_ >> 1);
  }
  constexpr bool operator==(const IndexEntry&) const = default;

 private:
  constexpr explicit IndexEntry(uint64_t word) : word_(word) {}
  uint64_t word_ = 0;
};

}  // namespace quire::cache
