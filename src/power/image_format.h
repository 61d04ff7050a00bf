// The format of a machine's image in a file of the host.
//
//   header (one page) | block, block, ... in any order | index: where each block is
// The header is written last; it has the checksum of the index, which has those of all blocks, which have those of
// their contents: so every byte of the file is covered, and the file is exactly as long as the header says. All numbers
// are little-endian. Pages of zeros are left out: who restores begins with zeros.
//
// A block is a BlockHeader and, compressed or as it is, one page of RunRecords followed by the pages that they name.
// Checksums are XXH3 of 64 bits. Source: xxHash, Collet.
//
// Addresses are those that the pages had, and have again: the image is of one build of the program, whose code, tables
// and constants the machine points to. The build is told by its GNU build ID, and where it was loaded by the address of
// a function. Linux: kernel/power/swap.c struct swsusp_header
#pragma once

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string_view>
#include <type_traits>

#include "base/result.h"

namespace quire::power {

enum class ImageCodec : uint32_t { none, lz4, zstd };

/// "none", "lz4", "zstd".
[[nodiscard]] std::string_view name(ImageCodec codec);
[[nodiscard]] std::optional<ImageCodec> image_codec(std::string_view name);

inline constexpr std::size_t kImagePage = 4096;
/// Pages of a block.
inline constexpr uint32_t kBlockPages = 256;
inline constexpr std::size_t kBlockBytesMax = (kBlockPages + 1) * kImagePage;

/// Which program, loaded where.
struct BuildIdentity {
  static constexpr std::size_t kBytesMax = 32;
  uint32_t bytes = 0;  ///< 0: the program was linked without a build ID
  std::array<uint8_t, kBytesMax> id = {};
  uint64_t anchor = 0;
  bool operator==(const BuildIdentity&) const = default;
};
[[nodiscard]] BuildIdentity this_build();

struct ImageHeader {
  static constexpr std::array<char, 8> kMagic = {'Q', 'U', 'I', 'R', 'E', 'I', 'M', 'G'};
  static constexpr uint32_t kVersion = 1;
  static constexpr std::size_t kNoteBytes = 1024;

  std::array<char, 8> magic = kMagic;
  uint32_t version = kVersion;
  ImageCodec codec = ImageCodec::lz4;
  std::array<uint64_t, 2> image_id = {};  ///< of this image alone; its blocks have it too
  uint32_t build_bytes = 0;
  std::array<uint8_t, BuildIdentity::kBytesMax> build = {};
  uint32_t machine_word = 0;  ///< what the machine's layout depends on: bytes of a page's payload
  uint64_t anchor = 0;
  uint64_t heap_start = 0;
  uint64_t heap_end = 0;
  uint64_t root = 0;
  uint64_t ram_start = 0;  ///< where the frames' payload is
  uint64_t ram_bytes = 0;
  uint64_t kernel_start = 0;  ///< the same memory as the kernel's own mapping has it; 0: it has none of its own
  uint64_t frames_saved = 0;
  uint64_t heap_pages = 0;
  uint64_t zero_pages = 0;  ///< of both, left out
  uint64_t raw_bytes = 0;   ///< of what is in the blocks, before compression
  uint64_t blocks = 0;
  uint64_t index_offset = 0;
  uint64_t index_checksum = 0;
  uint64_t file_bytes = 0;
  int64_t written_at = 0;                  ///< seconds since 1970
  std::array<char, kNoteBytes> note = {};  ///< text of who wrote it
  uint64_t checksum = 0;                   ///< of the header's page with 0 here
};
static_assert(std::is_trivially_copyable_v<ImageHeader>);
static_assert(sizeof(ImageHeader) <= kImagePage);

struct BlockHeader {
  static constexpr uint32_t kMagic = 0x4b4c'4251;  // QBLK
  uint32_t magic = kMagic;
  uint32_t index = 0;
  uint32_t runs = 0;
  uint32_t pages = 0;
  uint32_t stored_bytes = 0;  ///< behind this header
  ImageCodec codec = ImageCodec::none;
  std::array<uint64_t, 2> image_id = {};
  uint64_t raw_checksum = 0;  ///< of what it decompresses to
  uint64_t checksum = 0;      ///< of this header with 0 here and what is stored
};
static_assert(sizeof(BlockHeader) == 56);

/// `pages` pages from `address` on.
struct RunRecord {
  uint64_t address = 0;
  uint64_t pages = 0;
};
static_assert(kBlockPages * sizeof(RunRecord) == kImagePage);

struct IndexEntry {
  uint64_t offset = 0;  ///< of the block's header in the file
  uint64_t bytes = 0;   ///< with the header
  uint64_t checksum = 0;
};

/// A sentence about what went wrong; made where nothing may be allocated.
struct Complaint {
  std::array<char, 320> text = {};
  [[nodiscard]] std::string_view view() const { return text.data(); }
  [[nodiscard]] bool empty() const { return text[0] == '\0'; }
};

}  // namespace quire::power
