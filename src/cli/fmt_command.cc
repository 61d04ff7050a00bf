#include <fmt/core.h>

#include <memory>

#include "cli/commands.h"
#include "cli/load.h"
#include "scenario/format.h"

namespace quire::cli {
namespace {

struct FormatRequest {
  std::vector<std::string> paths;
  bool check = false;
  bool write = false;
};

// What one file that parses comes to.
ExitCode settle(const LoadedFile& file, const FormatRequest& request, const Console& console) {
  const std::string text = scenario::format(*file.document);
  if (!request.check && !request.write) {
    write(console.out, text);
    return ExitCode::as_stated;
  }
  if (text == file.text) return ExitCode::as_stated;
  if (request.check) {
    write(console.out, fmt::format("{}: not in its canonical form; `quire fmt --write` mends it\n", file.path));
    return ExitCode::not_as_stated;
  }
  if (const std::string error = replace_file(file.path, text); !error.empty()) {
    complain(console, "cannot write " + error);
    return ExitCode::machine_cannot;
  }
  write(console.out, fmt::format("{}: rewritten\n", file.path));
  return ExitCode::as_stated;
}

ExitCode format_files(const FormatRequest& request, const Console& console) {
  bool bad_input = false;
  ExitCode worst = ExitCode::as_stated;
  for (const LoadedFile& file : load(request.paths)) {
    if (file.document) {
      worst = std::max(worst, settle(file, request, console));
    } else {
      write(console.err, file.error + "\n");
      bad_input = true;
    }
  }
  return bad_input ? ExitCode::bad_input : worst;
}

}  // namespace

void add_fmt_command(CLI::App& app, Shell& shell) {
  CLI::App* command = app.add_subcommand("fmt", "Print scenarios in their canonical form");
  auto request = std::make_shared<FormatRequest>();
  command->add_option("FILE", request->paths, "Scenario files, or directories of *.qs files")
      ->required()
      ->option_text("...");
  CLI::Option* check = command->add_flag("--check", request->check, "Name the files that are not, and change nothing");
  command->add_flag("--write", request->write, "Rewrite the files that are not")->excludes(check);
  command->callback([request, &shell] { shell.code = format_files(*request, shell.console); });
}

}  // namespace quire::cli
