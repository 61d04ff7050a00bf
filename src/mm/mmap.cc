// Making, removing and finding mappings.
#include <algorithm>

#include "mm/address_space.h"
#include "rmap/huge_pmd.h"
#include "sync/trace.h"

namespace quire::mm {

Vma* AddressSpace::find_vma(VirtPage page) const {
  (void)map_count_.get();
  auto it = vmas_.upper_bound(page);
  return it == vmas_.end() ? nullptr : it->second;
}

void AddressSpace::insert(Vma& vma) {
  ++map_count_.mutate();
  vmas_.emplace(vma.pages().limit(), &vma);
}

bool AddressSpace::in_user_space(VirtAddr start, uint64_t length) const {
  uint64_t bytes = env.geometry.limit().value() << base::kPageShift;
  return length <= bytes && start.value() <= bytes - length;
}

Errno AddressSpace::check_request(const MmapRequest& request, uint64_t pages_max) {
  bool shared = (request.flags & VmFlag::shared) != VmFlag::none;
  if (request.length == 0) return Errno::einval;
  if (shared && request.file == nullptr) return Errno::einval;
  if (request.offset % base::kPageSize != 0) return Errno::einval;
  bool fixed = request.placement == Placement::fixed;
  if (fixed && base::offset_in_page(request.hint) != 0) return Errno::einval;
  if (request.length > pages_max << base::kPageShift) return Errno::enomem;
  return Errno::ok;
}

// Linux: mm/mmap.c get_unmapped_area(), vm_unmapped_area()
Result<VirtPage> AddressSpace::get_unmapped_area(const MmapRequest& request, PageCount pages) const {
  VirtPage limit = env.geometry.limit();
  VirtPage hint = base::page_of(request.hint);
  if (request.placement == Placement::fixed || hint >= lowest_) {
    if (hint + pages <= limit) {
      const Vma* vma = find_vma(hint);
      bool free = vma == nullptr || hint + pages <= vma->pages().start();
      if (free || request.placement == Placement::fixed) return hint;
    } else if (request.placement == Placement::fixed) {
      return Errno::enomem;
    }
  }
  (void)map_count_.get();
  VirtPage at = lowest_;
  for (const auto& [end, vma] : vmas_) {
    if (at + pages <= vma->pages().start()) break;
    at = std::max(at, end);
  }
  if (at + pages > limit) return Errno::enomem;
  return at;
}

// Linux: mm/mmap.c do_mmap(), mmap_region()
Result<VirtAddr> AddressSpace::mmap(const MmapRequest& request) {
  QUIRE_FUNC();
  Errno error = check_request(request, env.geometry.limit().value());
  if (error != Errno::ok) return error;
  PageCount pages = base::pages_of(base::ByteCount(request.length));
  Vma* removed = nullptr;
  VmFlag flags = VmFlag::none;
  Result<VirtPage> start = Errno::enomem;
  {
    sync::Guard guard(mmap_lock);
    start = get_unmapped_area(request, pages);
    if (!start) return start.error();
    auto range = Range<VirtPage>::of(*start, pages);
    if (request.placement == Placement::fixed) unmap_locked(range, removed);
    flags = accounted(request.flags | default_flags_.get());
    FileIndex first(request.file == nullptr ? start->value() : request.offset >> base::kPageShift);
    map_region({{range, first}, flags, request.file});
  }
  remove_all(removed);
  if (request.populate == Populate::yes || (flags & VmFlag::locked) != VmFlag::none)
    populate_new(Range<VirtPage>::of(*start, pages));
  return base::address_of(*start);
}

// Nothing is mapped there. Linux: mm/mmap.c mmap_region()
void AddressSpace::map_region(const VmaSpec& spec) {
  if (expand_neighbour(spec)) return;
  Vma* vma = Vma::make(*this, spec);
  if ((spec.flags & VmFlag::shared) == VmFlag::none) vma->anon_chains.begin(*vma, get_anon_vma(spec));
  vma->link();
  insert(*vma);
}

// No huge page is in two mappings: fork and whoever walks by mappings would count it twice. Linux: mm/vma.c
// __split_vma(), mm/huge_memory.c vma_adjust_trans_huge()
void AddressSpace::split_at(VirtPage at) {
  Vma* vma = find_vma(at);
  if (vma == nullptr || vma->pages().start() >= at) return;
  if (pgtable::LeafTable* leaf = tables.find(at); leaf != nullptr && leaf->pmd().is_huge()) {
    Range<VirtPage> whole = tables.leaf_range(at);
    if (whole.start() != at) rmap::split_huge_pmd(*this, *leaf, whole.start());
  }
  VirtPage end = vma->pages().limit();
  Vma* upper = vma->split(at);
  ++map_count_.mutate();
  vmas_.find(end)->second = upper;
  vmas_.emplace(at, vma);
}

// The mappings of `range`, unlinked and without entries, join `removed`, which the caller removes after mmap_lock.
// Linux: mm/vma.c do_vmi_align_munmap()
void AddressSpace::unmap_locked(Range<VirtPage> range, Vma*& removed) {
  split_at(range.start());
  split_at(range.limit());
  auto first = vmas_.upper_bound(range.start());
  auto end = first;
  for (; end != vmas_.end() && end->second->pages().start() < range.limit(); ++end)
    zap_range(*end->second, end->second->pages(), {});
  for (auto it = first; it != end; ++it) {
    it->second->unlink();
    it->second->next_removed = std::exchange(removed, it->second);
    map_count_ -= 1;
  }
  vmas_.erase(first, end);
}

void AddressSpace::remove_all(Vma* removed) {
  while (removed != nullptr) Vma::remove(std::exchange(removed, removed->next_removed));
}

// Linux: mm/mmap.c __vm_munmap()
Errno AddressSpace::munmap(VirtAddr start, uint64_t length) {
  QUIRE_FUNC();
  if (base::offset_in_page(start) != 0 || length == 0) return Errno::einval;
  PageCount pages = base::pages_of(base::ByteCount(length));
  if (base::page_of(start) + pages > env.geometry.limit()) return Errno::einval;
  Vma* removed = nullptr;
  {
    sync::Guard guard(mmap_lock);
    unmap_locked(Range<VirtPage>::of(base::page_of(start), pages), removed);
  }
  remove_all(removed);
  return Errno::ok;
}

}  // namespace quire::mm
