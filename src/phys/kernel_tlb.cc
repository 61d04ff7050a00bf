#include "phys/kernel_tlb.h"

#include "sync/trace.h"

namespace quire::phys {

void KernelTlbs::flush_local(base::CpuId cpu, base::Range<base::VirtPage> pages) {
  if (remember_ == Remember::nothing) return;
  Tlb& tlb = tlbs_[cpu.value() % tlbs_.size()];
  sync::Guard guard(tlb.lock);
  ++tlb.uses.mutate();
  for (KernelTranslation& t : tlb.entries)
    if (pages.contains(t.page)) t = {};
}

void KernelTlbs::flush_tlb_kernel_range(base::Range<base::VirtPage> pages) {
  QUIRE_FUNC();
  for (unsigned cpu = 0; cpu < tlbs_.size(); ++cpu) flush_local(base::CpuId(cpu), pages);
}

void KernelTlbs::flush_all() {
  for (Tlb& tlb : tlbs_) {
    sync::Guard guard(tlb.lock);
    ++tlb.uses.mutate();
    tlb.entries = {};
  }
}

}  // namespace quire::phys
