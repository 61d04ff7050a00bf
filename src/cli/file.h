// A stdio file that closes itself.
#pragma once

#include <cstdio>
#include <memory>

namespace quire::cli {

struct FileCloser {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, FileCloser>;

}  // namespace quire::cli
