// Namei: the system calls that take a path, on behalf of one process.
//
// The root directory is RootFs's: nobody can change it, and its names are the mounts. A walk (path_walk.h) goes from
// there inode by inode, each name looked up under its directory's i_rwsem: what it has found may be renamed or removed
// as soon as the lock is dropped. There are no dentries; a change looks its name up again under the lock.
// Permission is asked for as in Linux: to search each directory of the path, to write the last one.
// Locks: none held by the caller. A change takes i_rwsem of the parent, then of what the name leads to. A rename with
// two parents takes s_vfs_rename_mutex, then both, the upper one first if one is above the other, then what changes its
// parent or goes: directories before others, those by address.
//
// Errors of every call: -ENOENT (also: the path is empty, or a directory on it was removed meanwhile), -ENOTDIR,
// -EACCES, -ENAMETOOLONG (a name of more than 255 bytes, a path of 4096 or more), -ELOOP (more than 40 symlinks).
// Of every change: -EROFS, -ENOSPC, -ENOMEM. Linux: fs/namei.c
//
//   Namei namei(root, {uid, gid});
//   Result<InodeRef> file = namei.lookup("/tmp/a", Namei::Follow::yes);
#pragma once

#include "fs/path_walk.h"

namespace quire::fs {

/// What open() is asked for. Linux: struct open_flags
struct OpenHow {
  bool create = false;
  bool exclusive = false;
  bool directory = false;  ///< it must be one
  bool nofollow = false;
  bool truncate = false;  ///< only asks for permission: the caller truncates what was not created
  uint32_t wanted = 0;    ///< kMayRead, kMayWrite
  uint32_t mode = 0;      ///< of a file that is created
};

struct Opened {
  InodeRef inode;
  bool created = false;
};

class Namei {
 public:
  enum class Follow : uint8_t { no, yes };

  Namei(RootFs& root, const Credentials& who) : root_(root), who_(who) {}

  /// What the path leads to; `follow`: also through a symlink at its end. Linux: path_lookupat()
  [[nodiscard]] Result<InodeRef> lookup(std::string_view path, Follow follow);
  /// -EEXIST, -EISDIR, -ENXIO (a device), -EINVAL (a directory is not created by it). Linux: path_openat()
  [[nodiscard]] Result<Opened> open(std::string_view path, const OpenHow& how);
  /// A file, a directory or a whiteout. -EEXIST. Linux: do_mkdirat(), do_mknodat()
  [[nodiscard]] Errno make(std::string_view path, FileKind kind, uint32_t mode);
  /// -EEXIST; -ENOENT and -ENAMETOOLONG also of the target. Linux: do_symlinkat()
  [[nodiscard]] Errno symlink(std::string_view target, std::string_view path);
  /// -EEXIST, -EXDEV, -EPERM (a directory). Linux: do_linkat()
  [[nodiscard]] Errno link(std::string_view from, std::string_view to, Follow follow);
  /// -EISDIR, -EPERM (sticky). Linux: do_unlinkat()
  [[nodiscard]] Errno unlink(std::string_view path);
  /// -ENOTEMPTY, -EBUSY ("/"), -EINVAL ("."), -EPERM (sticky). Linux: do_rmdir()
  [[nodiscard]] Errno rmdir(std::string_view path);
  /// -EEXIST, -EXDEV, -EBUSY ("/", "."), -EISDIR, -ENOTEMPTY, -EPERM (sticky), -EINVAL (into itself).
  /// Linux: do_renameat2()
  [[nodiscard]] Errno rename(std::string_view from, std::string_view to, RenameHow how);

 private:
  [[nodiscard]] Errno may_create(Directory& directory) const;
  [[nodiscard]] Errno may_delete(Directory& directory, Inode& victim, FileKind as) const;
  [[nodiscard]] bool check_sticky(const Attributes& directory, Inode& victim) const;
  [[nodiscard]] NewInode owned(Directory& directory, FileKind kind, uint32_t mode) const;
  [[nodiscard]] Errno create(std::string_view path, const NewInode& what);
  [[nodiscard]] Result<Opened> open_last(PathWalk& walk, const OpenHow& how);
  [[nodiscard]] Result<InodeRef> open_dots(PathWalk& walk, const OpenHow& how);
  [[nodiscard]] Errno may_open(Inode& inode, const OpenHow& how) const;
  [[nodiscard]] bool may_create_in_sticky(const Attributes& directory, const Attributes& there) const;
  [[nodiscard]] static Errno remove(Directory& directory, std::string_view name, Inode& victim, FileKind as);

  // fs/namei_rename.cc
  struct Renaming;
  [[nodiscard]] Errno rename_locked(Renaming& what) const;
  [[nodiscard]] Errno look_up_both(Renaming& what) const;
  [[nodiscard]] Errno check_slashes(const Renaming& what) const;
  [[nodiscard]] Errno may_rename(const Renaming& what) const;

  RootFs& root_;
  const Credentials who_;
};

}  // namespace quire::fs
