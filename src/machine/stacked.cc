#include "machine/stacked.h"

namespace quire::machine {
sync::Box<Machine::Stacked> Machine::Stacked::make(const MachineOptions& options, rmap::Environment& env,
                                                   fs::TmpFs& tmpfs, fs::RootFs& root, base::Clock clock) {
  if (options.unions == 0) return nullptr;
  return sync::make_box<Stacked>(options, env, tmpfs, root, clock);
}

Machine::Stacked::Stacked(const MachineOptions& options, rmap::Environment& env, fs::TmpFs& tmpfs, fs::RootFs& root,
                          base::Clock clock)
    : upper(tmpfs, clock, {}), lower(tmpfs, clock, {}) {
  constexpr std::array<std::string_view, MachineOptions::kUnions> kNames = {"union", "union2"};
  root.mount("upper", upper);
  root.mount("lower", lower);
  for (unsigned i = 0; i < options.unions; ++i) {
    stacks.push_back(sync::make_box<fs::UnionFs>(env, options.index_bits, clock, fs::UnionMount{&upper, {&lower}, 1},
                                                 options.stacked));
    root.mount(kNames[i], *stacks.back());
  }
}

void Machine::Stacked::check(sync::CheckReport& report) const {
  upper.check(report);
  lower.check(report);
  for (const auto& stack : stacks) stack->check(report);
}

}  // namespace quire::machine
