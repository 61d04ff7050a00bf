// The inodes of a union, which real ones they stand for, and their attributes.
#include <algorithm>

#include "fs/truncate.h"
#include "fs/union_fs.h"
#include "sync/trace.h"

namespace quire::fs {

UnionInode::UnionInode(UnionFs& fs, UnionLayers layers, UnionInode* parent, std::string_view name)
    : Inode(fs, fs.index_bits_, fs, fs.stamp(layers.top()), layers.top().getattr()),
      fs_(fs),
      kind_(layers.top().getattr().kind),
      key_(layers.top()),
      upper_(nullptr),
      count_(layers.count),
      found_in_(parent),
      found_as_(name),
      parent_(parent == nullptr ? this : parent) {
  size_.store(layers.top().size());
  upper_.store(layers.upper.release());
  for (unsigned i = 0; i < count_; ++i) lowers_[i] = layers.lowers[i].release();
  if (parent == nullptr) return;
  found_in_->get();
  parent->get();
}

UnionInode::~UnionInode() {
  if (Inode* up = upper()) up->put();
  for (unsigned i = 0; i < count_; ++i) lowers_[i]->put();
  if (found_in_ == nullptr) return;
  found_in_->put();
  parent_.load()->put();
}

void UnionInode::evict() {
  QUIRE_FUNC();
  truncate_inode_pages_range(fs_.env_, mapping_, {0});
  if (unnamed_.get()) fs_.forget_unnamed(*this);
  sync::destroy_object(this);
}

Directory* UnionInode::directory() { return kind_ == FileKind::directory ? this : nullptr; }

// How many names a file has is counted here, since a lower one's stay below whiteouts; and when it was read.
Attributes UnionInode::getattr() {
  Attributes attributes = real().getattr();
  Attributes own = Inode::getattr();
  attributes.atime = own.atime;
  if (kind_ != FileKind::directory)
    attributes.nlink = own.nlink;
  else if (count_ + (upper() != nullptr ? 1 : 0) > 1)
    attributes.nlink = 1;  // nobody has counted. Linux: ovl_dir_getattr()
  return attributes;
}

// Linux: fs/overlayfs/inode.c ovl_setattr()
Errno UnionInode::setattr(const SetAttributes& what) {
  QUIRE_FUNC();
  Errno error = copy_up();
  if (error != Errno::ok) return error;
  sync::Guard guard(upper()->i_rwsem());
  error = upper()->setattr(what);
  return error == Errno::ok ? Inode::setattr(what) : error;
}

Result<uint64_t> UnionInode::getxattr(std::string_view name, std::span<std::byte> value) {
  if (name.starts_with(kUnionXattrs)) return Errno::enodata;
  Inode& from = real();
  sync::SharedGuard guard(from.i_rwsem());
  return from.getxattr(name, value);
}

Errno UnionInode::setxattr(std::string_view name, std::span<const std::byte> value, XattrSet how) {
  if (name.starts_with(kUnionXattrs)) return Errno::eperm;
  Errno error = copy_up();
  if (error != Errno::ok) return error;
  sync::Guard guard(upper()->i_rwsem());
  return upper()->setxattr(name, value, how);
}

// Not copied up for nothing. Linux: fs/overlayfs/xattrs.c ovl_xattr_set()
Errno UnionInode::removexattr(std::string_view name) {
  Result<uint64_t> there = getxattr(name, {});
  if (!there) return there.error();
  Errno error = copy_up();
  if (error != Errno::ok) return error;
  sync::Guard guard(upper()->i_rwsem());
  return upper()->removexattr(name);
}

namespace {

/// Leaves out what is the union's own.
class OtherXattrs final : public XattrVisitor {
 public:
  explicit OtherXattrs(XattrVisitor& to) : to_(to) {}
  void visit(std::string_view name) override {
    if (!name.starts_with(kUnionXattrs)) to_.visit(name);
  }

