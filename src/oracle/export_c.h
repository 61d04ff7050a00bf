// A scenario as a C program of its own: it makes the same calls on the kernel that it runs on, compares what they give
// with what the scenario states, and prints TAP.
//
//   Exported exported = export_c(program, {.style = ExportStyle::kselftest});
//   if (exported.text.empty()) return skip(exported.why_not);
//
// One process with one cpu block is straight-line code in main(). Several processes all go through the same list of
// steps and take turns; several cpu blocks are threads that start together, in many rounds. What such a program is made
// of besides its calls lies in oracle/kernel/; of that it has what it uses.
#pragma once

#include <string>

#include "scenario/program.h"

namespace quire::oracle {

enum class ExportStyle : uint8_t {
  c,          ///< needs nothing but a C library
  kselftest,  ///< for tools/testing/selftests/mm of a kernel's sources
};

struct ExportOptions {
  ExportStyle style = ExportStyle::c;
  unsigned rounds = 200;  ///< of a scenario with several cpu blocks
};

struct Exported {
  std::string text;     ///< of the program
  std::string why_not;  ///< where there is none
};

[[nodiscard]] Exported export_c(const scenario::Program& program, const ExportOptions& options);

}  // namespace quire::oracle
