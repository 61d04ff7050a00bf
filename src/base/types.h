// Strong types of the engine: page frame, address, index, slot, count, order, CPU and half-open ranges of them.
//
// An ordinal names a place (Pfn, FileIndex, SwapOffset, VirtAddr), a count says how many (PageCount, ByteCount). Only
// meaningful arithmetic exists: place + count = place, place - place = count, count + count = count.
//
//   for (Pfn pfn : Range<Pfn>(first, first + order.pages())) frames.zero(pfn);
#pragma once

#include <compare>
#include <cstdint>
#include <type_traits>

#include "base/assert.h"

namespace quire::base {

/// How many of a thing.
template <typename Tag>
class Count {
 public:
  constexpr Count() = default;
  constexpr explicit Count(uint64_t value) : value_(value) {}
  [[nodiscard]] constexpr uint64_t value() const { return value_; }
  constexpr auto operator<=>(const Count&) const = default;
  constexpr Count& operator+=(Count d) {
    value_ += d.value_;
    return *this;
  }
  constexpr Count& operator-=(Count d) {
    QUIRE_ASSERT(d.value_ <= value_, "a count below zero");
    value_ -= d.value_;
    return *this;
  }
  constexpr Count& operator++() {
    ++value_;
    return *this;
  }
  [[nodiscard]] friend constexpr Count operator+(Count a, Count b) { return a += b; }
  [[nodiscard]] friend constexpr Count operator-(Count a, Count b) { return a -= b; }
  [[nodiscard]] friend constexpr Count operator*(Count a, uint64_t n) { return Count(a.value_ * n); }

 private:
  uint64_t value_ = 0;
};

/// A place in a numbered sequence whose distances are `Distance`.
template <typename Tag, typename Rep, typename DistanceType>
class Ordinal {
 public:
  using Distance = DistanceType;
  constexpr Ordinal() = default;
  constexpr explicit Ordinal(Rep value) : value_(value) {}
  [[nodiscard]] constexpr Rep value() const { return value_; }
  constexpr auto operator<=>(const Ordinal&) const = default;
  constexpr Ordinal& operator++() {
    ++value_;
    return *this;
  }
  constexpr Ordinal& operator+=(Distance d) {
    value_ = static_cast<Rep>(value_ + d.value());
    return *this;
  }
  [[nodiscard]] constexpr Ordinal next() const { return Ordinal(static_cast<Rep>(value_ + 1)); }
  [[nodiscard]] friend constexpr Ordinal operator+(Ordinal a, Distance d) { return a += d; }
  [[nodiscard]] friend constexpr Ordinal operator-(Ordinal a, Distance d) {
    QUIRE_ASSERT(d.value() <= a.value_, "a place before the first");
    return Ordinal(static_cast<Rep>(a.value_ - d.value()));
  }
  /// `b` must not be after `a`.
  [[nodiscard]] friend constexpr Distance operator-(Ordinal a, Ordinal b) {
    QUIRE_ASSERT(b.value_ <= a.value_, "a negative distance");
    return Distance(a.value_ - b.value_);
  }
  /// The greatest multiple of `unit` (a power of two) that is not after this.
  [[nodiscard]] constexpr Ordinal align_down(Distance unit) const {
    return Ordinal(static_cast<Rep>(value_ & ~static_cast<Rep>(unit.value() - 1)));
  }
  /// Its distance from align_down(unit).
  [[nodiscard]] constexpr Distance offset_in(Distance unit) const {
    return Distance(value_ & static_cast<Rep>(unit.value() - 1));
  }

 private:
  Rep value_ = 0;
};

using PageCount = Count<struct PageCountTag>;
using ByteCount = Count<struct ByteCountTag>;

/// A user page always has 4096 bytes; what a machine stores for it (its payload) may be less.
inline constexpr unsigned kPageShift = 12;
inline constexpr uint64_t kPageSize = uint64_t{1} << kPageShift;

/// Page frame number: the place of a page in RAM.
using Pfn = Ordinal<struct PfnTag, uint32_t, PageCount>;
/// The place of a page in a file (Linux pgoff_t).
using FileIndex = Ordinal<struct FileIndexTag, uint64_t, PageCount>;
/// The place of a slot in a swap area; slot 0 is the header and never holds a page.
using SwapOffset = Ordinal<struct SwapOffsetTag, uint32_t, PageCount>;
/// The number of a virtual page.
using VirtPage = Ordinal<struct VirtPageTag, uint64_t, PageCount>;
/// A user address in bytes.
using VirtAddr = Ordinal<struct VirtAddrTag, uint64_t, ByteCount>;

[[nodiscard]] constexpr VirtPage page_of(VirtAddr a) { return VirtPage(a.value() >> kPageShift); }
[[nodiscard]] constexpr VirtAddr address_of(VirtPage p) { return VirtAddr(p.value() << kPageShift); }
[[nodiscard]] constexpr uint64_t offset_in_page(VirtAddr a) { return a.value() & (kPageSize - 1); }
[[nodiscard]] constexpr ByteCount bytes_of(PageCount n) { return ByteCount(n.value() << kPageShift); }
/// Rounded up.
[[nodiscard]] constexpr PageCount pages_of(ByteCount n) { return PageCount((n.value() + kPageSize - 1) >> kPageShift); }

/// A block of 2^value pages.
class Order {
 public:
  constexpr Order() = default;
  constexpr explicit Order(unsigned value) : value_(static_cast<uint8_t>(value)) {}
  [[nodiscard]] constexpr unsigned value() const { return value_; }
  [[nodiscard]] constexpr PageCount pages() const { return PageCount(uint64_t{1} << value_); }
  constexpr auto operator<=>(const Order&) const = default;

