// What is known of the kernel that a scenario is played on, besides what it does.
#pragma once

#include <string>

namespace quire::oracle {

struct KernelFacts {
  std::string release;               ///< "6.18.44", of uname()
  unsigned nodes = 1;                ///< of NUMA
  unsigned fault_around_pages = 16;  ///< how many pages a read fault on a file maps at most
  bool root = false;
  bool overlay = false;  ///< has overlayfs
  bool disk = true;      ///< has a file system on a block device for its files
  bool running = false;  ///< this program runs on it, and can ask it for more
  bool guest = false;    ///< its memory may fail, and it may go down

  /// Whether it is that version or a later one; also if the release is not known.
  [[nodiscard]] bool is_since(int major, int minor) const;
};

/// The one that runs here.
[[nodiscard]] KernelFacts kernel_here();
/// One that has whatever a scenario takes.
[[nodiscard]] KernelFacts kernel_somewhere();

/// 6.18.44 -> 6018; -1: no release.
[[nodiscard]] int version_number(const std::string& release);

}  // namespace quire::oracle
