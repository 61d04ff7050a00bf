// RootFs: the root directory "/" of a machine that has mounts: its names are theirs, and nobody can change it.
//
// Made with the machine, before anybody walks; constant afterwards, so no lock is needed to look into it. What is
// mounted lives longer than this. Linux: init/do_mounts.c, fs/namespace.c
//
//   RootFs root(clock);
//   root.mount("tmp", tmpfs);
#pragma once

#include <string_view>

#include "fs/directory.h"
#include "fs/special_inode.h"
#include "sync/heap.h"

namespace quire::fs {

class RootDirectory;

class RootFs final : public SuperBlock {
 public:
  explicit RootFs(base::Clock clock);
  ~RootFs();

  /// `name` is free and 1 to 255 bytes without '/'. Before anybody walks.
  void mount(std::string_view name, SuperBlock& super);
  [[nodiscard]] Inode& root() override;
  [[nodiscard]] Statfs statfs() override { return {}; }
  /// What is mounted there; nullptr: nothing.
  [[nodiscard]] SuperBlock* find(std::string_view name) const;
  [[nodiscard]] bool any_mount() const { return !mounts_.empty(); }
  /// Calls visit(name, SuperBlock&) for each mount.
  template <typename Visit>
  void for_each_mount(Visit visit) const {
    for (const Mount& mount : mounts_) visit(std::string_view(mount.name), *mount.super);
  }

 private:
  friend class RootDirectory;
  struct Mount {
    sync::String name;
    SuperBlock* super;
  };
  NoPages no_pages_;
  sync::Vector<Mount> mounts_;
  RootDirectory* root_;
};

}  // namespace quire::fs
