// The operations of the language that take a path, on a machine, by their names there.
#pragma once

#include <string_view>

#include "machine/machine.h"
#include "runner/plan.h"

namespace quire::runner {

class Runtime;

/// A field of stat(), by its name: st_size, st_mode, st_mtime (in seconds), ...
[[nodiscard]] int64_t stat_member(const machine::Stat& stat, std::string_view member);

namespace paths {
[[nodiscard]] Value mkdir(Runtime& r, const Call& c);
[[nodiscard]] Value mknod(Runtime& r, const Call& c);
[[nodiscard]] Value rmdir(Runtime& r, const Call& c);
[[nodiscard]] Value unlink(Runtime& r, const Call& c);
[[nodiscard]] Value link(Runtime& r, const Call& c);
[[nodiscard]] Value symlink(Runtime& r, const Call& c);
[[nodiscard]] Value readlink(Runtime& r, const Call& c);
[[nodiscard]] Value rename(Runtime& r, const Call& c);
[[nodiscard]] Value stat(Runtime& r, const Call& c);
[[nodiscard]] Value lstat(Runtime& r, const Call& c);
[[nodiscard]] Value statfs(Runtime& r, const Call& c);
[[nodiscard]] Value access(Runtime& r, const Call& c);
[[nodiscard]] Value truncate(Runtime& r, const Call& c);
[[nodiscard]] Value chmod(Runtime& r, const Call& c);
[[nodiscard]] Value chown(Runtime& r, const Call& c);
[[nodiscard]] Value utimensat(Runtime& r, const Call& c);
[[nodiscard]] Value setxattr(Runtime& r, const Call& c);
[[nodiscard]] Value getxattr(Runtime& r, const Call& c);
[[nodiscard]] Value removexattr(Runtime& r, const Call& c);
[[nodiscard]] Value listxattr(Runtime& r, const Call& c);
[[nodiscard]] Value getdents(Runtime& r, const Call& c);
[[nodiscard]] Value lseek(Runtime& r, const Call& c);
}  // namespace paths

}  // namespace quire::runner
