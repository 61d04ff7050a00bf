// chmod, chown, utimensat and the calls on extended attributes, of an inode that is known, on behalf of one process.
//
// Locks: the inode's i_rwsem. Errors of every change: -EROFS. Linux: fs/attr.c notify_change(), fs/xattr.c
//
//   Errno e = chmod({uid, gid}, *inode, 0600);
#pragma once

#include "fs/inode.h"

namespace quire::fs {

/// -EPERM
[[nodiscard]] Errno chmod(const Credentials& who, Inode& inode, uint32_t mode);
/// `uid`, `gid`: -1 stays as it is. -EPERM. Linux: chown_common()
[[nodiscard]] Errno chown(const Credentials& who, Inode& inode, int64_t uid, int64_t gid);
/// A write by who is not privileged: the file runs as its owner no more. Linux: fs/inode.c file_remove_privs()
[[nodiscard]] Errno remove_privs(const Credentials& who, Inode& inode);

struct TimeToSet {
  enum class Kind : uint8_t { omit, now, given } kind = Kind::omit;
  Timestamp time = {};
};
/// -EPERM, -EACCES. Linux: fs/utimes.c vfs_utimes()
[[nodiscard]] Errno utimens(const Credentials& who, Inode& inode, const TimeToSet& atime, const TimeToSet& mtime);

inline constexpr std::size_t kXattrNameMax = 255;
inline constexpr std::size_t kXattrSizeMax = 65536;

/// The length of the value; it goes to `value`, if that is not empty. -ENODATA, -ERANGE (no room; a name that is empty
/// or too long), -EOPNOTSUPP, -EINVAL (no name behind the prefix), -EACCES. Linux: vfs_getxattr()
[[nodiscard]] Result<uint64_t> getxattr(const Credentials& who, Inode& inode, std::string_view name,
                                        std::span<std::byte> value);
/// -E2BIG, -EPERM, -EEXIST, -ENODATA, -ENOSPC, and as getxattr(). Linux: vfs_setxattr()
[[nodiscard]] Errno setxattr(const Credentials& who, Inode& inode, std::string_view name,
                             std::span<const std::byte> value, XattrSet how);
[[nodiscard]] Errno removexattr(const Credentials& who, Inode& inode, std::string_view name);
/// Bytes of all names that `who` may see, each with a '\0' behind it; they go to `names`, if that is not empty.
/// -ERANGE.
[[nodiscard]] Result<uint64_t> listxattr(const Credentials& who, Inode& inode, std::span<std::byte> names);

}  // namespace quire::fs
