// Pte: the value of one page-table entry, a closed union of ten kinds in 64 bits. Its place is an index of a LeafTable.
//
//   none | present(pfn) | zero page | swap(SwapEntry) | migration(pfn) | device_private(pfn) | device_exclusive(pfn)
//        | hwpoison(pfn) | marker(uffd_wp, guard, poisoned) | swapin_error
//
// Only `present` and `zero_page` let an access through. A migration entry is of three types by its bits: write
// (writable), read-exclusive (exclusive) and read (neither), and keeps young and dirty as accessed and dirty; a device
// entry is write or read. The bits exclusive, soft_dirty and uffd_wp ride along with entries that are not present.
//   I1  the all-zero value is `none`
//   I2  a value has exactly one kind, and asking for another kind's content is an assertion
// A huge page is mapped by a Pmd, which holds such a value (present, zero page, migration or swap) for the whole of its
// table.
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
  none,              ///< nothing was mapped, or it is gone
  present,           ///< maps a frame with a folio
  zero_page,         ///< maps the page of zeros, read-only; no folio, not counted in any rss
  swap,              ///< the page is in a slot
  migration,         ///< the folio (locked) is being moved; wait for its lock
  device_private,    ///< the page is in a device's memory, which the CPU cannot reach; mapped and counted
  device_exclusive,  ///< the page is in RAM, but only the device may use it for now; counted, not mapped
  hwpoison,          ///< the frame has failed
  marker,            ///< no page, but bits to remember
  swapin_error,      ///< the page could not be read back from swap
};

enum class PteBit : uint64_t {
  writable = 1U << 4,
  accessed = 1U << 5,
  dirty = 1U << 6,
  exclusive = 1U << 7,  ///< not present only: the anonymous page belongs to this mapping alone
  soft_dirty = 1U << 8,
  uffd_wp = 1U << 9,     ///< a write must be announced to the user-fault handler first
  guard = 1U << 10,      ///< marker only: any access is a SIGSEGV
  prot_none = 1U << 11,  ///< no access is allowed (PROT_NONE); migration and device entries keep it for their page
  poisoned = 1U << 12,   ///< marker only: any access is a SIGBUS, as of memory that has failed
};

class Pte {
 public:
  constexpr Pte() = default;
  [[nodiscard]] static constexpr Pte none() { return Pte(); }
  [[nodiscard]] static constexpr Pte present(Pfn pfn) { return Pte(PteKind::present, pfn.value()); }
  [[nodiscard]] static constexpr Pte zero_page() { return Pte(PteKind::zero_page, 0); }
  /// Of a PMD only: the huge page of zeros, whose first frame is `pfn`. A part of it is zero_page().
  [[nodiscard]] static constexpr Pte huge_zero_page(Pfn pfn) { return Pte(PteKind::zero_page, pfn.value()); }
  [[nodiscard]] static constexpr Pte swap(SwapEntry entry) { return Pte(PteKind::swap, entry.raw()); }
  [[nodiscard]] static constexpr Pte migration(Pfn pfn) { return Pte(PteKind::migration, pfn.value()); }
  [[nodiscard]] static constexpr Pte device_private(Pfn pfn) { return Pte(PteKind::device_private, pfn.value()); }
  [[nodiscard]] static constexpr Pte device_exclusive(Pfn pfn) { return Pte(PteKind::device_exclusive, pfn.value()); }
  [[nodiscard]] static constexpr Pte hwpoison(Pfn pfn) { return Pte(PteKind::hwpoison, pfn.value()); }
  /// With one of the bits uffd_wp, guard and poisoned.
  [[nodiscard]] static constexpr Pte marker(PteBit bit) { return Pte(PteKind::marker, 0).with(bit); }
  [[nodiscard]] static constexpr Pte swapin_error() { return Pte(PteKind::swapin_error, 0); }

  [[nodiscard]] constexpr PteKind kind() const { return static_cast<PteKind>(raw_ & kKindMask); }
  [[nodiscard]] constexpr bool is_none() const { return kind() == PteKind::none; }
  [[nodiscard]] constexpr bool is_present() const { return kind() == PteKind::present; }
  [[nodiscard]] constexpr bool is_swap() const { return kind() == PteKind::swap; }
  [[nodiscard]] constexpr bool is_migration() const { return kind() == PteKind::migration; }
  [[nodiscard]] constexpr bool is_device() const {
    return kind() == PteKind::device_private || kind() == PteKind::device_exclusive;
  }
  /// Whether a read needs no fault.
  [[nodiscard]] constexpr bool readable() const {
    return (is_present() || kind() == PteKind::zero_page) && !has(PteBit::prot_none);
  }
  [[nodiscard]] constexpr bool has(PteBit bit) const { return (raw_ & static_cast<uint64_t>(bit)) != 0; }
  /// Whether a write does not either.
  [[nodiscard]] constexpr bool writable() const {
    return is_present() && has(PteBit::writable) && !has(PteBit::prot_none);
  }

