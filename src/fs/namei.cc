#include "fs/namei.h"

#include "sync/trace.h"

namespace quire::fs {
namespace {
using Last = PathWalk::Last;
}  // namespace

// Linux: fs/namei.c may_create()
Errno Namei::may_create(Directory& directory) const {
  if (directory.dead()) {
    QUIRE_REACHED("may_create: the directory was removed meanwhile");
    return Errno::enoent;
  }
  return permission(directory.inode().getattr(), who_, kMayWrite | kMayExec);
}

// Linux: include/linux/fs.h check_sticky()
bool Namei::check_sticky(const Attributes& directory, Inode& victim) const {
  if ((directory.mode & kSticky) == 0 || who_.privileged()) return false;
  return victim.getattr().uid != who_.uid && directory.uid != who_.uid;
}

// `as`: whether a directory is to go, or something else. Linux: fs/namei.c may_delete()
Errno Namei::may_delete(Directory& directory, Inode& victim, FileKind as) const {
  Attributes attributes = directory.inode().getattr();
  if (permission(attributes, who_, kMayWrite | kMayExec) != Errno::ok) return Errno::eacces;
  if (check_sticky(attributes, victim)) return Errno::eperm;
  bool is_directory = victim.directory() != nullptr;
  if (as == FileKind::directory && !is_directory) return Errno::enotdir;
  if (as != FileKind::directory && is_directory) return Errno::eisdir;
  return Errno::ok;
}

// Linux: fs/inode.c inode_init_owner()
NewInode Namei::owned(Directory& directory, FileKind kind, uint32_t mode) const {
  NewInode what{kind, mode & kModeBits, who_.uid, who_.gid, {}};
  Attributes above = directory.inode().getattr();
  if ((above.mode & kSetGid) == 0) return what;
  what.gid = above.gid;
  if (kind == FileKind::directory) what.mode |= kSetGid;
  // A file that would run as a group its maker is not in. Linux: mode_strip_sgid()
  bool runs_as_group = (what.mode & (kSetGid | kGroupExec)) == (kSetGid | kGroupExec);
  if (kind != FileKind::directory && runs_as_group && !who_.privileged() && who_.gid != what.gid) what.mode &= ~kSetGid;
  return what;
}

Result<InodeRef> Namei::lookup(std::string_view path, Follow follow) {
  QUIRE_FUNC();
  PathWalk walk(root_, who_);
  Errno error = walk.to_last(path);
  while (error == Errno::ok) {
    if (walk.last() != Last::name) return walk.step_to_dots();
    Result<InodeRef> found = walk.lookup();
    if (!found) return found;
    bool is_symlink = (*found)->getattr().kind == FileKind::symlink;
    if (!is_symlink || (follow == Follow::no && !walk.slashes())) {
      if (walk.slashes() && (*found)->directory() == nullptr) return Errno::enotdir;
      return found;
    }
    error = walk.follow(**found);
  }
  return error;
}

namespace {

// Whether the last name of `walk` is free, in a directory whose i_rwsem is held, for what is of that kind.
// Linux: fs/namei.c filename_create()
Errno check_new_name(PathWalk& walk, FileKind kind) {
  Directory& directory = walk.directory();
  Result<InodeRef> there = lookup_one(directory, walk.name());
  if (there) return Errno::eexist;
  if (there.error() != Errno::enoent) return there.error();
  if (walk.slashes() && kind != FileKind::directory) return Errno::enoent;
  return directory.inode().super()->read_only() ? Errno::erofs : Errno::ok;
}

}  // namespace

// Linux: fs/namei.c filename_create(), vfs_create(), vfs_mkdir(), vfs_mknod(), vfs_symlink()
Errno Namei::create(std::string_view path, const NewInode& what) {
  PathWalk walk(root_, who_);
  Errno error = walk.to_last(path);
  if (error != Errno::ok) return error;
  if (walk.last() != Last::name) return Errno::eexist;
  Directory& directory = walk.directory();
  sync::Guard guard(directory.inode().i_rwsem());
  error = check_new_name(walk, what.kind);
  if (error == Errno::ok) error = may_create(directory);
  if (error != Errno::ok) return error;
  NewInode inode = owned(directory, what.kind, what.mode);
  inode.target = what.target;
  return directory.create(walk.name(), inode).error();
}

Errno Namei::make(std::string_view path, FileKind kind, uint32_t mode) {
  QUIRE_FUNC();
  // Of a directory only the sticky bit may be asked for besides the permissions. Linux: vfs_mkdir(), vfs_prepare_mode()
  uint32_t allowed = kind == FileKind::directory ? 01777 : kModeBits;
  return create(path, {kind, mode & allowed, 0, 0, {}});
}

Errno Namei::symlink(std::string_view target, std::string_view path) {
  QUIRE_FUNC();
  if (target.empty()) return Errno::enoent;
  if (target.size() >= kPathMax) return Errno::enametoolong;
  return create(path, {FileKind::symlink, 0777, 0, 0, target});
}

// Linux: fs/namei.c do_linkat(), vfs_link()
Errno Namei::link(std::string_view from, std::string_view to, Follow follow) {
  QUIRE_FUNC();
  Result<InodeRef> old = lookup(from, follow);
  if (!old) return old.error();
  PathWalk walk(root_, who_);
  Errno error = walk.to_last(to);
  if (error != Errno::ok) return error;
  if (walk.last() != Last::name) return Errno::eexist;
  Directory& directory = walk.directory();
  sync::Guard guard(directory.inode().i_rwsem());
  error = check_new_name(walk, FileKind::regular);
  if (error != Errno::ok) return error;
  if ((*old)->super() != directory.inode().super()) return Errno::exdev;
  error = may_create(directory);
  if (error != Errno::ok) return error;
  if ((*old)->directory() != nullptr) return Errno::eperm;
  sync::Guard inner((*old)->i_rwsem());
  // Its last name may have gone since it was looked up.
  if ((*old)->getattr().nlink == 0) {
    QUIRE_REACHED("vfs_link: the last name went meanwhile");
    return Errno::enoent;
  }
  return directory.link(walk.name(), **old);
}

// Linux: fs/namei.c vfs_unlink(), vfs_rmdir()
Errno Namei::remove(Directory& directory, std::string_view name, Inode& victim, FileKind as) {
  sync::Guard guard(victim.i_rwsem());
  return as == FileKind::directory ? directory.rmdir(name, victim) : directory.unlink(name, victim);
}

Errno Namei::unlink(std::string_view path) {
  QUIRE_FUNC();
  PathWalk walk(root_, who_);
  InodeRef victim;  // its last reference goes with no lock held
  Errno error = walk.to_last(path);
  if (error != Errno::ok) return error;
  if (walk.last() != Last::name) return Errno::eisdir;
  Directory& directory = walk.directory();
  if (directory.inode().super()->read_only()) return Errno::erofs;
  sync::Guard guard(directory.inode().i_rwsem());
  Result<InodeRef> found = lookup_one(directory, walk.name());
  if (!found) return found.error();
  victim = std::move(*found);
  if (walk.slashes()) return victim->directory() != nullptr ? Errno::eisdir : Errno::enotdir;
  error = may_delete(directory, *victim, FileKind::regular);
  return error != Errno::ok ? error : remove(directory, walk.name(), *victim, FileKind::regular);
}

Errno Namei::rmdir(std::string_view path) {
  QUIRE_FUNC();
  PathWalk walk(root_, who_);
  InodeRef victim;  // its last reference goes with no lock held
  Errno error = walk.to_last(path);
  if (error != Errno::ok) return error;
  if (walk.last() == Last::dotdot) return Errno::enotempty;
  if (walk.last() == Last::dot) return Errno::einval;
  if (walk.last() == Last::root) return Errno::ebusy;
  Directory& directory = walk.directory();
  if (directory.inode().super()->read_only()) return Errno::erofs;
  sync::Guard guard(directory.inode().i_rwsem());
  Result<InodeRef> found = lookup_one(directory, walk.name());
  if (!found) return found.error();
  victim = std::move(*found);
  error = may_delete(directory, *victim, FileKind::directory);
  return error != Errno::ok ? error : remove(directory, walk.name(), *victim, FileKind::directory);
}

}  // namespace quire::fs
