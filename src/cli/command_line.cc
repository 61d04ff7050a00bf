#include "cli/command_line.h"

#include <fmt/core.h>

#include <algorithm>
#include <exception>

#include "cli/commands.h"
#include "cli/load.h"

namespace quire::cli {
namespace {

constexpr std::string_view kFooter =
    "`quire help` lists topics. Exit codes: 0 all as stated, 1 something is not, 2 bad input,\n"
    "3 the machine cannot, 4 nothing ran because all was skipped.";

void build(CLI::App& app, Shell& shell) {
  app.require_subcommand(1);
  app.footer(std::string(kFooter));
  app.set_version_flag("--version", fmt::format("quire {}", shell.version), "Print the version and end");
  const std::map<std::string, Color> colors{
      {"auto", Color::automatic}, {"always", Color::always}, {"never", Color::never}};
  app.add_option("--color", shell.console.color, "auto, always or never; auto heeds NO_COLOR")
      ->transform(CLI::CheckedTransformer(colors).description(""))
      ->option_text("WHEN");
  app.fallthrough();
  add_check_command(app, shell);
  add_run_command(app, shell);
  add_replay_command(app, shell);
  add_defects_command(app, shell);
  add_compare_command(app, shell);
  add_fuzz_command(app, shell);
  add_export_command(app, shell);
  add_import_command(app, shell);
  add_shrink_command(app, shell);
  add_fmt_command(app, shell);
  add_kernels_command(app, shell);
  add_mkswap_command(app, shell);
  add_hibernate_command(app, shell);
  add_resume_command(app, shell);
  add_help_command(app, shell);
}

// A first word that is no command gets a better answer than the parser's.
std::string unknown_command(const CLI::App& app, const std::vector<std::string>& arguments) {
  if (arguments.empty() || arguments[0].empty() || arguments[0][0] == '-') return {};
  std::vector<std::string> known;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (command->get_name() == arguments[0]) return {};
    known.push_back(command->get_name());
  }
  return fmt::format("there is no command '{}'{}; `quire help commands` lists them", arguments[0],
                     suggestion(arguments[0], known));
}

// Help and the version end parsing too, as successes.
ExitCode parse_ended(const CLI::App& app, const CLI::ParseError& error, const Shell& shell) {
  if (error.get_exit_code() != 0) {
    complain(shell.console, error.what());
    return ExitCode::bad_input;
  }
  const bool version = dynamic_cast<const CLI::CallForVersion*>(&error) != nullptr;
  write(shell.console.out, version ? std::string(error.what()) + "\n" : app.help());
  return ExitCode::as_stated;
}

ExitCode parse_and_run(std::vector<std::string> arguments, Shell& shell) {
  CLI::App app("The Linux memory manager as an engine that can be run, explored and compared.", "quire");
  build(app, shell);
  if (arguments.empty()) {
    write(shell.console.err, app.help());
    return ExitCode::bad_input;
  }
  if (const std::string complaint = unknown_command(app, arguments); !complaint.empty()) {
    complain(shell.console, complaint);
    return ExitCode::bad_input;
  }
  std::reverse(arguments.begin(), arguments.end());  // as the parser wants them
  try {
    app.parse(arguments);
  } catch (const CLI::ParseError& error) {
    return parse_ended(app, error, shell);
  }
  return shell.code;
}

}  // namespace

ExitCode run_command_line(std::vector<std::string> arguments, const Console& console, const std::string& version) {
  Shell shell{console, version};
  ExitCode code = ExitCode::machine_cannot;
  try {
    code = parse_and_run(std::move(arguments), shell);
  } catch (const std::exception& error) {  // no memory, most likely
    complain(console, error.what());
  }
  return finish(console, code);
}

}  // namespace quire::cli
