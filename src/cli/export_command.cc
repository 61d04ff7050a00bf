// quire export: a scenario as a C program for a real kernel.
#include <fmt/core.h>

#include <memory>

#include "cli/commands.h"
#include "cli/load.h"
#include "oracle/export_c.h"
#include "oracle/playable.h"

namespace quire::cli {
namespace {

struct ExportRequest {
  std::string file;
  std::string only;
  std::string output;
  oracle::ExportOptions options;
};

// The scenario that is meant; null after a complaint.
const scenario::Scenario* wanted_scenario(const scenario::Document& document, const ExportRequest& request,
                                          const Console& console) {
  std::vector<std::string> names;
  std::string listed;
  for (const scenario::Scenario& scenario : document.scenarios) {
    names.push_back(scenario.name);
    listed += (listed.empty() ? "" : ", ") + scenario.name;
  }
  if (request.only.empty()) {
    if (names.size() == 1) return &document.scenarios[0];
    complain(console, fmt::format("{}: expected --only with one of {}", request.file, listed));
    return nullptr;
  }
  const scenario::Scenario* found = find_scenario(document, request.only);
  if (found == nullptr)
    complain(console, fmt::format("{}: no scenario is called '{}'{}", request.file, request.only,
                                  suggestion(request.only, names)));
  return found;
}

ExitCode export_one(const ExportRequest& request, const Console& console) {
  const LoadedFile file = load_file(request.file, request.file);
  if (!file.document) {
    write(console.err, file.error + "\n");
    return ExitCode::bad_input;
  }
  const scenario::Scenario* scenario = wanted_scenario(*file.document, request, console);
  if (scenario == nullptr) return ExitCode::bad_input;
  auto made = scenario::make_program(*scenario, file.path, oracle::kernel_parameter);
  if (auto* diagnostic = std::get_if<scenario::Diagnostic>(&made)) {
    write(console.err, to_string(*diagnostic) + "\n");
    return ExitCode::bad_input;
  }
  const oracle::Exported exported = oracle::export_c(std::get<scenario::Program>(made), request.options);
  if (exported.text.empty()) {
    complain(console, fmt::format("{}:{}: {}: no kernel can be asked for it: {}", file.path, scenario->at.line,
                                  scenario->name, exported.why_not));
    return ExitCode::machine_cannot;
  }
  if (request.output.empty() || request.output == "-") {
    write(console.out, exported.text);
    return ExitCode::as_stated;
  }
  if (const std::string error = replace_file(request.output, exported.text); !error.empty()) {
    complain(console, error);
    return ExitCode::machine_cannot;
  }
  return ExitCode::as_stated;
}

}  // namespace

void add_export_command(CLI::App& app, Shell& shell) {
  CLI::App* command = app.add_subcommand("export", "Write a scenario as a C program that runs on a real kernel");
  auto request = std::make_shared<ExportRequest>();
  command->add_option("FILE", request->file, "A scenario file")->required()->option_text(" ");
  command->add_option("--only", request->only, "The scenario of that name; needed if the file has several")
      ->option_text("NAME");
  const std::map<std::string, oracle::ExportStyle> styles{{"c", oracle::ExportStyle::c},
                                                          {"kselftest", oracle::ExportStyle::kselftest}};
  command->add_option("--style", request->options.style, "c, or kselftest for tools/testing/selftests/mm (c)")
      ->transform(CLI::CheckedTransformer(styles).description(""))
      ->option_text("STYLE");
  command->add_option("--rounds", request->options.rounds, "How often a scenario of several CPUs is played (200)")
      ->check(CLI::Range(1U, 1'000'000U))
      ->option_text("N");
  command->add_option("-o,--output", request->output, "Where to, instead of standard output")->option_text("FILE");
  command->callback([request, &shell] { shell.code = export_one(*request, shell.console); });
}

}  // namespace quire::cli
