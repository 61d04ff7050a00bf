#include "phys/frames.h"

#include <bit>

#include "phys/bulk.h"
#include "phys/cpu.h"
#include "sync/trace.h"
#include "sync/wait.h"

namespace quire::phys {
namespace {
constexpr std::size_t kStorageAlign = 4096;
/// While explored a page is small and so is its alignment.
std::size_t storage_align(uint32_t payload_bytes) { return payload_bytes < kStorageAlign ? 64 : kStorageAlign; }
constexpr const char* kPage = "page";
/// How often an allocation asks for memory back before it fails. Linux: MAX_RECLAIM_RETRIES
constexpr unsigned kReclaimRetries = 16;
}  // namespace

Frames::Frames(const FramesOptions& options)
    : ram_(options.ram),
      payload_bytes_(options.payload_bytes),
      cpus_(options.cpus),
      pcp_high_(options.pcp_high),
      pcp_batch_(options.pcp_batch),
      storage_(static_cast<std::byte*>(
          sync::allocate(options.ram.value() * options.payload_bytes, storage_align(options.payload_bytes)))),
      buddy_(options.ram),
      pcps_(options.cpus) {
  QUIRE_ASSERT(std::has_single_bit(payload_bytes_) && payload_bytes_ >= 8);
  QUIRE_ASSERT(cpus_ > 0 && pcp_batch_ > 0);
  sync::poison(storage_, ram_.value() * payload_bytes_, kPage);
  auto frames = static_cast<uint32_t>(ram_.value());
  for (uint32_t frame = 0; frame < frames;) {
    unsigned order = Buddy::kMaxOrder;
    while ((frame & ((1U << order) - 1)) != 0 || frame + (1U << order) > frames) --order;
    buddy_.add(frame, Order(order));
    frame += 1U << order;
  }
  nr_free_ = frames;
  for (PerCpuPages& pcp : pcps_) {
    sync::Guard guard(pcp.lock);
    for (uint32_t i = 0; i < options.pcp_prefill; ++i) {
      uint32_t frame = rmqueue_zone(Order(0));
      if (frame == Buddy::kNone) break;
      push(pcp, frame);
    }
  }
}

Frames::~Frames() {
  sync::unpoison(storage_, ram_.value() * payload_bytes_);
  sync::deallocate(storage_, ram_.value() * payload_bytes_, storage_align(payload_bytes_));
}

void Frames::push(PerCpuPages& pcp, uint32_t frame) {
  ++pcp.count.mutate();
  buddy_.record(frame).next = pcp.first;
  pcp.first = frame;
}

uint32_t Frames::pop(PerCpuPages& pcp) {
  uint32_t& count = pcp.count.mutate();
  if (count == 0) return Buddy::kNone;
  --count;
  uint32_t frame = pcp.first;
  pcp.first = buddy_.record(frame).next;
  return frame;
}

uint32_t Frames::rmqueue_zone(Order order) {
  sync::Guard guard(zone_lock_);
  if (nr_free_ < order.pages().value()) return Buddy::kNone;
  uint32_t first = buddy_.take(order);
  if (first != Buddy::kNone) nr_free_ -= static_cast<uint32_t>(order.pages().value());
  return first;
}

// Linux: mm/page_alloc.c rmqueue_pcplist(), rmqueue_bulk()
uint32_t Frames::rmqueue_pcp(PerCpuPages& pcp) {
  sync::Guard guard(pcp.lock);
  uint32_t frame = pop(pcp);
  if (frame != Buddy::kNone) return frame;
  sync::Guard zone_guard(zone_lock_);
  for (uint32_t i = 0; i < pcp_batch_ && nr_free_ > 0; ++i) {
    push(pcp, buddy_.take(Order(0)));
    nr_free_ -= 1;
  }
  return pop(pcp);
}

uint32_t Frames::get_page_from_freelist(Order order) {
  return order == Order(0) ? rmqueue_pcp(pcps_[this_cpu(cpus_).value()]) : rmqueue_zone(order);
}

// Linux: mm/page_alloc.c __alloc_pages(), __alloc_pages_slowpath()
Result<Pfn> Frames::alloc_pages(Gfp gfp, Order order) {
  QUIRE_FUNC();
  QUIRE_ASSERT(order.value() <= Buddy::kMaxOrder);
  if (gfp.may_sleep()) sync::might_sleep("alloc_pages");
  if (sync::should_fail("page_alloc", gfp.name())) return Errno::enomem;
  uint32_t first = get_page_from_freelist(order);
  if (first == Buddy::kNone) {
    drain_all_pages();
    first = get_page_from_freelist(order);
  }
  bool reclaims = gfp.may_sleep() && pressure_ != nullptr;
  unsigned tries = !reclaims ? 0 : gfp.may_retry() ? kReclaimRetries : 1;
  for (; first == Buddy::kNone && tries > 0; --tries) {
    if (pressure_->try_to_free_pages(gfp, order.pages()) == PageCount(0)) break;
    drain_all_pages();
    first = get_page_from_freelist(order);
  }
  if (first == Buddy::kNone) return Errno::enomem;
  sync::unpoison(payload(Pfn(first)).data(), order.pages().value() * payload_bytes_);
  return Pfn(first);
}

// Linux: mm/page_alloc.c free_unref_page(), free_one_page()
void Frames::free_pages(Pfn first, Order order) {
  sync::poison(payload(first).data(), order.pages().value() * payload_bytes_, kPage);
  if (order == Order(0)) {
    PerCpuPages& pcp = pcps_[this_cpu(cpus_).value()];
    sync::Guard guard(pcp.lock);
    push(pcp, first.value());
    if (pcp.count > pcp_high_) free_pcppages_bulk(pcp, pcp_high_ > pcp_batch_ ? pcp_high_ - pcp_batch_ : 0);
    return;
  }
  sync::Guard guard(zone_lock_);
  nr_free_ += static_cast<uint32_t>(order.pages().value());
  buddy_.add(first.value(), order);
}

// Linux: mm/page_alloc.c free_pcppages_bulk()
void Frames::free_pcppages_bulk(PerCpuPages& pcp, uint32_t keep) {
  sync::Guard guard(zone_lock_);
  while (pcp.count > keep) {
    buddy_.add(pop(pcp), Order(0));
    nr_free_ += 1;
  }
}

void Frames::drain_all_pages() {
  for (PerCpuPages& pcp : pcps_) {
    sync::Guard guard(pcp.lock);
    if (pcp.count > 0) free_pcppages_bulk(pcp, 0);
  }
}

void Frames::zero(Pfn page) { zero_range(page, 0, payload_bytes_); }

void Frames::zero_range(Pfn page, uint32_t offset, uint32_t bytes) {
  QUIRE_ASSERT(offset + bytes <= payload_bytes_);
  sync::region_write(payload(page).data(), kPage);
  zero_contents(payload(page).data() + offset, bytes);
}

void Frames::copy(Pfn to, Pfn from) {
  sync::region_read(payload(from).data(), kPage);
  sync::region_write(payload(to).data(), kPage);
  copy_contents(payload(to).data(), payload(from).data(), payload_bytes_);
}

void Frames::read(Pfn page, uint32_t offset, std::span<std::byte> bytes) const {
  QUIRE_ASSERT(offset + bytes.size() <= payload_bytes_);
  sync::region_read(payload(page).data(), kPage);
  copy_contents(bytes.data(), payload(page).data() + offset, bytes.size());
}

void Frames::write(Pfn page, uint32_t offset, std::span<const std::byte> bytes) {
  QUIRE_ASSERT(offset + bytes.size() <= payload_bytes_);
  sync::region_write(payload(page).data(), kPage);
  copy_contents(payload(page).data() + offset, bytes.data(), bytes.size());
}

std::byte Frames::read_byte(Pfn page, uint32_t offset) const {
  sync::region_read(payload(page).data(), kPage);
  return load_content(payload(page).data() + offset);
}

void Frames::write_byte(Pfn page, uint32_t offset, std::byte value) {
  sync::region_write(payload(page).data(), kPage);
  store_content(payload(page).data() + offset, value);
}

PageCount Frames::peek_free() const {
  uint64_t free = nr_free_.peek();
  for (const PerCpuPages& pcp : pcps_) free += pcp.count.peek();
  return PageCount(free);
}

void Frames::check(sync::CheckReport& report) const {
  uint32_t in_zone = buddy_.check(report);
  report.expect(in_zone == nr_free_.peek(), sync::Failure::bug, "phys I2: nr_free {} but {} frames are in blocks",
                nr_free_.peek(), in_zone);
  for (const PerCpuPages& pcp : pcps_) {
    uint32_t listed = 0;
    for (uint32_t f = pcp.first; f != Buddy::kNone && listed <= pcp.count.peek(); f = buddy_.record(f).next) {
      ++listed;
      report.expect(buddy_.record(f).state != FrameState::head, sync::Failure::bug, "phys I1: frame {} is free twice",
                    f);
    }
    report.expect(listed == pcp.count.peek(), sync::Failure::bug, "phys I1: a list of {} pages has count {}", listed,
                  pcp.count.peek());
  }
}

}  // namespace quire::phys