 private:
  XattrVisitor& to_;
};

}  // namespace

Errno UnionInode::listxattr(XattrVisitor& visitor) {
  OtherXattrs others(visitor);
  Inode& from = real();
  sync::SharedGuard guard(from.i_rwsem());
  return from.listxattr(others);
}

UnionFs::UnionFs(rmap::Environment& env, unsigned index_bits, base::Clock clock, const UnionMount& mount,
                 const UnionOptions& options)
    : SuperBlock(clock),
      env_(env),
      index_bits_(index_bits),
      options_(options),
      upper_super_(*mount.upper),
      lower_supers_(mount.lowers) {
  UnionLayers layers;
  layers.upper = InodeRef::of(mount.upper->root());
  for (unsigned i = 0; i < mount.count; ++i) layers.lowers[i] = InodeRef::of(mount.lowers[i]->root());
  layers.count = mount.count;
  Inode& key = layers.top();
  root_ = sync::make_object<UnionInode>(*this, std::move(layers), nullptr, "");
  remember(key, *root_);
}

UnionFs::~UnionFs() QUIRE_NO_THREAD_SAFETY_ANALYSIS {
  sync::Vector<UnionInode*> inodes;
  for (const auto& [real, inode] : inodes_)
    if (&inode->key_ == real) inodes.push_back(inode);
  inodes_.clear();
  for (UnionInode* inode : inodes) inode->put();
}

void UnionFs::remember(const Inode& real, UnionInode& inode) {
  sync::Guard guard(inodes_lock_);
  inodes_changed_ = inodes_changed_.get() + 1;
  inodes_.emplace(&real, &inode);
}

void UnionFs::forget(UnionInode& inode) {
  {
    sync::Guard guard(inodes_lock_);
    inodes_changed_ = inodes_changed_.get() + 1;
    if (inodes_.erase(&inode.key_) == 0) return;
    if (Inode* up = inode.upper()) inodes_.erase(up);
    inode.unnamed_ = true;
    unnamed_.push_back(&inode);
  }
  inode.put();
}

void UnionFs::forget_unnamed(const UnionInode& inode) {
  sync::Guard guard(inodes_lock_);
  inodes_changed_ = inodes_changed_.get() + 1;
  unnamed_.erase(std::find(unnamed_.begin(), unnamed_.end(), &inode));
}

// Two look-ups may have the same to make: one of them is first.
InodeRef UnionFs::inode_for(UnionLayers layers, UnionInode& parent, std::string_view name) {
  const Inode& real = layers.top();
  UnionInode* made = nullptr;
  UnionInode* found = nullptr;
  for (;;) {
    {
      sync::Guard guard(inodes_lock_);
      auto [at, inserted] = made != nullptr ? inodes_.emplace(&real, made) : std::pair(inodes_.find(&real), false);
      inodes_changed_ = inodes_changed_.get() + (inserted ? 1 : 0);
      found = at == inodes_.end() ? nullptr : at->second;
      if (found != nullptr) found->get();
    }
    if (found != nullptr) break;
    made = sync::make_object<UnionInode>(*this, std::move(layers), &parent, name);
  }
  if (made != nullptr && made != found) {
    QUIRE_REACHED("ovl_get_inode: somebody else was first");
    made->put();
  }
  return InodeRef(found);
}

// The layer in the upper bits: two layers have the same numbers. Linux: fs/overlayfs/inode.c ovl_map_ino(), xino
uint64_t UnionFs::stamp(const Inode& real) const {
  constexpr unsigned kLayerShift = 48;
  auto at = std::find(lower_supers_.begin(), lower_supers_.end(), real.super());
  uint64_t layer = at == lower_supers_.end() ? 0 : static_cast<uint64_t>(at - lower_supers_.begin()) + 1;
  return real.ino() | layer << kLayerShift;
}

uint64_t UnionFs::ino_of(const Inode& real) {
  sync::Guard guard(inodes_lock_);
  inodes_changed_ = inodes_changed_.get();
  auto found = inodes_.find(&real);
  return found != inodes_.end() ? found->second->ino() : stamp(real);
}

void UnionFs::check(sync::CheckReport& report) const {
  peek_inodes([&](const UnionInode& inode) { inode.check(report); });
}

}  // namespace quire::fs
