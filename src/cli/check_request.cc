#include "cli/check_request.h"

#include <charconv>
#include <cmath>
#include <map>

namespace quire::cli {
namespace {

constexpr unsigned kJobsMax = 1024;

void add_search_options(CLI::App& command, CheckRequest& request) {
  using Strategy = runner::CheckOptions::Strategy;
  const std::map<std::string, Strategy> strategies{{"automatic", Strategy::automatic},
                                                   {"exhaustive", Strategy::exhaustive},
                                                   {"bounded", Strategy::bounded},
                                                   {"pct", Strategy::pct},
                                                   {"random", Strategy::random}};
  command.add_option("--strategy", request.options.strategy, "automatic, exhaustive, bounded, pct or random")
      ->transform(CLI::CheckedTransformer(strategies).description(""))
      ->option_text("NAME");
  const auto set_time = [&request](const std::string& text) {
    const std::optional<double> seconds = parse_duration(text);
    if (!seconds) throw CLI::ValidationError("--time", "'" + text + "' is no time such as 60, 90s, 5m or 1h");
    request.options.seconds_max = *seconds;
  };
  command.add_option_function<std::string>("--time", set_time, "At most this long for each expectation (300s)")
      ->option_text("T");
  command.add_option("--executions", request.options.executions_max, "At most so many for each expectation")
      ->check(CLI::PositiveNumber.description(""))
      ->option_text("N");
  const auto set_preemptions = [&request](const unsigned& bound) { request.options.preemptions_max = bound; };
  command.add_option_function<unsigned>("--preemptions", set_preemptions, "Upper end of the bound on them (3)")
      ->option_text("N");
  command.add_option("--seed", request.options.seed, "Of what is left to chance (1)")
      ->check(CLI::NonNegativeNumber.description(""))
      ->option_text("S");
}

}  // namespace

void add_check_options(CLI::App& command, CheckRequest& request) {
  command.add_option("PATH", request.paths, "Scenario files, or directories of *.qs files")
      ->required()
      ->option_text("...");
  const auto show_all = [&request](int64_t) {
    request.text.reports = Reports::all;
    request.options.report = runner::CheckOptions::Report::all;
  };
  command.add_flag("--show", show_all, "The report of every finding, expected ones too");
  command.add_flag(
      "--stats", [&request](int64_t) { request.text.figures = Figures::shown; },
      "Figures of the search below each line");
  CLI::Option* json = command.add_flag("--json", request.json, "One JSON object instead of lines");
  command.add_flag("--ktap", request.ktap, "KTAP version 1 instead of lines")->excludes(json);
  command.add_option("--junit", request.junit, "Also write JUnit's XML to FILE")->option_text("FILE");
  command.add_option("--jobs", request.jobs, "So many scenarios at once, each in a process of its own (1)")
      ->check(CLI::Range(1U, kJobsMax).description(""))
      ->option_text("N");
  command.add_option("--only", request.only, "Only the scenario of that name")->option_text("NAME");
  command.add_option("--defect", request.options.defects, "Only expectations `with` one of these defects")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->option_text("ID,...");
  add_search_options(command, request);
}

std::optional<double> parse_duration(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  const double scale = unit.empty() || unit == "s" ? 1
                       : unit == "ms"              ? 0.001
                       : unit == "m"               ? 60
                       : unit == "h"               ? 3600
                                                   : 0;
  const double seconds = number * scale;
  if (!std::isfinite(seconds) || seconds <= 0) return std::nullopt;
  return seconds;
}

}  // namespace quire::cli
