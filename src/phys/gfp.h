// Gfp: what an allocation may do to get its page. The caller's context decides; the allocator obeys.
//
//   frames.alloc_pages(Gfp::kernel(), Order(0));        // may sleep and may start reclaim
//   frames.alloc_pages(gfp.without_fs(), Order(0));     // reclaim may not enter a file system
#pragma once

#include <cstdint>

namespace quire::phys {

/// Linux: include/linux/gfp_types.h
class Gfp {
 public:
  [[nodiscard]] static constexpr Gfp kernel() { return Gfp(kDirectReclaim | kIo | kFs); }
  [[nodiscard]] static constexpr Gfp user() { return Gfp(kDirectReclaim | kIo | kFs | kUser); }
  [[nodiscard]] static constexpr Gfp nofs() { return Gfp(kDirectReclaim | kIo); }
  [[nodiscard]] static constexpr Gfp noio() { return Gfp(kDirectReclaim); }
  [[nodiscard]] static constexpr Gfp nowait() { return Gfp(0); }
  [[nodiscard]] static constexpr Gfp atomic() { return Gfp(kHigh); }

  [[nodiscard]] constexpr Gfp without_fs() const { return Gfp(bits_ & ~kFs); }
  [[nodiscard]] constexpr Gfp without_io() const { return Gfp(bits_ & ~(kFs | kIo)); }
  /// Prefer failing to reclaiming: large folios that have a smaller fallback.
  [[nodiscard]] constexpr Gfp without_retry() const { return Gfp(bits_ | kNoRetry); }
  /// Of the only CPU that runs: nobody is excluded (phys/running_cpus.h).
  [[nodiscard]] constexpr Gfp alone() const { return Gfp(bits_ | kAlone); }
  /// For a table of the direct map: the page stays as it is there.
  [[nodiscard]] constexpr Gfp unmapped() const { return Gfp(bits_ | kUnmapped); }

  [[nodiscard]] constexpr bool may_sleep() const { return (bits_ & kDirectReclaim) != 0; }
  [[nodiscard]] constexpr bool may_start_io() const { return (bits_ & kIo) != 0; }
  [[nodiscard]] constexpr bool may_enter_fs() const { return (bits_ & kFs) != 0; }
  [[nodiscard]] constexpr bool may_use_reserve() const { return (bits_ & kHigh) != 0; }
  [[nodiscard]] constexpr bool may_retry() const { return (bits_ & kNoRetry) == 0; }
  [[nodiscard]] constexpr bool is_alone() const { return (bits_ & kAlone) != 0; }
  [[nodiscard]] constexpr bool is_mapped() const { return (bits_ & kUnmapped) == 0; }
  constexpr bool operator==(const Gfp&) const = default;
  /// For keeping it in a word with other things.
  [[nodiscard]] constexpr uint8_t word() const { return bits_; }
  [[nodiscard]] static constexpr Gfp from_word(uint8_t word) { return Gfp(word); }

  /// As scenarios write it: "GFP_KERNEL". Static storage.
  [[nodiscard]] constexpr const char* name() const {
    if ((bits_ & kHigh) != 0) return "GFP_ATOMIC";
    if (!may_sleep()) return "GFP_NOWAIT";
    if (!may_start_io()) return "GFP_NOIO";
    if (!may_enter_fs()) return "GFP_NOFS";
    return (bits_ & kUser) != 0 ? "GFP_USER" : "GFP_KERNEL";
  }

 private:
  static constexpr uint8_t kDirectReclaim = 1;
  static constexpr uint8_t kIo = 2;
  static constexpr uint8_t kFs = 4;
  static constexpr uint8_t kUser = 8;
  static constexpr uint8_t kHigh = 16;
  static constexpr uint8_t kNoRetry = 32;
  static constexpr uint8_t kAlone = 64;
  static constexpr uint8_t kUnmapped = 128;
  constexpr explicit Gfp(unsigned bits) : bits_(static_cast<uint8_t>(bits)) {}

  uint8_t bits_;
};

}  // namespace quire::phys
