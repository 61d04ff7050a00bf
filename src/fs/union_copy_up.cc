// Copy-up: what is about to be changed is made in the upper layer, as it is in the lower one.
#include <algorithm>

#include "fs/union_fs.h"
#include "sync/trace.h"

namespace quire::fs {
namespace {

constexpr uint64_t kCopyBytes = base::kPageSize;

// Holes stay holes. Linux: fs/overlayfs/copy_up.c ovl_copy_up_file()
Errno copy_contents(Inode& from, Inode& to) {
  sync::Vector<std::byte> buffer(kCopyBytes);
  uint64_t size = from.size();
  for (uint64_t at = 0; at < size;) {
    Result<uint64_t> data = from.seek(Seek::data, at);
    if (!data && data.error() == Errno::enxio) break;
    if (!data) return data.error();
    at = *data - *data % kCopyBytes;
    Result<uint64_t> n = from.pread({buffer.data(), std::min(kCopyBytes, size - at)}, at);
    if (!n) return n.error();
    if (*n == 0) break;
    Result<uint64_t> written = to.pwrite({buffer.data(), *n}, at);
    if (!written) return written.error();
    if (*written < *n) return Errno::enospc;
    at += *n;
  }
  return to.ftruncate(size);
}

/// Copies each extended attribute that it is told of. Linux: fs/overlayfs/copy_up.c ovl_copy_xattr()
class XattrCopier final : public XattrVisitor {
 public:
  XattrCopier(Inode& from, Inode& to) : from_(from), to_(to) {}
  void visit(std::string_view name) override {
    if (error_ != Errno::ok || name.starts_with(kUnionXattrs)) return;
    Result<uint64_t> bytes = from_.getxattr(name, {});
    if (!bytes) return void(error_ = bytes.error());
    sync::Vector<std::byte> value(*bytes);
    Result<uint64_t> got = *bytes == 0 ? bytes : from_.getxattr(name, value);
    error_ = got ? to_.setxattr(name, value, XattrSet::any) : got.error();
  }
  [[nodiscard]] Errno error() const { return error_; }

 private:
  Inode& from_;
  Inode& to_;
  Errno error_ = Errno::ok;
};

Errno copy_xattrs(Inode& from, Inode& to) {
  XattrCopier copier(from, to);
  sync::Guard guard(to.i_rwsem());
  sync::SharedGuard shared(from.i_rwsem());
  Errno error = from.listxattr(copier);
  return error != Errno::ok ? error : copier.error();
}

Errno copy_times(const Attributes& from, Inode& to) {
  SetAttributes times;
  times.set_atime = times.set_mtime = true;
  times.atime = from.atime;
  times.mtime = from.mtime;
  sync::Guard guard(to.i_rwsem());
  return to.setattr(times);
}

Errno copy_inode(Inode& from, const Attributes& attributes, Inode& to) {
  Errno error = attributes.kind == FileKind::regular ? copy_contents(from, to) : Errno::ok;
  if (error == Errno::ok) error = copy_xattrs(from, to);
  return error == Errno::ok ? copy_times(attributes, to) : error;
}

Errno remove_copy(Directory& directory, std::string_view name, Inode& copy, FileKind kind) {
  sync::Guard guard(copy.i_rwsem());
  return kind == FileKind::directory ? directory.rmdir(name, copy) : directory.unlink(name, copy);
}

}  // namespace

// `directory` is the upper one, and locked: nobody looks the name up there until the copy is whole. If the name leads
// to something by now this file was unlinked meanwhile: its copy gets no name. Linux: fs/overlayfs/copy_up.c
// ovl_copy_up_one()
Errno UnionInode::copy_up_into(Inode& directory) {
  Directory& into = *directory.directory();
  Inode& lower = *lowers_[0];
  Attributes attributes = lower.getattr();
  NewInode what{attributes.kind, attributes.mode, attributes.uid, attributes.gid, {}};
  if (attributes.kind == FileKind::symlink) {
    Result<std::string_view> target = lower.readlink();
    if (!target) return target.error();
    what.target = *target;
  }
  Result<InodeRef> there = into.lookup(found_as_);
  if (!there && there.error() != Errno::enoent) return there.error();
  sync::String name = there ? fs_.temporary_name() : found_as_;
  Result<InodeRef> made = into.create(name, what);
  if (!made) return made.error();
  Errno error = copy_inode(lower, attributes, **made);
  if (error != Errno::ok || there) {
    if (there) QUIRE_POINT("unlinked meanwhile");
    Errno removed = remove_copy(into, name, **made, attributes.kind);
    if (error == Errno::ok) error = removed;
  }
  if (error != Errno::ok) return error;
  if (!there) fs_.remember(**made, *this);
  upper_.store(made->release());
  QUIRE_POINT("copied up", "{}", found_as_.c_str());
  return Errno::ok;
}

// The parents first; their union inodes stay, since this one has a reference. Linux: fs/overlayfs/copy_up.c
// ovl_copy_up()
Errno UnionInode::copy_up() {
  if (upper() != nullptr) return Errno::ok;
  QUIRE_FUNC();
  Errno error = found_in_->copy_up();
  if (error != Errno::ok) return error;
  Inode& directory = *found_in_->upper();
  sync::Guard guard(directory.i_rwsem());
  return upper() != nullptr ? Errno::ok : copy_up_into(directory);
}

sync::String UnionFs::temporary_name() {
  sync::String name(".union-");
  for (uint64_t n = temporary_.fetch_add(1) + 1; n != 0; n /= 10) name.push_back(static_cast<char>('0' + n % 10));
  return name;
}

}  // namespace quire::fs
