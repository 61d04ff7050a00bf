#include "phys/frames.h"

#include <algorithm>
#include <bit>

#include "phys/bulk.h"
#include "phys/cpu.h"
#include "phys/direct_map.h"
#include "phys/gfp_scope.h"
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
/// Blocks above this order are not worth killing for. Linux: PAGE_ALLOC_COSTLY_ORDER
constexpr Order kCostlyOrder(3);
}  // namespace

Frames::Frames(const FramesOptions& options)
    : ram_(options.ram),
      frames_(options.ram + options.device),
      zone_frames_(static_cast<uint32_t>(options.ram.value()) / options.nodes),
      payload_bytes_(options.payload_bytes),
      cpus_(options.cpus),
      pcp_high_(options.pcp_high),
      pcp_batch_(options.pcp_batch),
      watermarks_(options.watermarks),
      fruitless_max_(options.fruitless_max),
      ram_memory_(frames_.value() * options.payload_bytes, storage_align(options.payload_bytes), options.mapped),
      pcps_(options.cpus) {
  QUIRE_ASSERT(std::has_single_bit(payload_bytes_) && payload_bytes_ >= 8);
  QUIRE_ASSERT(cpus_ > 0 && pcp_batch_ > 0);
  QUIRE_ASSERT(ram_.value() % options.nodes == 0, "nodes have equal parts of RAM");
  sync::poison(ram_memory_.data(), frames_.value() * payload_bytes_, kPage);
  zones_.reserve(options.nodes);
  for (unsigned node = 0; node < options.nodes; ++node)
    zones_.push_back(sync::make_box<Zone>(PageCount(zone_frames_), options.guard_minorder));
  for (auto& zone : zones_) fill_zone(*zone, zone_frames_);
  for (PerCpuPages& pcp : pcps_) {
    sync::Guard guard(pcp.lock);
    for (uint32_t i = 0; i < options.pcp_prefill; ++i) {
      uint32_t frame = rmqueue_zones(Order(0), 0);
      if (frame == Buddy::kNone) break;
      push(pcp, frame);
    }
  }
  device_list_.reserve(options.device.value());
  for (uint64_t frame = frames_.value(); frame > ram_.value(); --frame)
    device_list_.push_back(static_cast<uint32_t>(frame - 1));
  device_free_ = static_cast<uint32_t>(device_list_.size());
}

// The greatest aligned blocks that fit.
void Frames::fill_zone(Zone& zone, uint32_t frames) {
  for (uint32_t frame = 0; frame < frames;) {
    unsigned order = Buddy::kMaxOrder;
    while ((frame & ((1U << order) - 1)) != 0 || frame + (1U << order) > frames) --order;
    zone.buddy.add(frame, Order(order));
    frame += 1U << order;
  }
  zone.nr_free = frames;
}

Frames::~Frames() { sync::unpoison(ram_memory_.data(), frames_.value() * payload_bytes_); }

unsigned Frames::local_node() const { return this_cpu(cpus_).value() % nodes(); }

void Frames::push(PerCpuPages& pcp, uint32_t frame) {
  ++pcp.count.mutate();
  record(frame).next = pcp.first;
  pcp.first = frame;
}

uint32_t Frames::pop(PerCpuPages& pcp) {
  uint32_t& count = pcp.count.mutate();
  if (count == 0) return Buddy::kNone;
  --count;
  uint32_t frame = pcp.first;
  pcp.first = record(frame).next;
  return frame;
}

uint32_t Frames::rmqueue_zone(unsigned node, Order order, uint32_t leave) {
  Zone& zone = *zones_[node];
  sync::Guard guard(zone.lock);
  if (zone.nr_free < leave + order.pages().value()) return Buddy::kNone;
  uint32_t first = zone.take(order);
  return first == Buddy::kNone ? Buddy::kNone : node * zone_frames_ + first;
}

// The own node's zone first. Linux: mm/page_alloc.c get_page_from_freelist()
uint32_t Frames::rmqueue_zones(Order order, uint32_t leave) {
  unsigned local = nodes() == 1 ? 0 : local_node();
  for (unsigned i = 0; i < nodes(); ++i)
    if (uint32_t first = rmqueue_zone((local + i) % nodes(), order, leave); first != Buddy::kNone) return first;
  return Buddy::kNone;
}

