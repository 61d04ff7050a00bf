// quire shrink: a scenario that is not as stated, made small while the same expectation fails in the same way.
#include <fmt/core.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "cli/check_request.h"
#include "cli/commands.h"
#include "cli/load.h"
#include "fuzz/shrink.h"
#include "runner/runner.h"
#include "scenario/format.h"

namespace quire::cli {
namespace {

struct ShrinkRequest {
  std::string file;
  std::string only;
  std::string output;
  std::string time = "10s";
};

/// What is wrong with a scenario: which of its expectations, and what was found.
struct Failing {
  std::size_t expectation = 0;
  std::string found;
  std::string summary;
};

// Of a call that is not as stated, "load gave 0": what it was about, whatever its line and operands.
std::string wrong_result(const std::string& report) {
  std::size_t end = report.find(", which is not as stated");
  std::size_t gave = end == std::string::npos ? end : report.rfind(" gave ", end);
  std::size_t begin = gave == std::string::npos ? gave : report.rfind("line ", gave);
  if (begin == std::string::npos) return {};
  std::size_t call = report.find(": ", begin) + 2;
  return report.substr(call, report.find('(', call) - call) + report.substr(gave, end - gave);
}

std::optional<Failing> failing(const scenario::Scenario& scenario, const std::string& file, double seconds) {
  runner::CheckOptions options;
  options.seconds_max = seconds;
  const auto answer = runner::check_scenario(scenario, file, options);
  const auto* check = std::get_if<runner::ScenarioCheck>(&answer);
  if (check == nullptr) return std::nullopt;
  for (std::size_t i = 0; i < check->verdicts.size(); ++i)
    if (const runner::Verdict& v = check->verdicts[i]; !v.as_stated)
      return Failing{i, v.found + " " + wrong_result(v.report), v.summary};
  return std::nullopt;
}

// The failing expectation alone: what the others say would only take time.
scenario::Scenario with_one_expectation(const scenario::Scenario& scenario, std::size_t index) {
  scenario::Scenario one = scenario;
  one.expects = {scenario.expects[index]};
  return one;
}

ExitCode shrink_one(const scenario::Scenario& scenario, const ShrinkRequest& request, double seconds,
                    const Console& console) {
  std::optional<Failing> first = failing(scenario, request.file, seconds);
  if (!first) {
    complain(console, fmt::format("{}:{}: {}: expected a scenario that is not as stated, found one that is",
                                  request.file, scenario.at.line, scenario.name));
    return ExitCode::bad_input;
  }
  uint64_t trials = 0;
  auto still = [&](const scenario::Scenario& candidate) {
    ++trials;
    std::optional<Failing> now = failing(candidate, request.file, seconds);
    return now && now->found == first->found;
  };
  scenario::Scenario small = with_one_expectation(scenario, first->expectation);
  small = fuzz::shrink_machine(fuzz::shrink(small, still, fuzz::kTrialsMax), still);
  scenario::Document document;
  document.scenarios.push_back(small);
  std::string text = format(document);
  if (request.output.empty()) {
    write(console.out, text);
  } else if (std::string why = replace_file(request.output, text); !why.empty()) {
    complain(console, why);
    return ExitCode::machine_cannot;
  }
  write(console.err,
        fmt::format("{}: {}: {} of {} calls are left after {} trials: {}\n", request.file, scenario.name,
                    fuzz::count_calls(small), fuzz::count_calls(scenario), grouped(trials), first->summary));
  return ExitCode::as_stated;
}

ExitCode shrink_file(const ShrinkRequest& request, const Console& console) {
  const LoadedFile file = load_file(request.file, request.file);
  if (!file.document) {
    write(console.err, file.error + "\n");
    return ExitCode::bad_input;
  }
  std::vector<std::string> names;
  for (const scenario::Scenario& scenario : file.document->scenarios) names.push_back(scenario.name);
  std::optional<double> seconds = parse_duration(request.time);
  std::string complaint;
  const scenario::Scenario* wanted =
      request.only.empty() ? &file.document->scenarios[0] : find_scenario(*file.document, request.only);
  if (!seconds) complaint = fmt::format("expected --time 90, 1.5s, 200ms, 5m or 1h, found '{}'", request.time);
  if (wanted == nullptr)
    complaint =
        fmt::format("{}: no scenario is called '{}'{}", request.file, request.only, suggestion(request.only, names));
  if (request.only.empty() && names.size() > 1)
    complaint = fmt::format("{}: expected --only with one of its {} scenarios", request.file, names.size());
  if (!complaint.empty()) {
    complain(console, complaint);
    return ExitCode::bad_input;
  }
  return shrink_one(*wanted, request, *seconds, console);
}

}  // namespace

void add_shrink_command(CLI::App& app, Shell& shell) {
  CLI::App* command = app.add_subcommand("shrink", "Make a scenario small that is not as stated");
  auto request = std::make_shared<ShrinkRequest>();
  command->add_option("FILE", request->file, "Scenario file")->required()->option_text(" ");
  command->add_option("--only", request->only, "The scenario of that name, where the file has several")
      ->option_text("NAME");
  command->add_option("-o,--output", request->output, "Where the small one goes (standard output)")
      ->option_text("FILE");
  command->add_option("--time", request->time, "At most this long for each trial (10s)")->option_text("T");
  command->callback([request, &shell] { shell.code = shrink_file(*request, shell.console); });
}

}  // namespace quire::cli
