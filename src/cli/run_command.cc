#include <fmt/core.h>

#include <algorithm>
#include <memory>
#include <set>

#include "cli/bless.h"
#include "cli/commands.h"
#include "cli/load.h"
#include "cli/open_kernel.h"
#include "oracle/compare.h"
#include "oracle/playable.h"
#include "oracle/playhouse.h"
#include "runner/runner.h"
#include "scenario/format.h"

namespace quire::cli {
namespace {

struct RunRequest {
  std::string file;
  std::string only;
  runner::RunOptions options;
  bool bless = false;
  std::string on = "engine";  ///< whose results are filled in
};

bool has_schedule(const scenario::Scenario& scenario, const std::string& name) {
  return std::any_of(scenario.schedules.begin(), scenario.schedules.end(),
                     [&](const scenario::Schedule& schedule) { return schedule.name == name; });
}

// Empty, or why the request cannot be meant.
std::string complaint_about(const scenario::Document& document, const RunRequest& request) {
  std::vector<std::string> names;
  std::vector<std::string> schedules;
  for (const scenario::Scenario& scenario : document.scenarios) {
    names.push_back(scenario.name);
    for (const scenario::Schedule& schedule : scenario.schedules) schedules.push_back(schedule.name);
  }
  if (!request.only.empty() && find_scenario(document, request.only) == nullptr) {
    return fmt::format("{}: no scenario is called '{}'{}", request.file, request.only, suggestion(request.only, names));
  }
  const std::string& wanted = request.options.schedule;
  if (!wanted.empty() && std::find(schedules.begin(), schedules.end(), wanted) == schedules.end()) {
    return fmt::format("{}: no schedule is called '{}'{}", request.file, wanted, suggestion(wanted, schedules));
  }
  return {};
}

// Empty, or the CPU of the order that the scenario does not have.
std::string complaint_about_order(const scenario::Scenario& scenario, const RunRequest& request) {
  for (const unsigned cpu : request.options.order) {
    const bool known = std::any_of(scenario.cpus.begin(), scenario.cpus.end(), [&](const scenario::CpuBlock& block) {
      return static_cast<unsigned>(block.index) == cpu;
    });
    if (!known) return fmt::format("{}: --order names cpu {}, which {} has not", request.file, cpu, scenario.name);
  }
  return {};
}

void print(const Console& console, const runner::RunResult& result) {
  std::string text;
  for (const runner::RunLine& line : result.lines) {
    text += line.as_stated ? line.text : line.text + "   " + paint(console, Paint::bad, "# not as stated");
    text += "\n";
  }
  if (!result.incident.empty()) text += "\n" + result.incident;
  if (!text.empty() && text.back() != '\n') text += "\n";
  write(console.out, text);
}

ExitCode run_one(const scenario::Scenario& scenario, const RunRequest& request, const Console& console) {
  if (const std::string complaint = complaint_about_order(scenario, request); !complaint.empty()) {
    complain(console, complaint);
    return ExitCode::bad_input;
  }
  const auto answer = runner::run_scenario(scenario, request.file, request.options);
  if (const auto* diagnostic = std::get_if<scenario::Diagnostic>(&answer)) {
    write(console.err, to_string(*diagnostic) + "\n");
    return ExitCode::bad_input;
  }
  const auto& result = std::get<runner::RunResult>(answer);
  print(console, result);
  return result.as_stated && result.incident.empty() ? ExitCode::as_stated : ExitCode::not_as_stated;
}

/// What was seen of a scenario, or why nothing was.
struct SeenRows {
  std::set<std::vector<std::string>> rows;
  std::string trouble;
};

SeenRows seen_on_engine(const scenario::Scenario& scenario, const std::string& file) {
  auto answer = runner::observe_scenario(scenario, file, {});
  if (const auto* diagnostic = std::get_if<scenario::Diagnostic>(&answer)) return {{}, to_string(*diagnostic)};
  auto& observations = std::get<runner::Observations>(answer);
  if (!observations.trouble.empty()) return {{}, observations.trouble};
  if (!observations.complete) return {{}, "the engine did not see all outcomes in time"};
  return {std::move(observations.rows), {}};
}

SeenRows seen_on_kernel(const scenario::Scenario& scenario, const scenario::Program& program,
                        oracle::Playhouse& house) {
  constexpr unsigned kRounds = 200;
  if (std::string why = oracle::why_not_played(program, house.facts()); !why.empty()) return {{}, why};
  house.send({oracle::Request::How::carefully, kRounds, format(scenario)});
  oracle::Answer answer = house.receive();
  SeenRows result{{}, answer.seen.trouble};
  if (answer.ended && house.reopen().empty()) return result;
  for (const auto& [row, times] : answer.seen.rows) result.rows.insert(row);
  return result;
}

// Fills in the results of the wanted scenarios, and writes the file.
ExitCode bless_file(const RunRequest& request, LoadedFile file, const Console& console) {
  ExitCode code = ExitCode::as_stated;
  oracle::Playhouse house;
  if (request.on != "engine")
    if (ExitCode opened = open_kernel(house, request.on, "tcg", console); opened != ExitCode::as_stated) return opened;
  for (scenario::Scenario& scenario : file.document->scenarios) {
    if (!request.only.empty() && scenario.name != request.only) continue;
    auto complain_about = [&](std::string_view why) {
      complain(console, fmt::format("{}:{}: {}: {}", request.file, scenario.at.line, scenario.name, why));
      code = ExitCode::machine_cannot;
    };
    auto made = scenario::make_program(scenario, request.file, oracle::kernel_parameter);
    if (auto* diagnostic = std::get_if<scenario::Diagnostic>(&made)) {
      write(console.err, to_string(*diagnostic) + "\n");
      return ExitCode::bad_input;
    }
    const auto& program = std::get<scenario::Program>(made);
    SeenRows seen =
        request.on == "engine" ? seen_on_engine(scenario, request.file) : seen_on_kernel(scenario, program, house);
    if (!seen.trouble.empty()) {
      complain_about(seen.trouble);
      continue;
    }
    Blessed blessed = bless(scenario, program, seen.rows);
    if (!blessed.trouble.empty()) {
      complain_about(blessed.trouble);
      continue;
    }
    write(console.out, fmt::format("{}:{}: {}: {} results filled in, {} changed\n", request.file, scenario.at.line,
                                   scenario.name, blessed.filled, blessed.changed));
  }
  if (std::string why = replace_file(request.file, format(*file.document)); !why.empty()) {
    complain(console, why);
    return ExitCode::machine_cannot;
  }
  return code;
}

// Empty, or why --bless and --on cannot be meant.
std::string complaint_about_bless(const RunRequest& request) {
  if (!request.bless && request.on != "engine")
    return fmt::format("expected --bless with --on {}: `quire compare` plays and compares", request.on);
  bool chosen = !request.options.order.empty() || !request.options.schedule.empty() || !request.options.defects.empty();
  if (request.bless && chosen) return "expected --bless without --order, --schedule and --defect";
  return {};
}

ExitCode run(const RunRequest& request, const Console& console) {
  const LoadedFile file = load_file(request.file, request.file);
  std::string complaint = unknown_defect(request.options.defects);
  if (complaint.empty()) complaint = complaint_about_bless(request);
  if (complaint.empty() && file.document) complaint = complaint_about(*file.document, request);
  if (!complaint.empty()) complain(console, complaint);
  if (!file.document) write(console.err, file.error + "\n");
  if (!complaint.empty() || !file.document) return ExitCode::bad_input;
  if (request.bless) return bless_file(request, file, console);

  std::vector<const scenario::Scenario*> wanted;
  for (const scenario::Scenario& scenario : file.document->scenarios) {
    const bool named = request.only.empty() || scenario.name == request.only;
    const bool ordered = request.options.schedule.empty() || has_schedule(scenario, request.options.schedule);
    if (named && ordered) wanted.push_back(&scenario);
  }
  if (wanted.empty()) {
    complain(console, fmt::format("{}: {} has no schedule '{}'", request.file, request.only, request.options.schedule));
    return ExitCode::bad_input;
  }
  ExitCode worst = ExitCode::as_stated;
  for (const scenario::Scenario* scenario : wanted) {
    if (wanted.size() > 1) {
      write(console.out, fmt::format("{}# {}\n", scenario == wanted.front() ? "" : "\n", scenario->name));
    }
    worst = std::max(worst, run_one(*scenario, request, console));
  }
  return worst;
}

}  // namespace

void add_run_command(CLI::App& app, Shell& shell) {
  CLI::App* command = app.add_subcommand("run", "Run a scenario once and print its calls and their results");
  auto request = std::make_shared<RunRequest>();
  command->add_option("FILE", request->file, "Scenario file")->required()->option_text(" ");
  CLI::Option* order =
      command->add_option("--order", request->options.order, "Which cpu takes its next call, such as 0,1,1,0")
          ->delimiter(',')
          ->allow_extra_args(false)
          ->option_text("CPU,...");
  command->add_option("--schedule", request->options.schedule, "Follow the schedule of that name in the file")
      ->excludes(order)
      ->option_text("NAME");
  command->add_option("--defect", request->options.defects, "Switch these defects on")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->option_text("ID,...");
  command->add_option("--only", request->only, "Only the scenario of that name")->option_text("NAME");
  command->add_flag("--bless", request->bless, "Fill in the results of calls, and write the file");
  command
      ->add_option("--on", request->on,
                   "Whose: engine (default), host, the kernel that runs here, an image, or a version that was fetched")
      ->option_text("WHAT");
  command->callback([request, &shell] { shell.code = run(*request, shell.console); });
}

}  // namespace quire::cli
