// Frames: the RAM of a machine: which frames are free, and what the pages contain.
//
// A frame is free in the zone of its node (buddy blocks of 2^order), free in the list of one CPU (order 0 only), or
// allocated:
//   zone <-> per-CPU list <-> allocated,   zone <-> allocated for orders above 0
// An allocation takes from its own CPU's list first, then from the zones, its own node's first, then drains the other
// CPUs' lists, then asks for memory back, so two CPUs that have pages at hand share no lock. RAM is dealt to the nodes
// in equal parts. Behind RAM come the frames of a device's memory, which no allocation but alloc_device_page() gives
// out.
//
// Payload: what a page stores; 4096 bytes natively, fewer while explored (an option). CPUs may race on it by right. The
// payload of a frame that is not allocated is poisoned.
//
// Watermarks (in pages of a zone, all 0: none). What would leave a zone below `low` wakes kswapd; below `min`, who may
// sleep reclaims by itself. GFP_ATOMIC may go down to a quarter of `min`. A page in a per-CPU list has passed them.
//
// I1  every frame is in exactly one of: a block of its zone, one per-CPU list, the device's list, allocated
// I2  nr_free of a zone is the number of frames in its blocks; no two free buddies of one order
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
#include "phys/ram.h"
#include "phys/running_cpus.h"
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

class DirectMap;

/// Of each zone, in pages. Linux: enum zone_watermarks
struct Watermarks {
  uint32_t min = 0;
  uint32_t low = 0;
  uint32_t high = 0;
  [[nodiscard]] bool any() const { return high != 0; }
};

struct FramesOptions {
  PageCount ram{16};
  uint32_t payload_bytes = 4096;  ///< a power of two, at least 8
  unsigned cpus = 2;
  unsigned nodes = 1;
  PageCount device{0};       ///< frames of a device's memory
  uint32_t pcp_prefill = 0;  ///< pages each CPU's list has at boot
  uint32_t pcp_high = 64;    ///< a list longer than this gives pcp_batch pages back
  uint32_t pcp_batch = 16;
  Watermarks watermarks = {};
  /// How often in a row an allocation asks again after reclaim has freed nothing. Linux: MAX_RECLAIM_RETRIES
  unsigned fruitless_max = 0;
  /// What a split leaves over below this order is a guard. Linux: debug_guardpage_minorder=
  unsigned guard_minorder = 0;
  /// Twice: a direct map is a mapping of the host, too. Natively, with pages of 4096 bytes.
  Ram::Mapped mapped = Ram::Mapped::once;
};

class Frames {
 public:
  explicit Frames(const FramesOptions& options);
  ~Frames();
  Frames(const Frames&) = delete;
  Frames& operator=(const Frames&) = delete;

  /// Who is asked for memory back; nullptr: nobody. Before the first allocation.
  void set_pressure(Pressure* pressure) { pressure_ = pressure; }
  /// The kernel's mapping of RAM, through which it accesses payload and which it keeps; nullptr: none.
  void set_direct_map(DirectMap* direct_map);

  /// 2^order frames from a multiple of 2^order, contents undefined; -ENOMEM. Fail point "page_alloc" with the name of
  /// `gfp`, of which only that counts which the task's scope allows (phys/gfp_scope.h). Sleeps if `gfp` may.
  /// Linux: mm/page_alloc.c __alloc_pages()
  [[nodiscard]] Result<Pfn> alloc_pages(Gfp gfp, Order order);
  /// The same from one node, without asking for memory back. Linux: alloc_pages_node() with __GFP_THISNODE
  [[nodiscard]] Result<Pfn> alloc_pages_node(Gfp gfp, Order order, unsigned node);
  /// The highest frame that is free in the zone of `above`, if it is higher; -ENOMEM. Linux: isolate_freepages()
  [[nodiscard]] Result<Pfn> alloc_highest_page(Pfn above);
  /// A frame of the device; -ENOMEM.
  [[nodiscard]] Result<Pfn> alloc_device_page();
  /// Linux: mm/page_alloc.c __free_pages()
  void free_pages(Pfn first, Order order);
  /// A page that was allocated with Gfp::unmapped().
  void free_unmapped_page(Pfn page, Cpus cpus);
  /// All per-CPU lists back to the zone. Linux: mm/page_alloc.c drain_all_pages()
  void drain_all_pages(Cpus cpus = Cpus::many);
  /// Calls visit(Pfn, FrameState) for each frame that is free in a zone, or of a guard; one that is free in a per-CPU
  /// list looks allocated. Linux: mm/page_alloc.c mark_free_pages(), page_is_guard()
  template <typename Visit>
  void mark_free_pages(Visit visit) {
    for (unsigned node = 0; node < nodes(); ++node) {
      Zone& zone = *zones_[node];
      sync::Guard guard(zone.lock);
      (void)zone.nr_free.get();
      for (uint32_t frame = 0; frame < zone_frames_; ++frame) {
        const FrameRecord& head = zone.buddy.record(frame);
        for (uint32_t i = 0; head.state != FrameState::other && i < 1U << head.order; ++i)
          visit(Pfn(node * zone_frames_ + frame + i), head.state);
      }
    }
  }

