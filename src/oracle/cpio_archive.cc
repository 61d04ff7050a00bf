#include "oracle/cpio_archive.h"

#include <fmt/core.h>

namespace quire::oracle {

void CpioArchive::add(std::string_view name, uint32_t mode, std::string_view contents, uint32_t major, uint32_t minor) {
  constexpr unsigned kLinks = 1;
  bytes_ += "070701";
  // inode, mode, uid, gid, links, mtime, size, device (2), device of a special file (2), length of the name, checksum
  for (std::size_t field : {std::size_t{++inode_}, std::size_t{mode}, std::size_t{0}, std::size_t{0},
                            std::size_t{kLinks}, std::size_t{0}, contents.size(), std::size_t{0}, std::size_t{0},
                            std::size_t{major}, std::size_t{minor}, name.size() + 1, std::size_t{0}})
    bytes_ += fmt::format("{:08x}", field);
  bytes_ += name;
  bytes_ += '\0';
  pad();
  bytes_ += contents;
  pad();
}

void CpioArchive::pad() { bytes_.append((4 - bytes_.size() % 4) % 4, '\0'); }

std::string CpioArchive::finish() {
  add("TRAILER!!!", 0, {});
  return bytes_;
}

}  // namespace quire::oracle
