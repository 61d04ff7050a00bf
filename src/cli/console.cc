#include "cli/console.h"

#include <fmt/core.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace quire::cli {
namespace {

Device device_of(std::FILE* stream) { return isatty(fileno(stream)) != 0 ? Device::terminal : Device::file; }

}  // namespace

Console standard_console() {
  Console console;
  const char* no_color = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  const bool dumb = term != nullptr && std::strcmp(term, "dumb") == 0;
  console.no_color = (no_color != nullptr && *no_color != '\0') || dumb;
  console.out_device = device_of(stdout);
  console.err_device = dumb ? Device::file : device_of(stderr);
  return console;
}

void write(std::FILE* stream, std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stream) != text.size()) return;  // ferror() keeps it
}

void complain(const Console& console, std::string_view message) {
  write(console.err, fmt::format("quire: {}\n", message));
}

std::string paint(const Console& console, Paint paint, std::string_view text) {
  const bool colored = console.color == Color::always || (console.color == Color::automatic &&
                                                          console.out_device == Device::terminal && !console.no_color);
  if (!colored) return std::string(text);
  const std::string_view code = paint == Paint::good ? "32" : paint == Paint::bad ? "1;31" : "2";
  return fmt::format("\033[{}m{}\033[0m", code, text);
}

ExitCode finish(const Console& console, ExitCode code) {
  errno = 0;
  if (std::fflush(console.out) == 0 && std::ferror(console.out) == 0) return code;
  complain(console, fmt::format("cannot write the output: {}", errno != 0 ? std::strerror(errno) : "write error"));
  return ExitCode::machine_cannot;
}

std::string grouped(uint64_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, 1, ',');
  return digits;
}

}  // namespace quire::cli
