// quire compare: what scenarios show on the engine, beside what they show on a real kernel.
#include <fmt/core.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/compare_html.h"
#include "cli/load.h"
#include "oracle/compare.h"
#include "oracle/fidelity.h"
#include "oracle/playable.h"
#include "runner/runner.h"

namespace quire::cli {
namespace {

struct CompareRequest {
  std::vector<std::string> paths;
  std::string kernel = "host";
  unsigned rounds = 200;
  double seconds = 60;
  bool json = false;
  std::string html;
  std::string explanations = "docs/fidelity.md";
};

struct Compared {
  std::string file;
  int line = 0;
  std::string name;
  std::string result;  ///< agrees, differs, explained, skipped
  std::string reason;
  std::vector<std::string> differences;
  std::size_t allowed = 0;  ///< rows
  std::size_t seen = 0;     ///< of those, or others
};

Compared skipped(Compared compared, std::string reason) {
  compared.result = "skipped";
  compared.reason = std::move(reason);
  return compared;
}

Compared compare(const scenario::Scenario& scenario, const std::string& file, oracle::Host& host,
                 const CompareRequest& request) {
  Compared compared{file, scenario.at.line, scenario.name, {}, {}, {}};
  auto made = scenario::make_program(scenario, file, oracle::kernel_parameter);
  if (auto* diagnostic = std::get_if<scenario::Diagnostic>(&made)) return skipped(compared, to_string(*diagnostic));
  const auto& program = std::get<scenario::Program>(made);
  if (std::string why = oracle::why_not_played(program); !why.empty()) return skipped(compared, why);
  if (std::string why = host.set_up(oracle::areas_of(scenario)); !why.empty()) return skipped(compared, why);
  runner::ObserveOptions options{request.seconds, host.fault_around_pages()};
  auto engine = runner::observe_scenario(scenario, file, options);
  if (auto* diagnostic = std::get_if<scenario::Diagnostic>(&engine)) return skipped(compared, to_string(*diagnostic));
  const auto& allowed = std::get<runner::Observations>(engine);
  if (!allowed.trouble.empty()) return skipped(compared, "in the engine: " + allowed.trouble);
  if (!allowed.complete) return skipped(compared, "the engine did not see all outcomes in time");
  oracle::Seen seen = oracle::observe_kernel(program, host, request.rounds);
  if (!seen.trouble.empty()) return skipped(compared, seen.trouble);
  compared.differences = oracle::differences(program, allowed.rows, seen);
  compared.result = compared.differences.empty() ? "agrees" : "differs";
  compared.allowed = allowed.rows.size();
  compared.seen = seen.rows.size();
  return compared;
}

// Empty if there is no such file.
std::string text_of(const std::string& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

void explain(Compared& compared, const std::vector<oracle::Explanation>& known) {
  if (compared.result != "differs") return;
  const oracle::Explanation* found = oracle::explanation_of(known, compared.name, oracle::Host::kernel_release());
  if (found == nullptr) return;
  compared.result = "explained";
  compared.reason = found->why;
}

void print(const Console& console, const Compared& c) {
  std::string note = c.reason;
  if (c.result == "agrees" && c.allowed > 1) note = fmt::format("{} of {} outcomes seen", c.seen, c.allowed);
  write(console.out,
        fmt::format("{:<8} {}:{}: {}{}{}\n", c.result, c.file, c.line, c.name, note.empty() ? "" : ": ", note));
  for (const std::string& difference : c.differences) write(console.out, "     " + difference + "\n");
}

nlohmann::json json_of(const std::vector<Compared>& all) {
  nlohmann::json scenarios = nlohmann::json::array();
  for (const Compared& c : all)
    scenarios.push_back({{"file", c.file},
                         {"name", c.name},
                         {"result", c.result},
                         {"reason", c.reason},
                         {"differences", c.differences},
                         {"outcomes_allowed", c.allowed},
                         {"outcomes_seen", c.seen}});
  return {{"kernel", oracle::Host::kernel_release()}, {"scenarios", scenarios}};
}

// Empty, or why the page could not be written.
std::string write_html(const std::vector<Compared>& all, const std::string& kernel, const std::string& path) {
  ComparedKernel column{kernel, {}};
  for (const Compared& c : all)
    column.cells.push_back({c.file, c.line, c.name, c.result, c.reason, c.differences, c.allowed, c.seen});
  return replace_file(path, compare_html({column}));
}

ExitCode compare_all(const CompareRequest& request, const Console& console) {
  if (request.kernel != "host") {
    complain(console, fmt::format("expected --kernel host, found '{}'", request.kernel));
    return ExitCode::bad_input;
  }
  std::vector<Compared> all;
  bool bad_input = false;
  const std::vector<oracle::Explanation> known = oracle::read_explanations(text_of(request.explanations));
  oracle::Host host;
  for (const LoadedFile& file : load(request.paths)) {
    if (!file.document) {
      write(console.err, file.error + "\n");
      bad_input = true;
      continue;
    }
    for (const scenario::Scenario& scenario : file.document->scenarios) {
      all.push_back(compare(scenario, file.path, host, request));
      explain(all.back(), known);
      if (!request.json) print(console, all.back());
    }
  }
  auto count = [&](std::string_view result) {
    return std::count_if(all.begin(), all.end(), [&](const Compared& c) { return c.result == result; });
  };
  if (request.json) write(console.out, json_of(all).dump(2) + "\n");
  if (!request.json)
    write(console.out,
          fmt::format("{}: {} agree, {} differ, {} explained, {} skipped\n", oracle::Host::kernel_release(),
                      count("agrees"), count("differs"), count("explained"), count("skipped")));
  if (!request.html.empty()) {
    if (std::string why = write_html(all, oracle::Host::kernel_release(), request.html); !why.empty()) {
      complain(console, why);
      return ExitCode::machine_cannot;
    }
  }
  if (bad_input) return ExitCode::bad_input;
  if (count("differs") != 0) return ExitCode::not_as_stated;
  return count("skipped") == static_cast<long>(all.size()) ? ExitCode::all_skipped : ExitCode::as_stated;
}

}  // namespace

void add_compare_command(CLI::App& app, Shell& shell) {
  CLI::App* command =
      app.add_subcommand("compare", "Play scenarios on a real kernel and look for what the engine forbids");
  auto request = std::make_shared<CompareRequest>();
  command->add_option("PATH", request->paths, "Scenario files, or directories of *.qs files")
      ->required()
      ->option_text("...");
  command->add_option("--kernel", request->kernel, "Which: host, the one that runs here")->option_text("KERNEL");
  command->add_option("--rounds", request->rounds, "How often a scenario of several CPUs is played (200)")
      ->option_text("N");
  command->add_option("--time", request->seconds, "Seconds for the outcomes of one scenario in the engine (60)")
      ->option_text("S");
  command->add_option("--explained", request->explanations, "Known differences (docs/fidelity.md)")
      ->option_text("FILE");
  command->add_flag("--json", request->json, "JSON instead of text");
  command->add_option("--html", request->html, "Also write a page for a browser")->option_text("FILE");
  command->callback([request, &shell] { shell.code = compare_all(*request, shell.console); });
}

}  // namespace quire::cli
