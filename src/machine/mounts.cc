#include "machine/mounts.h"

#include "sync/trace.h"

namespace quire::machine {
namespace {

// While explored, the same steps must give the same times.
base::Clock new_clock() {
  return base::Clock(sync::driven() ? base::Clock::Kind::stands_still : base::Clock::Kind::real);
}

}  // namespace

sync::Box<Machine::Mounts> Machine::Mounts::make(const MachineOptions& options, rmap::Environment& env,
                                                 fs::TmpFs& tmpfs) {
  if (options.tmpfs_mounts == 0 && options.unions == 0) return nullptr;
  return sync::make_box<Mounts>(options, env, tmpfs);
}

fs::TmpfsMount& Machine::Mounts::mount_tmpfs(std::string_view name, fs::TmpFs& tmpfs, base::Clock clock,
                                             const fs::TmpfsOptions& limits) {
  tmpfs_mounts.push_back(sync::make_box<fs::TmpfsMount>(tmpfs, clock, limits));
  root.mount(name, *tmpfs_mounts.back());
  return *tmpfs_mounts.back();
}

Machine::Mounts::Mounts(const MachineOptions& options, rmap::Environment& env, fs::TmpFs& tmpfs) : root(new_clock()) {
  base::Clock clock = new_clock();
  for (unsigned i = 0; i < options.tmpfs_mounts; ++i) {
    const TmpfsSpec& spec = options.tmpfs[i];
    fs::TmpfsOptions limits;
    limits.size = spec.size;
    limits.nr_inodes = spec.nr_inodes;
    (void)mount_tmpfs(spec.get_name(), tmpfs, clock, limits);
  }
  if (options.unions == 0) return;
  fs::TmpfsMount& upper = mount_tmpfs("upper", tmpfs, clock, {});
  fs::TmpfsMount& lower = mount_tmpfs("lower", tmpfs, clock, {});
  constexpr std::array<std::string_view, MachineOptions::kUnions> kNames = {"union", "union2"};
  for (unsigned i = 0; i < options.unions; ++i) {
    stacks.push_back(sync::make_box<fs::UnionFs>(env, options.index_bits, clock, fs::UnionMount{&upper, {&lower}, 1},
                                                 options.stacked));
    root.mount(kNames[i], *stacks.back());
  }
}

void Machine::Mounts::check(sync::CheckReport& report) const {
  for (const auto& mount : tmpfs_mounts) mount->check(report);
  for (const auto& stack : stacks) stack->check(report);
}

}  // namespace quire::machine