// Linux: mm/page_alloc.c rmqueue_pcplist(), rmqueue_bulk()
uint32_t Frames::rmqueue_pcp(PerCpuPages& pcp, uint32_t leave) {
  sync::Guard guard(pcp.lock);
  uint32_t frame = pop(pcp);
  if (frame != Buddy::kNone) return frame;
  unsigned local = nodes() == 1 ? 0 : local_node();
  for (unsigned n = 0; n < nodes() && pcp.count == 0; ++n) {
    unsigned node = (local + n) % nodes();
    Zone& zone = *zones_[node];
    sync::Guard zone_guard(zone.lock);
    for (uint32_t i = 0; i < pcp_batch_ && zone.nr_free > leave; ++i) {
      push(pcp, node * zone_frames_ + zone.take(Order(0)));
    }
  }
  return pop(pcp);
}

void Frames::set_direct_map(DirectMap* direct_map) { direct_map_ = direct_map; }

RunningCpus* Frames::running_cpus() const { return direct_map_ == nullptr ? nullptr : &direct_map_->running_cpus(); }

uint32_t Frames::get_page_from_freelist(Gfp gfp, Order order, uint32_t leave) {
  RunningCpus::Stretch stretch(running_cpus(), gfp.is_alone() ? Cpus::one : Cpus::many);
  uint32_t first = order == Order(0) ? rmqueue_pcp(pcps_[this_cpu(cpus_).value()], leave) : rmqueue_zones(order, leave);
  if (first != Buddy::kNone) sync::unpoison(payload(Pfn(first)).data(), order.pages().value() * payload_bytes_);
  return first;
}

// Linux: mm/page_alloc.c gfp_to_alloc_flags(), __zone_watermark_ok()
uint32_t Frames::min_for(Gfp gfp) const { return gfp.may_use_reserve() ? watermarks_.min / 4 : watermarks_.min; }

uint32_t Frames::missing(unsigned node, uint32_t pages) {
  Zone& zone = *zones_[node];
  sync::Guard guard(zone.lock);
  return pages - std::min(pages, zone.nr_free.get());
}

bool Frames::could_alloc(Order order) {
  for (auto& zone : zones_) {
    sync::Guard guard(zone->lock);
    if (zone->nr_free >= watermarks_.min + order.pages().value() && zone->buddy.has(order)) return true;
  }
  return false;
}

// Linux: mm/page_alloc.c wake_all_kswapds()
void Frames::wake_all_kswapds() {
  for (unsigned node = 0; pressure_ != nullptr && node < nodes(); ++node) pressure_->wakeup_kswapd(node);
}

Result<Pfn> Frames::alloc_pages_node(Gfp gfp, Order order, unsigned node) {
  QUIRE_FUNC();
  if (gfp.may_sleep()) sync::might_sleep("alloc_pages");
  if (sync::should_fail("page_alloc", gfp.name())) return Errno::enomem;
  uint32_t first = rmqueue_zone(node, order, min_for(gfp));
  if (first == Buddy::kNone) {
    drain_all_pages();
    first = rmqueue_zone(node, order, min_for(gfp));
  }
  if (first == Buddy::kNone) return Errno::enomem;
  sync::unpoison(payload(Pfn(first)).data(), order.pages().value() * payload_bytes_);
  post_alloc(Pfn(first), order, gfp);
  return Pfn(first);
}

Result<Pfn> Frames::alloc_highest_page(Pfn above) {
  QUIRE_FUNC();
  unsigned node = node_of(above);
  Pfn pfn;
  {
    Zone& zone = *zones_[node];
    sync::Guard guard(zone.lock);
    if (zone.nr_free == 0) return Errno::enomem;
    uint32_t frame = zone.buddy.take_last(above.value() - node * zone_frames_);
    if (frame == Buddy::kNone) return Errno::enomem;
    zone.nr_free -= 1;
    pfn = Pfn(node * zone_frames_ + frame);
    sync::unpoison(payload(pfn).data(), payload_bytes_);
  }
  post_alloc(pfn, Order(0), Gfp::kernel());
  return pfn;
}

