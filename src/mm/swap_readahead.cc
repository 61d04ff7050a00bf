// What a fault on a swapped page reads besides that page.
#include <algorithm>
#include <array>

#include "mm/address_space.h"
#include "sync/trace.h"

namespace quire::mm {
namespace {
constexpr uint32_t kWindowMax = 32;  // Linux: 1 << SWAP_RA_ORDER_CEILING
}  // namespace

// The entries around the fault's, of one table and one mapping. They are hints as soon as the lock is dropped: a slot
// that is another page's by then is read for that page. Linux: mm/swap_state.c swap_vma_readahead()
void AddressSpace::swap_vma_readahead(Fault& fault) {
  QUIRE_FUNC();
  uint64_t at = fault.page.value();
  swap::VmaWindow::Around around = fault.vma.swap_window.next(at, std::min(kWindowMax, env.swap.readahead().most()));
  if (around.pages == 1) return;
  VirtPage first(at - around.before);
  auto range = Range<VirtPage>::of(first, PageCount(around.pages))
                   .intersection(fault.vma.pages())
                   .intersection(tables.leaf_range(fault.page));
  std::array<base::SwapEntry, kWindowMax> entries;
  std::size_t count = 0;
  {
    pgtable::LockedPageTable table(fault.leaf);
    if (!table) return;
    for (VirtPage page : range) {
      Pte pte = table.get(page);
      if (page != fault.page && pte.is_swap()) entries[count++] = pte.swap_entry();
    }
  }
  for (std::size_t i = 0; i < count; ++i)
    env.swap.read_ahead(entries[i], phys::Gfp::user(), swap::HugeNeighbour::leave);
}

// Linux: mm/swap_state.c swapin_readahead()
Result<cache::FolioRef> AddressSpace::swapin_readahead(Fault& fault, base::SwapEntry entry) {
  swap::SwapReadahead& readahead = env.swap.readahead();
  bool by_address = readahead.enabled() && readahead.by() == swap::ReadaheadOptions::By::address;
  if (!by_address) return env.swap.swap_cluster_readahead(entry, phys::Gfp::user());
  if (cache::FolioRef folio = env.swap.get_read_ahead(entry, &fault.vma.swap_window, fault.page.value())) return folio;
  swap_vma_readahead(fault);
  return env.swap.read_swap_cache_async(entry, phys::Gfp::user());
}

}  // namespace quire::mm