  [[nodiscard]] PageCount ram() const { return ram_; }
  [[nodiscard]] const Watermarks& watermarks() const { return watermarks_; }
  /// How many pages the zone of `node` has to get so that `pages` are free. Linux: zone_watermark_ok() with order 0
  [[nodiscard]] uint32_t missing(unsigned node, uint32_t pages);
  /// Whether an allocation of `order` would find one in some zone above its `min`.
  [[nodiscard]] bool could_alloc(Order order);
  /// RAM and the device's memory.
  [[nodiscard]] PageCount frames() const { return frames_; }
  [[nodiscard]] bool is_device(Pfn pfn) const { return pfn.value() >= ram_.value(); }
  [[nodiscard]] unsigned nodes() const { return static_cast<unsigned>(zones_.size()); }
  /// Linux: page_to_nid()
  [[nodiscard]] unsigned node_of(Pfn pfn) const { return static_cast<unsigned>(pfn.value() / zone_frames_); }
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
    return {ram_memory_.data() + std::size_t{page.value()} * payload_bytes_, payload_bytes_};
  }
  /// The same as the kernel's own mapping has it: a touch traps, natively, where that does not allow it.
  [[nodiscard]] std::span<std::byte> kernel_payload(Pfn page) const {
    return {ram_memory_.kernel() + std::size_t{page.value()} * payload_bytes_, payload_bytes_};
  }
  [[nodiscard]] const Ram& ram_memory() const { return ram_memory_; }
  /// The host's protection of the kernel's mapping of frames; nothing if there is none. -ENOMEM.
  [[nodiscard]] Errno protect(Range<Pfn> pfns, Perm perm) const {
    return ram_memory_.protect(std::size_t{pfns.start().value()} * payload_bytes_, pfns.size().value() * payload_bytes_,
                               perm);
  }

  /// At quiescent points.
  [[nodiscard]] PageCount peek_free() const;
  [[nodiscard]] PageCount peek_guards() const;
  void check(sync::CheckReport& report) const;

 private:
  /// The free pages of one CPU, newest first.
  struct alignas(64) PerCpuPages {
    sync::SpinLock<sync::LockClass::pcp_lock> lock;
    sync::Plain<uint32_t, "pcp->count"> count{0};
    uint32_t first = Buddy::kNone;  ///< links are the buddy's; announced by `count`
  };

  /// The free frames of one node, numbered from its first.
  struct Zone {
    Zone(PageCount frames, unsigned guard_minorder) : buddy(frames, guard_minorder) {}
    /// A block, or Buddy::kNone; nr_free follows, guards too.
    [[nodiscard]] uint32_t take(Order order) QUIRE_REQUIRES(lock) {
      uint32_t guards = buddy.guard_frames();
      uint32_t first = buddy.take(order);
      if (first != Buddy::kNone)
        nr_free -= static_cast<uint32_t>(order.pages().value()) + (buddy.guard_frames() - guards);
      return first;
    }
    void add(uint32_t first, Order order) QUIRE_REQUIRES(lock) {
      uint32_t guards = buddy.guard_frames();
      nr_free += static_cast<uint32_t>(order.pages().value());
      buddy.add(first, order);
      if (guards != buddy.guard_frames()) nr_free += guards - buddy.guard_frames();
    }
    sync::SpinLock<sync::LockClass::zone_lock> lock;
    /// Frames free in the zone; every access to its blocks announces this field.
    sync::Plain<uint32_t, "zone->nr_free"> nr_free{0};
    Buddy buddy;
  };

  static void fill_zone(Zone& zone, uint32_t frames);
  // `leave`: how many pages a zone has to keep.
  [[nodiscard]] uint32_t get_page_from_freelist(Gfp gfp, Order order, uint32_t leave);
  [[nodiscard]] RunningCpus* running_cpus() const;
  void free_one_page(Pfn first, Order order, Cpus cpus);
  void access_through_direct_map(Pfn page, KernelAccess access) const;
  void post_alloc(Pfn first, Order order, Gfp gfp);
  [[nodiscard]] uint32_t rmqueue_pcp(PerCpuPages& pcp, uint32_t leave);
  [[nodiscard]] uint32_t rmqueue_zone(unsigned node, Order order, uint32_t leave);
  [[nodiscard]] uint32_t rmqueue_zones(Order order, uint32_t leave);
  [[nodiscard]] uint32_t min_for(Gfp gfp) const;
  void wake_all_kswapds();
  [[nodiscard]] uint32_t alloc_pages_slowpath(Gfp gfp, Order order);
  [[nodiscard]] uint32_t reclaim_and_get(Gfp gfp, Order order);
  void free_to_zone(uint32_t frame, Order order);
  /// The record of any frame of RAM.
  [[nodiscard]] FrameRecord& record(uint32_t frame) {
    return zones_[frame / zone_frames_]->buddy.record(frame % zone_frames_);
  }
  [[nodiscard]] const FrameRecord& record(uint32_t frame) const {
    return zones_[frame / zone_frames_]->buddy.record(frame % zone_frames_);
  }
  [[nodiscard]] unsigned local_node() const;
  void push(PerCpuPages& pcp, uint32_t frame) QUIRE_REQUIRES(pcp.lock);
  [[nodiscard]] uint32_t pop(PerCpuPages& pcp) QUIRE_REQUIRES(pcp.lock);
  void free_pcppages_bulk(PerCpuPages& pcp, uint32_t keep) QUIRE_REQUIRES(pcp.lock);

  const PageCount ram_;
  const PageCount frames_;
  const uint32_t zone_frames_;
  const uint32_t payload_bytes_;
  const unsigned cpus_;
  const uint32_t pcp_high_;
  const uint32_t pcp_batch_;
  const Watermarks watermarks_;
  const unsigned fruitless_max_;
  Pressure* pressure_ = nullptr;
  DirectMap* direct_map_ = nullptr;
  const Ram ram_memory_;
  sync::Vector<sync::Box<Zone>> zones_;
  sync::Vector<PerCpuPages> pcps_;
  sync::SpinLock<sync::LockClass::zone_lock> device_lock_;
  /// Free frames of the device; every access to the list announces this field.
  sync::Plain<uint32_t, "device->nr_free"> device_free_{0};
  sync::Vector<uint32_t> device_list_;
};

}  // namespace quire::phys
