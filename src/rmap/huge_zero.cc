#include "rmap/huge_zero.h"

namespace quire::rmap {

using cache::Folio;
using cache::FolioFlag;
using cache::FolioRef;

HugeZeroPage::~HugeZeroPage() {
  if (Folio* folio = folio_.load()) folio->put();
}

// Linux: mm/huge_memory.c get_huge_zero_folio()
Folio* HugeZeroPage::get(base::Order order) {
  Folio* folio = folio_.load();
  if (folio == nullptr) {
    base::Result<FolioRef> fresh = folios_.alloc(phys::Gfp::user().without_retry(), order);
    if (!fresh) return nullptr;
    folios_.zero(**fresh);
    (*fresh)->init_flags(FolioFlag::uptodate);
    // Of two that have made one, the second uses the first's.
    if (folio_.compare_exchange(folio, fresh->get())) folio = fresh->release();
  }
  folio->get();
  return folio;
}

}  // namespace quire::rmap
