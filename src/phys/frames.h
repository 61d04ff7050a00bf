// Frames: the RAM of a machine: which frames are free, and what the pages contain.
//
// A frame is free in the zone (buddy blocks of 2^order), free in the list of one CPU (order 0 only), or allocated:
//   zone <-> per-CPU list <-> allocated,   zone <-> allocated for orders above 0
// An allocation takes from its own CPU's list first, then from the zone, then drains the other CPUs' lists, then asks
// for memory back, so two CPUs that have pages at hand share no lock.
//
// Payload: what a page stores; 4096 bytes natively, fewer while explored (an option). CPUs may race on it by right. The
// payload of a frame that is not allocated is poisoned.
//
// I1  every frame is in exactly one of: a block of the zone, one per-CPU list, allocated
// I2  nr_free of the zone is the number of frames in its blocks; no two free buddies of one order
// I3  a block of order n starts at a multiple of 2^n
// Locks: pcp_lock of one CPU, inside it zone_lock; no other lock inside.  Linux: mm/page_alloc.c
//
//   Result<Pfn> pfn = frames.alloc_pages(Gfp::kernel(), Order(0));
//   frames.zero(*pfn);
//   frames.free_pages(*pfn, Order(0));
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/result.h"
#include "base/types.h"
#include "phys/buddy.h"
#include "phys/gfp.h"
#include "phys/pressure.h"
#include "sync/check_report.h"
#include "sync/heap.h"
#include "sync/lock.h"
#include "sync/plain.h"

namespace quire::phys {

using base::CpuId;
using base::Errno;
using base::Order;
using base::PageCount;
using base::Pfn;
using base::Range;
using base::Result;

struct FramesOptions {
  PageCount ram{16};
  uint32_t payload_bytes = 4096;  ///< a power of two, at least 8
  unsigned cpus = 2;
  uint32_t pcp_prefill = 0;  ///< pages each CPU's list has at boot
  uint32_t pcp_high = 64;    ///< a list longer than this gives pcp_batch pages back
  uint32_t pcp_batch = 16;
};

class Frames {
 public:
  explicit Frames(const FramesOptions& options);
  ~Frames();
  Frames(const Frames&) = delete;
  Frames& operator=(const Frames&) = delete;

  /// Who is asked for memory back; nullptr: nobody. Before the first allocation.
  void set_pressure(Pressure* pressure) { pressure_ = pressure; }

  /// 2^order frames from a multiple of 2^order, contents undefined; -ENOMEM. Fail point "page_alloc" with the name of
  /// `gfp`. Sleeps if `gfp` may. Linux: mm/page_alloc.c __alloc_pages()
  [[nodiscard]] Result<Pfn> alloc_pages(Gfp gfp, Order order);
  /// Linux: mm/page_alloc.c __free_pages()
  void free_pages(Pfn first, Order order);
  /// All per-CPU lists back to the zone. Linux: mm/page_alloc.c drain_all_pages()
  void drain_all_pages();

  [[nodiscard]] PageCount ram() const { return ram_; }
  [[nodiscard]] unsigned cpus() const { return cpus_; }
  [[nodiscard]] uint32_t payload_bytes() const { return payload_bytes_; }
  /// Where byte `offset` (0..4095) of a user page is stored.
  [[nodiscard]] uint32_t payload_offset(uint64_t offset) const {
    return static_cast<uint32_t>(offset) & (payload_bytes_ - 1);
  }

  void zero(Pfn page);
  void copy(Pfn to, Pfn from);
  /// [offset, +bytes.size()) must lie inside the payload.
  void read(Pfn page, uint32_t offset, std::span<std::byte> bytes) const;
  void write(Pfn page, uint32_t offset, std::span<const std::byte> bytes);
  [[nodiscard]] std::byte read_byte(Pfn page, uint32_t offset) const;
  void write_byte(Pfn page, uint32_t offset, std::byte value);
  /// Sets [offset, +bytes) to zero.
  void zero_range(Pfn page, uint32_t offset, uint32_t bytes);
  /// The storage itself, for back ends; they announce the access with sync::region_read/write on its address.
  [[nodiscard]] std::span<std::byte> payload(Pfn page) const {
    return {storage_ + std::size_t{page.value()} * payload_bytes_, payload_bytes_};
  }

  /// At quiescent points.
  [[nodiscard]] PageCount peek_free() const;
  void check(sync::CheckReport& report) const;

 private:
  /// The free pages of one CPU, newest first.
  struct alignas(64) PerCpuPages {
    sync::SpinLock<sync::LockClass::pcp_lock> lock;
    sync::Plain<uint32_t, "pcp->count"> count{0};
    uint32_t first = Buddy::kNone;  ///< links are the buddy's; announced by `count`
  };

  [[nodiscard]] uint32_t get_page_from_freelist(Order order);
  [[nodiscard]] uint32_t rmqueue_pcp(PerCpuPages& pcp);
  [[nodiscard]] uint32_t rmqueue_zone(Order order);
  void push(PerCpuPages& pcp, uint32_t frame) QUIRE_REQUIRES(pcp.lock);
  [[nodiscard]] uint32_t pop(PerCpuPages& pcp) QUIRE_REQUIRES(pcp.lock);
  void free_pcppages_bulk(PerCpuPages& pcp, uint32_t keep) QUIRE_REQUIRES(pcp.lock);

  const PageCount ram_;
  const uint32_t payload_bytes_;
  const unsigned cpus_;
  const uint32_t pcp_high_;
  const uint32_t pcp_batch_;
  Pressure* pressure_ = nullptr;
  std::byte* storage_;
  sync::SpinLock<sync::LockClass::zone_lock> zone_lock_;
  /// Frames free in the zone; every access to the zone's blocks announces this field.
  sync::Plain<uint32_t, "zone->nr_free"> nr_free_{0};
  Buddy buddy_;
  sync::Vector<PerCpuPages> pcps_;
};

}  // namespace quire::phys
