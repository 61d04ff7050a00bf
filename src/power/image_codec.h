// Compressing and checking blocks of an image: what one thread needs for it.
//
//   BlockCodec codec(ImageCodec::lz4);
//   std::size_t n = codec.compress(raw, room);     // 0: it would not get smaller
//   uint64_t sum = checksum(room.first(n));
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "power/image_format.h"

struct ZSTD_CCtx_s;
struct ZSTD_DCtx_s;

namespace quire::power {

class BlockCodec {
 public:
  explicit BlockCodec(ImageCodec codec) : codec_(codec) {}
  ~BlockCodec();
  BlockCodec(const BlockCodec&) = delete;
  BlockCodec& operator=(const BlockCodec&) = delete;

  /// Bytes of the result; 0: it is not smaller than `raw`, or there is no memory for that.
  [[nodiscard]] std::size_t compress(std::span<const std::byte> raw, std::span<std::byte> to);
  /// Whether it gives exactly as many bytes as `raw` has.
  [[nodiscard]] bool decompress(std::span<const std::byte> stored, std::span<std::byte> raw);

 private:
  const ImageCodec codec_;
  ZSTD_CCtx_s* compressor_ = nullptr;
  ZSTD_DCtx_s* decompressor_ = nullptr;
};

[[nodiscard]] uint64_t checksum(std::span<const std::byte> bytes);
/// Of the header, whose own field counts as 0, and what it stands before.
[[nodiscard]] uint64_t checksum(BlockHeader header, std::span<const std::byte> stored);
/// Of a page that begins with an ImageHeader, whose own field counts as 0.
[[nodiscard]] uint64_t header_checksum(std::span<const std::byte, kImagePage> page);

[[nodiscard]] bool is_zero_page(const std::byte* page);

}  // namespace quire::power
