#include "power/image_codec.h"

#include <lz4.h>
#include <zstd.h>

#include <algorithm>
#include <cstddef>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace quire::power {
namespace {

constexpr int kImageZstdLevel = 1;

}  // namespace

BlockCodec::~BlockCodec() {
  ZSTD_freeCCtx(compressor_);
  ZSTD_freeDCtx(decompressor_);
}

std::size_t BlockCodec::compress(std::span<const std::byte> raw, std::span<std::byte> to) {
  if (codec_ == ImageCodec::lz4) {
    int n = LZ4_compress_default(reinterpret_cast<const char*>(raw.data()), reinterpret_cast<char*>(to.data()),
                                 static_cast<int>(raw.size()), static_cast<int>(to.size()));
    return n > 0 ? static_cast<std::size_t>(n) : 0;
  }
  if (codec_ != ImageCodec::zstd) return 0;
  if (compressor_ == nullptr) compressor_ = ZSTD_createCCtx();
  if (compressor_ == nullptr) return 0;
  std::size_t n = ZSTD_compressCCtx(compressor_, to.data(), to.size(), raw.data(), raw.size(), kImageZstdLevel);
  return ZSTD_isError(n) != 0 ? 0 : n;
}

bool BlockCodec::decompress(std::span<const std::byte> stored, std::span<std::byte> raw) {
  if (codec_ == ImageCodec::lz4)
    return LZ4_decompress_safe(reinterpret_cast<const char*>(stored.data()), reinterpret_cast<char*>(raw.data()),
                               static_cast<int>(stored.size()),
                               static_cast<int>(raw.size())) == static_cast<int>(raw.size());
  if (codec_ != ImageCodec::zstd) return false;
  if (decompressor_ == nullptr) decompressor_ = ZSTD_createDCtx();
  if (decompressor_ == nullptr) return false;
  return ZSTD_decompressDCtx(decompressor_, raw.data(), raw.size(), stored.data(), stored.size()) == raw.size();
}

uint64_t checksum(std::span<const std::byte> bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

uint64_t checksum(BlockHeader header, std::span<const std::byte> stored) {
  header.checksum = 0;
  return XXH3_64bits_withSeed(stored.data(), stored.size(), XXH3_64bits(&header, sizeof(header)));
}

uint64_t header_checksum(std::span<const std::byte, kImagePage> page) {
  std::array<std::byte, kImagePage> copy = {};
  std::copy(page.begin(), page.end(), copy.begin());
  std::fill_n(copy.begin() + offsetof(ImageHeader, checksum), sizeof(ImageHeader::checksum), std::byte{0});
  return checksum(std::span<const std::byte>(copy));
}

bool is_zero_page(const std::byte* page) {
  uint64_t words[8];
  for (std::size_t at = 0; at < kImagePage; at += sizeof(words)) {
    std::memcpy(words, page + at, sizeof(words));
    if ((words[0] | words[1] | words[2] | words[3] | words[4] | words[5] | words[6] | words[7]) != 0) return false;
  }
  return true;
}

}  // namespace quire::power
