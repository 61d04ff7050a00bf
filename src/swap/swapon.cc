#include <algorithm>

#include "swap/areas.h"
#include "sync/trace.h"
#include "sync/wait.h"

namespace quire::swap {

SwapAreas::SwapAreas(const SwapOptions& options, cache::Folios& folios, const base::DefectSet& defects)
    : options_(options),
      folios_(folios),
      defects_(defects),
      slot_cache_(options.slot_cache == SwapOptions::SlotCache::on ? folios.frames().cpus() : 0,
                  options.slot_cache_size),
      readahead_(options.readahead) {
  QUIRE_ASSERT(options.areas_max <= kAreasMax);
  areas_.reserve(options.areas_max);
  for (unsigned type = 0; type < options.areas_max; ++type)
    areas_.push_back(sync::make_box<SwapArea>(SwapType(type), options.cluster_shift));
}

SwapAreas::~SwapAreas() = default;

// Linux: mm/swapfile.c sys_swapon(), alloc_swap_info()
Errno SwapAreas::swapon(SwapBackend& device, const SwaponSettings& settings) {
  QUIRE_FUNC();
  sync::might_sleep("swapon");
  // Not so much as one page besides the header and what is bad.
  if (device.pages().value() < 2 + device.bad_pages().size()) return Errno::einval;
  SwapArea* area = nullptr;
  {
    sync::Guard guard(swap_lock_);
    for (auto& candidate : areas_) {
      bool used = (candidate->flags_.load(sync::Order::relaxed) & SwapArea::kUsed) != 0;
      if (used && candidate->backend_ == &device) return Errno::ebusy;
      if (!used && area == nullptr) area = candidate.get();
    }
    if (area == nullptr) return Errno::eperm;
    area->flags_.store(SwapArea::kUsed);
    area->backend_ = &device;
    area->priority_ = settings.priority >= 0 ? settings.priority : --least_priority_;
    area->discard_ = settings.discard;
  }
  if (sync::should_fail("slab", "GFP_KERNEL")) {
    sync::Guard guard(swap_lock_);
    raise_priorities_below(*area);
    area->flags_.store(0);
    return Errno::enomem;
  }
  if (discards_once(settings.discard)) discard_swap(device);
  Continuations::Options digits{.slots = static_cast<uint32_t>(device.pages().value()),
                                .map_max = options_.map_max,
                                .digit_max = options_.cont_max};
  area->allocate_maps(device, folios_.frames().cpus(), options_.cache_shift,
                      sync::make_box<Continuations>(folios_, digits));
  enable_swap_info(*area);
  return Errno::ok;
}

// Linux: mm/swapfile.c enable_swap_info()
void SwapAreas::enable_swap_info(SwapArea& area) {
  area.users_gone_.reinit();
  area.users_.reinit();
  reinsert_swap_info(area);
  QUIRE_POINT("area is live", "area {}", area.type().value());
}

// Linux: mm/swapfile.c reinsert_swap_info(), _enable_swap_info()
void SwapAreas::reinsert_swap_info(SwapArea& area) {
  sync::Guard guard(swap_lock_);
  sync::Guard area_guard(area.si_lock_);
  area.flags_.store(SwapArea::kUsed | SwapArea::kWriteOk);
  insert_by_priority(area);
}

bool SwapAreas::in_use(const SwapBackend& device) {
  sync::Guard guard(swap_lock_);
  return std::any_of(areas_.begin(), areas_.end(), [&device](const sync::Box<SwapArea>& area) {
    return (area->flags_.load(sync::Order::relaxed) & SwapArea::kUsed) != 0 && area->backend_ == &device;
  });
}

const SwapArea* SwapAreas::peek_area_of(const SwapBackend& device) const {
  for (const auto& area : areas_)
    if (area->peek_live() && area->peek_backend() == &device) return area.get();
  return nullptr;
}

void SwapAreas::check(sync::CheckReport& report) const {
  for (const auto& area : areas_) area->check(report, slot_cache_);
}

}  // namespace quire::swap
