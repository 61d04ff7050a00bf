// What stat() says of an inode besides its size, who asks, and whether they may.
//
//   if (permission(inode.getattr(), who, kMayWrite) != Errno::ok) return Errno::eacces;
#pragma once

#include <cstdint>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace quire::fs {

using base::Errno;
using base::Timestamp;

/// A whiteout is a character device of number 0/0, which is all the devices there are. Linux: WHITEOUT_DEV
enum class FileKind : uint8_t { regular, directory, symlink, whiteout };
/// S_IFMT part of st_mode.
[[nodiscard]] constexpr uint32_t type_bits(FileKind kind) {
  constexpr uint32_t kBits[] = {0100000, 0040000, 0120000, 0020000};
  return kBits[static_cast<unsigned>(kind)];
}

inline constexpr uint32_t kModeBits = 07777;
inline constexpr uint32_t kSetUid = 04000;
inline constexpr uint32_t kSetGid = 02000;
inline constexpr uint32_t kSticky = 01000;
inline constexpr uint32_t kGroupExec = 010;
inline constexpr uint32_t kOtherWrite = 02;

struct Attributes {
  FileKind kind = FileKind::regular;
  uint32_t mode = 0;  ///< kModeBits
  uint32_t uid = 0;
  uint32_t gid = 0;
  uint32_t nlink = 0;
  Timestamp atime;
  Timestamp mtime;
  Timestamp ctime;
};

/// Who asks. Linux: struct cred, fsuid and fsgid
struct Credentials {
  uint32_t uid = 0;
  uint32_t gid = 0;
  /// CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_CHOWN, CAP_FSETID, CAP_MKNOD and CAP_SYS_ADMIN.
  [[nodiscard]] bool privileged() const { return uid == 0; }
};

inline constexpr uint32_t kMayExec = 1;
inline constexpr uint32_t kMayWrite = 2;
inline constexpr uint32_t kMayRead = 4;

/// -EACCES. Linux: fs/namei.c generic_permission()
[[nodiscard]] inline Errno permission(const Attributes& of, const Credentials& who, uint32_t wanted) {
  uint32_t bits = of.mode & 7;
  if (who.uid == of.uid)
    bits = of.mode >> 6 & 7;
  else if (who.gid == of.gid)
    bits = of.mode >> 3 & 7;
  if ((wanted & ~bits) == 0) return Errno::ok;
  // Whoever is privileged may execute what somebody may, and read and write anything.
  bool executable = of.kind == FileKind::directory || (of.mode & 0111) != 0;
  if (who.privileged() && ((wanted & kMayExec) == 0 || executable)) return Errno::ok;
  return Errno::eacces;
}

/// Linux: inode_owner_or_capable()
[[nodiscard]] inline bool owner_or_privileged(const Attributes& of, const Credentials& who) {
  return who.uid == of.uid || who.privileged();
}

/// What chmod(), chown() and utimensat() change. Linux: struct iattr
struct SetAttributes {
  bool set_mode = false;
  bool set_uid = false;
  bool set_gid = false;
  bool set_atime = false;
  bool set_mtime = false;
  uint32_t mode = 0;
  uint32_t uid = 0;
  uint32_t gid = 0;
  Timestamp atime;
  Timestamp mtime;
};

/// An inode that does not exist yet. Owner and mode are as they shall be.
struct NewInode {
  FileKind kind = FileKind::regular;
  uint32_t mode = 0;
  uint32_t uid = 0;
  uint32_t gid = 0;
  std::string_view target = {};  ///< of a symlink
};

/// What setxattr() does about a name that is there, or is not: XATTR_CREATE, XATTR_REPLACE, and both, which cannot be.
enum class XattrSet : uint8_t { any, create, replace, both };

}  // namespace quire::fs
