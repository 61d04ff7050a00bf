// Pte: the value of one page-table entry, a closed union of seven kinds in 64 bits. Its place is an index of a
// LeafTable.
//
//   none | present(pfn, bits) | zero page | swap(SwapEntry) | migration(pfn) | device(pfn) | poison(pfn) | marker(bits)
//
// Only `present` and `zero_page` let an access through. The bits exclusive, soft_dirty and uffd_wp ride along with the
// entries that are not present. Invariants:
//   I1  the all-zero value is `none`
//   I2  a value has exactly one kind, and asking for another kind's content is an assertion
// Linux: include/linux/swapops.h, arch/x86/include/asm/pgtable_64.h
//
//   Pte swapped = Pte::swap(entry).with(PteBit::exclusive);
//   if (swapped.kind() == PteKind::swap) use(swapped.swap_entry());
#pragma once

#include <cstdint>

#include "base/assert.h"
#include "base/types.h"

namespace quire::pgtable {

using base::Pfn;
using base::SwapEntry;

enum class PteKind : uint8_t {
  none,       ///< nothing was mapped, or it is gone
  present,    ///< maps a frame with a folio
  zero_page,  ///< maps the page of zeros, read-only; no folio, not counted in any rss
  swap,       ///< the page is in a slot
  migration,  ///< the folio is being moved; wait for its lock
  device,     ///< the page is in a device's memory
  poison,     ///< the frame has failed
  marker,     ///< no page, but bits to remember
};

enum class PteBit : uint64_t {
  writable = 1U << 4,
  accessed = 1U << 5,
  dirty = 1U << 6,
  exclusive = 1U << 7,  ///< not present only: the anonymous page belongs to this mapping alone
  soft_dirty = 1U << 8,
  uffd_wp = 1U << 9,
};

class Pte {
 public:
  constexpr Pte() = default;
  [[nodiscard]] static constexpr Pte none() { return Pte(); }
  [[nodiscard]] static constexpr Pte present(Pfn pfn) { return Pte(PteKind::present, pfn.value()); }
  [[nodiscard]] static constexpr Pte zero_page() { return Pte(PteKind::zero_page, 0); }
  [[nodiscard]] static constexpr Pte swap(SwapEntry entry) { return Pte(PteKind::swap, entry.raw()); }
  [[nodiscard]] static constexpr Pte migration(Pfn pfn) { return Pte(PteKind::migration, pfn.value()); }
  [[nodiscard]] static constexpr Pte device(Pfn pfn) { return Pte(PteKind::device, pfn.value()); }
  [[nodiscard]] static constexpr Pte poison(Pfn pfn) { return Pte(PteKind::poison, pfn.value()); }
  [[nodiscard]] static constexpr Pte marker() { return Pte(PteKind::marker, 0); }

  [[nodiscard]] constexpr PteKind kind() const { return static_cast<PteKind>(raw_ & kKindMask); }
  [[nodiscard]] constexpr bool is_none() const { return kind() == PteKind::none; }
  [[nodiscard]] constexpr bool is_present() const { return kind() == PteKind::present; }
  [[nodiscard]] constexpr bool is_swap() const { return kind() == PteKind::swap; }
  /// Whether an access of this kind needs no fault.
  [[nodiscard]] constexpr bool readable() const { return is_present() || kind() == PteKind::zero_page; }
  [[nodiscard]] constexpr bool has(PteBit bit) const { return (raw_ & static_cast<uint64_t>(bit)) != 0; }
  [[nodiscard]] constexpr bool writable() const { return is_present() && has(PteBit::writable); }

  /// The frame of a present, migration, device or poison entry.
  [[nodiscard]] constexpr Pfn pfn() const {
    constexpr unsigned kWithFrame =
        1U << static_cast<unsigned>(PteKind::present) | 1U << static_cast<unsigned>(PteKind::migration) |
        1U << static_cast<unsigned>(PteKind::device) | 1U << static_cast<unsigned>(PteKind::poison);
    QUIRE_ASSERT((kWithFrame >> static_cast<unsigned>(kind()) & 1U) != 0, "an entry without a frame");
    return Pfn(static_cast<uint32_t>(raw_ >> kContentShift));
  }
  [[nodiscard]] constexpr SwapEntry swap_entry() const {
    QUIRE_ASSERT(is_swap(), "not a swap entry");
    return SwapEntry::from_raw(raw_ >> kContentShift);
  }

  [[nodiscard]] constexpr Pte with(PteBit bit) const { return from_raw(raw_ | static_cast<uint64_t>(bit)); }
  [[nodiscard]] constexpr Pte without(PteBit bit) const { return from_raw(raw_ & ~static_cast<uint64_t>(bit)); }

  [[nodiscard]] constexpr uint64_t raw() const { return raw_; }
  [[nodiscard]] static constexpr Pte from_raw(uint64_t raw) {
    Pte pte;
    pte.raw_ = raw;
    return pte;
  }
  /// Linux pte_same()
  constexpr bool operator==(const Pte&) const = default;

 private:
  static constexpr uint64_t kKindMask = 0xf;
  static constexpr unsigned kContentShift = 16;
  static_assert(kContentShift + SwapEntry::kBits <= 64);
  constexpr Pte(PteKind kind, uint64_t content) : raw_(static_cast<uint64_t>(kind) | content << kContentShift) {}

  uint64_t raw_ = 0;
};

static_assert(sizeof(Pte) == 8);

}  // namespace quire::pgtable
