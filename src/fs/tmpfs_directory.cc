#include "fs/tmpfs_directory.h"

#include "sync/trace.h"

namespace quire::fs {
namespace {

constexpr uint64_t kBogoDirentSize = 20;

TmpfsDirectory& tmpfs_directory(Directory& directory) { return static_cast<TmpfsDirectory&>(directory); }

}  // namespace

TmpfsDirectory::TmpfsDirectory(TmpfsMount& mount, const Attributes& attributes, TmpfsDirectory* parent)
    : TmpfsNamed(&mount, mount.no_pages(), mount, mount.next_ino(), attributes) {
  size_.init(2 * kBogoDirentSize);
  if (parent != nullptr) parent->get();
  parent_ = parent;
}

void TmpfsDirectory::evict() {
  TmpfsDirectory* parent = parent_;
  QUIRE_ASSERT(names_.empty(), "a directory with names goes");
  sync::destroy_object(this);
  if (parent != nullptr) parent->put();
}

// The directory has `names` more. Linux: mm/shmem.c shmem_mknod(), shmem_unlink()
void TmpfsDirectory::changed(int names) {
  size_.store(size_.load() + static_cast<uint64_t>(names) * kBogoDirentSize);
  update_time();
}

void TmpfsDirectory::add_name(std::string_view name, Inode& inode) {
  uint64_t cookie = next_cookie_.mutate()++;
  auto at = names_.insert_or_assign(sync::String(name), Entry{&inode, cookie}).first;
  by_cookie_.emplace(cookie, at);
}

InodeRef TmpfsDirectory::take_name(std::string_view name) {
  (void)next_cookie_.mutate();
  auto at = names_.find(name);
  QUIRE_ASSERT(at != names_.end(), "a name that was looked up is there");
  InodeRef inode(at->second.inode);
  by_cookie_.erase(at->second.cookie);
  names_.erase(at);
  return inode;
}

Result<InodeRef> TmpfsDirectory::lookup(std::string_view name) {
  (void)next_cookie_.get();
  auto at = names_.find(name);
  if (at == names_.end()) return Errno::enoent;
  return InodeRef::of(*at->second.inode);
}

// Linux: mm/shmem.c shmem_mknod(), shmem_mkdir(), shmem_symlink()
Result<InodeRef> TmpfsDirectory::create(std::string_view name, const NewInode& what) {
  QUIRE_FUNC();
  Result<InodeRef> made = mount()->make_inode(what, this);
  if (!made) return made;
  if (what.kind == FileKind::directory) change_nlink(1);
  (*made)->get();
  add_name(name, **made);
  changed(1);
  return made;
}

// Linux: mm/shmem.c shmem_link()
Errno TmpfsDirectory::link(std::string_view name, Inode& inode) {
  QUIRE_FUNC();
  // Each name takes as much as an inode: what nobody has paid for cannot be found by looking for large files.
  if (!mount()->reserve_inode()) return Errno::enospc;
  inode.change_nlink(1);
  inode.get();
  add_name(name, inode);
  changed(1);
  return Errno::ok;
}

// Linux: mm/shmem.c shmem_unlink()
Errno TmpfsDirectory::unlink(std::string_view name, Inode& victim) {
  QUIRE_FUNC();
  if (victim.getattr().nlink > 1) mount()->free_inode();
  InodeRef gone = take_name(name);
  victim.change_nlink(-1);
  changed(-1);
  return Errno::ok;
}

// Linux: mm/shmem.c shmem_rmdir()
Errno TmpfsDirectory::rmdir(std::string_view name, Inode& victim) {
  QUIRE_FUNC();
  TmpfsDirectory& child = tmpfs_directory(*victim.directory());
  (void)child.next_cookie_.get();
  if (!child.names_.empty()) return Errno::enotempty;
  child.dead_ = true;
  InodeRef gone = take_name(name);
  child.change_nlink(-2);
  change_nlink(-1);
  changed(-1);
  return Errno::ok;
}

// `child`, which was in `from`, is in here from now on. Its locks are the caller's.
void TmpfsDirectory::adopt(TmpfsDirectory& child, TmpfsDirectory& from) {
  from.change_nlink(-1);
  change_nlink(1);
  get();
  child.parent_ = this;
  // The child had a reference to it; so has the caller.
  from.put();
}

// What has the new name of a rename goes. Linux: mm/shmem.c shmem_rename2()
void TmpfsDirectory::remove_replaced(std::string_view name, Inode& replaced) {
  InodeRef gone = take_name(name);
  if (Directory* directory = replaced.directory()) {
    tmpfs_directory(*directory).dead_ = true;
    tmpfs_directory(*directory).change_nlink(-2);
    change_nlink(-1);
    return;
  }
  if (replaced.getattr().nlink > 1) mount()->free_inode();
  replaced.change_nlink(-1);
}

// Linux: fs/libfs.c simple_rename_exchange()
Errno TmpfsDirectory::exchange(const Rename& rename, TmpfsDirectory& to) {
  InodeRef moved = take_name(rename.old_name);
  InodeRef other = to.take_name(rename.new_name);
  if (this != &to) {
    Directory* moved_directory = moved->directory();
    Directory* other_directory = other->directory();
    if (moved_directory != nullptr) to.adopt(tmpfs_directory(*moved_directory), *this);
    if (other_directory != nullptr) adopt(tmpfs_directory(*other_directory), to);
  }
  moved->change_nlink(0);
  other->change_nlink(0);
  to.add_name(rename.new_name, *moved.release());
  add_name(rename.old_name, *other.release());
  update_time();
  if (this != &to) to.update_time();
  return Errno::ok;
}

// Linux: mm/shmem.c shmem_rename2()
Errno TmpfsDirectory::rename(const Rename& rename) {
  QUIRE_FUNC();
  TmpfsDirectory& to = tmpfs_directory(rename.new_directory);
  if (rename.how == RenameHow::exchange) return exchange(rename, to);
  if (rename.replaced != nullptr && rename.replaced->directory() != nullptr) {
    TmpfsDirectory& full = tmpfs_directory(*rename.replaced->directory());
    (void)full.next_cookie_.get();
    if (!full.names_.empty()) return Errno::enotempty;
  }
  InodeRef whiteout;
  if (leaves_whiteout(rename.how)) {
    NewInode what{FileKind::whiteout, 0, rename.who.uid, rename.who.gid, {}};
    Result<InodeRef> made = mount()->make_inode(what, this);
    if (!made) return made.error();
    whiteout = std::move(*made);
  }
  if (rename.replaced != nullptr) {
    to.remove_replaced(rename.new_name, *rename.replaced);
    to.changed(-1);
  }
  InodeRef moved = take_name(rename.old_name);
  changed(-1);
  if (whiteout) {
    add_name(rename.old_name, *whiteout.release());
    changed(1);
  }
  moved->change_nlink(0);
  Directory* directory = moved->directory();
  if (directory != nullptr && this != &to) to.adopt(tmpfs_directory(*directory), *this);
  to.add_name(rename.new_name, *moved.release());
  to.changed(1);
  return Errno::ok;
}

// Linux: fs/libfs.c offset_readdir()
Errno TmpfsDirectory::readdir(uint64_t cookie, DirectoryVisitor& visitor) {
  QUIRE_FUNC();
  (void)next_cookie_.get();
  if (cookie < 1 && !visitor.visit(".", FileKind::directory, ino(), 1)) return Errno::ok;
  if (cookie < 2 && !visitor.visit("..", FileKind::directory, parent().ino(), 2)) return Errno::ok;
  for (auto at = by_cookie_.upper_bound(std::max<uint64_t>(cookie, 2)); at != by_cookie_.end(); ++at) {
    const auto& [name, entry] = *at->second;
    if (!visitor.visit(name, entry.inode->getattr().kind, entry.inode->ino(), at->first)) break;
  }
  return Errno::ok;
}

void TmpfsDirectory::drop_names() {
  by_cookie_.clear();
  Names names = std::move(names_);
  names_.clear();
  for (auto& [name, entry] : names) entry.inode->put();
}

int64_t TmpfsSpecial::pages_of(std::string_view target) {
  constexpr std::size_t kShortSymlinkLen = 128;
  return target.size() + 1 <= kShortSymlinkLen ? 0 : 1;
}

TmpfsSpecial::TmpfsSpecial(TmpfsMount& mount, const Attributes& attributes, std::string_view target)
    : TmpfsNamed(&mount, mount.no_pages(), mount, mount.next_ino(), attributes), target_(target) {
  size_.init(target.size());
}

Result<std::string_view> TmpfsSpecial::readlink() {
  if (getattr().kind != FileKind::symlink) return Errno::einval;
  return std::string_view(target_);
}

uint64_t TmpfsSpecial::st_blocks() { return static_cast<uint64_t>(pages_of(target_)) * (base::kPageSize / 512); }

void TmpfsSpecial::evict() {
  if (int64_t pages = pages_of(target_); pages != 0) mount()->unacct_blocks(pages);
  sync::destroy_object(this);
}

}  // namespace quire::fs
