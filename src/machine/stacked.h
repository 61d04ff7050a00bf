// Machine::Stacked: the mounts of a machine with a stacked file system: /upper and /lower are tmpfs, /union and /union2
// are stacks of both, each with a page cache of its own.
#pragma once

#include "fs/namei.h"
#include "fs/tmpfs_mount.h"
#include "fs/union_fs.h"
#include "machine/machine.h"

namespace quire::machine {

struct Machine::Stacked {
  /// nullptr: the options have none.
  [[nodiscard]] static sync::Box<Stacked> make(const MachineOptions& options, rmap::Environment& env, fs::TmpFs& tmpfs,
                                               fs::RootFs& root, base::Clock clock);
  Stacked(const MachineOptions& options, rmap::Environment& env, fs::TmpFs& tmpfs, fs::RootFs& root, base::Clock clock);

  void check(sync::CheckReport& report) const;
  /// Calls visit(const fs::UnionInode&) for each: at quiescent points.
  template <typename Visit>
  void peek_inodes(Visit visit) const {
    for (const auto& stack : stacks) stack->peek_inodes(visit);
  }

  fs::TmpfsMount upper;
  fs::TmpfsMount lower;
  sync::Vector<sync::Box<fs::UnionFs>> stacks;
};

}  // namespace quire::machine
