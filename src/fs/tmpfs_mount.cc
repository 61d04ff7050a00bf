#include "fs/tmpfs_mount.h"

#include "fs/tmpfs.h"
#include "fs/tmpfs_directory.h"
#include "sync/trace.h"

namespace quire::fs {

namespace {

TmpfsNode& node_of(Inode& inode) {
  if (Directory* directory = inode.directory()) return static_cast<TmpfsDirectory&>(*directory);
  if (inode.peek_attributes().kind == FileKind::regular) return static_cast<TmpfsInode&>(inode);
  return static_cast<TmpfsSpecial&>(inode);
}

}  // namespace

TmpfsNode::TmpfsNode(TmpfsMount* mount, Inode& inode) : mount_(mount), inode_(inode) {
  if (mount != nullptr) mount->add(*this);
}

TmpfsNode::~TmpfsNode() {
  if (mount_ == nullptr) return;
  mount_->remove(*this);
  mount_->give_space(TmpfsMount::kInodeSpace + xattrs_.total_space());
}

Errno TmpfsNode::set_xattr(std::string_view name, std::span<const std::byte> value, XattrSet how) {
  QUIRE_FUNC();
  if (mount_ == nullptr) return Errno::eopnotsupp;
  if (Errno error = xattr_resolve_name(name); error != Errno::ok) return error;
  // Room for all of it, whatever is there: what it replaces gives its room back afterwards.
  int64_t space = Xattrs::space(name, value.size());
  if (!mount_->take_space(space)) return Errno::enospc;
  Result<int64_t> growth = xattrs_.growth(name, value.size(), how);
  if (!growth) {
    mount_->give_space(space);
    return growth.error();
  }
  xattrs_.set(name, value);
  if (*growth < space) mount_->give_space(space - *growth);
  stamp_ctime();
  return Errno::ok;
}

Errno TmpfsNode::remove_xattr(std::string_view name) {
  QUIRE_FUNC();
  if (mount_ == nullptr) return Errno::eopnotsupp;
  if (Errno error = xattr_resolve_name(name); error != Errno::ok) return error;
  Result<int64_t> freed = xattrs_.remove(name);
  if (!freed) return freed.error();
  mount_->give_space(*freed);
  stamp_ctime();
  return Errno::ok;
}

// Linux: mm/shmem.c shmem_fill_super()
TmpfsMount::TmpfsMount(TmpFs& pages, base::Clock clock, const TmpfsOptions& options)
    : SuperBlock(clock),
      pages_(pages),
      options_(options),
      free_ispace_(static_cast<int64_t>(options.nr_inodes) * kInodeSpace) {
  bool room = reserve_inode();
  QUIRE_ASSERT(room, "a mount has room for its root");
  Attributes attributes;
  attributes.kind = FileKind::directory;
  attributes.mode = options.mode;
  attributes.nlink = 2;
  attributes.atime = attributes.mtime = attributes.ctime = now();
  root_ = sync::make_object<TmpfsDirectory>(*this, attributes, nullptr);
}

// No directory goes while names are dropped: one in the other they could be as deep as memory allows.
TmpfsMount::~TmpfsMount() QUIRE_NO_THREAD_SAFETY_ANALYSIS {
  sync::Vector<TmpfsDirectory*> all;
  for (TmpfsNode* node = nodes_.get(); node != nullptr; node = node->next_)
    if (TmpfsDirectory* directory = node->node_directory()) all.push_back(directory);
  for (TmpfsDirectory* directory : all) directory->get();
  for (TmpfsDirectory* directory : all) directory->drop_names();
  for (TmpfsDirectory* directory : all) directory->put();
  root_->put();
  QUIRE_ASSERT(nodes_.peek() == nullptr, "a file outlives its file system");
}

Inode& TmpfsMount::root() { return *root_; }

Statfs TmpfsMount::statfs() {
  sync::Guard guard(stat_lock_);
  Statfs s;
  s.blocks = options_.size.value();
  if (s.blocks != 0) s.bfree = s.blocks - static_cast<uint64_t>(used_blocks_.get());
  s.files = options_.nr_inodes;
  if (s.files != 0) s.ffree = static_cast<uint64_t>(free_ispace_.get() / kInodeSpace);
  return s;
}

bool TmpfsMount::acct_blocks(int64_t pages) {
  if (options_.size == PageCount(0)) return true;
  sync::Guard guard(stat_lock_);
  if (used_blocks_ + pages > static_cast<int64_t>(options_.size.value())) return false;
  used_blocks_ += pages;
  return true;
}

void TmpfsMount::unacct_blocks(int64_t pages) {
  if (options_.size == PageCount(0)) return;
  sync::Guard guard(stat_lock_);
  used_blocks_ -= pages;
}

bool TmpfsMount::take_space(int64_t bytes) {
  if (options_.nr_inodes == 0) return true;
  sync::Guard guard(stat_lock_);
  if (free_ispace_ < bytes) return false;
  free_ispace_ -= bytes;
  return true;
}

void TmpfsMount::give_space(int64_t bytes) {
  if (options_.nr_inodes == 0) return;
  sync::Guard guard(stat_lock_);
  free_ispace_ += bytes;
}

// Linux: mm/shmem.c __shmem_get_inode(), shmem_symlink()
Result<InodeRef> TmpfsMount::make_inode(const NewInode& what, TmpfsDirectory* parent) {
  // A page for a long target; a whole page is too long with its end.
  if (what.target.size() + 1 > base::kPageSize) return Errno::enametoolong;
  if (!reserve_inode()) return Errno::enospc;
  int64_t pages = what.kind == FileKind::symlink ? TmpfsSpecial::pages_of(what.target) : 0;
  if (pages != 0 && !acct_blocks(pages)) {
    free_inode();
    return Errno::enospc;
  }
  Attributes attributes;
  attributes.kind = what.kind;
  attributes.mode = what.mode;
  attributes.uid = what.uid;
  attributes.gid = what.gid;
  attributes.nlink = what.kind == FileKind::directory ? 2 : 1;
  attributes.atime = attributes.mtime = attributes.ctime = now();
  if (what.kind == FileKind::regular) return InodeRef(&pages_.create_inode(*this, attributes));
  if (what.kind == FileKind::directory) return InodeRef(sync::make_object<TmpfsDirectory>(*this, attributes, parent));
  return InodeRef(sync::make_object<TmpfsSpecial>(*this, attributes, what.target));
}

void TmpfsMount::add(TmpfsNode& node) {
  sync::Guard guard(inodes_lock_);
  TmpfsNode*& first = nodes_.mutate();
  node.next_ = first;
  if (first != nullptr) first->previous_ = &node;
  first = &node;
}

void TmpfsMount::remove(TmpfsNode& node) {
  sync::Guard guard(inodes_lock_);
  (node.previous_ != nullptr ? node.previous_->next_ : nodes_.mutate()) = node.next_;
  if (node.next_ != nullptr) node.next_->previous_ = node.previous_;
}

// I3, and how much of the inode space is in use.
int64_t TmpfsMount::check_names(sync::CheckReport& report) const QUIRE_NO_THREAD_SAFETY_ANALYSIS {
  int64_t space = 0;
  for (TmpfsNode* node = nodes_.peek(); node != nullptr; node = node->next_)
    node->names_ = node->node_directory() != nullptr ? 1 : 0;
  ++static_cast<TmpfsNode&>(*root_).names_;
  for (TmpfsNode* node = nodes_.peek(); node != nullptr; node = node->next_)
    if (TmpfsDirectory* directory = node->node_directory())
      directory->peek_names([&](std::string_view /*name*/, Inode& inode) {
        TmpfsNode& named = node_of(inode);
        ++named.names_;
        if (named.node_directory() != nullptr) ++node->names_;
      });
  for (TmpfsNode* node = nodes_.peek(); node != nullptr; node = node->next_) {
    space += kInodeSpace + node->xattrs_.total_space();
    uint32_t nlink = node->node_inode().peek_attributes().nlink;
    bool is_directory = node->node_directory() != nullptr;
    // A directory that is dead, and a file that is only open, has none.
    uint32_t names = is_directory && node->names_ == 1 ? 0 : node->names_;
    if (!is_directory && names > 1) space += kInodeSpace * (names - 1);
    report.expect(nlink == names, sync::Failure::check, "tmpfs: an inode with nlink {} has {} names", nlink, names);
  }
  return space;
}

void TmpfsMount::check(sync::CheckReport& report) const QUIRE_NO_THREAD_SAFETY_ANALYSIS {
  using sync::Failure;
  int64_t space = check_names(report);
  int64_t pages = 0;
  for (const TmpfsNode* node = nodes_.peek(); node != nullptr; node = node->next_) pages += node->peek_pages();
  if (options_.size != PageCount(0))
    report.expect(used_blocks_.peek() == pages, Failure::check, "tmpfs: {} pages used but {} counted", pages,
                  used_blocks_.peek());
  int64_t all = static_cast<int64_t>(options_.nr_inodes) * kInodeSpace;
  if (all != 0)
    report.expect(free_ispace_.peek() + space == all, Failure::check, "tmpfs: {} of inode space free, {} used of {}",
                  free_ispace_.peek(), space, all);
}

}  // namespace quire::fs
