// The pages of a union's files: filled from the layers, and written to the upper one by the contract of writepage.
#include "fs/payload.h"
#include "fs/truncate.h"
#include "fs/union_fs.h"
#include "fs/writeback.h"
#include "sync/trace.h"

namespace quire::fs {
namespace {
using base::Defect;
using cache::FaultOutcome;
}  // namespace

// What the real file has, zeros behind its end. `folio` is locked. Linux: unionfs_readpage()
Errno UnionInode::fill(Folio& folio, FileIndex index) const {
  std::span<std::byte> payload = fs_.env_.folios.frames().payload(folio.pfn());
  sync::region_write(payload.data(), "page");
  Result<uint64_t> got = real().pread(payload, bytes_before(index));
  if (!got) return got.error();
  fs_.env_.folios.frames().zero_range(folio.pfn(), static_cast<uint32_t>(*got),
                                      static_cast<uint32_t>(payload.size() - *got));
  return Errno::ok;
}

// The folio, held and uptodate. -EIO, -ENOMEM: it stays in the cache as it is.
Result<HeldFolio> UnionInode::read_folio(FileIndex index) {
  Result<HeldFolio> held = mapping_.find_or_create_folio(fs_.env_.folios, index, mapping_.flags().gfp_mask());
  if (!held || held->folio->uptodate()) return held;
  Errno error = fill(*held->folio, index);
  held->folio->add_lru(error == Errno::ok ? FolioFlag::uptodate : FolioFlag::none);
  if (error != Errno::ok) return error;
  return held;
}

// Linux: unionfs_fault(), mm/filemap.c filemap_fault()
cache::FaultResult UnionInode::fault(FileIndex index) {
  QUIRE_FUNC();
  if (index >= index_after(size_.load())) return {FaultOutcome::beyond_end, {}, {}};
  Result<HeldFolio> held = read_folio(index);
  if (!held) return {held.error() == Errno::enomem ? FaultOutcome::no_memory : FaultOutcome::io_error, {}, {}};
  if (index >= index_after(size_.load())) {
    QUIRE_REACHED("unionfs_fault: truncated meanwhile");
    // The truncation may have looked at this index before the folio was there.
    truncate_inode_folio(mapping_, *held->folio);
    return {FaultOutcome::beyond_end, {}, {}};
  }
  if (held->folio->test(FolioFlag::hwpoison)) return {FaultOutcome::hwpoison, {}, {}};
  return {FaultOutcome::found, std::move(held->folio), std::move(held->locked)};
}

cache::FaultResult UnionFs::fault(Mapping& mapping, FileIndex index) {
  return static_cast<UnionInode&>(host_of(mapping)).fault(index);
}

// The page l, held. FS is not allowed: the layer is a file system too, and this may be reclaim. IO is: what swap frees
// is what is needed. The mask goes to this allocation only, and that of L stays as it is. Linux: unionfs_writepage(),
// find_or_create_page()
Result<HeldFolio> UnionInode::find_lower_folio(FileIndex index) const {
  Mapping& lower = upper()->mapping();
  cache::MappingOps& ops = lower.ops();
  Gfp gfp = Gfp::user().without_fs();
  if (fs_.env_.defects.has(Defect::D3_10)) gfp = Gfp::user();
  if (fs_.env_.defects.has(Defect::D3_11)) gfp = gfp.without_io();
  fs_.might_alloc(gfp);
  if (fs_.env_.defects.has(Defect::D3_4)) {
    Gfp before = lower.flags().gfp_mask();
    lower.flags().set_gfp_mask(before.without_fs());
    Result<HeldFolio> held = ops.find_or_create(lower, index, lower.flags().gfp_mask());
    lower.flags().set_gfp_mask(before);
    return held;
  }
  if (fs_.options_.find == UnionFind::around) return ops.find_or_create_around(lower, index, gfp);
  return ops.find_or_create(lower, index, gfp);
}

// Both are locked. Programs may store to `from` meanwhile: its entries are dirty again then.
void UnionInode::copy_to_lower(Folio& from, Folio& to, FileIndex index, const WritebackControl& wbc) const {
  fs_.env_.folios.frames().copy(to.pfn_at(index), from.pfn());
  bool forget = fs_.env_.defects.has(Defect::D3_16) && fs_.options_.writepage == UnionWritepage::dirty;
  to.add_lru(FolioFlag::uptodate);
  Mapping& lower = upper()->mapping();
  if (!forget || !wbc.for_reclaim) (void)lower.ops().dirty_folio(lower, to);
}

// By the contract (cache/mapping_ops.h): what writepage() leaves locked is unlocked here, and nothing else is.
Errno UnionInode::write_lower_folio(HeldFolio lower, WritebackControl& wbc) const {
  Folio& folio = *lower.folio;
  Mapping& mapping = upper()->mapping();
  base::DefectSet defects = fs_.env_.defects;
  // Nobody has unmapped it for reclaim: it has its own turn.
  bool leave_dirty = wbc.for_reclaim && (fs_.options_.writepage == UnionWritepage::dirty || folio.mapped());
  if (leave_dirty || !folio_clear_dirty_for_io(fs_.env_, folio)) return Errno::ok;
  (void)lower.locked.release();
  Errno error = mapping.ops().writepage(mapping, folio, wbc);
  if (error == cache::kAopWritepageActivate) {
    if (!defects.has(Defect::D3_9)) folio.unlock();
    // Reclaim has what it wants: the page here is clean now. Who else was told so (2007) hears of it.
    return wbc.for_reclaim ? Errno::ok : error;
  }
  // It is unlocked, and somebody else may have locked it since.
  if (error != Errno::ok && defects.has(Defect::D3_8)) folio.unlock();
  return error;
}

// The whole of `folio`, locked, goes to the layer; it stays locked. Linux: unionfs_writepage()
Errno UnionInode::push_down(Folio& folio, WritebackControl& wbc) const {
  QUIRE_ASSERT(upper() != nullptr, "a page of a file that was not copied up is dirty");
  FileIndex index = folio.index();
  Result<HeldFolio> lower = find_lower_folio(index);
  if (!lower) {
    QUIRE_POINT("no lower page", "index {}", index.value());
    return lower.error();
  }
  if (folio.test(FolioFlag::hwpoison) || lower->folio->test(FolioFlag::hwpoison)) return Errno::eio;
  copy_to_lower(folio, *lower->folio, index, wbc);
  return write_lower_folio(std::move(*lower), wbc);
}

// Linux: unionfs_writepage()
Errno UnionInode::writepage(Folio& folio, WritebackControl& wbc) {
  QUIRE_FUNC();
  base::DefectSet defects = fs_.env_.defects;
  uint64_t size = size_.load();
  FileIndex index = folio.index();
  if (index >= index_after(size)) {
    QUIRE_REACHED("unionfs_writepage: truncated meanwhile");
    folio.unlock();
    return Errno::ok;
  }
  if (index == index_of(size))
    zero_user(fs_.env_.folios.frames(), folio.pfn(), static_cast<uint32_t>(offset_in_page(size)), base::kPageSize);
  mapping_.start_writeback(folio);
  Errno error = push_down(folio, wbc);
  if (error != Errno::ok) folio_redirty_for_writepage(fs_.env_, mapping_, wbc, folio);
  mapping_.end_writeback(folio);
  if (error == cache::kAopWritepageActivate) return error;
  bool no_page = error == Errno::enomem || error == Errno::enospc;
  if (no_page && defects.has(Defect::D3_6)) return Errno::ok;
  if (error != Errno::ok && !no_page && defects.has(Defect::D3_7)) {
    folio.clear(FolioFlag::uptodate);
    return error;
  }
  if (error != Errno::ok && wbc.for_reclaim) return cache::kAopWritepageActivate;
  folio.unlock();
  return error;
}

Errno UnionFs::writepage(Mapping& mapping, Folio& folio, WritebackControl& wbc) {
  return static_cast<UnionInode&>(host_of(mapping)).writepage(folio, wbc);
}

// The folio stays locked, and nothing maps it. Linux: mm/truncate.c folio_launder()
Errno UnionFs::launder_folio(Mapping& mapping, Folio& folio) {
  QUIRE_FUNC();
  if (!folio.test_and_clear(FolioFlag::dirty)) return Errno::ok;
  WritebackControl wbc = WritebackControl::integrity(Range<FileIndex>::of(folio.index(), PageCount(1)));
  mapping.start_writeback(folio);
  Errno error = static_cast<UnionInode&>(host_of(mapping)).push_down(folio, wbc);
  if (error != Errno::ok) folio_redirty_for_writepage(env_, mapping, wbc, folio);
  mapping.end_writeback(folio);
  return error;
}

bool UnionFs::dirty_folio(Mapping& mapping, Folio& folio) { return mapping.filemap_dirty_folio(folio); }

Errno UnionFs::writepages(Mapping& mapping, WritebackControl& wbc) { return write_cache_pages(env_, mapping, wbc); }

Result<HeldFolio> UnionFs::find_or_create(Mapping& mapping, FileIndex index, Gfp gfp) {
  return mapping.find_or_create_folio(env_.folios, index, gfp);
}

PageCount UnionFs::size_pages(const Mapping& mapping) const {
  return base::pages_of(base::ByteCount(host_of(mapping).size()));
}

bool UnionFs::error_remove_folio(Mapping& mapping, Folio& folio) {
  if (folio.test(FolioFlag::dirty)) return false;
  truncate_inode_folio(mapping, folio);
  return true;
}

}  // namespace quire::fs
