// Host: what a scenario needs of this machine besides its kernel: swap areas, a place for files. Set up once for many
// scenarios, by one process of the machine at a time, and taken away again whatever happens: a process of its own waits
// for the end of this one, and cleans up if this one could not.
//
//   Host host;
//   if (std::string why = host.set_up({.areas = {"S"}}); !why.empty()) return skip(why);
#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace quire::oracle {

/// Where a scenario's mappings are put, so that they can be told from the program's own.
inline constexpr uint64_t kArenaStart = 0x10'0000'0000;
inline constexpr uint64_t kArenaBytes = 0x10'0000'0000;

class Host {
 public:
  Host() = default;
  ~Host();
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  /// Makes a swap area (compressed RAM, see kAreaPages) for each name that has none yet, and a directory for files.
  /// Empty, or why it could not. Needs root for swap.
  [[nodiscard]] std::string set_up(const std::vector<std::string>& areas);
  /// Turns exactly these areas on, empty, with falling priorities.
  void use_areas(const std::vector<std::string>& areas) const;

  /// How many pages a read fault on a file is to map; nothing happens where that cannot be set.
  void use_fault_around(unsigned pages);

  /// The device of an area; empty if there is none.
  [[nodiscard]] const std::string& device_of(std::string_view area) const;
  [[nodiscard]] const std::string& directory() const { return directory_; }
  /// Whether that directory is on a block device, and not in memory.
  [[nodiscard]] bool has_disk() const;
  /// How many pages a read fault on a file maps: 1, or what this kernel cannot be talked out of.
  [[nodiscard]] unsigned fault_around_pages() const { return fault_around_pages_; }
  [[nodiscard]] static bool is_root();
  [[nodiscard]] static unsigned nodes();
  /// "6.18.44", of the running kernel.
  [[nodiscard]] static std::string kernel_release();

 private:
  [[nodiscard]] std::string start_guardian();
  void wait_for_turn();
  void map_one_page_per_fault();
  void read_one_page_per_swap_fault();
  void set_again() const;
  void tell_guardian(const std::string& line) const;
  [[nodiscard]] std::string made_by_guardian(const std::string& kind) const;

  std::map<std::string, std::string, std::less<>> areas_;
  std::string directory_;
  unsigned fault_around_pages_ = 16;
  std::vector<std::pair<std::string, std::string>> settings_;  ///< of the kernel, and their values meanwhile
  int lock_ = -1;                                              ///< of the machine's swap
  int guardian_ = -1;                                          ///< the socket to it
  pid_t guardian_pid_ = -1;
};

}  // namespace quire::oracle