void Frames::post_alloc(Pfn first, Order order, Gfp gfp) {
  if (direct_map_ != nullptr && gfp.is_mapped())
    direct_map_->post_alloc(first, order, gfp.is_alone() ? Cpus::one : Cpus::many);
}

Result<Pfn> Frames::alloc_device_page() {
  QUIRE_FUNC();
  sync::Guard guard(device_lock_);
  if (device_free_ == 0) return Errno::enomem;
  device_free_ -= 1;
  Pfn pfn(device_list_.back());
  device_list_.pop_back();
  sync::unpoison(payload(pfn).data(), payload_bytes_);
  return pfn;
}

// Linux: mm/page_alloc.c __alloc_pages()
Result<Pfn> Frames::alloc_pages(Gfp gfp, Order order) {
  QUIRE_FUNC();
  QUIRE_ASSERT(order.value() <= Buddy::kMaxOrder);
  gfp = current_gfp_context(gfp);
  if (gfp.may_sleep()) sync::might_sleep("alloc_pages");
  if (sync::should_fail("page_alloc", gfp.name())) return Errno::enomem;
  uint32_t first = get_page_from_freelist(gfp, order, watermarks_.low);
  if (first == Buddy::kNone) first = alloc_pages_slowpath(gfp, order);
  if (first == Buddy::kNone) return Errno::enomem;
  post_alloc(Pfn(first), order, gfp);
  return Pfn(first);
}

// Linux: mm/page_alloc.c __alloc_pages_slowpath(), __alloc_pages_may_oom()
uint32_t Frames::alloc_pages_slowpath(Gfp gfp, Order order) {
  uint32_t min = min_for(gfp);
  if (watermarks_.any()) {
    wake_all_kswapds();
    uint32_t first = get_page_from_freelist(gfp, order, min);
    if (first != Buddy::kNone) return first;
  }
  drain_all_pages(gfp.is_alone() ? Cpus::one : Cpus::many);
  uint32_t first = get_page_from_freelist(gfp, order, min);
  bool reclaims = gfp.may_sleep() && pressure_ != nullptr;
  // Enough may be free, but not together. Linux: __alloc_pages_direct_compact()
  if (first == Buddy::kNone && reclaims && order > Order(0) && gfp.may_retry() &&
      pressure_->try_to_compact_pages() > PageCount(0)) {
    drain_all_pages();
    first = get_page_from_freelist(gfp, order, min);
  }
  while (first == Buddy::kNone && reclaims) {
    first = reclaim_and_get(gfp, order);
    if (first != Buddy::kNone || !gfp.may_retry() || order > kCostlyOrder) break;
    if (pressure_->out_of_memory(order) == OomOutcome::fail) break;
    drain_all_pages();
    first = get_page_from_freelist(gfp, order, min);
  }
  return first;
}

// Direct reclaim, until there is something or too much of it was in vain. Linux: mm/page_alloc.c
// __alloc_pages_direct_reclaim(), should_reclaim_retry()
uint32_t Frames::reclaim_and_get(Gfp gfp, Order order) {
  unsigned fruitless = 0;
  for (unsigned tries = gfp.may_retry() ? kReclaimRetries : 1; tries > 0; --tries) {
    PageCount freed = pressure_->try_to_free_pages(gfp, order.pages());
    if (freed == PageCount(0) && ++fruitless > fruitless_max_) break;
    drain_all_pages();
    uint32_t first = get_page_from_freelist(gfp, order, min_for(gfp));
    if (first != Buddy::kNone) return first;
    if (freed == PageCount(0)) sync::retry_point("should_reclaim_retry");
  }
  return Buddy::kNone;
}

// Linux: mm/page_alloc.c free_unref_page(), free_one_page()
void Frames::free_pages(Pfn first, Order order) {
  if (direct_map_ != nullptr && !is_device(first)) direct_map_->free_prepare(first, order);
  free_one_page(first, order, Cpus::many);
}

void Frames::free_unmapped_page(Pfn page, Cpus cpus) { free_one_page(page, Order(0), cpus); }

