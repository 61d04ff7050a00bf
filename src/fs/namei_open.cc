// open() by path.
#include "fs/namei.h"
#include "sync/trace.h"

namespace quire::fs {

// Linux: fs/namei.c may_open()
Errno Namei::may_open(Inode& inode, const OpenHow& how) const {
  Attributes attributes = inode.getattr();
  uint32_t wanted = how.wanted | (how.truncate ? kMayWrite : 0);
  if (attributes.kind == FileKind::symlink) return Errno::eloop;
  if (attributes.kind == FileKind::directory && (wanted & kMayWrite) != 0) return Errno::eisdir;
  // Linux: fs/namei.c sb_permission()
  bool contents = attributes.kind == FileKind::regular || attributes.kind == FileKind::directory;
  if (contents && (wanted & kMayWrite) != 0 && inode.super()->read_only()) return Errno::erofs;
  Errno error = permission(attributes, who_, wanted);
  if (error != Errno::ok) return error;
  // There is no driver of that number. Linux: fs/char_dev.c chrdev_open()
  return attributes.kind == FileKind::whiteout ? Errno::enxio : Errno::ok;
}

// With O_CREAT nobody opens another's device in a directory that anybody may put one into. Files and FIFOs are up to
// sysctl_protected_regular and _fifos, which are off. Linux: fs/namei.c may_create_in_sticky()
bool Namei::may_create_in_sticky(const Attributes& directory, const Attributes& there) const {
  if (there.kind != FileKind::whiteout || (directory.mode & kSticky) == 0 || (directory.mode & kOtherWrite) == 0)
    return true;
  return there.uid == directory.uid || there.uid == who_.uid;
}

// The path ends with a name that may be there or not. Linux: fs/namei.c open_last_lookups(), lookup_open()
Result<Opened> Namei::open_last(PathWalk& walk, const OpenHow& how) {
  Directory& directory = walk.directory();
  if (!how.create) {
    Result<InodeRef> found = walk.lookup();
    if (!found) return found.error();
    return Opened{std::move(*found), false};
  }
  if (walk.slashes()) return Errno::eisdir;
  sync::Guard guard(directory.inode().i_rwsem());
  Result<InodeRef> found = lookup_one(directory, walk.name());
  if (found) return Opened{std::move(*found), false};
  if (found.error() != Errno::enoent) return found.error();
  if (directory.inode().super()->read_only()) return Errno::erofs;
  Errno error = may_create(directory);
  if (error != Errno::ok) return error;
  Result<InodeRef> made = directory.create(walk.name(), owned(directory, FileKind::regular, how.mode));
  if (!made) return made.error();
  return Opened{std::move(*made), true};
}

// The path ends with what is no name. Linux: fs/namei.c open_last_lookups(), do_open()
Result<InodeRef> Namei::open_dots(PathWalk& walk, const OpenHow& how) {
  if (how.create) return how.exclusive ? Errno::eexist : Errno::eisdir;
  Result<InodeRef> at = walk.step_to_dots();
  if (!at) return at;
  Errno error = may_open(**at, how);
  if (error != Errno::ok) return error;
  return at;
}

Result<Opened> Namei::open(std::string_view path, const OpenHow& how) {
  QUIRE_FUNC();
  if (how.create && how.directory) return Errno::einval;
  bool nofollow = how.nofollow || (how.create && how.exclusive);
  PathWalk walk(root_, who_);
  Errno error = walk.to_last(path);
  while (error == Errno::ok) {
    if (walk.last() != PathWalk::Last::name) {
      Result<InodeRef> at = open_dots(walk, how);
      if (!at) return at.error();
      return Opened{std::move(*at), false};
    }
    Result<Opened> found = open_last(walk, how);
    if (!found || found->created) return found;
    Inode& inode = *found->inode;
    if (inode.getattr().kind == FileKind::symlink && (!nofollow || walk.slashes())) {
      error = walk.follow(inode);
      continue;
    }
    if (how.create && how.exclusive) return Errno::eexist;
    if (how.create && inode.directory() != nullptr) return Errno::eisdir;
    if (how.create && !may_create_in_sticky(walk.inode().getattr(), inode.getattr())) return Errno::eacces;
    if ((how.directory || walk.slashes()) && inode.directory() == nullptr) return Errno::enotdir;
    error = may_open(inode, how);
    if (error != Errno::ok) return error;
    return found;
  }
  return error;
}

}  // namespace quire::fs
