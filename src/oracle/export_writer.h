// Lines of C in the kernel's style: tabs, and nothing much wider than a screen.
#pragma once

#include <string>
#include <vector>

#include "scenario/program.h"

namespace quire::oracle {

class CWriter {
 public:
  explicit CWriter(int depth) : depth_(depth) {}

  /// One statement; a long one is broken after commas.
  void line(const std::string& statement);
  /// Lines that are indented already.
  void raw(const std::string& lines) { text_ += lines; }
  /// An empty line, unless there is one.
  void blank();
  void indent(int by) { depth_ += by; }

  [[nodiscard]] int depth() const { return depth_; }
  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] std::string indented(int by) const;
  [[nodiscard]] int statements() const { return statements_; }

 private:
  int depth_;
  int statements_ = 0;
  std::string text_;
};

/// Calls from one place on that are the same ones again and again, as `repeat` makes them.
struct Repeat {
  std::size_t length = 1;
  std::size_t times = 1;
};
[[nodiscard]] Repeat repeat_at(const std::vector<scenario::Call>& calls, std::size_t first);

}  // namespace quire::oracle