void Frames::free_one_page(Pfn first, Order order, Cpus cpus) {
  RunningCpus::Stretch stretch(running_cpus(), cpus);
  sync::poison(payload(first).data(), order.pages().value() * payload_bytes_, kPage);
  if (is_device(first)) {
    sync::Guard guard(device_lock_);
    device_free_ += 1;
    device_list_.push_back(first.value());
    return;
  }
  if (order == Order(0)) {
    PerCpuPages& pcp = pcps_[this_cpu(cpus_).value()];
    sync::Guard guard(pcp.lock);
    push(pcp, first.value());
    if (pcp.count > pcp_high_) free_pcppages_bulk(pcp, pcp_high_ > pcp_batch_ ? pcp_high_ - pcp_batch_ : 0);
    return;
  }
  free_to_zone(first.value(), order);
}

void Frames::free_to_zone(uint32_t frame, Order order) {
  Zone& zone = *zones_[frame / zone_frames_];
  sync::Guard guard(zone.lock);
  zone.add(frame % zone_frames_, order);
}

// Linux: mm/page_alloc.c free_pcppages_bulk()
void Frames::free_pcppages_bulk(PerCpuPages& pcp, uint32_t keep) {
  if (nodes() > 1) {
    while (pcp.count > keep) free_to_zone(pop(pcp), Order(0));
    return;
  }
  Zone& zone = *zones_[0];
  sync::Guard guard(zone.lock);
  while (pcp.count > keep) {
    zone.add(pop(pcp), Order(0));
  }
}

void Frames::drain_all_pages(Cpus cpus) {
  RunningCpus::Stretch stretch(running_cpus(), cpus);
  for (PerCpuPages& pcp : pcps_) {
    sync::Guard guard(pcp.lock);
    if (pcp.count > 0) free_pcppages_bulk(pcp, 0);
  }
}

// A user's accesses go through page tables of its own and not here.
void Frames::access_through_direct_map(Pfn page, KernelAccess access) const {
  if (direct_map_ != nullptr && !is_device(page)) direct_map_->use(page, access);
}

void Frames::zero(Pfn page) { zero_range(page, 0, payload_bytes_); }

void Frames::zero_range(Pfn page, uint32_t offset, uint32_t bytes) {
  QUIRE_ASSERT(offset + bytes <= payload_bytes_);
  access_through_direct_map(page, KernelAccess::write);
  sync::region_write(payload(page).data(), kPage);
  zero_contents(kernel_payload(page).data() + offset, bytes);
}

void Frames::copy(Pfn to, Pfn from) {
  access_through_direct_map(from, KernelAccess::read);
  access_through_direct_map(to, KernelAccess::write);
  sync::region_read(payload(from).data(), kPage);
  sync::region_write(payload(to).data(), kPage);
  copy_contents(kernel_payload(to).data(), kernel_payload(from).data(), payload_bytes_);
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
  uint64_t free = 0;
  for (const auto& zone : zones_) free += zone->nr_free.peek();
  for (const PerCpuPages& pcp : pcps_) free += pcp.count.peek();
  return PageCount(free);
}

PageCount Frames::peek_guards() const {
  uint64_t frames = 0;
  for (const auto& zone : zones_) frames += zone->buddy.guard_frames();
  return PageCount(frames);
}

void Frames::check(sync::CheckReport& report) const {
  for (const auto& zone : zones_) {
    uint32_t in_zone = zone->buddy.check(report);
    report.expect(in_zone == zone->nr_free.peek(), sync::Failure::bug,
                  "phys I2: nr_free {} but {} frames are in blocks", zone->nr_free.peek(), in_zone);
  }
  report.expect(device_list_.size() == device_free_.peek(), sync::Failure::bug,
                "phys I1: the device's list has {} frames, not {}", device_list_.size(), device_free_.peek());
  for (const PerCpuPages& pcp : pcps_) {
    uint32_t listed = 0;
    for (uint32_t f = pcp.first; f != Buddy::kNone && listed <= pcp.count.peek(); f = record(f).next) {
      ++listed;
      report.expect(record(f).state != FrameState::head, sync::Failure::bug, "phys I1: frame {} is free twice", f);
    }
    report.expect(listed == pcp.count.peek(), sync::Failure::bug, "phys I1: a list of {} pages has count {}", listed,
                  pcp.count.peek());
  }
}

}  // namespace quire::phys
