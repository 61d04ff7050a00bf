// The one line on a terminal that says how far a check is.
//
// P1. Nothing is written where stderr is no terminal.
// P2. The line is gone before anything else is written: the caller erases it first.
#pragma once

#include <string>

#include "cli/console.h"
#include "cli/wire.h"

namespace quire::cli {

/// The scenario that is told of, among how many.
struct ProgressPlace {
  std::size_t done = 0;
  std::size_t all = 0;
  std::size_t running = 1;
  std::string name;
};

/// "[3/40] name: 42%, 4 s left, 12,345 executions, 4,115/s, depth 120, exhaustive": what matters first, since the line
/// is cut to `columns`.
[[nodiscard]] std::string progress_text(const ProgressPlace& place, const ProgressNote& note, std::size_t columns);

class ProgressLine {
 public:
  explicit ProgressLine(const Console& console) : console_(console) {}
  [[nodiscard]] bool wanted() const { return console_.err_device == Device::terminal; }
  void show(const ProgressPlace& place, const ProgressNote& note);
  void erase();

 private:
  const Console& console_;
  enum class Line : uint8_t { empty, written } line_ = Line::empty;
};

}  // namespace quire::cli
