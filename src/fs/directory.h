// Directory: what a file system does for the names in one of its directories; namei.h has walked the path, locked and
// asked for permission.
//
// Names are 1 to 255 bytes without '/' and '\0', never "." or "..". Each name holds one reference to its inode. The
// entry that a call is about was looked up under the same lock, so it is there (or is not) as the caller says.
//
//   state of a directory: alive -> dead: rmdir, or the rename of another directory onto its name. A dead one has no
//   names and gets none.
// I1  a directory is in one directory at most, its parent(); following parents ends at the root of the super block
// I2  nlink of a directory is 2 and one for each directory in it; of another inode the number of its names
// Locks: the caller holds i_rwsem of the directory, shared for lookup and readdir, else exclusively; for link, unlink,
// rmdir and rename also that of the inode which the name leads to, and of a directory that changes its parent. parent()
// is stable under i_rwsem of the directory itself or s_vfs_rename_mutex. Linux: struct inode_operations,
// Documentation/filesystems/directory-locking.rst
//
//   Result<InodeRef> found = dir.lookup("a");
//   if (found) e = dir.unlink("a", *found->get());
#pragma once

#include <string_view>

#include "fs/inode.h"
#include "fs/super_block.h"

namespace quire::fs {

inline constexpr std::size_t kNameMax = 255;

/// What readdir() tells of each name. Linux: struct dir_context, dir_emit()
class DirectoryVisitor {
 public:
  /// `cookie`: where a later readdir() goes on behind this name. False: no more.
  [[nodiscard]] virtual bool visit(std::string_view name, FileKind kind, uint64_t ino, uint64_t cookie) = 0;

 protected:
  ~DirectoryVisitor() = default;
};

/// Linux: renameat2(2)
enum class RenameHow : uint8_t {
  replace,    ///< what has the new name goes
  noreplace,  ///< RENAME_NOREPLACE: nothing has it
  exchange,   ///< RENAME_EXCHANGE: both names stay and lead to each other's inode
  whiteout,   ///< RENAME_WHITEOUT: as `replace`, and a whiteout takes the old name
  noreplace_whiteout,
};
[[nodiscard]] constexpr bool keeps_what_is_there(RenameHow how) {
  return how == RenameHow::noreplace || how == RenameHow::noreplace_whiteout;
}
[[nodiscard]] constexpr bool leaves_whiteout(RenameHow how) {
  return how == RenameHow::whiteout || how == RenameHow::noreplace_whiteout;
}

class Directory {
 public:
  struct Rename {
    std::string_view old_name;
    Inode& moved;
    Directory& new_directory;
    std::string_view new_name;
    Inode* replaced;  ///< nullptr: the new name is free. Another inode than `moved`; a directory if and only if it is
    RenameHow how;
    Credentials who = {};  ///< whose a whiteout is
  };

  [[nodiscard]] virtual Inode& inode() = 0;
  /// With a reference of the caller's; -ENOENT, -ENOMEM, -EIO.
  [[nodiscard]] virtual Result<InodeRef> lookup(std::string_view name) = 0;
  /// The name is free. With a reference of the caller's; -ENOSPC, -ENOMEM. Linux: i_op->create, mkdir, symlink, mknod
  [[nodiscard]] virtual Result<InodeRef> create(std::string_view name, const NewInode& what) = 0;
  /// The name is free; `inode` is of the same file system, no directory, and has a name. -ENOSPC, -EMLINK
  [[nodiscard]] virtual Errno link(std::string_view name, Inode& inode) = 0;
  /// `victim` is no directory.
  [[nodiscard]] virtual Errno unlink(std::string_view name, Inode& victim) = 0;
  /// -ENOTEMPTY. Then `victim` is dead.
  [[nodiscard]] virtual Errno rmdir(std::string_view name, Inode& victim) = 0;
  /// Both directories are of one file system, and neither is in `moved`. -ENOTEMPTY: of the directory that would be
  /// replaced; -ENOSPC: for the whiteout; -EINVAL: not this way
  [[nodiscard]] virtual Errno rename(const Rename& rename) = 0;
  /// Names behind `cookie` (0: from the start), "." and ".." first, each once however the directory changes meanwhile,
  /// as long as it has the name all the time. Linux: f_op->iterate_shared
  [[nodiscard]] virtual Errno readdir(uint64_t cookie, DirectoryVisitor& visitor) = 0;
  /// The directory it is in, or was in last; itself if it is the root.
  [[nodiscard]] virtual Inode& parent() = 0;
  /// Whether it has been removed. Linux: IS_DEADDIR()
  [[nodiscard]] virtual bool dead() = 0;

 protected:
  ~Directory() = default;
};

}  // namespace quire::fs
