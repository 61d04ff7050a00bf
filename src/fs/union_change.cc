// Changes of names in a union: all of them in the upper layer, with whiteouts for what shows from below.
//
// Each is one step for whoever looks at the upper directory: what takes the place of a whiteout, or leaves one, is made
// under a temporary name and changes places with it.
#include <algorithm>

#include "fs/union_fs.h"
#include "sync/trace.h"

namespace quire::fs {
namespace {

FileKind kind_of(Inode& inode) { return inode.getattr().kind; }
bool is_directory(Inode& inode) { return inode.directory() != nullptr; }

constexpr NewInode kWhiteout{FileKind::whiteout, 0, 0, 0, {}};

Errno set_opaque(Inode& directory) {
  constexpr std::byte kYes{'y'};
  sync::Guard guard(directory.i_rwsem());
  return directory.setxattr(kOpaqueXattr, {&kYes, 1}, XattrSet::any);
}

Errno remove_locked(Directory& directory, std::string_view name, Inode& victim) {
  sync::Guard guard(victim.i_rwsem());
  return is_directory(victim) ? directory.rmdir(name, victim) : directory.unlink(name, victim);
}

// `directory` is locked; both names lead to something in it.
Errno exchange(Directory& directory, std::string_view a, Inode& of_a, std::string_view b, Inode& of_b) {
  sync::Guard first(of_a.i_rwsem());
  sync::Guard second(of_b.i_rwsem());
  return directory.rename({a, of_a, directory, b, &of_b, RenameHow::exchange, {}});
}

// What `name` leads to in a layer's directory, which is locked; empty: nothing.
Result<InodeRef> look(Directory& directory, std::string_view name) {
  Result<InodeRef> there = directory.lookup(name);
  if (!there && there.error() == Errno::enoent) return InodeRef();
  return there;
}

// `made`, which has the name `temporary`, gets `name`, and what had that goes. Linux: fs/overlayfs/dir.c
// ovl_create_over_whiteout(), ovl_clear_empty()
Errno replace(Directory& directory, std::string_view temporary, Inode& made, std::string_view name, Inode& there) {
  Errno error = exchange(directory, temporary, made, name, there);
  if (error == Errno::ok) return remove_locked(directory, temporary, there);
  (void)remove_locked(directory, temporary, made);
  return error;
}

// A new inode in the place of a whiteout, or of nothing. Linux: fs/overlayfs/dir.c ovl_create_upper(),
// ovl_create_over_whiteout()
Result<InodeRef> create_in(Directory& directory, std::string_view name, const NewInode& what,
                           const sync::String& temporary) {
  Result<InodeRef> there = look(directory, name);
  if (!there) return there;
  if (!*there) return directory.create(name, what);
  Result<InodeRef> made = directory.create(temporary, what);
  if (!made) return made;
  Errno error = what.kind == FileKind::directory ? set_opaque(**made) : Errno::ok;
  if (error == Errno::ok)
    error = replace(directory, temporary, **made, name, **there);
  else
    (void)remove_locked(directory, temporary, **made);
  if (error != Errno::ok) return error;
  return made;
}

// The name goes from a layer's directory, which is locked; a whiteout takes its place if something below would show.
// Linux: fs/overlayfs/dir.c ovl_remove_upper(), ovl_remove_and_whiteout()
Errno remove_in(Directory& directory, std::string_view name, bool below, const sync::String& temporary) {
  Result<InodeRef> there = look(directory, name);
  if (!there) return there.error();
  if (!*there) return below ? directory.create(name, kWhiteout).error() : Errno::ok;
  if (!below) return remove_locked(directory, name, **there);
  Result<InodeRef> whiteout = directory.create(temporary, kWhiteout);
  if (!whiteout) return whiteout.error();
  return replace(directory, temporary, **whiteout, name, **there);
}

/// Remembers the names of a directory's whiteouts.
class Whiteouts final : public DirectoryVisitor {
 public:
  [[nodiscard]] bool visit(std::string_view name, FileKind kind, uint64_t, uint64_t) override {
    if (kind == FileKind::whiteout) names.emplace_back(name);
    return true;
  }
  sync::Vector<sync::String> names;
};

// Of a directory that is empty but for them. Linux: fs/overlayfs/readdir.c ovl_cleanup_whiteouts()
Errno remove_whiteouts(Inode& inode) {
  Directory& directory = *inode.directory();
  sync::Guard guard(inode.i_rwsem());
  Whiteouts whiteouts;
  Errno error = directory.readdir(0, whiteouts);
  for (const sync::String& name : whiteouts.names) {
    if (error != Errno::ok) return error;
    Result<InodeRef> there = directory.lookup(name);
    error = there ? remove_locked(directory, name, **there) : there.error();
  }
  return error;
}

}  // namespace

Result<InodeRef> UnionInode::create(std::string_view name, const NewInode& what) {
  QUIRE_FUNC();
  // It would hide itself. Linux: fs/overlayfs/dir.c ovl_mknod()
  if (what.kind == FileKind::whiteout) return Errno::eperm;
  Errno error = copy_up();
  if (error != Errno::ok) return error;
  UnionLayers layers;
  {
    sync::Guard guard(upper()->i_rwsem());
    Result<InodeRef> made = create_in(*upper()->directory(), name, what, fs_.temporary_name());
    if (!made) return made;
    layers.upper = std::move(*made);
  }
  return fs_.inode_for(std::move(layers), *this, name);
}

// Linux: fs/overlayfs/dir.c ovl_link()
Errno UnionInode::link(std::string_view name, Inode& inode) {
  QUIRE_FUNC();
  auto& linked = static_cast<UnionInode&>(inode);
  Errno error = linked.copy_up();
  if (error == Errno::ok) error = copy_up();
  if (error != Errno::ok) return error;
  Directory& directory = *upper()->directory();
  sync::Guard guard(upper()->i_rwsem());
  Result<InodeRef> there = look(directory, name);
  if (!there) return there.error();
  sync::String made_as = *there ? fs_.temporary_name() : sync::String(name);
  {
    sync::Guard inner(linked.upper()->i_rwsem());
    error = directory.link(made_as, *linked.upper());
  }
  if (error == Errno::ok && *there) error = replace(directory, made_as, *linked.upper(), name, **there);
  if (error == Errno::ok) linked.change_nlink(1);
  return error;
}

void UnionInode::set_parent(UnionInode& directory) {
  directory.get();
  parent_.exchange(&directory)->put();
}

// A lower file with several names has been copied up under one of them: now it has this one too in the upper layer.
// Linux: fs/overlayfs/copy_up.c ovl_link_up()
Errno UnionInode::ensure_name(UnionInode& directory, std::string_view name) {
  sync::Guard guard(directory.upper()->i_rwsem());
  Directory& upper_directory = *directory.upper()->directory();
  Result<InodeRef> there = look(upper_directory, name);
  if (!there || *there) return there.error();
  sync::Guard inner(upper()->i_rwsem());
  return upper_directory.link(name, *upper());
}

void UnionInode::lost_name() {
  change_nlink(-1);
  if (Inode::getattr().nlink == 0) fs_.forget(*this);
}

void UnionInode::lost_directory() {
  dead_ = true;
  fs_.forget(*this);
}

Errno UnionInode::unlink(std::string_view name, Inode& victim) {
  QUIRE_FUNC();
  bool below = lower_has(name);
  Errno error = copy_up();
  if (error != Errno::ok) return error;
  {
    sync::Guard guard(upper()->i_rwsem());
    error = remove_in(*upper()->directory(), name, below, fs_.temporary_name());
  }
  if (error == Errno::ok) static_cast<UnionInode&>(victim).lost_name();
  return error;
}

Errno UnionInode::rmdir(std::string_view name, Inode& victim) {
  QUIRE_FUNC();
  auto& directory = static_cast<UnionInode&>(victim);
  Errno error = directory.check_empty();
  bool below = lower_has(name);
  if (error == Errno::ok) error = copy_up();
  if (error == Errno::ok && directory.upper() != nullptr) error = remove_whiteouts(*directory.upper());
  if (error != Errno::ok) return error;
  {
    sync::Guard guard(upper()->i_rwsem());
    error = remove_in(*upper()->directory(), name, below, fs_.temporary_name());
  }
  if (error == Errno::ok) directory.lost_directory();
  return error;
}

/// One rename on its way: which names show from below, and the upper directories, locked.
struct UnionRename {
  const Directory::Rename& what;
  UnionInode& from;
  UnionInode& to;
  UnionInode& moved;
  UnionInode* replaced;
  bool old_below;
  bool new_below;

