#include <fmt/core.h>

#include <filesystem>
#include <memory>

#include "cli/commands.h"
#include "cli/load.h"
#include "runner/runner.h"

namespace quire::cli {
namespace {

struct ReplayRequest {
  std::string token;
  std::string root;
  std::string perfetto;
  bool trace = false;
};

ExitCode refuse(const Console& console, ExitCode code, std::string_view why) {
  complain(console, why);
  return code;
}

// The report is passed on byte for byte.
ExitCode show(const ReplayRequest& request, const Console& console, const runner::ReplayResult& result) {
  if (!result.error.empty()) return refuse(console, ExitCode::not_as_stated, result.error);
  if (request.trace) write(console.out, result.trace + "\n");
  write(console.out, result.report);
  if (!request.perfetto.empty()) {
    if (const std::string error = replace_file(request.perfetto, result.perfetto); !error.empty()) {
      return refuse(console, ExitCode::machine_cannot, "cannot write " + error);
    }
  }
  if (result.reproduced) return ExitCode::as_stated;
  return refuse(console, ExitCode::not_as_stated, "this schedule ends without an incident");
}

ExitCode replay(const ReplayRequest& request, const Console& console) {
  const std::optional<runner::Token> token = runner::parse_token(request.token);
  if (!token) {
    return refuse(console, ExitCode::bad_input, "this is no replay token; see `quire help tokens`");
  }
  if (const std::string complaint = unknown_defect(token->defects); !complaint.empty()) {
    return refuse(console, ExitCode::bad_input, fmt::format("in this token, {}", complaint));
  }
  const std::string path = (std::filesystem::path(request.root) / token->file).string();
  const LoadedFile file = load_file(path, token->file);
  if (!file.document) {
    write(console.err, file.error + "\n");
    return ExitCode::bad_input;
  }
  const scenario::Scenario* scenario = find_scenario(*file.document, token->scenario);
  if (scenario == nullptr) {
    return refuse(console, ExitCode::not_as_stated,
                  fmt::format("the file has changed: {} has no scenario '{}' any more", token->file, token->scenario));
  }
  const auto answer = runner::replay_token(*scenario, *token);
  if (const auto* diagnostic = std::get_if<scenario::Diagnostic>(&answer)) {
    write(console.err, to_string(*diagnostic) + "\n");
    return ExitCode::bad_input;
  }
  return show(request, console, std::get<runner::ReplayResult>(answer));
}

}  // namespace

void add_replay_command(CLI::App& app, Shell& shell) {
  CLI::App* command = app.add_subcommand("replay", "Follow the schedule of a replay token again");
  auto request = std::make_shared<ReplayRequest>();
  command->add_option("TOKEN", request->token, "As a report's last line has it")->required()->option_text(" ");
  command->add_flag("--trace", request->trace, "Every step before the report, in ftrace's text form");
  command->add_option("--perfetto", request->perfetto, "Write the steps to FILE for Perfetto")->option_text("FILE");
  command->add_option("--root", request->root, "The folder that the token's file is relative to")->option_text("DIR");
  command->callback([request, &shell] { shell.code = replay(*request, shell.console); });
}

}  // namespace quire::cli
