// CompressedBackend: a swap device that keeps compressed pages in memory, as zram does. Native only.
//
// States of a slot:
//   empty    never written, or freed; reads as zeros
//   same     all 8-byte words of the page are one word, which is kept in place of an object
//   packed   compressed, an object of a slab
//   huge     would not get smaller by a step of the slab; kept as it is
// A write moves a slot from any state to one of the last three and gives back the object it had; slots_freed() and
// discard() make it empty.
//
// A slot is its owner's, without a lock. Objects are spread over pools, each with a slab and a swap_object_lock. There
// is a worker for each of some CPUs, with a swap_backend_lock, a compression context and a buffer, so that contexts are
// made once. A page is copied into the buffer before it is compressed, because a CPU may store to a page that is being
// written out, and a compressor must not see its input change; it is decompressed in place.
//
// Errors: -EIO if what is stored does not decompress, which would be a bug. Linux: drivers/block/zram/zram_drv.c
//
//   CompressedBackend device({"Z", PageCount(1025), 4096, Codec::zstd});
//   areas.swapon(device);
//   device.counts().bytes_stored;
#pragma once

#include "swap/backend.h"

namespace quire::swap {

enum class Codec : uint8_t { lz4, zstd };

struct CompressedSettings {
  const char* name;
  PageCount pages;         ///< the header included
  uint32_t payload_bytes;  ///< per page: a power of two, 8 to 4096
  Codec codec = Codec::lz4;
  SwapInPath path = SwapInPath::around_cache;
};

class CompressedBackend final : public SwapBackend {
 public:
  /// Pages by state, and bytes. Linux: /sys/block/zram0/mm_stat
  struct Counts {
    uint64_t packed = 0;
    uint64_t same = 0;
    uint64_t huge = 0;
    uint64_t bytes_stored = 0;  ///< of packed and huge pages, before rounding up
    uint64_t bytes_held = 0;    ///< memory taken for them
  };

  explicit CompressedBackend(const CompressedSettings& settings);
  ~CompressedBackend();

  [[nodiscard]] Counts counts() const;
  void describe(sync::String& out) const override;
  /// Contexts of zstd are not from sync::allocate().
  [[nodiscard]] Errno suspend() override;
  /// Frees the objects, as zram does. Linux: drivers/block/zram/zram_drv.c zram_slot_free_notify()
  void slots_freed(SwapOffset first, PageCount pages) override;

 private:
  static constexpr unsigned kWorkers = 8;
  static constexpr unsigned kPools = 8;
  class CodecContext;
  class Worker;
  struct Pool;
  enum class Kind : uint8_t { empty, same, packed, huge };
  struct Slot {
    Kind kind = Kind::empty;
    uint16_t bytes = 0;  ///< of the object
    union {
      uint64_t word = 0;
      std::byte* object;
    };
  };

  Errno read(SwapOffset slot, std::span<std::byte> payload) override;
  Errno write(SwapOffset slot, std::span<const std::byte> payload) override;

  void discard_run(SwapOffset first, PageCount pages) override { slots_freed(first, pages); }
  [[nodiscard]] bool unpack(std::span<const std::byte> from, std::span<std::byte> to);
  void put(SwapOffset slot, Slot made);
  [[nodiscard]] Worker& this_worker();

  const Codec codec_;
  const uint32_t payload_bytes_;
  sync::Vector<Slot> slots_;  ///< each its owner's
  sync::Vector<sync::Box<Worker>> workers_;
  sync::Vector<sync::Box<Pool>> pools_;  ///< the objects of slot s are in pool s % kPools
};

}  // namespace quire::swap
