// What a read fault on a page of a file maps besides that page: what is cached around it.
#include <algorithm>
#include <array>

#include "mm/address_space.h"
#include "sync/trace.h"

namespace quire::mm {
namespace {
constexpr std::size_t kAroundMax = 16;  // Linux: default of fault_around_bytes
}  // namespace

// Nothing is waited for: a page that somebody works on, or that is not up to date, is left to its own fault, and so are
// huge pages. The entry's lock is held, and each folio's, so that truncation finds the entry. PTE lock held.
// Linux: mm/filemap.c filemap_map_order0_folio(), next_uptodate_folio()
void AddressSpace::map_cached_page(const Vma& vma, pgtable::LockedPageTable& table, cache::Mapping::Found& found,
                                   FileIndex end) {
  if (!found.folio || found.folio->is_large() || found.index >= end) return;
  Folio& folio = *found.folio;
  cache::LockedFolio locked = cache::LockedFolio::try_lock(folio);
  if (!locked || folio.mapping() != vma.mapping() || folio.index() != found.index) return;
  cache::FolioFlag flags = folio.flags();
  if (!cache::any(flags & cache::FolioFlag::uptodate) || cache::any(flags & cache::FolioFlag::hwpoison)) return;
  // Its own fault has the next pages read ahead.
  if ((flags & (cache::FolioFlag::readahead | cache::FolioFlag::swapbacked)) == cache::FolioFlag::readahead) return;
  VirtPage page = vma.pages().start() + (found.index - vma.index_of(vma.pages().start()));
  if (!table.get(page).is_none()) return;
  rss.add(Folio::rss_class(flags), 1);
  folio.add_mapping();
  bool writable = vma.writable_unnoticed();
  table.set(page, Pte::present(folio.pfn()).with(PteBit::accessed).with_if(writable, PteBit::writable));
  (void)found.folio.release();
}

// Whether the page itself is mapped now. Linux: mm/memory.c do_fault_around(), mm/filemap.c filemap_map_pages()
bool AddressSpace::do_fault_around(Fault& fault) {
  if (env.fault_around == PageCount(1) || fault.write() || fault.vma.has(VmFlag::uffd_wp)) return false;
  QUIRE_FUNC();
  auto range = Range<VirtPage>::of(fault.page.align_down(env.fault_around), env.fault_around)
                   .intersection(fault.vma.pages())
                   .intersection(tables.leaf_range(fault.page));
  cache::Mapping& mapping = *fault.vma.mapping();
  std::array<cache::Mapping::Found, kAroundMax> found;
  auto indexes = Range<FileIndex>::of(fault.vma.index_of(range.start()), range.size());
  std::size_t count = mapping.find_get_entries(indexes, found);
  if (count == 0) return false;
  FileIndex wanted = fault.vma.index_of(fault.page);
  // A huge page may be mapped as such, if no table is made here.
  bool large = std::any_of(found.begin(), found.begin() + count, [&](const cache::Mapping::Found& f) {
    return f.folio && f.folio->is_large() && f.index.align_down(f.folio->pages()) <= wanted && wanted < f.after();
  });
  if (large) return false;
  FileIndex end(mapping.ops().size_pages(mapping).value());
  fault.leaf.populate();
  pgtable::LockedPageTable table(fault.leaf);
  if (!table) return false;
  for (std::size_t i = 0; i < count; ++i) map_cached_page(fault.vma, table, found[i], end);
  bool mapped = table.get(fault.page).is_present();
  table.unlock();
  return mapped;
}

}  // namespace quire::mm
