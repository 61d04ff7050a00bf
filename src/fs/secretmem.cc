#include "fs/secretmem.h"

#include "fs/truncate.h"
#include "sync/trace.h"

namespace quire::fs {

using base::Defect;
using cache::FaultOutcome;
using phys::DirectMap;
using phys::Perm;

SecretInode::SecretInode(SecretMem& fs) : Inode(fs, fs.index_bits_), fs_(fs) {}

Errno SecretInode::ftruncate(uint64_t bytes) {
  QUIRE_FUNC();
  if (bytes > kSizeMax) return Errno::efbig;
  sync::Guard guard(i_rwsem_);
  if (size_.load() != 0) return Errno::einval;
  size_.store(bytes);
  return Errno::ok;
}

// Nobody maps the file any more: its pages are in its index alone. Linux: secretmem_release(), secretmem_free_folio()
void SecretInode::evict() {
  QUIRE_FUNC();
  for (FileIndex index(0); index < index_after(size_.load()); ++index)
    if (FolioRef folio = mapping_.get_folio(index)) fs_.put_back(*folio);
  truncate_inode_pages_range(fs_.env_, mapping_, {0});
  {
    sync::Guard guard(fs_.inodes_lock_);
    SecretInode** at = &fs_.inodes_.mutate();
    while (*at != this) at = &(*at)->next_inode;
    *at = next_inode;
  }
  fs_.users_.fetch_sub(1);
  sync::destroy_object(this);
}

// Linux: mm/secretmem.c memfd_secret()
SecretInode& SecretMem::create_inode() {
  QUIRE_ASSERT(available());
  auto* inode = sync::make_object<SecretInode>(*this);
  users_.fetch_add(1);
  sync::Guard guard(inodes_lock_);
  inode->next_inode = inodes_.get();
  inodes_ = inode;
  return *inode;
}

PageCount SecretMem::size_pages(const Mapping& mapping) const {
  return base::pages_of(base::ByteCount(host_of(mapping).size()));
}

Errno SecretMem::writepage(Mapping&, Folio& folio, WritebackControl& wbc) {
  folio.set(FolioFlag::dirty);
  if (wbc.for_reclaim) return cache::kAopWritepageActivate;
  folio.unlock();
  return Errno::ok;
}

Errno SecretMem::take_out(Folio& folio) {
  env_.folios.zero(folio);
  Errno error = map_->set_direct_map_invalid_noflush(folio.pfn());
  if (error != Errno::ok && !env_.defects.has(Defect::D4_2)) return error;
  map_->owner_leaves(folio.pfn(), Perm::none);
  return Errno::ok;
}

// It was split from its leaf when it was taken out: this does not fail.
void SecretMem::put_back(Folio& folio) {
  Errno error = map_->set_direct_map_default_noflush(folio.pfn());
  QUIRE_ASSERT(error == Errno::ok, "a secret page cannot be put back into the direct map");
  map_->owner_leaves(folio.pfn(), Perm::rw);
  env_.folios.zero(folio);
}

// Linux: mm/secretmem.c secretmem_fault()
cache::FaultResult SecretMem::fault(Mapping& mapping, FileIndex index) {
  QUIRE_FUNC();
  if (index >= index_after(host_of(mapping).size())) return {FaultOutcome::beyond_end, {}, {}};
  for (;;) {
    if (FolioRef folio = mapping.get_folio(index)) {
      LockedFolio locked(*folio);
      return {FaultOutcome::found, std::move(folio), std::move(locked)};
    }
    Result<FolioRef> made = env_.folios.alloc(phys::Gfp::user(), base::Order(0));
    if (!made || take_out(**made) != Errno::ok) return {FaultOutcome::no_memory, {}, {}};
    LockedFolio locked(**made);
    (*made)->set(FolioFlag::uptodate);
    Errno error = mapping.add_folio(**made, index);
    if (error == Errno::ok) {
      base::Pfn pfn = (*made)->pfn();
      map_->flush_tlb_kernel_range(DirectMap::pages_of({pfn, pfn.next()}));
      return {FaultOutcome::found, std::move(*made), std::move(locked)};
    }
    put_back(**made);
    if (error != Errno::eexist) return {FaultOutcome::no_memory, {}, {}};
    QUIRE_REACHED("secretmem_fault: somebody else was first");
  }
}

}  // namespace quire::fs
