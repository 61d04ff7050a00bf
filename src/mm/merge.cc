// Mappings side by side that are alike become one: a new one is a neighbour that has grown, and a split that is not
// needed any more is undone. Anonymous mappings that were made with a hole between them stay apart, as do a child's:
// each has an AnonVma of its own. One that was made beside another, with other rights, has that one's.
#include "mm/address_space.h"
#include "sync/trace.h"

namespace quire::mm {

// To `limit`, with nothing mapped before it. Linux: mm/vma.c vma_expand(), vma_merge_extend()
void AddressSpace::expand_upwards(Vma& vma, VirtPage limit) {
  Range<VirtPage> before = vma.pages();
  vmas_.erase(before.limit());
  map_count_ -= 1;
  vma.expand({before.start(), limit});
  insert(vma);
  merge_range({before.limit(), limit});
}

// With a reference: of a neighbour, for the two may be alike one day, or a new one. Linux: mm/mmap.c
// find_mergeable_anon_vma()
rmap::AnonVma& AddressSpace::get_anon_vma(const VmaSpec& spec) {
  auto below = vmas_.find(spec.span.pages.start());
  for (const Vma* neighbour : {find_vma(spec.span.pages.limit()), below == vmas_.end() ? nullptr : below->second}) {
    if (neighbour == nullptr || !neighbour->lends_anon_vma(spec)) continue;
    neighbour->anon_vma()->get();
    return *neighbour->anon_vma();
  }
  return env.anon_vmas.create();
}

// Whether a neighbour has become what `spec` says, so that nothing new is needed. Linux: mm/vma.c vma_merge_new_range()
bool AddressSpace::expand_neighbour(const VmaSpec& spec) {
  Range<VirtPage> range = spec.span.pages;
  (void)map_count_.get();
  if (auto below = vmas_.find(range.start()); below != vmas_.end() && below->second->can_become(spec)) {
    expand_upwards(*below->second, range.limit());
    return true;
  }
  Vma* above = find_vma(range.limit());
  if (above == nullptr || !above->can_become(spec)) return false;
  above->expand({range.start(), above->pages().limit()});
  return true;
}

// Linux: mm/vma.c vma_merge_existing_range(), vma_modify()
void AddressSpace::merge_range(Range<VirtPage> range) {
  (void)map_count_.get();
  for (auto it = vmas_.lower_bound(range.start()); it != vmas_.end() && it->first <= range.limit();) {
    auto next = std::next(it);
    if (next == vmas_.end()) return;
    Vma* lower = it->second;
    if (lower->can_absorb(*next->second)) {
      map_count_ -= 1;
      lower->absorb(next->second);
      next->second = lower;
      vmas_.erase(it);
    }
    it = next;
  }
}

}  // namespace quire::mm