 private:
  uint8_t value_ = 0;
};

/// The number of a CPU of the machine.
class CpuId {
 public:
  constexpr CpuId() = default;
  constexpr explicit CpuId(unsigned value) : value_(static_cast<uint16_t>(value)) {}
  [[nodiscard]] constexpr unsigned value() const { return value_; }
  constexpr auto operator<=>(const CpuId&) const = default;

 private:
  uint16_t value_ = 0;
};

/// Half-open: start is in it, end is not.
template <typename T>
class Range {
 public:
  constexpr Range() = default;
  constexpr Range(T start, T end) : start_(start), end_(end) {
    QUIRE_ASSERT(start <= end, "a range that ends before it starts");
  }
  [[nodiscard]] static constexpr Range of(T start, typename T::Distance size) { return Range(start, start + size); }
  [[nodiscard]] constexpr T start() const { return start_; }
  [[nodiscard]] constexpr T limit() const { return end_; }
  [[nodiscard]] constexpr auto size() const { return end_ - start_; }
  [[nodiscard]] constexpr bool empty() const { return start_ == end_; }
  [[nodiscard]] constexpr bool contains(T place) const { return start_ <= place && place < end_; }
  [[nodiscard]] constexpr bool contains(Range r) const { return start_ <= r.start_ && r.end_ <= end_; }
  [[nodiscard]] constexpr bool overlaps(Range r) const { return start_ < r.end_ && r.start_ < end_; }
  /// What both contain; empty if nothing.
  [[nodiscard]] constexpr Range intersection(Range r) const {
    T start = start_ < r.start_ ? r.start_ : start_;
    T end = end_ < r.end_ ? end_ : r.end_;
    return start < end ? Range(start, end) : Range(start, start);
  }
  constexpr bool operator==(const Range&) const = default;

  class Iterator {
   public:
    constexpr explicit Iterator(T at) : at_(at) {}
    constexpr T operator*() const { return at_; }
    constexpr Iterator& operator++() {
      ++at_;
      return *this;
    }
    constexpr bool operator==(const Iterator&) const = default;

   private:
    T at_;
  };
  [[nodiscard]] constexpr Iterator begin() const { return Iterator(start_); }
  [[nodiscard]] constexpr Iterator end() const { return Iterator(end_); }

 private:
  T start_{};
  T end_{};
};

/// Which swap area (Linux swp_type).
class SwapType {
 public:
  constexpr SwapType() = default;
  constexpr explicit SwapType(unsigned value) : value_(static_cast<uint8_t>(value)) {}
  [[nodiscard]] constexpr unsigned value() const { return value_; }
  constexpr auto operator<=>(const SwapType&) const = default;

 private:
  uint8_t value_ = 0;
};

/// A slot of an area, or nothing: slot 0 of area 0 never holds a page, so its code means nothing. Linux swp_entry_t.
class SwapEntry {
 public:
  constexpr SwapEntry() = default;
  constexpr SwapEntry(SwapType type, SwapOffset offset)
      : raw_((uint64_t{type.value()} << kTypeShift) | offset.value()) {}
  [[nodiscard]] static constexpr SwapEntry from_raw(uint64_t raw) {
    SwapEntry e;
    e.raw_ = raw;
    return e;
  }
  /// Below 2^kBits.
  [[nodiscard]] constexpr uint64_t raw() const { return raw_; }
  [[nodiscard]] constexpr SwapType type() const { return SwapType(static_cast<unsigned>(raw_ >> kTypeShift)); }
  [[nodiscard]] constexpr SwapOffset offset() const { return SwapOffset(static_cast<uint32_t>(raw_)); }
  [[nodiscard]] constexpr bool none() const { return raw_ == 0; }
  /// The entry of the slot `n` further on in the same area.
  [[nodiscard]] friend constexpr SwapEntry operator+(SwapEntry e, PageCount n) { return {e.type(), e.offset() + n}; }
  [[nodiscard]] friend constexpr SwapEntry operator-(SwapEntry e, PageCount n) { return {e.type(), e.offset() - n}; }
  /// The first slot of the block of `unit` slots (a power of two) that this one is in.
  [[nodiscard]] constexpr SwapEntry align_down(PageCount unit) const { return {type(), offset().align_down(unit)}; }
  constexpr bool operator==(const SwapEntry&) const = default;

  static constexpr unsigned kTypeShift = 32;
  static constexpr unsigned kBits = 40;

 private:
  uint64_t raw_ = 0;
};

static_assert(sizeof(Pfn) == 4 && sizeof(SwapEntry) == 8 && std::is_trivially_copyable_v<SwapEntry>);

}  // namespace quire::base
