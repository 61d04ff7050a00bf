// The directory, and what changes the size and the layout of a file.
#include "fs/block_fs.h"

#include <cstring>

#include "fs/truncate.h"
#include "sync/trace.h"

namespace quire::fs {

namespace {

cache::MappingFlags::Form form_of(const rmap::Environment& env) {
  using Form = cache::MappingFlags::Form;
  return env.defects.has(base::Defect::D3_5) ? Form::one_word : Form::separate;
}

}  // namespace

BlockInode::BlockInode(BlockFs& fs, std::string_view name)
    : Inode(fs, fs.index_bits_, form_of(fs.env_)),
      fs_(fs),
      storage_(make_storage(fs, name)),
      store_(std::visit([](auto& store) -> FileStore& { return store; }, storage_)) {
  mapping_.set_sb_wb_err(&fs.s_wb_err_);
  if (fs.wb_ != nullptr) mapping_.set_counts(&fs.wb_->counts());
}

BlockInode::Storage BlockInode::make_storage(BlockFs& fs, std::string_view name) {
  if (fs.volume_ != nullptr) return Storage(std::in_place_type<ExtentStore>, name, *fs.volume_);
  return Storage(std::in_place_type<PageStore>, name, fs.env_.folios.frames().payload_bytes(), fs.index_bits_);
}

// Linux: fs/ext4/inode.c ext4_evict_inode()
void BlockInode::evict() {
  QUIRE_FUNC();
  fs_.remove_inode(*this);
  if (fs_.wb_ != nullptr) fs_.wb_->evict(wb_inode_);
  truncate_inode_pages_range(fs_.env_, mapping_, {0});
  sync::destroy_object(this);
}

// What the device has of a page that loses a part is brought in, so that the part can be zeroed there and written out.
// -EIO before anything is changed. The caller has i_rwsem and invalidate_lock. Linux: ext4_block_truncate_page(),
// ext4_zero_partial_blocks()
Result<BlockInode::PartialPages> BlockInode::read_partial_pages(ByteRange bytes) {
  PartialPages pages;
  if (store_.zeroes_parts()) return pages;
  Errno error = Errno::ok;
  for_each_partial_page(bytes, [&](FileIndex index, uint64_t, uint64_t) {
    if (error != Errno::ok || !store_.has_page(index)) return;
    Result<HeldFolio> held = filemap_read_folio(index, Fill::read);
    if (!held) return void(error = held.error());
    held->locked.unlock();
    pages.folios[pages.count++] = std::move(held->folio);
  });
  if (error != Errno::ok) return error;
  return pages;
}

// Their parts are zeros in the cache, and not yet on the device.
void BlockInode::dirty_partial_pages(PartialPages& pages) {
  for (FolioRef& folio : std::span(pages.folios, pages.count)) {
    LockedFolio locked(*folio);
    if (folio->mapping() == &mapping_) (void)fs_.dirty_folio(mapping_, *folio);
  }
}

// Linux: fs/ext4/inode.c ext4_setattr() with ATTR_SIZE
Errno BlockInode::ftruncate(uint64_t bytes) {
  QUIRE_FUNC();
  if (bytes > kSizeMax) return Errno::efbig;
  sync::Guard guard(i_rwsem_);
  sync::Guard invalidate(invalidate_lock_);
  Result<PartialPages> partial = read_partial_pages({bytes});
  if (!partial) return partial.error();
  truncate_setsize(fs_.env_, mapping_, size_, bytes);
  // No page of this range can be read or written out any more, nor be brought in before the lock is dropped.
  store_.discard({bytes});
  dirty_partial_pages(*partial);
  return Errno::ok;
}

// Linux: fs/ext4/extents.c ext4_fallocate(), fs/ext4/inode.c ext4_punch_hole()
Errno BlockInode::fallocate(PunchMode mode, uint64_t offset, uint64_t bytes) {
  QUIRE_FUNC();
  if (bytes == 0) return Errno::einval;
  if (offset + bytes < offset || offset + bytes > kSizeMax) return Errno::efbig;
  ByteRange range{offset, offset + bytes};
  sync::Guard guard(i_rwsem_);
  if (mode != PunchMode::punch_hole) {
    Errno error = store_.allocate({index_of(range.from), index_after(range.to)});
    if (error != Errno::ok) return error;
    if (mode == PunchMode::allocate && range.to > size_.load()) size_.store(range.to);
    return Errno::ok;
  }
  sync::Guard invalidate(invalidate_lock_);
  Result<PartialPages> partial = read_partial_pages(range);
  if (!partial) return partial.error();
  truncate_pagecache_range(fs_.env_, mapping_, range);
  store_.discard(range);
  dirty_partial_pages(*partial);
  return Errno::ok;
}

void BlockInode::check(sync::CheckReport& report) const {
  using sync::Failure;
  const phys::Frames& frames = fs_.env_.folios.frames();
  mapping_.peek_entries([&](FileIndex index, cache::IndexEntry entry) {
    if (!entry.is_folio()) return report.fail(Failure::check, "block I2: index {} holds a value", index.value());
    const Folio& folio = entry.folio();
    FolioFlag flags = folio.peek_flags();
    report.expect(!cache::any(flags & FolioFlag::swapbacked), Failure::check, "block: index {} is swapbacked",
                  index.value());
    bool same_as_stored = cache::any(flags & FolioFlag::uptodate) && folio.peek_mapcount() == 0 &&
                          !cache::any(flags & (FolioFlag::dirty | FolioFlag::hwpoison));
    if (!same_as_stored || !store_.can_peek_page(index)) return;
    const std::byte* stored = store_.peek_page(index);
    bool same = true;
    for (std::size_t i = 0; std::byte b : frames.payload(folio.pfn()))
      same = same && b == (stored == nullptr ? std::byte{0} : stored[i++]);
    report.expect(same, Failure::lost_store, "block I1: index {} is clean but not what is stored", index.value());
  });
  mapping_.check(report);
  store_.check(report);
  if (fs_.wb_ != nullptr) BdiWriteback::check(wb_inode_, mapping_.peek_tagged(cache::IndexTag::dirty), name(), report);
}

void BlockInode::sync_filesystem() { fs_.sync_filesystem(); }
cache::Errseq* BlockInode::s_wb_err() { return &fs_.s_wb_err_; }

BlockFs::~BlockFs() QUIRE_NO_THREAD_SAFETY_ANALYSIS {
  while (BlockInode* inode = inodes_.get()) {
    QUIRE_ASSERT(inode->peek_references() == 1, "a file outlives its file system");
    inode->put();
  }
}

void BlockFs::remove_inode(BlockInode& inode) {
  sync::Guard guard(inodes_lock_);
  (inode.previous_inode != nullptr ? inode.previous_inode->next_inode : inodes_.mutate()) = inode.next_inode;
  if (inode.next_inode != nullptr) inode.next_inode->previous_inode = inode.previous_inode;
}

BlockInode* BlockFs::lookup(std::string_view name) {
  sync::Guard guard(inodes_lock_);
  BlockInode* inode = inodes_.get();
  while (inode != nullptr && (!inode->linked_ || inode->name() != name)) inode = inode->next_inode;
  return inode;
}

Result<BlockInode*> BlockFs::open(std::string_view name, Create create) {
  QUIRE_FUNC();
  if (name.size() > kNameMax) return Errno::enametoolong;
  if (name.empty() || name.find('/') != std::string_view::npos) return Errno::enoent;
  sync::Guard guard(directory_lock_);
  BlockInode* inode = lookup(name);
  if (inode != nullptr && create == Create::must) return Errno::eexist;
  if (inode == nullptr) {
    if (create == Create::no) return Errno::enoent;
    inode = sync::make_object<BlockInode>(*this, name);
    sync::Guard list(inodes_lock_);
    BlockInode*& first = inodes_.mutate();
    inode->next_inode = first;
    if (first != nullptr) first->previous_inode = inode;
    first = inode;
  }
  inode->get();
  return inode;
}

Errno BlockFs::unlink(std::string_view name) {
  QUIRE_FUNC();
  BlockInode* inode = nullptr;
  {
    sync::Guard guard(directory_lock_);
    inode = lookup(name);
    if (inode == nullptr) return Errno::enoent;
    inode->linked_ = false;
  }
  inode->put();
  return Errno::ok;
}

// The first one behind `inode` that is not being evicted. The caller has a reference to that, so it is in the list.
InodeRef BlockFs::inode_after(Inode* inode) {
  sync::Guard guard(inodes_lock_);
  BlockInode* next = inode == nullptr ? inodes_.get() : static_cast<BlockInode*>(inode)->next_inode;
  while (next != nullptr && !next->get_unless_zero()) next = next->next_inode;
  return InodeRef(next);
}

// Linux: fs/sync.c sync_filesystem(), fs/fs-writeback.c sync_inodes_sb(), wait_sb_inodes()
void BlockFs::sync_filesystem() {
  QUIRE_FUNC();
  if (wb_ != nullptr) wb_->sync_inodes();
  for (InodeRef inode = inode_after(nullptr); inode; inode = inode_after(inode.get())) {
    if (wb_ == nullptr) (void)filemap_fdatawrite_range(inode->mapping(), cache::SyncMode::all, kWholeFile);
    filemap_fdatawait_range(inode->mapping(), kWholeFile);
  }
}

PageCount BlockFs::size_pages(const Mapping& mapping) const {
  return base::pages_of(base::ByteCount(host_of(mapping).size()));
}

void BlockFs::check(sync::CheckReport& report) const {
  if (volume_ != nullptr) volume_->begin_check();
  peek_inodes([&](const BlockInode& inode) { inode.check(report); });
  if (volume_ != nullptr) volume_->end_check(report);
}

}  // namespace quire::fs
