// Making, removing and finding mappings.
#include <algorithm>

#include "mm/address_space.h"
#include "sync/trace.h"

namespace quire::mm {

// The place in vmas_ of the first mapping that ends after `page`.
std::size_t AddressSpace::index_after(VirtPage page) const {
  (void)map_count_.get();
  auto it = std::upper_bound(vmas_.begin(), vmas_.end(), page,
                             [](VirtPage p, const Vma* vma) { return p < vma->pages().limit(); });
  return static_cast<std::size_t>(it - vmas_.begin());
}

Vma* AddressSpace::find_vma(VirtPage page) const {
  std::size_t i = index_after(page);
  return i < vmas_.size() ? vmas_[i] : nullptr;
}

void AddressSpace::insert(Vma& vma) {
  auto place = vmas_.begin() + static_cast<std::ptrdiff_t>(index_after(vma.pages().start()));
  ++map_count_.mutate();
  vmas_.insert(place, &vma);
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
      std::size_t i = index_after(hint);
      bool free = i == vmas_.size() || hint + pages <= vmas_[i]->pages().start();
      if (free || request.placement == Placement::fixed) return hint;
    } else if (request.placement == Placement::fixed) {
      return Errno::enomem;
    }
  }
  VirtPage at = lowest_;
  for (const Vma* vma : vmas_) {
    if (at + pages <= vma->pages().start()) break;
    at = std::max(at, vma->pages().limit());
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
  Result<VirtPage> start = Errno::enomem;
  {
    sync::Guard guard(mmap_lock);
    start = get_unmapped_area(request, pages);
    if (!start) return start.error();
    auto range = Range<VirtPage>::of(*start, pages);
    if (request.placement == Placement::fixed) removed = unmap_locked(range);
    bool shared = (request.flags & VmFlag::shared) != VmFlag::none;
    bool anonymous = request.file == nullptr;
    FileIndex first(anonymous ? start->value() : request.offset >> base::kPageShift);
    if (!anonymous) request.file->get();
    rmap::AnonVma* anon_vma = shared ? nullptr : &env.anon_vmas.create();
    Vma* vma = sync::make_object<Vma>(*this, VmaSpec{range, first, request.flags}, request.file, anon_vma);
    vma->link();
    insert(*vma);
  }
  while (removed != nullptr) Vma::remove(std::exchange(removed, removed->next_removed));
  return base::address_of(*start);
}

void AddressSpace::split_at(VirtPage at) {
  Vma* vma = find_vma(at);
  if (vma == nullptr || vma->pages().start() >= at) return;
  insert(*vma->split(at));
}

// The mappings of `range`, unlinked and without entries; the caller removes them after mmap_lock is dropped.
// Linux: mm/vma.c do_vmi_align_munmap()
Vma* AddressSpace::unmap_locked(Range<VirtPage> range) {
  split_at(range.start());
  split_at(range.limit());
  std::size_t first = index_after(range.start());
  std::size_t end = first;
  while (end < vmas_.size() && vmas_[end]->pages().start() < range.limit()) ++end;
  for (std::size_t i = first; i < end; ++i) zap_range(*vmas_[i], vmas_[i]->pages(), {});
  Vma* removed = nullptr;
  for (std::size_t i = first; i < end; ++i) {
    vmas_[i]->unlink();
    vmas_[i]->next_removed = std::exchange(removed, vmas_[i]);
  }
  map_count_ -= static_cast<uint32_t>(end - first);
  vmas_.erase(vmas_.begin() + static_cast<std::ptrdiff_t>(first), vmas_.begin() + static_cast<std::ptrdiff_t>(end));
  return removed;
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
    removed = unmap_locked(Range<VirtPage>::of(base::page_of(start), pages));
  }
  while (removed != nullptr) Vma::remove(std::exchange(removed, removed->next_removed));
  return Errno::ok;
}

}  // namespace quire::mm
