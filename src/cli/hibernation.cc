#include "cli/hibernation.h"

#include <fmt/core.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "base/assert.h"
#include "cli/load.h"
#include "power/image_codec.h"

namespace quire::cli {

using base::Errno;

std::string errno_name(Errno error) {
  const char* name = strerrorname_np(static_cast<int>(error));
  return name == nullptr ? std::to_string(static_cast<int>(error)) : name;
}

ExitCode exit_code_of(Errno error) {
  switch (error) {
    case Errno::ok:
      return ExitCode::as_stated;
    case Errno::eperm:
    case Errno::ebusy:
    case Errno::eopnotsupp:
      return ExitCode::not_as_stated;
    case Errno::einval:
    case Errno::enoent:
    case Errno::enotdir:
    case Errno::eisdir:
    case Errno::enametoolong:
    case Errno::eloop:
      return ExitCode::bad_input;
    default:
      return ExitCode::machine_cannot;
  }
}

std::string rate(uint64_t bytes, double seconds) {
  const double megabytes = static_cast<double>(bytes) / 1e6;
  return fmt::format("{:.1f} MB in {:.3f} s, {:.0f} MB/s", megabytes, seconds, megabytes / seconds);
}

std::optional<HibernatedScenario> load_scenario(const std::string& file, const std::string& only,
                                                const Console& console) {
  const LoadedFile loaded = load_file(file, file);
  if (!loaded.error.empty()) {
    write(console.err, loaded.error + "\n");
    return std::nullopt;
  }
  const scenario::Document& document = *loaded.document;
  const scenario::Scenario* wanted = only.empty() ? nullptr : find_scenario(document, only);
  if (only.empty() && document.scenarios.size() == 1) wanted = &document.scenarios.front();
  if (wanted == nullptr) {
    complain(console, only.empty() ? fmt::format("{}: expected --only with one of its {} scenarios", file,
                                                 document.scenarios.size())
                                   : fmt::format("{}: no scenario is called '{}'", file, only));
    return std::nullopt;
  }
  auto made = runner::NativeScenario::make(*wanted, file);
  if (const auto* diagnostic = std::get_if<scenario::Diagnostic>(&made)) {
    write(console.err, to_string(*diagnostic) + "\n");
    return std::nullopt;
  }
  const uint64_t sum = power::checksum(std::as_bytes(std::span(loaded.text)));
  return HibernatedScenario{std::move(std::get<runner::NativeScenario>(made)),
                            fmt::format("scenario {} of a text {:016x}", wanted->name, sum)};
}

void print_lines(const Console& console, const std::vector<runner::RunLine>& lines) {
  for (const runner::RunLine& line : lines) write(console.out, line.text + "\n");
}

void end_at_bugs() {
  base::set_assert_handler([](const char* expression, const char*, int, const char* message) {
    std::fprintf(stderr, "quire: %s: %s\n", expression, message);
    std::fflush(nullptr);
    std::_Exit(static_cast<int>(ExitCode::not_as_stated));
  });
}

}  // namespace quire::cli
