// Writing a machine's image to a file, so that the file is at each moment an earlier image or this one, whole.
//
//   FILE.new, locked -> blocks, by several threads -> index -> header -> fsync -> renamed to FILE -> fsync of the
//   directory
// Until the rename the earlier image is the file's; a process or a host that dies before leaves FILE.new behind, which
// is no image without its header and is overwritten by the next. Two that write at once exclude each other by a lock on
// FILE.new. Native only. Linux: kernel/power/swap.c swsusp_write(), save_compressed_image()
//
//   ImageWritten written;
//   Errno error = write_image({"machine.img", options}, header, runs, written, complaint);
#pragma once

#include <span>
#include <string_view>

#include "power/host_file.h"
#include "power/image_format.h"

namespace quire::power {

/// Neighbouring pages: where they are in the machine, and where to read them from.
struct PageRun {
  uint64_t address;
  const std::byte* from;
  uint64_t pages;
};

struct ImageOptions {
  ImageCodec codec = ImageCodec::lz4;
  unsigned threads = 2;
};

struct ImageRequest {
  std::string_view file;
  ImageOptions options;
};

struct ImageWritten {
  uint64_t pages = 0;        ///< of the runs
  uint64_t zero_pages = 0;   ///< of them, left out
  uint64_t raw_bytes = 0;    ///< before compression
  uint64_t file_bytes = 0;   ///< of the file
  double write_seconds = 0;  ///< until all was in the host's page cache
  double sync_seconds = 0;   ///< until it was on the host's disk
};

/// `header` has everything but what is known only after writing. -EBUSY: somebody writes an image to that file just
/// now; -EINVAL: the file is there and is no regular one; -ENOSPC, -EIO and what else the host says.
[[nodiscard]] Errno write_image(const ImageRequest& request, ImageHeader header, std::span<const PageRun> runs,
                                ImageWritten& written, Complaint& complaint);

}  // namespace quire::power
