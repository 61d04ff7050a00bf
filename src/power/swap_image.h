// SwapImage: the pages of a machine as they were at one moment, on their way through a swap device to a machine that
// goes on where this one ends.
//
//   storage suspended -> record(): every page in use, and which of them the swap cache has clean
//     -> write(): each into a slot of the device -> resumable(): what the other machine would find
//     -> the slots become free, storage goes on
//
// A page that is clean in the swap cache may be dropped by the machine that resumes, and read from its slot again. So
// from the record on no such slot may become free, for the image itself takes free slots: folio_free_swap() refuses
// while storage is suspended (D2-12). Each folio of the swap cache is recorded with its lock held: whoever is freeing
// its slot just now has done so before. Locks: folio lock; inside it nothing. Sleeps.
// Linux: kernel/power/snapshot.c, kernel/power/swap.c
//
//   SwapImage image(env, area);
//   image.record();
//   Errno error = image.write();
//   if (error == Errno::ok) error = image.resumable();
#pragma once

#include "rmap/mapped_range.h"

namespace quire::power {

using base::Errno;
using base::Pfn;
using base::SwapEntry;
using cache::Folio;

class SwapImage {
 public:
  /// Suspends storage; `area` is live for as long as the image exists (the caller has a reference).
  SwapImage(rmap::Environment& env, swap::SwapArea& area);
  /// Gives the slots back; storage goes on.
  ~SwapImage();
  SwapImage(const SwapImage&) = delete;
  SwapImage& operator=(const SwapImage&) = delete;

  /// Once. Sleeps.
  void record();
  /// -ENOSPC: the device has too few free slots; -EIO. Linux: kernel/power/swap.c save_image()
  [[nodiscard]] Errno write();
  /// Whether the machine that resumes finds each page as it was recorded: in its slot of the image, and where the swap
  /// cache says that it may be read again. -ENODATA: a slot holds something else; -EIO.
  [[nodiscard]] Errno resumable();

 private:
  struct Page {
    Pfn pfn;
    SwapEntry clean_in;    ///< the slot it may be read from again; none if it is dirty, or in no cache
    SwapEntry written_to;  ///< its slot of the image; none until it is written
    std::byte* contents;
  };
  void record_folio(Folio& folio);
  [[nodiscard]] Errno compare(SwapEntry slot, const Page& page);
  [[nodiscard]] std::span<std::byte> bytes(std::byte* contents) const { return {contents, payload_bytes_}; }

  rmap::Environment& env_;
  swap::SwapArea& area_;
  const uint32_t payload_bytes_;
  sync::Vector<Page> pages_;
  std::byte* read_back_;
};

}  // namespace quire::power