  [[nodiscard]] Errno check() const;
  [[nodiscard]] Errno copy_up() const;
  [[nodiscard]] Errno rename_upper() const;
  [[nodiscard]] Errno move_over(Directory& old_dir, Directory& new_dir, Inode* there) const;
  void done() const;
};

// What is in lower layers cannot be moved with its contents. Linux: fs/overlayfs/dir.c ovl_rename(),
// ovl_set_redirect()
Errno UnionRename::check() const {
  bool exchange = what.how == RenameHow::exchange;
  if (leaves_whiteout(what.how)) return Errno::einval;
  if (is_directory(moved) && moved.merged()) return Errno::exdev;
  if (replaced == nullptr || !is_directory(*replaced)) return Errno::ok;
  if (exchange) return replaced->merged() ? Errno::exdev : Errno::ok;
  return replaced->check_empty();
}

Errno UnionRename::copy_up() const {
  Errno error = moved.copy_up();
  if (error == Errno::ok) error = from.copy_up();
  if (error == Errno::ok) error = to.copy_up();
  if (error == Errno::ok && !is_directory(moved)) error = moved.ensure_name(from, what.old_name);
  if (error == Errno::ok && what.how == RenameHow::exchange) {
    error = replaced->copy_up();
    return error == Errno::ok && !is_directory(*replaced) ? replaced->ensure_name(to, what.new_name) : error;
  }
  if (error == Errno::ok && replaced != nullptr && is_directory(*replaced) && replaced->upper() != nullptr)
    return remove_whiteouts(*replaced->upper());
  return error;
}

// Both upper directories are locked. A directory cannot take the place of a whiteout: they change places. A file that
// leaves something below behind leaves a whiteout on it.
Errno UnionRename::move_over(Directory& old_dir, Directory& new_dir,
                             Inode* there) const QUIRE_NO_THREAD_SAFETY_ANALYSIS {
  Inode& inode = *moved.upper();
  bool over_whiteout = there != nullptr && is_directory(inode) && kind_of(*there) == FileKind::whiteout;
  RenameHow how = old_below ? RenameHow::whiteout : RenameHow::replace;
  if (over_whiteout) how = RenameHow::exchange;
  Errno error = Errno::ok;
  {
    sync::Guard guard(inode.i_rwsem());
    if (there != nullptr) there->i_rwsem().lock();
    error = old_dir.rename({what.old_name, inode, new_dir, what.new_name, there, how, what.who});
    if (there != nullptr) there->i_rwsem().unlock();
  }
  // The whiteout is under the old name now, where it may be needed.
  if (error == Errno::ok && over_whiteout && !old_below) error = remove_locked(old_dir, what.old_name, *there);
  return error;
}

Errno UnionRename::rename_upper() const QUIRE_NO_THREAD_SAFETY_ANALYSIS {
  Inode* first = from.upper();
  Inode* second = to.upper();
  // The upper one first, as for those of the union itself.
  for (Inode* at = &from; at != &static_cast<UnionInode*>(at)->parent() && first != second;) {
    at = &static_cast<UnionInode*>(at)->parent();
    if (at == &to) {
      std::swap(first, second);
      break;
    }
  }
  Directory& old_dir = *from.upper()->directory();
  Directory& new_dir = *to.upper()->directory();
  first->i_rwsem().lock();
  if (second != first) second->i_rwsem().lock();
  Result<InodeRef> there = look(new_dir, what.new_name);
  Errno error = there ? Errno::ok : there.error();
  if (error == Errno::ok && is_directory(moved) && new_below) error = set_opaque(*moved.upper());
  if (error == Errno::ok && what.how == RenameHow::exchange) {
    sync::Guard one(moved.upper()->i_rwsem());
    sync::Guard other(replaced->upper()->i_rwsem());
    error =
        old_dir.rename({what.old_name, *moved.upper(), new_dir, what.new_name, replaced->upper(), what.how, what.who});
  } else if (error == Errno::ok) {
    error = move_over(old_dir, new_dir, there->get());
  }
  if (second != first) second->i_rwsem().unlock();
  first->i_rwsem().unlock();
  return error;
}

void UnionRename::done() const {
  if (is_directory(moved)) moved.set_parent(to);
  if (replaced == nullptr) return;
  if (what.how == RenameHow::exchange) {
    if (is_directory(*replaced)) replaced->set_parent(from);
  } else if (is_directory(*replaced)) {
    replaced->lost_directory();
  } else {
    replaced->lost_name();
  }
}

Errno UnionInode::rename(const Rename& what) {
  QUIRE_FUNC();
  auto& to = static_cast<UnionInode&>(what.new_directory.inode());
  UnionRename rename{what,
                     *this,
                     to,
                     static_cast<UnionInode&>(what.moved),
                     static_cast<UnionInode*>(what.replaced),
                     lower_has(what.old_name),
                     to.lower_has(what.new_name)};
  Errno error = rename.check();
  if (error == Errno::ok) error = rename.copy_up();
  if (error == Errno::ok) error = rename.rename_upper();
  if (error == Errno::ok) rename.done();
  return error;
}

}  // namespace quire::fs
