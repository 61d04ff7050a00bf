// System calls on paths.
#include <algorithm>

#include "machine/mounts.h"
#include "sync/trace.h"

namespace quire::machine {

using fs::InodeRef;
using fs::Namei;

// Linux: fs/namei.c user_path_at()
Result<InodeRef> Machine::path_lookup(Process& process, std::string_view path, Follow follow) {
  if (mounts_ == nullptr) return Errno::enoent;
  return Namei(mounts_->root, process.credentials()).lookup(path, follow);
}

// call(InodeRef&, const Credentials&) for what the path leads to.
template <typename Call>
Errno Machine::on_path(Process& process, std::string_view path, Call call) {
  Result<InodeRef> found = path_lookup(process, path, Follow::yes);
  return found ? call(**found, process.credentials()) : found.error();
}

// Linux: fs/open.c do_sys_openat2(), fs/namei.c do_open()
Result<int> Machine::open_path(Process& process, std::string_view path, int flags, unsigned mode) {
  constexpr int kKnown = abi::kOAccessMode | abi::kOCreat | abi::kOExcl | abi::kOTrunc | abi::kOAppend |
                         abi::kODirectory | abi::kONofollow;
  constexpr uint32_t kWanted[] = {fs::kMayRead, fs::kMayWrite, fs::kMayRead | fs::kMayWrite};
  int access = flags & abi::kOAccessMode;
  if ((flags & ~kKnown) != 0 || access == abi::kOAccessMode) return Errno::einval;
  if (mounts_ == nullptr) return Errno::enoent;
  fs::OpenHow how;
  how.create = (flags & abi::kOCreat) != 0;
  how.exclusive = (flags & abi::kOExcl) != 0;
  how.directory = (flags & abi::kODirectory) != 0;
  how.nofollow = (flags & abi::kONofollow) != 0;
  how.truncate = (flags & abi::kOTrunc) != 0;
  how.wanted = kWanted[access];
  how.mode = mode;
  Result<fs::Opened> opened = Namei(mounts_->root, process.credentials()).open(path, how);
  if (!opened) return opened.error();
  fs::Inode& inode = *opened->inode;
  fs::FileMode file_mode{(how.wanted & fs::kMayRead) != 0, (how.wanted & fs::kMayWrite) != 0,
                         (flags & abi::kOAppend) != 0};
  Errno error = file_mode.write ? inode.open_for_write() : Errno::ok;
  if (error == Errno::ok && how.truncate && !opened->created) error = truncate(inode, 0);
  if (error != Errno::ok) return error;
  return open_inode(process, *opened->inode.release(), file_mode);
}

Errno Machine::mkdir(Process& process, std::string_view path, unsigned mode) {
  if (mounts_ == nullptr) return Errno::enoent;
  return Namei(mounts_->root, process.credentials()).make(path, fs::FileKind::directory, mode);
}

Errno Machine::mknod(Process& process, std::string_view path, unsigned mode) {
  unsigned type = mode & abi::kTypeMask;
  if (type != 0 && type != abi::kTypeRegular && type != abi::kTypeCharacter) return Errno::eperm;
  if (mounts_ == nullptr) return Errno::enoent;
  auto kind = type == abi::kTypeCharacter ? fs::FileKind::whiteout : fs::FileKind::regular;
  return Namei(mounts_->root, process.credentials()).make(path, kind, mode);
}

Errno Machine::rmdir(Process& process, std::string_view path) {
  if (mounts_ == nullptr) return Errno::enoent;
  return Namei(mounts_->root, process.credentials()).rmdir(path);
}

Errno Machine::unlink(Process& process, std::string_view path) {
  if (!path.starts_with('/')) return block_fs_.unlink(path);
  if (mounts_ == nullptr) return Errno::enoent;
  return Namei(mounts_->root, process.credentials()).unlink(path);
}

Errno Machine::link(Process& process, std::string_view from, std::string_view to) {
  if (mounts_ == nullptr) return Errno::enoent;
  return Namei(mounts_->root, process.credentials()).link(from, to, Follow::no);
}

Errno Machine::symlink(Process& process, std::string_view target, std::string_view path) {
  if (mounts_ == nullptr) return Errno::enoent;
  return Namei(mounts_->root, process.credentials()).symlink(target, path);
}

// Linux: fs/namei.c do_renameat2()
Errno Machine::rename(Process& process, std::string_view from, std::string_view to, int flags) {
  using fs::RenameHow;
  RenameHow how = RenameHow::replace;
  switch (flags) {
    case 0:
      break;
    case abi::kRenameNoreplace:
      how = RenameHow::noreplace;
      break;
    case abi::kRenameExchange:
      how = RenameHow::exchange;
      break;
    case abi::kRenameWhiteout:
      how = RenameHow::whiteout;
      break;
    case abi::kRenameNoreplace | abi::kRenameWhiteout:
      how = RenameHow::noreplace_whiteout;
      break;
    default:
      return Errno::einval;
  }
  if (mounts_ == nullptr) return Errno::enoent;
  return Namei(mounts_->root, process.credentials()).rename(from, to, how);
}

// Linux: fs/stat.c do_readlinkat()
Result<uint64_t> Machine::readlink(Process& process, std::string_view path, std::span<char> to) {
  QUIRE_FUNC();
  if (to.empty()) return Errno::einval;
  Result<InodeRef> found = path_lookup(process, path, Follow::no);
  if (!found) return found.error();
  Result<std::string_view> target = (*found)->readlink();
  if (!target) return target.error();
  (*found)->touch_atime();
  return target->copy(to.data(), to.size());
}

// Linux: fs/stat.c vfs_statx()
Result<Stat> Machine::stat(Process& process, std::string_view path, Follow follow) {
  QUIRE_FUNC();
  Result<InodeRef> found = path_lookup(process, path, follow);
  if (!found) return found.error();
  fs::Inode& inode = **found;
  return Stat{inode.st_size(), inode.st_blocks(), inode.getattr(), inode.ino()};
}

// Linux: fs/statfs.c user_statfs()
Result<fs::Statfs> Machine::statfs(Process& process, std::string_view path) {
  QUIRE_FUNC();
  Result<InodeRef> found = path_lookup(process, path, Follow::yes);
  if (!found) return found.error();
  return (*found)->super()->statfs();
}

// Linux: fs/open.c do_faccessat()
Errno Machine::access(Process& process, std::string_view path, unsigned mode) {
  QUIRE_FUNC();
  constexpr unsigned kAll = fs::kMayExec | fs::kMayWrite | fs::kMayRead;
  if ((mode & ~kAll) != 0) return Errno::einval;
  return on_path(process, path, [&](fs::Inode& inode, const fs::Credentials& who) {
    fs::Attributes attributes = inode.getattr();
    bool special = attributes.kind == fs::FileKind::whiteout;
    Errno error = fs::permission(attributes, who, mode);
    if (error == Errno::ok && (mode & fs::kMayWrite) != 0 && !special && inode.super()->read_only())
      return Errno::erofs;
    return error;
  });
}

// Linux: fs/open.c vfs_truncate()
Errno Machine::truncate(Process& process, std::string_view path, int64_t bytes) {
  QUIRE_FUNC();
  if (bytes < 0) return Errno::einval;
  return on_path(process, path, [&](fs::Inode& inode, const fs::Credentials& who) {
    fs::Attributes attributes = inode.getattr();
    if (attributes.kind == fs::FileKind::directory) return Errno::eisdir;
    if (attributes.kind != fs::FileKind::regular) return Errno::einval;
    Errno error = fs::permission(attributes, who, fs::kMayWrite);
    if (error == Errno::ok) error = inode.open_for_write();
    if (error == Errno::ok) error = fs::remove_privs(who, inode);
    return error != Errno::ok ? error : truncate(inode, static_cast<uint64_t>(bytes));
  });
}

Errno Machine::chmod(Process& process, std::string_view path, unsigned mode) {
  return on_path(process, path,
                 [&](fs::Inode& inode, const fs::Credentials& who) { return fs::chmod(who, inode, mode); });
}

Errno Machine::chown(Process& process, std::string_view path, int64_t uid, int64_t gid) {
  return on_path(process, path,
                 [&](fs::Inode& inode, const fs::Credentials& who) { return fs::chown(who, inode, uid, gid); });
}

// Linux: fs/utimes.c do_utimes()
Errno Machine::utimens(Process& process, std::string_view path, const fs::TimeToSet& atime,
                       const fs::TimeToSet& mtime) {
  using Kind = fs::TimeToSet::Kind;
  // Nothing to do: nobody looks whether the path is there.
  if (atime.kind == Kind::omit && mtime.kind == Kind::omit) return Errno::ok;
  return on_path(process, path,
                 [&](fs::Inode& inode, const fs::Credentials& who) { return fs::utimens(who, inode, atime, mtime); });
}

Result<uint64_t> Machine::getxattr(Process& process, std::string_view path, std::string_view name,
                                   std::span<std::byte> value) {
  if (name.empty() || name.size() > fs::kXattrNameMax) return Errno::erange;
  Result<InodeRef> found = path_lookup(process, path, Follow::yes);
  if (!found) return found.error();
  return fs::getxattr(process.credentials(), **found, name, value);
}

Errno Machine::setxattr(Process& process, std::string_view path, std::string_view name,
                        std::span<const std::byte> value, int flags) {
  using fs::XattrSet;
  if ((flags & ~(abi::kXattrCreate | abi::kXattrReplace)) != 0) return Errno::einval;
  if (name.empty() || name.size() > fs::kXattrNameMax) return Errno::erange;
  if (value.size() > fs::kXattrSizeMax) return Errno::e2big;
  constexpr XattrSet kHow[] = {XattrSet::any, XattrSet::create, XattrSet::replace, XattrSet::both};
  XattrSet how = kHow[flags];
  return on_path(process, path, [&](fs::Inode& inode, const fs::Credentials& who) {
    return fs::setxattr(who, inode, name, value, how);
  });
}

Errno Machine::removexattr(Process& process, std::string_view path, std::string_view name) {
  if (name.empty() || name.size() > fs::kXattrNameMax) return Errno::erange;
  return on_path(process, path,
                 [&](fs::Inode& inode, const fs::Credentials& who) { return fs::removexattr(who, inode, name); });
}

Result<uint64_t> Machine::listxattr(Process& process, std::string_view path, std::span<std::byte> names) {
  Result<InodeRef> found = path_lookup(process, path, Follow::yes);
  if (!found) return found.error();
  return fs::listxattr(process.credentials(), **found, names);
}

// Linux: fs/readdir.c iterate_dir()
Errno Machine::getdents(Process& process, std::string_view path, fs::DirectoryVisitor& visitor) {
  QUIRE_FUNC();
  return on_path(process, path, [&](fs::Inode& inode, const fs::Credentials& who) {
    fs::Directory* directory = inode.directory();
    if (directory == nullptr) return Errno::enotdir;
    Errno error = fs::permission(inode.getattr(), who, fs::kMayRead);
    if (error != Errno::ok) return error;
    {
      sync::SharedGuard guard(inode.i_rwsem());
      if (directory->dead()) return Errno::enoent;
      error = directory->readdir(0, visitor);
    }
    inode.touch_atime();
    return error;
  });
}

}  // namespace quire::machine
