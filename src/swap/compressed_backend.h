// CompressedBackend: a swap device that keeps compressed pages in memory, as zram does. Native only.
//
// States of a slot:
//   empty    never written; reads as zeros
//   same     all 8-byte words of the page are one word, which is kept in place of an object
//   packed   compressed, an object of the shard's slab
//   huge     would not get smaller by a step of the slab; kept as it is
// A write moves a slot from any state to one of the last three and gives back the object it had. A slot that the engine
// frees keeps its object until it is written again (zram's slot_free_notify has no counterpart).
//
// Slots are spread over shards; a shard has a lock (swap_backend_lock), a slab, a compression context and a buffer, so
// contexts are made once and two threads seldom meet. A page is copied into the buffer before it is compressed, because
// a CPU may store to a page that is being written out, and a compressor must not see its input change.
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

 private:
  static constexpr unsigned kShards = 8;
  class CodecContext;
  class Shard;

  Errno read(SwapOffset slot, std::span<std::byte> payload) override;
  Errno write(SwapOffset slot, std::span<const std::byte> payload) override;

  const Codec codec_;
  sync::Vector<sync::Box<Shard>> shards_;  ///< a slot s is number s / kShards of shard s % kShards
};

}  // namespace quire::swap
