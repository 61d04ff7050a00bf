// CountByte: the byte that a swap area keeps for each slot (Linux swap_map), and its arithmetic.
//
//   0x00       free
//   low 6 bits 0..0x3e  references by page tables
//   0x3f       bad: the header, or a bad block
//   0x40       HAS_CACHE: a folio is in the swap cache, the slot was just allocated, or it is parked on its way to free
//   0xbf       owned by one tmpfs index; never incremented, one put makes it 0. 0xff: the same and HAS_CACHE
//   0x80       CONTINUED: the low 6 bits are the lowest digit only, the higher ones are in Continuations
//
// What the byte alone can say of a step it does: where a digit has to be carried or borrowed, the caller asks
// Continuations and then uses carried() or borrowed(). The greatest low digit is a parameter (62 in Linux) so that
// small programs reach it. Linux: include/linux/swap.h
#pragma once

#include <cstdint>

#include "base/result.h"

namespace quire::swap {

/// What a count has left above its low digit after a borrow.
enum class HigherDigits : uint8_t { none, some };

class CountByte {
 public:
  static constexpr uint8_t kHasCache = 0x40;
  static constexpr uint8_t kContinued = 0x80;
  static constexpr uint8_t kLowDigit = 0x3f;
  static constexpr uint8_t kBad = 0x3f;
  static constexpr uint8_t kShmem = 0xbf;
  /// Linux SWAP_MAP_MAX
  static constexpr uint8_t kMax = 0x3e;

  constexpr CountByte() = default;
  constexpr explicit CountByte(uint8_t byte) : byte_(byte) {}
  [[nodiscard]] constexpr uint8_t byte() const { return byte_; }
  constexpr bool operator==(const CountByte&) const = default;

  [[nodiscard]] constexpr bool free() const { return byte_ == 0; }
  [[nodiscard]] constexpr bool has_cache() const { return (byte_ & kHasCache) != 0; }
  /// The byte without HAS_CACHE. Linux: mm/swapfile.c swap_count()
  [[nodiscard]] constexpr uint8_t count() const { return byte_ & static_cast<uint8_t>(~kHasCache); }
  [[nodiscard]] constexpr bool bad() const { return count() == kBad; }
  [[nodiscard]] constexpr bool shmem() const { return count() == kShmem; }
  [[nodiscard]] constexpr bool cache_only() const { return byte_ == kHasCache; }
  [[nodiscard]] constexpr bool continued() const { return !shmem() && (byte_ & kContinued) != 0; }
  [[nodiscard]] constexpr unsigned low_digit() const { return byte_ & kLowDigit; }
  /// References: by page tables, or 1 for a tmpfs index. If continued() only that there are more than `max`: then it is
  /// some number above 127. Linux: mm/swapfile.c __swap_count()
  [[nodiscard]] constexpr unsigned references() const { return bad() ? 0 : shmem() ? 1 : count(); }
  /// The next reference needs a carry.
  [[nodiscard]] constexpr bool full(unsigned max) const { return !bad() && !shmem() && low_digit() >= max; }
  /// The next reference that is dropped has to be taken from the higher digits.
  [[nodiscard]] constexpr bool must_borrow() const { return continued() && low_digit() == 0; }

  /// One more reference. -ENOENT: bad or free; -EINVAL: owned by tmpfs; -ENOMEM: full(max), so a carry is needed.
  [[nodiscard]] base::Result<CountByte> plus_reference(unsigned max) const {
    if (bad() || free()) return base::Errno::enoent;
    if (shmem()) return base::Errno::einval;
    if (full(max)) return base::Errno::enomem;
    return CountByte(static_cast<uint8_t>(byte_ + 1));
  }
  /// full(), after one was added to the higher digits.
  [[nodiscard]] constexpr CountByte carried() const {
    return CountByte(static_cast<uint8_t>((byte_ & kHasCache) | kContinued));
  }
  /// must_borrow(), after one was taken from the higher digits.
  [[nodiscard]] constexpr CountByte borrowed(unsigned max, HigherDigits left) const {
    return CountByte(static_cast<uint8_t>((byte_ & kHasCache) | max | (left == HigherDigits::some ? kContinued : 0)));
  }
  /// The slot becomes tmpfs's. -ENOENT: bad or free; -EINVAL: has references.
  [[nodiscard]] base::Result<CountByte> plus_shmem() const {
    if (bad() || free()) return base::Errno::enoent;
    if (count() != 0) return base::Errno::einval;
    return CountByte(byte_ | kShmem);
  }
  /// Claims the cache bit. -ENOENT: bad or free; -EEXIST: has it already.
  [[nodiscard]] base::Result<CountByte> plus_cache() const {
    if (bad() || free()) return base::Errno::enoent;
    if (has_cache()) return base::Errno::eexist;
    return CountByte(byte_ | kHasCache);
  }
  /// One reference less (tmpfs's: none left). -EINVAL: there is none. Not if must_borrow().
  [[nodiscard]] base::Result<CountByte> minus_reference() const {
    if (shmem()) return CountByte(byte_ & kHasCache);
    if (bad() || low_digit() == 0) return base::Errno::einval;
    return CountByte(static_cast<uint8_t>(byte_ - 1));
  }
  /// -EINVAL: it has no cache bit.
  [[nodiscard]] base::Result<CountByte> minus_cache() const {
    if (!has_cache()) return base::Errno::einval;
    return CountByte(count());
  }

 private:
  uint8_t byte_ = 0;
};

}  // namespace quire::swap
