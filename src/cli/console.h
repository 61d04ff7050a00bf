// Where the command writes, and whether in colour: the two streams and what they lead to.
//
// C1. Nothing is written past these two streams, so that tests read all of it.
// C2. Colour changes the bytes of marks only, never those of reports.
//
//   Console console = standard_console();
//   write(console.out, paint(console, Paint::good, "ok") + "\n");
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

namespace quire::cli {

/// What `quire` ends with.
enum class ExitCode : uint8_t {
  as_stated = 0,
  not_as_stated = 1,
  bad_input = 2,
  machine_cannot = 3,
  all_skipped = 4,
};

enum class Device : uint8_t { file, terminal };
enum class Color : uint8_t { automatic, always, never };
enum class Paint : uint8_t { good, bad, faint };

struct Console {
  std::FILE* out = stdout;
  std::FILE* err = stderr;
  Device out_device = Device::file;
  Device err_device = Device::file;
  Color color = Color::automatic;
  bool no_color = false;  ///< NO_COLOR is set and not empty, or the terminal is dumb
};

/// stdout and stderr of the process; reads NO_COLOR and TERM.
[[nodiscard]] Console standard_console();

/// Failures stay on the stream (ferror) and are told by finish().
void write(std::FILE* stream, std::string_view text);

/// `quire: MESSAGE` on stderr.
void complain(const Console& console, std::string_view message);

[[nodiscard]] std::string paint(const Console& console, Paint paint, std::string_view text);

/// Flushes; an answer that could not be written is not given: machine_cannot.
[[nodiscard]] ExitCode finish(const Console& console, ExitCode code);

/// 1234567 as "1,234,567".
[[nodiscard]] std::string grouped(uint64_t number);

}  // namespace quire::cli
