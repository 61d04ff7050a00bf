#include "phys/vmalloc.h"

#include <algorithm>
#include <bit>

#include "sync/trace.h"

namespace quire::phys {

using base::Defect;

Vmalloc::Vmalloc(Frames& frames, DirectMap& map, KernelTlbs& tlbs, const base::DefectSet& defects, PageCount space)
    : frames_(frames),
      map_(map),
      tlbs_(tlbs),
      defects_(defects),
      space_(Range<VirtPage>::of(base::page_of(kVmallocStart), space)),
      entries_(space.value()) {
  areas_.reserve(space.value() / 2 + 1);
}

// The first gap that has room for the pages and the guard page behind them. Linux: mm/vmalloc.c alloc_vmap_area()
Result<Range<VirtPage>> Vmalloc::alloc_vmap_area(PageCount pages, unsigned flags) {
  sync::Guard guard(lock_);
  (void)pages_.get();
  VirtPage at = space_.start();
  std::size_t place = 0;
  for (; place < areas_.size(); ++place) {
    if (at + pages + PageCount(1) <= areas_[place].pages.start()) break;
    at = areas_[place].pages.limit().next();
  }
  if (at + pages + PageCount(1) > space_.limit()) return Errno::enomem;
  Range<VirtPage> range = Range<VirtPage>::of(at, pages);
  areas_.insert(areas_.begin() + static_cast<std::ptrdiff_t>(place), Area{range, flags, Area::State::live});
  pages_ += pages.value();
  return range;
}

Vmalloc::Area Vmalloc::claim_vmap_area(VirtPage start) {
  sync::Guard guard(lock_);
  (void)pages_.mutate();
  auto found = std::find_if(areas_.begin(), areas_.end(), [&](const Area& a) { return a.pages.start() == start; });
  if (found == areas_.end() || found->state == Area::State::dying) return {};
  found->state = Area::State::dying;
  return *found;
}

void Vmalloc::free_vmap_area(VirtPage start) {
  sync::Guard guard(lock_);
  (void)pages_.get();
  auto found = std::find_if(areas_.begin(), areas_.end(), [&](const Area& a) { return a.pages.start() == start; });
  QUIRE_ASSERT(found != areas_.end(), "an area is freed that is none");
  pages_ -= found->pages.size().value();
  areas_.erase(found);
}

bool Vmalloc::in_one_area(Range<VirtPage> pages) {
  sync::Guard guard(lock_);
  (void)pages_.get();
  return std::any_of(areas_.begin(), areas_.end(), [&](const Area& area) {
    return area.pages.start() <= pages.start() && pages.limit() <= area.pages.limit();
  });
}

// Linux: mm/vmalloc.c vm_area_alloc_pages()
Errno Vmalloc::alloc_area_pages(Range<VirtPage> pages, unsigned flags) {
  if ((flags & kAllowHuge) != 0 && std::has_single_bit(pages.size().value())) {
    Order order(static_cast<unsigned>(std::bit_width(pages.size().value()) - 1));
    if (auto first = frames_.alloc_pages(Gfp::kernel().without_retry(), order)) {
      for (VirtPage page : pages) pte(page).store(encode({*first + (page - pages.start()), Perm::rw}));
      return Errno::ok;
    }
  }
  for (VirtPage page : pages) {
    auto pfn = frames_.alloc_pages(Gfp::kernel(), Order(0));
    if (!pfn) {
      for (Pfn done : remove_mappings(Range<VirtPage>(pages.start(), page))) frames_.free_pages(done, Order(0));
      return pfn.error();
    }
    pte(page).store(encode({*pfn, Perm::rw}));
  }
  return Errno::ok;
}

Result<VirtAddr> Vmalloc::alloc(PageCount pages, unsigned flags) {
  QUIRE_FUNC();
  if (pages == PageCount(0) || (flags & ~(kFlushResetPerms | kAllowHuge)) != 0) return Errno::einval;
  if (pages >= space_.size()) return Errno::enomem;
  auto range = alloc_vmap_area(pages, flags);
  if (!range) return range.error();
  Errno error = alloc_area_pages(*range, flags);
  if (error == Errno::ok) return base::address_of(range->start());
  free_vmap_area(range->start());
  return error;
}

Result<Pfn> Vmalloc::vmalloc_to_page(VirtAddr address) {
  VirtPage page = base::page_of(address);
  if (!contains(page)) return Errno::efault;
  KernelEntry entry = decode(pte(page).load());
  if (!has(entry.perm, Perm::present)) return Errno::efault;
  return entry.pfn;
}

// Step 1: no walk finds the pages any more. Linux: mm/vmalloc.c remove_vm_area()
sync::Vector<Pfn> Vmalloc::remove_mappings(Range<VirtPage> pages) {
  sync::Vector<Pfn> behind;
  behind.reserve(pages.size().value());
  for (VirtPage page : pages) {
    behind.push_back(decode(pte(page).load()).pfn);
    pte(page).store(0);
  }
  return behind;
}

Errno Vmalloc::vfree(VirtAddr address) {
  QUIRE_FUNC();
  if (base::offset_in_page(address) != 0) return Errno::einval;
  Area area = claim_vmap_area(base::page_of(address));
  if (area.pages.empty()) return Errno::einval;
  vunmap(area);
  return Errno::ok;
}

// Linux: mm/vmalloc.c __vunmap(), vm_reset_perms()
void Vmalloc::vunmap(const Area& area) {
  QUIRE_FUNC();
  sync::Vector<Pfn> pages = remove_mappings(area.pages);
  sync::Vector<Pfn> unreset;
  unreset.reserve(pages.size());
  bool resets = (area.flags & kFlushResetPerms) != 0;
  for (Pfn pfn : pages)
    if (resets && map_.set_direct_map_invalid_noflush(pfn) != Errno::ok) QUIRE_POINT("page stays as it is");
  if (resets) QUIRE_POINT("invalid in the direct map", "{} pages", pages.size());
  if (!resets || !defects_.has(Defect::D4_9)) {
    map_.flush_tlb_kernel_range(area.pages);
    for (Pfn pfn : pages)
      if (resets) map_.flush_tlb_kernel_range(DirectMap::pages_of({pfn, pfn.next()}));
  }
  free_vmap_area(area.pages.start());
  for (Pfn pfn : pages) {
    if (!resets) break;
    Errno error = map_.set_direct_map_default_noflush(pfn);
    if (error == Errno::ok)
      map_.owner_leaves(pfn, Perm::rw);
    else if (!defects_.has(Defect::D4_10))
      unreset.push_back(pfn);
  }
  free_or_keep(pages, unreset);
}

// Step 5.
void Vmalloc::free_or_keep(const sync::Vector<Pfn>& pages, const sync::Vector<Pfn>& unreset) {
  if (!unreset.empty()) {
    QUIRE_REACHED("a page is kept aside because its permissions could not be reset");
    sync::Guard guard(lock_);
    pages_ += unreset.size();
  }
  for (Pfn pfn : pages)
    if (std::find(unreset.begin(), unreset.end(), pfn) == unreset.end()) frames_.free_pages(pfn, Order(0));
}

void Vmalloc::rights_of_entries(Range<VirtPage> pages, Perm perm) {
  for (VirtPage page : pages) {
    RunningCpus::Stretch stretch(&map_.running_cpus(), Cpus::many);
    pte(page).store(encode({decode(pte(page).load()).pfn, perm}));
  }
}

// The direct map first: once all of it could be changed, the rest cannot fail. Linux: mm/pat/set_memory.c
// change_page_attr_set_clr(), cpa_process_alias()
Errno Vmalloc::set_memory(VirtAddr address, PageCount pages, Perm perm) {
  QUIRE_FUNC();
  Range<VirtPage> range = Range<VirtPage>::of(base::page_of(address), pages);
  if (base::offset_in_page(address) != 0 || range.empty() || !in_one_area(range)) return Errno::einval;
  Perm alias = has(perm, Perm::write) ? Perm::rw : Perm::ro;
  sync::Vector<Pfn> behind;
  behind.reserve(pages.value());
  for (VirtPage page : range) behind.push_back(decode(pte(page).load()).pfn);
  Errno error = map_.change_pages(behind, alias);
  if (error == Errno::ok) rights_of_entries(range, perm);
  map_.flush_tlb_kernel_range(range);
  for (Pfn pfn : behind) map_.flush_tlb_kernel_range(DirectMap::pages_of({pfn, pfn.next()}));
  return error;
}

void Vmalloc::check(sync::CheckReport& report) const QUIRE_NO_THREAD_SAFETY_ANALYSIS {
  for (const Area& area : areas_) {
    for (VirtPage page : area.pages)
      report.expect(decode(pte(page).peek()).perm != Perm::none, sync::Failure::bug,
                    "vmalloc I1: page {:#x} of an area has no entry", page.value());
    report.expect(pte(area.pages.limit()).peek() == 0, sync::Failure::bug, "vmalloc I1: a guard page has an entry");
  }
  tlbs_.peek_each([&](const KernelTranslation& t) {
    if (!contains(t.page)) return;
    KernelEntry entry = decode(pte(t.page).peek());
    report.expect(entry.pfn == t.entry.pfn && has(entry.perm, t.entry.perm), sync::Failure::stale_tlb,
                  "a CPU still has a translation of page {:#x} of the vmalloc space", t.page.value());
  });
}

}  // namespace quire::phys
