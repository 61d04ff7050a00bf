// Machine::Mounts: what is mounted on the root directory of a machine: a tmpfs for each that its options name, and with
// `unions` also /upper and /lower of tmpfs, and /union and /union2, stacks of both with a page cache of their own each.
//
// Made with the machine; constant afterwards. It needs the machine's TmpFs for as long as it lives.
#pragma once

#include "fs/namei.h"
#include "fs/tmpfs_mount.h"
#include "fs/union_fs.h"
#include "machine/machine.h"

namespace quire::machine {

struct Machine::Mounts {
  /// nullptr: the options have none.
  [[nodiscard]] static sync::Box<Mounts> make(const MachineOptions& options, rmap::Environment& env, fs::TmpFs& tmpfs);
  Mounts(const MachineOptions& options, rmap::Environment& env, fs::TmpFs& tmpfs);

  void check(sync::CheckReport& report) const;
  /// Calls visit(const fs::UnionInode&) for each: at quiescent points.
  template <typename Visit>
  void peek_union_inodes(Visit visit) const {
    for (const auto& stack : stacks) stack->peek_inodes(visit);
  }

  fs::RootFs root;
  sync::Vector<sync::Box<fs::TmpfsMount>> tmpfs_mounts;
  sync::Vector<sync::Box<fs::UnionFs>> stacks;  ///< of tmpfs mounts: they go first

 private:
  fs::TmpfsMount& mount_tmpfs(std::string_view name, fs::TmpFs& tmpfs, base::Clock clock,
                              const fs::TmpfsOptions& limits);
};

}  // namespace quire::machine
