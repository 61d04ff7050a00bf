#include "fs/path_walk.h"

#include <algorithm>

#include "sync/trace.h"

namespace quire::fs {

// Linux: fs/libfs.c simple_lookup()
Result<InodeRef> lookup_one(Directory& directory, std::string_view name) {
  if (name.size() > kNameMax) return Errno::enametoolong;
  return directory.lookup(name);
}

Errno PathWalk::to_last(std::string_view path) {
  if (path.size() >= kPathMax) return Errno::enametoolong;
  if (path.empty()) return Errno::enoent;
  rest_ = path;
  return walk();
}

// From rest_ to name_: up to the next '/', and those behind it.
void PathWalk::take_name() {
  std::size_t end = std::min(rest_.find('/'), rest_.size());
  name_ = rest_.substr(0, end);
  rest_.remove_prefix(end);
  std::size_t slashes = std::min(rest_.find_first_not_of('/'), rest_.size());
  rest_.remove_prefix(slashes);
  slashes_ = slashes != 0;
  last_ = name_ == "." ? Last::dot : name_ == ".." ? Last::dotdot : Last::name;
}

// Linux: follow_dotdot()
void PathWalk::step_up() {
  SuperBlock& super = *at_->super();
  if (&super.root() == at_.get()) {
    at_ = InodeRef::of(root_.root());
    return;
  }
  InodeRef up;
  {
    sync::SharedGuard guard(at_->i_rwsem());
    up = InodeRef::of(at_->directory()->parent());
  }
  at_ = std::move(up);
}

// From rest_ on, which is not empty; one that begins with '/' begins at the root. Linux: link_path_walk()
Errno PathWalk::walk() {
  QUIRE_FUNC();
  if (!at_ || rest_.front() == '/') {
    at_ = InodeRef::of(root_.root());
    rest_.remove_prefix(std::min(rest_.find_first_not_of('/'), rest_.size()));
    last_ = Last::root;
    name_ = {};
    slashes_ = true;
  }
  while (!rest_.empty()) {
    if (permission(at_->getattr(), who_, kMayExec) != Errno::ok) return Errno::eacces;
    take_name();
    if (rest_.empty()) break;
    if (last_ == Last::dot) continue;
    if (last_ == Last::dotdot) {
      step_up();
      continue;
    }
    Result<InodeRef> found = lookup();
    if (!found) return found.error();
    Errno error = enter(std::move(*found));
    if (error != Errno::ok) return error;
  }
  return Errno::ok;
}

// Something is left behind this name: it has to be a directory, or lead to one. Linux: walk_component(), step_into()
Errno PathWalk::enter(InodeRef inode) {
  if (inode->directory() != nullptr) {
    at_ = std::move(inode);
    return Errno::ok;
  }
  if (inode->getattr().kind != FileKind::symlink) return Errno::enotdir;
  return put_in_front(*inode);
}

// The target of a symlink takes the place of the name that led to it. Linux: pick_link()
Errno PathWalk::put_in_front(Inode& link) {
  if (symlinks_++ >= kSymlinksMax) return Errno::eloop;
  link.touch_atime();
  Result<std::string_view> target = link.readlink();
  if (!target) return target.error();
  // What was behind the name, its slashes too: they say that it must be a directory.
  spare_.clear();
  spare_.reserve(target->size() + 1 + rest_.size());
  spare_ += *target;
  if (slashes_) spare_ += '/';
  spare_ += rest_;
  text_.swap(spare_);
  rest_ = text_;
  if (rest_.front() != '/') return Errno::ok;
  at_ = InodeRef::of(root_.root());
  rest_.remove_prefix(std::min(rest_.find_first_not_of('/'), rest_.size()));
  if (rest_.empty()) last_ = Last::root;
  return Errno::ok;
}

Errno PathWalk::follow(Inode& link) {
  Errno error = put_in_front(link);
  return error != Errno::ok || rest_.empty() ? error : walk();
}

Result<InodeRef> PathWalk::step_to_dots() {
  if (last_ == Last::dotdot) step_up();
  return InodeRef::of(*at_);
}

Result<InodeRef> PathWalk::lookup() {
  sync::SharedGuard guard(at_->i_rwsem());
  return lookup_one(directory(), name_);
}

}  // namespace quire::fs
