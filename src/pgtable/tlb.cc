#include "pgtable/tlb.h"

#include <bit>

#include "sync/trace.h"

namespace quire::pgtable {

const Translation* Tlb::Access::find(const TlbSpace& space, VirtPage page) {
  const Translation& t = tlb_.slot(page);
  return t.space == &space && t.page == page ? &t : nullptr;
}

// What was in the place is forgotten, as a TLB may at any time.
void Tlb::Access::insert(TlbSpace& space, VirtPage page, Pte pte) {
  if ((space.cpus_.load(sync::Order::relaxed) & tlb_.bit_) == 0) space.cpus_.fetch_or(tlb_.bit_);
  tlb_.slot(page) = {&space, page, pte};
}

Tlbs::Tlbs(unsigned cpus) : tlbs_(cpus) {
  QUIRE_ASSERT(cpus <= kCpusMax);
  for (unsigned cpu = 0; cpu < cpus; ++cpu) tlbs_[cpu].bit_ = uint64_t{1} << cpu;
}

void Tlb::flush(TlbSpace& space, Range<VirtPage> pages) {
  sync::Guard guard(lock_);
  bool others = false;
  ++uses_.mutate();
  for (Translation& t : entries_) {
    if (t.space != &space) continue;
    if (pages.contains(t.page))
      t = {};
    else
      others = true;
  }
  if (!others) space.cpus_.fetch_and(~bit_);
}

void Tlbs::flush_tlb_range(TlbSpace& space, Range<VirtPage> pages) {
  if (!enabled()) return;
  uint64_t cpus = space.cpus();
  if (cpus == 0) return;
  QUIRE_FUNC();
  for (; cpus != 0; cpus &= cpus - 1) tlbs_[static_cast<std::size_t>(std::countr_zero(cpus))].flush(space, pages);
}

void Tlbs::flush_tlb_all() {
  for (Tlb& tlb : tlbs_) {
    sync::Guard guard(tlb.lock_);
    ++tlb.uses_.mutate();
    tlb.entries_ = {};
  }
}

}  // namespace quire::pgtable
