#include "fs/setattr.h"

#include <algorithm>

#include "fs/super_block.h"
#include "sync/trace.h"

namespace quire::fs {
namespace {

// Whether a file that changes its owner, or is written to, may go on running as its group. Linux: fs/attr.c
// setattr_should_drop_sgid()
bool drops_sgid(const Credentials& who, const Attributes& of) {
  if ((of.mode & kSetGid) == 0) return false;
  return (of.mode & kGroupExec) != 0 || (!who.privileged() && who.gid != of.gid);
}

enum class XattrSpace : uint8_t { user, trusted, security, unknown };

XattrSpace space_of(std::string_view name) {
  using Space = XattrSpace;
  constexpr std::pair<std::string_view, Space> kPrefixes[] = {
      {"user.", Space::user}, {"trusted.", Space::trusted}, {"security.", Space::security}};
  for (const auto& [prefix, space] : kPrefixes)
    if (name.starts_with(prefix)) return space;
  return Space::unknown;
}

// Linux: fs/xattr.c xattr_permission()
Errno xattr_permission(const Credentials& who, Inode& inode, XattrSpace space, uint32_t wanted) {
  using Space = XattrSpace;
  bool writes = (wanted & kMayWrite) != 0;
  if (writes && inode.super()->read_only()) return Errno::erofs;
  if (space == Space::security) return Errno::ok;
  if (space == Space::trusted && !who.privileged()) return writes ? Errno::eperm : Errno::enodata;
  if (space == Space::trusted) return Errno::ok;
  Attributes attributes = inode.getattr();
  if (space == Space::user) {
    bool contents = attributes.kind == FileKind::regular || attributes.kind == FileKind::directory;
    if (!contents) return writes ? Errno::eperm : Errno::enodata;
    bool sticky = attributes.kind == FileKind::directory && (attributes.mode & kSticky) != 0;
    if (sticky && writes && !owner_or_privileged(attributes, who)) return Errno::eperm;
  }
  return permission(attributes, who, wanted);
}

// What setxattr() and removexattr() ask before anything else. Linux: fs/xattr.c xattr_permission(),
// security/commoncap.c cap_inode_setxattr()
Errno may_change_xattr(const Credentials& who, Inode& inode, std::string_view name) {
  XattrSpace space = space_of(name);
  Errno error = xattr_permission(who, inode, space, kMayWrite);
  if (error != Errno::ok) return error;
  return space == XattrSpace::security && !who.privileged() ? Errno::eperm : Errno::ok;
}

}  // namespace

// Linux: fs/open.c chmod_common()
Errno chmod(const Credentials& who, Inode& inode, uint32_t mode) {
  QUIRE_FUNC();
  if (inode.super()->read_only()) return Errno::erofs;
  sync::Guard guard(inode.i_rwsem());
  Attributes before = inode.getattr();
  if (!owner_or_privileged(before, who)) return Errno::eperm;
  SetAttributes what;
  what.set_mode = true;
  what.mode = mode & kModeBits;
  if (!who.privileged() && who.gid != before.gid) what.mode &= ~kSetGid;
  return inode.setattr(what);
}

// Linux: fs/open.c chown_common(), fs/attr.c chown_ok(), chgrp_ok()
Errno chown(const Credentials& who, Inode& inode, int64_t uid, int64_t gid) {
  QUIRE_FUNC();
  if (inode.super()->read_only()) return Errno::erofs;
  sync::Guard guard(inode.i_rwsem());
  Attributes before = inode.getattr();
  SetAttributes what;
  what.set_uid = uid != -1;
  what.set_gid = gid != -1;
  what.uid = static_cast<uint32_t>(uid);
  what.gid = static_cast<uint32_t>(gid);
  if (!who.privileged()) {
    bool owner = who.uid == before.uid;
    if (what.set_uid && (!owner || what.uid != before.uid)) return Errno::eperm;
    if (what.set_gid && (!owner || (what.gid != before.gid && what.gid != who.gid))) return Errno::eperm;
  }
  what.mode = before.mode;
  if (before.kind != FileKind::directory) {
    if ((before.mode & kSetUid) != 0) what.mode &= ~kSetUid;
    if (drops_sgid(who, before)) what.mode &= ~kSetGid;
    what.set_mode = what.mode != before.mode;
  }
  return inode.setattr(what);
}

Errno remove_privs(const Credentials& who, Inode& inode) {
  if (who.privileged()) return Errno::ok;
  sync::Guard guard(inode.i_rwsem());
  Attributes before = inode.getattr();
  SetAttributes what;
  what.mode = before.mode & ~kSetUid;
  if (drops_sgid(who, before)) what.mode &= ~kSetGid;
  what.set_mode = what.mode != before.mode;
  return what.set_mode && before.kind == FileKind::regular ? inode.setattr(what) : Errno::ok;
}

Errno utimens(const Credentials& who, Inode& inode, const TimeToSet& atime, const TimeToSet& mtime) {
  QUIRE_FUNC();
  using Kind = TimeToSet::Kind;
  if (inode.super()->read_only()) return Errno::erofs;
  sync::Guard guard(inode.i_rwsem());
  Attributes before = inode.getattr();
  bool both_now = atime.kind == Kind::now && mtime.kind == Kind::now;
  if (!owner_or_privileged(before, who)) {
    // Whoever may write may also say that he has.
    if (!both_now) return Errno::eperm;
    if (permission(before, who, kMayWrite) != Errno::ok) return Errno::eacces;
  }
  SetAttributes what;
  what.set_atime = atime.kind != Kind::omit;
  what.set_mtime = mtime.kind != Kind::omit;
  what.atime = atime.kind == Kind::now ? inode.super()->now() : atime.time;
  what.mtime = mtime.kind == Kind::now ? inode.super()->now() : mtime.time;
  return inode.setattr(what);
}

// Linux: fs/xattr.c do_getxattr(), vfs_getxattr()
Result<uint64_t> getxattr(const Credentials& who, Inode& inode, std::string_view name, std::span<std::byte> value) {
  QUIRE_FUNC();
  if (name.empty() || name.size() > kXattrNameMax) return Errno::erange;
  Errno error = xattr_permission(who, inode, space_of(name), kMayRead);
  if (error != Errno::ok) return error;
  sync::SharedGuard guard(inode.i_rwsem());
  return inode.getxattr(name, value);
}

// Linux: fs/xattr.c setxattr_copy(), vfs_setxattr()
Errno setxattr(const Credentials& who, Inode& inode, std::string_view name, std::span<const std::byte> value,
               XattrSet how) {
  QUIRE_FUNC();
  if (name.empty() || name.size() > kXattrNameMax) return Errno::erange;
  if (value.size() > kXattrSizeMax) return Errno::e2big;
  sync::Guard guard(inode.i_rwsem());
  Errno error = may_change_xattr(who, inode, name);
  return error != Errno::ok ? error : inode.setxattr(name, value, how);
}

Errno removexattr(const Credentials& who, Inode& inode, std::string_view name) {
  QUIRE_FUNC();
  if (name.empty() || name.size() > kXattrNameMax) return Errno::erange;
  sync::Guard guard(inode.i_rwsem());
  Errno error = may_change_xattr(who, inode, name);
  return error != Errno::ok ? error : inode.removexattr(name);
}

namespace {

class NameList final : public XattrVisitor {
 public:
  NameList(const Credentials& who, std::span<std::byte> names) : who_(who), names_(names) {}
  void visit(std::string_view name) override {
    if (name.starts_with("trusted.") && !who_.privileged()) return;
    uint64_t at = bytes_;
    bytes_ += name.size() + 1;
    if (bytes_ > names_.size()) return;
    std::transform(name.begin(), name.end(), names_.begin() + static_cast<std::ptrdiff_t>(at),
                   [](char c) { return static_cast<std::byte>(c); });
    names_[bytes_ - 1] = std::byte{0};
  }
  [[nodiscard]] Result<uint64_t> bytes() const {
    if (!names_.empty() && bytes_ > names_.size()) return Errno::erange;
    return bytes_;
  }

 private:
  const Credentials who_;
  const std::span<std::byte> names_;
  uint64_t bytes_ = 0;
};

}  // namespace

// Linux: fs/xattr.c vfs_listxattr(), simple_xattr_list()
Result<uint64_t> listxattr(const Credentials& who, Inode& inode, std::span<std::byte> names) {
  QUIRE_FUNC();
  NameList list(who, names);
  sync::SharedGuard guard(inode.i_rwsem());
  Errno error = inode.listxattr(list);
  if (error != Errno::ok) return error;
  return list.bytes();
}

}  // namespace quire::fs
