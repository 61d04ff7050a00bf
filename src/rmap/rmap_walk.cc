#include "rmap/rmap_walk.h"

namespace quire::rmap {

// Linux: mm/rmap.c folio_get_anon_vma()
RmapHold::RmapHold(Environment& env, const Folio& folio)
    : env_(env), indexes_(Range<FileIndex>::of(folio.index(), folio.pages())) {
  if (!folio.test(cache::FolioFlag::anon)) {
    mapping_ = folio.mapping();
    return;
  }
  auto* anon_vma = static_cast<AnonVma*>(folio.anon_vma());
  if (anon_vma == nullptr || !anon_vma->try_get()) return;
  // Mapped after the reference was had: some range with this AnonVma lives, so it is not another family's by now.
  if (folio.mapped())
    anon_vma_ = anon_vma;
  else
    env.anon_vmas.put(*anon_vma);
}

}  // namespace quire::rmap
