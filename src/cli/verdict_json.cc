#include "cli/verdict_json.h"

namespace quire::cli {
namespace {

Json to_json(const runner::Stats& stats) {
  return {{"executions", stats.executions},
          {"executions_per_second", stats.executions_per_second},
          {"abandoned", stats.abandoned},
          {"seconds", stats.seconds},
          {"steps_run", stats.steps_run},
          {"steps_repeated", stats.steps_repeated},
          {"checkpoint_bytes", stats.checkpoint_bytes},
          {"depth_max", stats.depth_max}};
}

runner::Stats stats_from(const Json& json) {
  runner::Stats stats;
  json.at("executions").get_to(stats.executions);
  json.at("executions_per_second").get_to(stats.executions_per_second);
  json.at("abandoned").get_to(stats.abandoned);
  json.at("seconds").get_to(stats.seconds);
  json.at("steps_run").get_to(stats.steps_run);
  json.at("steps_repeated").get_to(stats.steps_repeated);
  json.at("checkpoint_bytes").get_to(stats.checkpoint_bytes);
  json.at("depth_max").get_to(stats.depth_max);
  return stats;
}

}  // namespace

Json to_json(const runner::Verdict& verdict) {
  Json json{{"line", verdict.line},         {"stated", verdict.stated},     {"as_stated", verdict.as_stated},
            {"summary", verdict.summary},   {"found", verdict.found},       {"defects", verdict.defects},
            {"complete", verdict.complete}, {"bound", verdict.bound},       {"executions", verdict.executions},
            {"seconds", verdict.seconds},   {"preemptions", nullptr},       {"token", verdict.token},
            {"report", verdict.report},     {"outcomes", verdict.outcomes}, {"stats", to_json(verdict.stats)}};
  if (verdict.preemptions) json["preemptions"] = *verdict.preemptions;
  return json;
}

std::optional<runner::Verdict> verdict_from(const Json& json) {
  runner::Verdict verdict;
  try {
    json.at("line").get_to(verdict.line);
    json.at("stated").get_to(verdict.stated);
    json.at("as_stated").get_to(verdict.as_stated);
    json.at("summary").get_to(verdict.summary);
    json.at("found").get_to(verdict.found);
    json.at("defects").get_to(verdict.defects);
    json.at("complete").get_to(verdict.complete);
    json.at("bound").get_to(verdict.bound);
    json.at("executions").get_to(verdict.executions);
    json.at("seconds").get_to(verdict.seconds);
    if (const Json& preemptions = json.at("preemptions"); !preemptions.is_null()) {
      verdict.preemptions = preemptions.get<unsigned>();
    }
    json.at("token").get_to(verdict.token);
    json.at("report").get_to(verdict.report);
    json.at("outcomes").get_to(verdict.outcomes);
    verdict.stats = stats_from(json.at("stats"));
  } catch (const Json::exception&) {
    return std::nullopt;
  }
  return verdict;
}

std::string printed(const Json& json) { return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n"; }

}  // namespace quire::cli
