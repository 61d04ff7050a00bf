#include "machine/stacked.h"

#include "sync/trace.h"

namespace quire::machine {
namespace {

base::Clock clock_of() {
  return base::Clock(sync::driven() ? base::Clock::Kind::stands_still : base::Clock::Kind::real);
}

}  // namespace

sync::Box<Machine::Stacked> Machine::Stacked::make(const MachineOptions& options, rmap::Environment& env,
                                                   fs::TmpFs& tmpfs) {
  if (options.unions == 0) return nullptr;
  return sync::make_box<Stacked>(options, env, tmpfs);
}

Machine::Stacked::Stacked(const MachineOptions& options, rmap::Environment& env, fs::TmpFs& tmpfs)
    : upper(tmpfs, clock_of(), {}), lower(tmpfs, clock_of(), {}), root(clock_of()) {
  constexpr std::array<std::string_view, MachineOptions::kUnions> kNames = {"union", "union2"};
  root.mount("upper", upper);
  root.mount("lower", lower);
  for (unsigned i = 0; i < options.unions; ++i) {
    stacks.push_back(sync::make_box<fs::UnionFs>(env, options.index_bits, clock_of(),
                                                 fs::UnionMount{&upper, {&lower}, 1}, options.stacked));
    root.mount(kNames[i], *stacks.back());
  }
}

// Linux: fs/open.c do_sys_openat2()
Result<fs::InodeRef> Machine::Stacked::open(std::string_view path, int flags) {
  fs::OpenHow how;
  how.create = (flags & abi::kOCreat) != 0;
  how.exclusive = (flags & abi::kOExcl) != 0;
  how.truncate = (flags & abi::kOTrunc) != 0;
  constexpr uint32_t kWanted[] = {fs::kMayRead, fs::kMayWrite, fs::kMayRead | fs::kMayWrite, fs::kMayRead};
  how.wanted = kWanted[flags & abi::kOAccessMode];
  how.mode = 0644;
  fs::Namei namei(root, {});
  Result<fs::Opened> opened = namei.open(path, how);
  if (!opened) return opened.error();
  if ((how.wanted & fs::kMayWrite) != 0 || how.truncate) {
    Errno error = opened->inode->open_for_write();
    if (error != Errno::ok) return error;
  }
  return std::move(opened->inode);
}

void Machine::Stacked::check(sync::CheckReport& report) const {
  upper.check(report);
  lower.check(report);
  for (const auto& stack : stacks) stack->check(report);
}

}  // namespace quire::machine
