// rename() by path: which locks, which of the many reasons against it, and then the file system's own rename.
#include <algorithm>

#include "fs/namei.h"
#include "sync/trace.h"

namespace quire::fs {
namespace {

/// The locks of one rename; empty at first. Linux: fs/namei.c lock_rename(), vfs_rename()
class RenameLocks {
 public:
  RenameLocks() = default;
  RenameLocks(const RenameLocks&) = delete;
  RenameLocks& operator=(const RenameLocks&) = delete;
  ~RenameLocks() { unlock(); }

  void lock(SuperBlock& super) QUIRE_NO_THREAD_SAFETY_ANALYSIS {
    super_ = &super;
    super.s_vfs_rename_mutex.lock();
  }
  /// Once for each; nullptr is passed over.
  void lock(Inode* inode) QUIRE_NO_THREAD_SAFETY_ANALYSIS {
    if (inode == nullptr || std::find(held_, held_ + count_, inode) != held_ + count_) return;
    inode->i_rwsem().lock();
    held_[count_++] = inode;
  }

 private:
  void unlock() QUIRE_NO_THREAD_SAFETY_ANALYSIS {
    while (count_ > 0) held_[--count_]->i_rwsem().unlock();
    if (super_ != nullptr) super_->s_vfs_rename_mutex.unlock();
  }

  Inode* held_[4] = {};
  std::size_t count_ = 0;
  SuperBlock* super_ = nullptr;
};

// The directory right below `above` on the way up from `from`; nullptr: `from` is not below it. No directory changes
// its parent meanwhile: the caller has s_vfs_rename_mutex. Linux: fs/dcache.c d_ancestor()
Inode* child_on_way_up(Inode& from, const Inode& above) {
  Inode* at = &from;
  for (;;) {
    Inode& up = at->directory()->parent();
    if (&up == at) return nullptr;
    if (&up == &above) return at;
    at = &up;
  }
}

bool is_directory(const InodeRef& inode) { return inode && inode->directory() != nullptr; }

}  // namespace

/// One rename on its way.
struct Namei::Renaming {
  Directory& old_directory;
  std::string_view old_name;
  bool old_slashes;
  Directory& new_directory;
  std::string_view new_name;
  bool new_slashes;
  RenameHow how;
  /// What must not be moved: the way down to the new directory; and what must not be replaced: that to the old one.
  Inode* above_new = nullptr;
  Inode* above_old = nullptr;
  InodeRef moved = {};
  InodeRef replaced = {};
  [[nodiscard]] bool two_parents() const { return &old_directory != &new_directory; }
};

// Linux: fs/namei.c do_renameat2()
Errno Namei::look_up_both(Renaming& what) const {
  Result<InodeRef> old = lookup_one(what.old_directory, what.old_name);
  if (!old) return old.error();
  what.moved = std::move(*old);
  Result<InodeRef> there = lookup_one(what.new_directory, what.new_name);
  if (!there && there.error() != Errno::enoent) return there.error();
  if (there) what.replaced = std::move(*there);
  if (what.replaced && keeps_what_is_there(what.how)) return Errno::eexist;
  if (!what.replaced && what.how == RenameHow::exchange) return Errno::enoent;
  return check_slashes(what);
}

// What has '/' behind its name must be a directory. Linux: fs/namei.c do_renameat2()
Errno Namei::check_slashes(const Renaming& what) const {
  bool exchange = what.how == RenameHow::exchange;
  if (exchange && what.new_slashes && !is_directory(what.replaced)) return Errno::enotdir;
  if (is_directory(what.moved)) return Errno::ok;
  if (what.old_slashes || (!exchange && what.new_slashes)) return Errno::enotdir;
  return Errno::ok;
}

// Linux: fs/namei.c vfs_rename()
Errno Namei::may_rename(const Renaming& what) const {
  auto kind = [](const InodeRef& inode) { return is_directory(inode) ? FileKind::directory : FileKind::regular; };
  Errno error = may_delete(what.old_directory, *what.moved, kind(what.moved));
  if (error != Errno::ok) return error;
  if (!what.replaced) {
    error = may_create(what.new_directory);
  } else {
    FileKind as = what.how == RenameHow::exchange ? kind(what.replaced) : kind(what.moved);
    error = may_delete(what.new_directory, *what.replaced, as);
  }
  if (error != Errno::ok || !what.two_parents()) return error;
  // The name ".." in it changes.
  if (is_directory(what.moved) && permission(what.moved->getattr(), who_, kMayWrite) != Errno::ok) return Errno::eacces;
  if (what.how == RenameHow::exchange && is_directory(what.replaced) &&
      permission(what.replaced->getattr(), who_, kMayWrite) != Errno::ok)
    return Errno::eacces;
  return Errno::ok;
}

// Both parents are locked. Linux: fs/namei.c do_renameat2(), vfs_rename()
Errno Namei::rename_locked(Renaming& what) const {
  Errno error = look_up_both(what);
  if (error != Errno::ok) return error;
  if (what.moved.get() == what.above_new) return Errno::einval;
  if (what.replaced && what.replaced.get() == what.above_old)
    return what.how == RenameHow::exchange ? Errno::einval : Errno::enotempty;
  if (what.moved.get() == what.replaced.get()) return Errno::ok;
  error = may_rename(what);
  if (error != Errno::ok) return error;
  RenameLocks locks;
  Inode* first = what.moved.get();
  Inode* second = what.replaced.get();
  // Directories first: those that change their parent, and the one that goes. Others by address.
  if (second != nullptr && is_directory(what.moved) == is_directory(what.replaced) && second < first)
    std::swap(first, second);
  if (!is_directory(what.moved) && is_directory(what.replaced)) std::swap(first, second);
  for (Inode* inode : {first, second}) {
    bool stays = inode == what.moved.get() && inode->directory() != nullptr && !what.two_parents();
    if (!stays) locks.lock(inode);
  }
  return what.old_directory.rename(
      {what.old_name, *what.moved, what.new_directory, what.new_name, what.replaced.get(), what.how, who_});
}

Errno Namei::rename(std::string_view from, std::string_view to, RenameHow how) {
  QUIRE_FUNC();
  PathWalk old_walk(root_, who_);
  PathWalk new_walk(root_, who_);
  Errno error = old_walk.to_last(from);
  if (error == Errno::ok) error = new_walk.to_last(to);
  if (error != Errno::ok) return error;
  SuperBlock& super = *old_walk.inode().super();
  if (&super != new_walk.inode().super()) return Errno::exdev;
  if (old_walk.last() != PathWalk::Last::name) return Errno::ebusy;
  if (new_walk.last() != PathWalk::Last::name) return keeps_what_is_there(how) ? Errno::eexist : Errno::ebusy;
  if (super.read_only()) return Errno::erofs;
  // What was moved or replaced is put with no lock held.
  Renaming what{old_walk.directory(),
                old_walk.name(),
                old_walk.slashes(),
                new_walk.directory(),
                new_walk.name(),
                new_walk.slashes(),
                how};
  RenameLocks locks;
  Inode* old_parent = &old_walk.inode();
  Inode* new_parent = &new_walk.inode();
  if (what.two_parents()) {
    locks.lock(super);
    what.above_new = child_on_way_up(*new_parent, *old_parent);
    if (what.above_new == nullptr) what.above_old = child_on_way_up(*old_parent, *new_parent);
    // The upper one first.
    if (what.above_old != nullptr) std::swap(old_parent, new_parent);
  }
  locks.lock(old_parent);
  locks.lock(new_parent);
  return rename_locked(what);
}

}  // namespace quire::fs
