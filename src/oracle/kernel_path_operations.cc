#include "oracle/kernel_path_operations.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>

#include "oracle/kernel/calls.h"
#include "oracle/kernel/paths.h"

namespace quire::oracle {
namespace {

const char* path_of(const Call& c, std::size_t operand) { return c.operands[operand].symbol.c_str(); }
/// nullptr: not given.
const char* word_of(const Call& c, std::size_t operand) {
  return c.operands.size() > operand ? path_of(c, operand) : nullptr;
}
unsigned bits_of(Actor& a, const Call& c, std::size_t operand) { return static_cast<unsigned>(a.number(c, operand)); }
Value done(long result) { return Value::of(q_result(result)); }

}  // namespace

std::vector<MountSpec> mounts_of(const scenario::Scenario& scenario) {
  std::vector<MountSpec> mounts;
  if (!scenario.machine) return mounts;
  for (const scenario::MachineOption& o : scenario.machine->options) {
    if (o.key == "union") mounts.push_back({"union", 0, 0, true});
    for (const scenario::SwapSpec& s : o.swaps) {
      using scenario::Notation;
      Notation as = s.pages.notation;
      bool bytes = as == Notation::kilo || as == Notation::mega || as == Notation::giga;
      if (o.key == "tmpfs")
        mounts.push_back({s.name, bytes ? s.pages.value / scenario::kPageBytes : s.pages.value, 0, false});
      if (o.key != "nr_inodes") continue;
      for (MountSpec& mount : mounts)
        if (mount.name == s.name) mount.inodes = s.pages.value;
    }
  }
  return mounts;
}

bool has_stack(const std::vector<MountSpec>& mounts) {
  return std::any_of(mounts.begin(), mounts.end(), [](const MountSpec& m) { return m.stack; });
}

namespace {

std::string mount_all(const std::vector<MountSpec>& mounts) {
  for (const MountSpec& mount : mounts) {
    if (mount.stack && q_mount_stack() != 0) return fmt::format("overlayfs on /union: {}", std::strerror(errno));
    if (!mount.stack && q_mount_tmpfs(("/" + mount.name).c_str(), mount.pages, mount.inodes) != 0)
      return fmt::format("tmpfs on /{}: {}", mount.name, std::strerror(errno));
  }
  return {};
}

}  // namespace

std::string make_mounts(const std::vector<MountSpec>& mounts, const std::string& kept) {
  if (mounts.empty()) return {};
  int begun = has_stack(mounts) ? q_begin_root(kept.c_str()) : q_begin_mounts(kept.c_str());
  if (begun != 0) return fmt::format("mounts of its own: {}", std::strerror(errno));
  if (std::string why = mount_all(mounts); !why.empty()) return why;
  return q_end_mounts() == 0 ? std::string() : fmt::format("a root that is read-only: {}", std::strerror(errno));
}

std::string StageMounts::mount(const std::vector<MountSpec>& mounts, const std::string& kept) {
  if (mounts.empty()) return {};
  if (!begun_ && (q_begin_root(kept.c_str()) != 0 || q_end_mounts() != 0))
    return fmt::format("a root of its own: {}", std::strerror(errno));
  begun_ = true;
  for (const MountSpec& mount : mounts) {
    if (mount.stack) mounted_.insert(mounted_.end(), {"/layers", "/upper", "/lower", "/union"});
    if (!mount.stack) mounted_.push_back("/" + mount.name);
  }
  return mount_all(mounts);
}

void StageMounts::unmount() {
  for (auto path = mounted_.rbegin(); path != mounted_.rend(); ++path) (void)umount2(path->c_str(), MNT_DETACH);
  mounted_.clear();
}

namespace paths {

Value access(Actor& a, const Call& c) { return done(::access(path_of(c, 0), static_cast<int>(bits_of(a, c, 1)))); }
Value chmod(Actor& a, const Call& c) { return done(::chmod(path_of(c, 0), bits_of(a, c, 1))); }
Value chown(Actor& a, const Call& c) { return done(::chown(path_of(c, 0), bits_of(a, c, 1), bits_of(a, c, 2))); }
Value getdents(Actor&, const Call& c) { return Value::of(q_getdents(path_of(c, 0), word_of(c, 1))); }
Value getxattr(Actor& a, const Call& c) {
  return Value::of(q_getxattr(path_of(c, 0), path_of(c, 1), static_cast<std::size_t>(a.number(c, 2))));
}
Value link(Actor&, const Call& c) { return done(::link(path_of(c, 0), path_of(c, 1))); }
Value listxattr(Actor& a, const Call& c) {
  return Value::of(q_listxattr(path_of(c, 0), static_cast<std::size_t>(a.number(c, 1))));
}
Value lseek(Actor& a, const Call& c) {
  return done(::lseek(a.descriptor(c), a.number(c, 1), static_cast<int>(a.number(c, 2))));
}
Value lstat(Actor&, const Call& c) { return Value::of(q_lstat(path_of(c, 0), c.member.c_str())); }
Value mkdir(Actor& a, const Call& c) { return done(::mkdir(path_of(c, 0), bits_of(a, c, 1))); }
Value mknod(Actor& a, const Call& c) { return done(::mknod(path_of(c, 0), bits_of(a, c, 1), 0)); }
Value open(Actor& a, const Call& c) {
  return done(::open(path_of(c, 0), static_cast<int>(a.number(c, 1)) | O_CLOEXEC, bits_of(a, c, 2)));
}
Value readlink(Actor&, const Call& c) { return Value::of(q_readlink(path_of(c, 0), word_of(c, 1))); }
Value removexattr(Actor&, const Call& c) { return done(::removexattr(path_of(c, 0), path_of(c, 1))); }
Value rename(Actor& a, const Call& c) { return Value::of(q_rename(path_of(c, 0), path_of(c, 1), bits_of(a, c, 2))); }
Value rmdir(Actor&, const Call& c) { return done(::rmdir(path_of(c, 0))); }
Value setxattr(Actor& a, const Call& c) {
  const scenario::Operand& what = c.operands[2];
  bool fill = what.kind == scenario::Operand::Kind::fill;
  auto length = fill ? static_cast<std::size_t>(what.length) : std::size_t{1};
  return Value::of(q_setxattr(path_of(c, 0), path_of(c, 1), static_cast<int>(what.number), length,
                              static_cast<int>(a.number(c, 3))));
}
Value stat(Actor&, const Call& c) { return Value::of(q_stat(path_of(c, 0), c.member.c_str())); }
Value fstat(Actor& a, const Call& c) { return Value::of(q_fstat(a.descriptor(c), c.member.c_str())); }
Value statfs(Actor&, const Call& c) { return Value::of(q_statfs(path_of(c, 0), c.member.c_str())); }
Value symlink(Actor&, const Call& c) { return done(::symlink(path_of(c, 0), path_of(c, 1))); }
Value truncate(Actor& a, const Call& c) { return done(::truncate(path_of(c, 0), a.number(c, 1))); }
Value unlink(Actor&, const Call& c) { return done(::unlink(path_of(c, 0))); }
Value utimensat(Actor& a, const Call& c) {
  return Value::of(q_utimensat(path_of(c, 0), a.number(c, 1), a.number(c, 2)));
}

}  // namespace paths
}  // namespace quire::oracle
