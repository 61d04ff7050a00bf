// An archive that a kernel unpacks as its first root directory. Source: Documentation/driver-api/early-userspace/
// buffer-format.rst of Linux ("newc"), cpio(5).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace quire::oracle {

class CpioArchive {
 public:
  void add_directory(std::string_view name) { add(name, 0040755, {}); }
  void add_program(std::string_view name, std::string_view contents) { add(name, 0100755, contents); }
  void add_file(std::string_view name, std::string_view contents) { add(name, 0100644, contents); }
  /// A device that is there before devtmpfs is: the console.
  void add_console() { add("dev/console", 0020600, {}, 5, 1); }

  /// All of it, with its end.
  [[nodiscard]] std::string finish();

 private:
  void add(std::string_view name, uint32_t mode, std::string_view contents, uint32_t major = 0, uint32_t minor = 0);
  void pad();

  std::string bytes_;
  uint32_t inode_ = 0;
};

}  // namespace quire::oracle
