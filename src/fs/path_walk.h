// PathWalk: the part of a path that has been walked, and the last name of it, which has not.
//
// begin() stands at the root; to_last() walks on through directories and the symlinks to them until one name is left;
// then the caller looks it up himself, under whatever lock his call needs, and may go on through it with follow().
// The object holds a reference to the directory it stands in and no lock. Linux: fs/namei.c struct nameidata
//
//   PathWalk walk(root, who);
//   Errno e = walk.to_last(path);           // then walk.directory(), walk.name()
#pragma once

#include <string_view>

#include "fs/directory.h"
#include "fs/root_fs.h"
#include "sync/heap.h"

namespace quire::fs {

inline constexpr std::size_t kPathMax = 4096;
inline constexpr unsigned kSymlinksMax = 40;

class PathWalk {
 public:
  /// What is left. Linux: LAST_NORM, LAST_DOT, LAST_DOTDOT, LAST_ROOT
  enum class Last : uint8_t { name, dot, dotdot, root };

  PathWalk(RootFs& root, const Credentials& who) : root_(root), who_(who) {}
  PathWalk(const PathWalk&) = delete;
  PathWalk& operator=(const PathWalk&) = delete;

  /// -ENOENT, -ENOTDIR, -EACCES, -ELOOP, -ENAMETOOLONG. Linux: link_path_walk()
  [[nodiscard]] Errno to_last(std::string_view path);
  /// The last name led to `link`, a symlink: the same for its target. Linux: step_into(), pick_link()
  [[nodiscard]] Errno follow(Inode& link);
  /// Where all of the path leads, the last name included, if that is not a name: ".", "..", "/".
  [[nodiscard]] Result<InodeRef> step_to_dots();
  /// Looks the last name up, with the directory locked shared and unlocked again. Linux: lookup_slow()
  [[nodiscard]] Result<InodeRef> lookup();

  [[nodiscard]] Last last() const { return last_; }
  [[nodiscard]] std::string_view name() const { return name_; }
  /// Whether '/' stands behind the last name: it must be a directory.
  [[nodiscard]] bool slashes() const { return slashes_; }
  /// The directory of the last name.
  [[nodiscard]] Inode& inode() const { return *at_; }
  [[nodiscard]] Directory& directory() const { return *at_->directory(); }
  [[nodiscard]] InodeRef take_inode() { return std::move(at_); }

 private:
  [[nodiscard]] Errno walk();
  void take_name();
  void step_up();
  [[nodiscard]] Errno enter(InodeRef inode);
  [[nodiscard]] Errno put_in_front(Inode& link);

  RootFs& root_;
  const Credentials who_;
  InodeRef at_;
  sync::String text_;      ///< what rest_ and name_ point into, if not into the caller's path
  sync::String spare_;     ///< what they pointed into before: two serve for all symlinks of a walk
  std::string_view rest_;  ///< behind name_
  std::string_view name_;
  Last last_ = Last::root;
  bool slashes_ = false;
  unsigned symlinks_ = 0;
};

/// Looks `name` up in `directory`, whose i_rwsem the caller holds; -ENAMETOOLONG, -ENOENT.
[[nodiscard]] Result<InodeRef> lookup_one(Directory& directory, std::string_view name);

}  // namespace quire::fs
