// Looking up a folio of a file to lock it, and making one where there is none.
#include "cache/mapping.h"
#include "sync/trace.h"

namespace quire::cache {

// Linux: mm/filemap.c filemap_lock_folio()
HeldFolio Mapping::lock_folio(FileIndex index) {
  for (;;) {
    FolioRef folio = get_folio(index);
    if (!folio) return {};
    LockedFolio locked(*folio);
    if (folio->mapping() == this) return {std::move(folio), std::move(locked)};
    QUIRE_REACHED("filemap_lock_folio: folio left the file while it was unlocked");
  }
}

// Linux: mm/filemap.c __filemap_get_folio(), filemap_add_folio()
Result<HeldFolio> Mapping::find_or_create_folio(Folios& folios, FileIndex index, phys::Gfp gfp) {
  HeldFolio held = lock_folio(index);
  while (!held.folio) {
    Result<FolioRef> made = folios.alloc(gfp, base::Order(0));
    if (!made) return made.error();
    LockedFolio locked(**made);
    Errno error = add_folio(**made, index);
    if (error == Errno::ok) {
      held = {std::move(*made), std::move(locked)};
      held.folio->workingset_refault(Lru::key(*this, index));
    } else if (error == Errno::eexist) {
      QUIRE_REACHED("filemap_create_folio: somebody else was first");
      locked.unlock();
      held = lock_folio(index);
    } else {
      return error;
    }
  }
  return held;
}

}  // namespace quire::cache
