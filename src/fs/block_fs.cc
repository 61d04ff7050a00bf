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
      store_(name, fs.env_.folios.frames().payload_bytes(), fs.index_bits_) {}

// Linux: fs/ext4/inode.c ext4_evict_inode()
void BlockInode::evict() {
  QUIRE_FUNC();
  truncate_inode_pages_range(fs_.env_, mapping_, {0});
  sync::destroy_object(this);
}

// Linux: fs/ext4/inode.c ext4_setattr() with ATTR_SIZE
Errno BlockInode::ftruncate(uint64_t bytes) {
  QUIRE_FUNC();
  if (bytes > kSizeMax) return Errno::efbig;
  sync::Guard guard(i_rwsem_);
  sync::Guard invalidate(invalidate_lock_);
  truncate_setsize(fs_.env_, mapping_, size_, bytes);
  // No page of this range can be read or written out any more, nor be brought in before the lock is dropped.
  store_.discard({bytes});
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
    // The store has room for everything: nothing to set aside.
    if (mode == PunchMode::allocate && range.to > size_.load()) size_.store(range.to);
    return Errno::ok;
  }
  sync::Guard invalidate(invalidate_lock_);
  truncate_pagecache_range(fs_.env_, mapping_, range);
  store_.discard(range);
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
    if (!same_as_stored) return;
    const std::byte* stored = store_.peek_page(index);
    bool same = true;
    for (std::size_t i = 0; std::byte b : frames.payload(folio.pfn()))
      same = same && b == (stored == nullptr ? std::byte{0} : stored[i++]);
    report.expect(same, Failure::lost_store, "block I1: index {} is clean but not what is stored", index.value());
  });
  mapping_.check(report);
}

BlockFs::~BlockFs() QUIRE_NO_THREAD_SAFETY_ANALYSIS {
  for (BlockInode* inode = inodes_.get(); inode != nullptr;) {
    QUIRE_ASSERT(inode->peek_references() == 1, "a file outlives its file system");
    std::exchange(inode, inode->next_inode)->put();
  }
}

Result<BlockInode*> BlockFs::open(std::string_view name, Create create) {
  QUIRE_FUNC();
  if (name.size() > kNameMax) return Errno::enametoolong;
  if (name.empty() || name.find('/') != std::string_view::npos) return Errno::enoent;
  sync::Guard guard(directory_lock_);
  BlockInode* inode = inodes_.get();
  while (inode != nullptr && inode->name() != name) inode = inode->next_inode;
  if (inode != nullptr && create == Create::must) return Errno::eexist;
  if (inode == nullptr) {
    if (create == Create::no) return Errno::enoent;
    inode = sync::make_object<BlockInode>(*this, name);
    inode->next_inode = inodes_.get();
    inodes_ = inode;
  }
  inode->get();
  return inode;
}

PageCount BlockFs::size_pages(const Mapping& mapping) const {
  return base::pages_of(base::ByteCount(host_of(mapping).size()));
}

void BlockFs::check(sync::CheckReport& report) const {
  peek_inodes([&](const BlockInode& inode) { inode.check(report); });
}

}  // namespace quire::fs
