// What inodes of all file systems do alike.
#include "fs/inode.h"

#include "fs/super_block.h"

namespace quire::fs {

// Linux: fs/read_write.c generic_file_llseek_size()
Result<uint64_t> Inode::seek(Seek what, uint64_t offset) {
  uint64_t end = size();
  if (offset >= end) return Errno::enxio;
  return what == Seek::data ? offset : end;
}

Attributes Inode::getattr() {
  sync::SharedGuard guard(i_lock_);
  return attributes_.get();
}

// Linux: fs/attr.c setattr_copy()
Errno Inode::setattr(const SetAttributes& what) {
  Timestamp now = super_->now();
  change_attributes([&](Attributes& a) {
    if (what.set_mode) a.mode = what.mode & kModeBits;
    if (what.set_uid) a.uid = what.uid;
    if (what.set_gid) a.gid = what.gid;
    if (what.set_atime) a.atime = what.atime;
    if (what.set_mtime) a.mtime = what.mtime;
    a.ctime = now;
  });
  return Errno::ok;
}

Result<uint64_t> Inode::getxattr(std::string_view /*name*/, std::span<std::byte> /*value*/) {
  return Errno::eopnotsupp;
}
Errno Inode::setxattr(std::string_view /*name*/, std::span<const std::byte> /*value*/, XattrSet /*how*/) {
  return Errno::eopnotsupp;
}
Errno Inode::removexattr(std::string_view /*name*/) { return Errno::eopnotsupp; }
Errno Inode::listxattr(XattrVisitor& /*visitor*/) { return Errno::ok; }

// Linux: fs/inode.c relatime_need_update()
void Inode::touch_atime() {
  constexpr int64_t kDay = 24L * 60 * 60;
  if (super_ == nullptr || super_->read_only()) return;
  Timestamp now = super_->now();
  change_attributes([&](Attributes& a) {
    if (a.atime <= a.mtime || a.atime <= a.ctime || now.seconds - a.atime.seconds >= kDay) a.atime = now;
  });
}

void Inode::update_time() {
  if (super_ == nullptr) return;
  Timestamp now = super_->now();
  change_attributes([&](Attributes& a) { a.mtime = a.ctime = now; });
}

void Inode::change_nlink(int delta) {
  Timestamp now = super_->now();
  change_attributes([&](Attributes& a) {
    a.nlink = static_cast<uint32_t>(static_cast<int>(a.nlink) + delta);
    a.ctime = now;
  });
}

}  // namespace quire::fs
