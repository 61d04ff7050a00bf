// Continuations: the higher digits of the counts of an area's slots, in pages of the machine.
//
// A count that does not fit its byte goes on in base `digit_max` + 1, above a low digit in base `map_max` + 1:
//   count = low + (map_max + 1) * (d1 + (digit_max + 1) * (d2 + ...))
// so in Linux 62 references fit the byte, 8063 need one page and 1032191 two. A page has a digit for each of as many
// neighbouring slots as it has bytes (4096; a small machine's pages have few); all counts of such a group share a chain
// of pages, the k-th for the k-th digit:
//   none -> add_page() on behalf of a count that is full -> ... -> freed with the area, never sooner
// A digit is its low seven bits; kMore says that the count has a further one.
//
// I1  a digit means something <=> the byte says CONTINUED (the first) or the digit before it says kMore; what a page
//     contains otherwise is nothing: a digit is set when a carry first reaches it
// I2  the last digit of a count is not 0, so a byte that says CONTINUED stands for more than map_max references
// Locks: each function takes cont_lock; its caller holds the lock of the slot's cluster. Linux: mm/swapfile.c
// swap_count_continued(), add_swap_count_continuation(), free_swap_count_continuations()
//
//   if (byte.full(map_max) && digits.carry(slot, byte) == Errno::ok) byte = byte.carried();
//   if (byte.must_borrow()) byte = byte.borrowed(map_max, digits.borrow(slot));
#pragma once

#include <array>
#include <cstddef>

#include "base/result.h"
#include "cache/folio.h"
#include "cache/folios.h"
#include "swap/count_byte.h"
#include "sync/check_report.h"
#include "sync/lock.h"
#include "sync/plain.h"

namespace quire::swap {

using base::SwapOffset;

class Continuations {
 public:
  struct Options {
    uint32_t slots = 0;
    unsigned map_max = CountByte::kMax;
    unsigned digit_max = kDigitMax;
  };
  /// Linux SWAP_CONT_MAX
  static constexpr unsigned kDigitMax = 0x7f;
  static constexpr uint8_t kMore = 0x80;
  /// Digits of a count. In Linux two are as many as there are processes.
  static constexpr unsigned kPagesMax = 8;
  using Box = sync::Box<Continuations>;

  Continuations(cache::Folios& folios, const Options& options);
  Continuations(const Continuations&) = delete;
  Continuations& operator=(const Continuations&) = delete;

  /// Adds one to the digits above the low one, which is full and will be 0. -ENOMEM: no room, nothing has changed.
  [[nodiscard]] base::Errno carry(SwapOffset slot, CountByte byte);
  /// Takes one from the digits above the low one, which is 0 and will be full; says what is left above it.
  [[nodiscard]] HigherDigits borrow(SwapOffset slot);
  /// What became of a page that was brought for a count that is full.
  enum class Added : uint8_t {
    taken,     ///< the chain has one page more
    has_room,  ///< somebody else's page will do
    too_long,  ///< kPagesMax
  };
  [[nodiscard]] Added add_page(SwapOffset slot, CountByte byte, cache::FolioRef& page);
  /// All references that `byte` and what continues it stand for. Linux: mm/swapfile.c swp_swapcount()
  [[nodiscard]] uint64_t references(SwapOffset slot, CountByte byte);

  [[nodiscard]] uint64_t peek_references(SwapOffset slot, CountByte byte) const;
  template <typename Visit>
  void peek_each_page(Visit visit) const {
    for (const Chain& chain : chains_)
      for (uint32_t i = 0; i < chain.length.peek(); ++i) visit(*chain.pages[i]);
  }
  /// I1 and I2 of one slot.
  void check(sync::CheckReport& report, SwapOffset slot, CountByte byte) const;

 private:
  /// The pages of a group of slots. Linux: the list at the lru field of a page of swap_map
  struct Chain {
    sync::Plain<uint32_t, "continuation pages"> length{0};  ///< every access to the chain announces this field
    std::array<cache::FolioRef, kPagesMax> pages;
  };
  [[nodiscard]] Chain& chain_of(SwapOffset slot) { return chains_[slot.value() / slots_per_page_]; }
  [[nodiscard]] const Chain& chain_of(SwapOffset slot) const { return chains_[slot.value() / slots_per_page_]; }
  [[nodiscard]] std::byte& place(const Chain& chain, unsigned page, SwapOffset slot) const;
  [[nodiscard]] uint8_t read(const Chain& chain, unsigned page, SwapOffset slot) const;
  void write(const Chain& chain, unsigned page, SwapOffset slot, unsigned digit);
  template <typename Read>
  [[nodiscard]] uint64_t sum(CountByte byte, Read read) const;

  cache::Folios& folios_;
  const uint32_t slots_per_page_;
  const unsigned map_max_;
  const unsigned digit_max_;
  sync::SpinLock<sync::LockClass::cont_lock> cont_lock_;
  sync::Vector<Chain> chains_;
};

}  // namespace quire::swap