  /// Whether pfn() may be asked for.
  [[nodiscard]] constexpr bool has_pfn() const {
    constexpr auto bit = [](PteKind kind) { return 1U << static_cast<unsigned>(kind); };
    constexpr unsigned kWithFrame = bit(PteKind::present) | bit(PteKind::migration) | bit(PteKind::device_private) |
                                    bit(PteKind::device_exclusive) | bit(PteKind::hwpoison);
    return (kWithFrame >> static_cast<unsigned>(kind()) & 1U) != 0;
  }
  /// The frame of a present, migration, device or hwpoison entry.
  [[nodiscard]] constexpr Pfn pfn() const {
    QUIRE_ASSERT(has_pfn(), "an entry without a frame");
    return Pfn(static_cast<uint32_t>(raw_ >> kContentShift));
  }
  [[nodiscard]] constexpr SwapEntry swap_entry() const {
    QUIRE_ASSERT(is_swap(), "not a swap entry");
    return SwapEntry::from_raw(raw_ >> kContentShift);
  }

  /// What stands where the bits of a frame number are, whatever the kind. Linux: pmd_pfn() of an entry that was not
  /// asked whether it is present
  [[nodiscard]] constexpr uint64_t frame_bits() const { return raw_ >> kContentShift; }

  /// The same bits for a frame, or a slot, that is `pages` further on: of a huge page's entry, that of one page.
  [[nodiscard]] constexpr Pte moved_by(base::PageCount pages) const {
    if (kind() == PteKind::zero_page) return from_raw(raw_ & kBelowContent);
    QUIRE_ASSERT(has_pfn() || is_swap(), "an entry without a frame or a slot");
    return from_raw(raw_ + (pages.value() << kContentShift));
  }
  [[nodiscard]] constexpr Pte with(PteBit bit) const { return from_raw(raw_ | static_cast<uint64_t>(bit)); }
  [[nodiscard]] constexpr Pte with_if(bool condition, PteBit bit) const { return condition ? with(bit) : *this; }
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
  static constexpr uint64_t kBelowContent = (uint64_t{1} << kContentShift) - 1;
  static_assert(kContentShift + SwapEntry::kBits <= 64);
  constexpr Pte(PteKind kind, uint64_t content) : raw_(static_cast<uint64_t>(kind) | content << kContentShift) {}

  uint64_t raw_ = 0;
};

static_assert(sizeof(Pte) == 8);

/// The value of one PMD entry: nothing, a PTE table, or a huge page: present, the huge page of zeros, being moved, or
/// in swap as a whole.
class Pmd {
 public:
  constexpr Pmd() = default;
  [[nodiscard]] static constexpr Pmd none() { return Pmd(); }
  [[nodiscard]] static constexpr Pmd table() { return from_raw(kTable); }
  /// `entry` is of the first frame or slot, with the bits of the whole.
  [[nodiscard]] static constexpr Pmd huge(Pte entry) {
    QUIRE_ASSERT(entry.is_present() || entry.is_migration() || entry.is_swap() || entry.kind() == PteKind::zero_page,
                 "a huge page that is neither present, nor migrating, nor in swap");
    return from_raw(entry.raw());
  }
  [[nodiscard]] static constexpr Pmd from_raw(uint64_t raw) {
    Pmd pmd;
    pmd.raw_ = raw;
    return pmd;
  }
  [[nodiscard]] constexpr uint64_t raw() const { return raw_; }
  [[nodiscard]] constexpr bool is_none() const { return raw_ == 0; }
  [[nodiscard]] constexpr bool is_table() const { return raw_ == kTable; }
  [[nodiscard]] constexpr bool is_huge() const { return !is_none() && !is_table(); }
  /// The slots of a cluster, from the first on. Linux (series of 2018): is_swap_pmd()
  [[nodiscard]] constexpr bool is_huge_swap() const { return is_huge() && entry().is_swap(); }
  [[nodiscard]] constexpr Pte entry() const {
    QUIRE_ASSERT(is_huge(), "no huge page is mapped here");
    return Pte::from_raw(raw_);
  }
  constexpr bool operator==(const Pmd&) const = default;

 private:
  static constexpr uint64_t kTable = ~uint64_t{0};
  uint64_t raw_ = 0;
};

}  // namespace quire::pgtable
