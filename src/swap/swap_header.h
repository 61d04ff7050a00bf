// SwapHeader: the first page of a swap device, in the format that mkswap(8) writes and swapon(2) reads.
//
//   byte     0  boot sector, not looked at
//   byte  1024  version (1), last_page, nr_badpages: 32 bits each, in the byte order of the machine that wrote it
//   byte  1036  UUID and label, 16 bytes each
//   byte  1536  the bad pages, 32 bits each, up to kBadPagesMax
//   byte  4086  the signature "SWAPSPACE2"
//
// The header is one page of 4096 bytes; the device's pages 1 to last_page follow it. What was written with the other
// byte order is read all the same. Linux: include/linux/swap.h union swap_header, mm/swapfile.c read_swap_header()
//
//   Errno e = write_swap_header(page, {.last_page = 1024, .bad_pages = {SwapOffset(7)}});
//   ReadHeader read = read_swap_header(page, PageCount(1025));
//   if (read.error != Errno::ok) puts(read.reason);
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/result.h"
#include "base/types.h"
#include "sync/heap.h"

namespace quire::swap {

using base::Errno;
using base::PageCount;
using base::SwapOffset;

struct SwapHeader {
  static constexpr std::size_t kBytes = 4096;
  /// What fits between the fields and the signature. Linux MAX_SWAP_BADPAGES
  static constexpr uint32_t kBadPagesMax = 637;

  uint32_t last_page = 0;
  sync::Vector<SwapOffset> bad_pages = {};
};

/// What a page says; `reason` is a sentence about an error.
struct ReadHeader {
  Errno error = Errno::ok;
  const char* reason = "";
  SwapHeader header = {};
};

using HeaderPage = std::span<std::byte, SwapHeader::kBytes>;
using ConstHeaderPage = std::span<const std::byte, SwapHeader::kBytes>;

/// Reads `page`, the first of a device with `device` pages. -EINVAL: no signature, another version, no pages, fewer
/// pages than it says, a bad page that is not one of them or too many, or nothing but bad pages.
[[nodiscard]] ReadHeader read_swap_header(ConstHeaderPage page, PageCount device);

/// Fills `page` with a header and a UUID that nobody else has. -EINVAL: what read_swap_header() would refuse.
[[nodiscard]] Errno write_swap_header(HeaderPage page, const SwapHeader& header);

}  // namespace quire::swap
