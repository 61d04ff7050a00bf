// The operations of the language that take a path, on a kernel, by their names there.
#pragma once

#include <string>
#include <vector>

#include "oracle/actor.h"

namespace quire::oracle {

/// Whether what open() is given is a path, and not a file of the flat file system.
[[nodiscard]] inline bool is_path(std::string_view name) { return name.empty() || name.starts_with('/'); }

/// A tmpfs that the machine line asks for: at /NAME, with limits (0: none); or a stack of two, with its layers.
struct MountSpec {
  std::string name;
  int64_t pages = 0;
  int64_t inodes = 0;
  bool stack = false;
};
[[nodiscard]] bool has_stack(const std::vector<MountSpec>& mounts);
[[nodiscard]] std::vector<MountSpec> mounts_of(const scenario::Scenario& scenario);
/// Makes them for this process and its children; empty, or why it could not. `kept` can be written meanwhile.
[[nodiscard]] std::string make_mounts(const std::vector<MountSpec>& mounts, const std::string& kept);

/// The mounts of one scenario after the other, of a process that plays many: its root is made once.
class StageMounts {
 public:
  /// Empty, or why not. `kept` can be written from the first time on, and nothing else of the root.
  [[nodiscard]] std::string mount(const std::vector<MountSpec>& mounts, const std::string& kept);
  /// With all that is in them.
  void unmount();

 private:
  bool begun_ = false;
  std::vector<std::string> mounted_;
};

namespace paths {
[[nodiscard]] Value access(Actor& a, const Call& c);
[[nodiscard]] Value chmod(Actor& a, const Call& c);
[[nodiscard]] Value chown(Actor& a, const Call& c);
[[nodiscard]] Value getdents(Actor& a, const Call& c);
[[nodiscard]] Value getxattr(Actor& a, const Call& c);
[[nodiscard]] Value link(Actor& a, const Call& c);
[[nodiscard]] Value listxattr(Actor& a, const Call& c);
[[nodiscard]] Value lseek(Actor& a, const Call& c);
[[nodiscard]] Value lstat(Actor& a, const Call& c);
[[nodiscard]] Value mkdir(Actor& a, const Call& c);
[[nodiscard]] Value mknod(Actor& a, const Call& c);
[[nodiscard]] Value open(Actor& a, const Call& c);
[[nodiscard]] Value readlink(Actor& a, const Call& c);
[[nodiscard]] Value removexattr(Actor& a, const Call& c);
[[nodiscard]] Value rename(Actor& a, const Call& c);
[[nodiscard]] Value rmdir(Actor& a, const Call& c);
[[nodiscard]] Value setxattr(Actor& a, const Call& c);
[[nodiscard]] Value stat(Actor& a, const Call& c);
[[nodiscard]] Value fstat(Actor& a, const Call& c);
[[nodiscard]] Value statfs(Actor& a, const Call& c);
[[nodiscard]] Value symlink(Actor& a, const Call& c);
[[nodiscard]] Value truncate(Actor& a, const Call& c);
[[nodiscard]] Value unlink(Actor& a, const Call& c);
[[nodiscard]] Value utimensat(Actor& a, const Call& c);
}  // namespace paths

}  // namespace quire::oracle
