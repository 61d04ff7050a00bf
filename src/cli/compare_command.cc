// quire compare: what scenarios show on the engine, beside what they show on a real kernel.
#include <fmt/core.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/compare_html.h"
#include "cli/compared.h"
#include "cli/load.h"
#include "cli/open_kernel.h"
#include "oracle/compare.h"
#include "oracle/playable.h"
#include "oracle/playhouse.h"
#include "runner/runner.h"
#include "scenario/format.h"

namespace quire::cli {
namespace {

struct CompareRequest {
  std::vector<std::string> paths;
  std::vector<std::string> kernels;
  std::string accelerator = "tcg";
  unsigned rounds = 200;
  double seconds = 60;
  bool json = false;
  std::string html;
  std::string explanations = "docs/fidelity.md";
};

ComparedCell skipped(ComparedCell compared, std::string reason) {
  compared.result = "skipped";
  compared.reason = std::move(reason);
  return compared;
}

ComparedCell compare(const scenario::Scenario& scenario, const std::string& file, oracle::Playhouse& house,
                     const CompareRequest& request, const std::vector<oracle::Explanation>& known) {
  ComparedCell compared{file, scenario.at.line, scenario.name, {}, {}, {}};
  auto made = scenario::make_program(scenario, file, oracle::kernel_parameter);
  if (auto* diagnostic = std::get_if<scenario::Diagnostic>(&made)) return skipped(compared, to_string(*diagnostic));
  const auto& program = std::get<scenario::Program>(made);
  if (std::string why = oracle::why_not_played(program, house.facts()); !why.empty()) return skipped(compared, why);
  runner::ObserveOptions options{request.seconds, house.facts().fault_around_pages};
  auto engine = runner::observe_scenario(scenario, file, options);
  if (auto* diagnostic = std::get_if<scenario::Diagnostic>(&engine)) return skipped(compared, to_string(*diagnostic));
  const auto& allowed = std::get<runner::Observations>(engine);
  if (!allowed.trouble.empty()) return skipped(compared, "in the engine: " + allowed.trouble);
  if (!allowed.complete) return skipped(compared, "the engine did not see all outcomes in time");
  house.send({oracle::Request::How::carefully, request.rounds, format(scenario)});
  oracle::Answer answer = house.receive();
  if (!answer.ended && !answer.seen.trouble.empty()) return skipped(compared, answer.seen.trouble);
  compared.differences = oracle::differences(program, allowed.rows, answer.seen);
  compared.allowed = allowed.rows.size();
  judge(compared, answer, known, house.facts().release);
  if (answer.ended) compared.reason = house.reopen();
  return compared;
}

// Empty if there is no such file.
std::string text_of(const std::string& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

void print(const Console& console, const ComparedCell& c) {
  std::string note = c.reason;
  if (c.result == "agrees" && c.allowed > 1) note = fmt::format("{} of {} outcomes seen", c.seen, c.allowed);
  write(console.out,
        fmt::format("{:<8} {}:{}: {}{}{}\n", c.result, c.file, c.line, c.name, note.empty() ? "" : ": ", note));
  for (const std::string& difference : c.differences) write(console.out, "     " + difference + "\n");
}

nlohmann::json json_of(const ComparedKernel& kernel) {
  nlohmann::json scenarios = nlohmann::json::array();
  for (const ComparedCell& c : kernel.cells)
    scenarios.push_back({{"file", c.file},
                         {"name", c.name},
                         {"result", c.result},
                         {"reason", c.reason},
                         {"differences", c.differences},
                         {"outcomes_allowed", c.allowed},
                         {"outcomes_seen", c.seen}});
  return {{"kernel", kernel.name}, {"scenarios", scenarios}};
}

long cells_with(const ComparedKernel& kernel, std::string_view result) {
  return std::count_if(kernel.cells.begin(), kernel.cells.end(),
                       [&](const ComparedCell& c) { return c.result == result; });
}

// Everything on one kernel.
ComparedKernel compare_on(oracle::Playhouse& house, const std::vector<LoadedFile>& files, const CompareRequest& request,
                          const Console& console) {
  const std::vector<oracle::Explanation> known = oracle::read_explanations(text_of(request.explanations));
  ComparedKernel kernel{house.facts().release, {}};
  for (const LoadedFile& file : files) {
    if (!file.document) continue;
    for (const scenario::Scenario& scenario : file.document->scenarios) {
      kernel.cells.push_back(compare(scenario, file.path, house, request, known));
      if (!request.json) print(console, kernel.cells.back());
    }
  }
  if (!request.json)
    write(console.out,
          fmt::format("{}: {} agree, {} differ, {} explained, {} skipped\n", kernel.name, cells_with(kernel, "agrees"),
                      cells_with(kernel, "differs"), cells_with(kernel, "explained"), cells_with(kernel, "skipped")));
  return kernel;
}

ExitCode verdict_on(const std::vector<ComparedKernel>& kernels) {
  bool all_skipped = true;
  for (const ComparedKernel& kernel : kernels) {
    if (cells_with(kernel, "differs") != 0) return ExitCode::not_as_stated;
    all_skipped = all_skipped && cells_with(kernel, "skipped") == static_cast<long>(kernel.cells.size());
  }
  return all_skipped ? ExitCode::all_skipped : ExitCode::as_stated;
}

ExitCode compare_all(const CompareRequest& request, const Console& console) {
  const std::vector<LoadedFile> files = load(request.paths);
  bool bad_input = false;
  for (const LoadedFile& file : files) {
    if (!file.document) write(console.err, file.error + "\n");
    bad_input = bad_input || !file.document;
  }
  std::vector<ComparedKernel> kernels;
  for (const std::string& name : request.kernels) {
    oracle::Playhouse house;
    ExitCode opened = open_kernel(house, name, request.accelerator, console);
    if (opened != ExitCode::as_stated) return opened;
    kernels.push_back(compare_on(house, files, request, console));
  }
  if (request.json) {
    nlohmann::json all = nlohmann::json::array();
    for (const ComparedKernel& kernel : kernels) all.push_back(json_of(kernel));
    write(console.out, all.dump(2) + "\n");
  }
  if (!request.html.empty())
    if (std::string why = replace_file(request.html, compare_html(kernels)); !why.empty()) {
      complain(console, why);
      return ExitCode::machine_cannot;
    }
  return bad_input ? ExitCode::bad_input : verdict_on(kernels);
}

}  // namespace

void add_compare_command(CLI::App& app, Shell& shell) {
  CLI::App* command =
      app.add_subcommand("compare", "Play scenarios on a real kernel and look for what the engine forbids");
  auto request = std::make_shared<CompareRequest>();
  command->add_option("PATH", request->paths, "Scenario files, or directories of *.qs files")
      ->required()
      ->option_text("...");
  command
      ->add_option("--kernel", request->kernels,
                   "host, the one that runs here (default), an image, or a version that was fetched; several: in turn")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->option_text("KERNEL,...");
  command->add_option("--accel", request->accelerator, "Of guests: tcg (default) or kvm")
      ->check(CLI::IsMember({"tcg", "kvm"}))
      ->option_text("NAME");
  command->add_option("--rounds", request->rounds, "How often a scenario of several CPUs is played (200)")
      ->option_text("N");
  command->add_option("--time", request->seconds, "Seconds for the outcomes of one scenario in the engine (60)")
      ->option_text("S");
  command->add_option("--explained", request->explanations, "Known differences (docs/fidelity.md)")
      ->option_text("FILE");
  command->add_flag("--json", request->json, "JSON instead of text");
  command->add_option("--html", request->html, "Also write a page for a browser")->option_text("FILE");
  command->callback([request, &shell] {
    if (request->kernels.empty()) request->kernels.emplace_back("host");
    shell.code = compare_all(*request, shell.console);
  });
}

}  // namespace quire::cli
