// SwapBackend: where the pages of a swap area are stored. One object per device; it outlives swapoff.
//
// States of a slot: unwritten (what a read gives is the back end's to say: zeros, or what a file held before) ->
// written (a read gives what was written last) -> unwritten again by slots_freed() or discard(). A back end may ignore
// either of these two: then what a slot holds stays until it is overwritten.
//
// Reads and writes may be made by many threads at once for different slots; for one slot the folio lock and writeback
// keep callers apart, and a slot is freed and discarded by its last owner. All but slots_freed() sleep: callers hold
// sleeping locks only. A back end's own locks are of the classes swap_object_lock and swap_backend_lock, under which
// the engine takes nothing.
//
// RamBackend is here and the only one that may be explored. Native only: FileBackend (swap/file_backend.h),
// CompressedBackend (swap/compressed_backend.h), RedisBackend (swap/redis_backend.h).
//
//   RamBackend device("S", PageCount(8), frames.payload_bytes());
//   areas.swapon(device);
//   Errno e = device.write_page(SwapOffset(3), frames.payload(pfn));
#pragma once

#include <cstddef>
#include <span>
#include <utility>

#include "base/result.h"
#include "base/types.h"
#include "sync/heap.h"

namespace quire::swap {

using base::Errno;
using base::PageCount;
using base::Result;
using base::SwapOffset;

/// How a page with one reference comes back. Linux: SWP_SYNCHRONOUS_IO
enum class SwapInPath : uint8_t { through_cache, around_cache };

class SwapBackend {
 public:
  SwapBackend(const char* name, PageCount pages, SwapInPath path) : name_(name), pages_(pages), path_(path) {}
  SwapBackend(const SwapBackend&) = delete;
  SwapBackend& operator=(const SwapBackend&) = delete;

  [[nodiscard]] const char* name() const { return name_.c_str(); }
  /// Its size, the header page included.
  [[nodiscard]] PageCount pages() const { return pages_; }
  [[nodiscard]] SwapInPath swap_in_path() const { return path_; }
  /// The pages that its header calls bad: never allocated, read or written.
  [[nodiscard]] std::span<const SwapOffset> bad_pages() const { return bad_pages_; }
  void set_bad_pages(sync::Vector<SwapOffset> bad) { bad_pages_ = std::move(bad); }

  /// `pages` neighbouring pages from `first` on, as one request; sleeps; ok, or -EIO for all of them. Fail points
  /// "io_read" and "io_write" with the name, once for each request.
  [[nodiscard]] Errno read_pages(SwapOffset first, PageCount pages, std::span<std::byte> payload);
  [[nodiscard]] Errno write_pages(SwapOffset first, PageCount pages, std::span<const std::byte> payload);
  [[nodiscard]] Errno read_page(SwapOffset slot, std::span<std::byte> payload) {
    return read_pages(slot, PageCount(1), payload);
  }
  [[nodiscard]] Errno write_page(SwapOffset slot, std::span<const std::byte> payload) {
    return write_pages(slot, PageCount(1), payload);
  }
  /// Nobody wants what is in these slots, which are the caller's and about to be free. Spin locks are held.
  /// Linux: swap_slot_free_notify()
  virtual void slots_freed(SwapOffset /*first*/, PageCount /*pages*/) {}
  /// Nobody wants what is in these slots, which are the caller's; sleeps. Linux: blkdev_issue_discard()
  void discard(SwapOffset first, PageCount pages);
  /// The stored page where it can be looked at, else nullptr: at quiescent points.
  [[nodiscard]] virtual const std::byte* peek(SwapOffset) const { return nullptr; }
  /// Everything that it keeps is in memory that came from sync::allocate(), or can be made again when it is needed. For
  /// a machine that is about to be copied; nobody reads or writes. -EOPNOTSUPP: what it stores is elsewhere.
  [[nodiscard]] virtual Errno suspend() { return Errno::ok; }
  /// Appends one line about what is stored, for dump(); a back end that has nothing to tell appends nothing.
  virtual void describe(sync::String&) const {}

 protected:
  ~SwapBackend() = default;
  /// One page.
  virtual Errno read(SwapOffset slot, std::span<std::byte> payload) = 0;
  virtual Errno write(SwapOffset slot, std::span<const std::byte> payload) = 0;
  /// Several; by default one after the other until one fails.
  virtual Errno read_run(SwapOffset first, PageCount pages, std::span<std::byte> payload);
  virtual Errno write_run(SwapOffset first, PageCount pages, std::span<const std::byte> payload);
  virtual void discard_run(SwapOffset /*first*/, PageCount /*pages*/) {}

 private:
  const sync::String name_;
  const PageCount pages_;
  const SwapInPath path_;
  sync::Vector<SwapOffset> bad_pages_;  ///< constant while an area uses the device
};

/// Keeps the pages in memory (Linux brd).
class RamBackend final : public SwapBackend {
 public:
  RamBackend(const char* name, PageCount pages, uint32_t payload_bytes, SwapInPath path = SwapInPath::through_cache);
  ~RamBackend();
  [[nodiscard]] const std::byte* peek(SwapOffset slot) const override {
    return storage_ + std::size_t{slot.value()} * payload_bytes_;
  }

 private:
  Errno read(SwapOffset slot, std::span<std::byte> payload) override;
  Errno write(SwapOffset slot, std::span<const std::byte> payload) override;
  void discard_run(SwapOffset first, PageCount pages) override;

  const uint32_t payload_bytes_;
  std::byte* storage_;
};

/// A device that could not be opened. Its size is nothing, so it is never swapped on.
class AbsentBackend final : public SwapBackend {
 public:
  explicit AbsentBackend(const char* name) : SwapBackend(name, PageCount(0), SwapInPath::through_cache) {}

 private:
  Errno read(SwapOffset, std::span<std::byte>) override { return Errno::eio; }
  Errno write(SwapOffset, std::span<const std::byte>) override { return Errno::eio; }
};

}  // namespace quire::swap
