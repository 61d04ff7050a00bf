#include "runner/report.h"

#include <fmt/core.h>

#include "explore/token.h"
#include "scenario/format.h"

namespace quire::runner {

using sync::Failure;

std::string_view long_name(Failure failure) {
  switch (failure) {
    case Failure::uaf:
      return "use-after-free";
    case Failure::double_free:
      return "double-free";
    case Failure::bug:
      return "assertion or kernel BUG";
    case Failure::fault:
      return "page fault in the kernel";
    case Failure::race:
      return "data-race";
    case Failure::deadlock:
      return "deadlock";
    case Failure::livelock:
      return "livelock";
    case Failure::lock_order:
      return "lock order violated";
    case Failure::atomic_sleep:
      return "sleeping function called from invalid context";
    case Failure::leak:
      return "leak";
    case Failure::lost_store:
      return "lost store";
    case Failure::stale_pte:
      return "stale page-table entry";
    case Failure::stale_tlb:
      return "stale TLB entry";
    case Failure::rss_mismatch:
      return "bad rss-counter state";
    case Failure::swap_count:
      return "bad swap count";
    case Failure::double_unlock:
      return "unlock of a lock that is not held";
    case Failure::null_deref:
      return "null-pointer dereference";
    case Failure::rcu:
      return "suspicious RCU usage";
    case Failure::check:
      return "unexpected result";
  }
  return "?";
}

std::string fingerprint(const scenario::Scenario& scenario) {
  // FNV-1a over the canonical text without its expectations: they do not change what happens.
  scenario::Scenario what_runs = scenario;
  what_runs.expects.clear();
  what_runs.at = {};
  uint32_t hash = 2166136261U;
  for (unsigned char c : scenario::format(what_runs)) hash = (hash ^ c) * 16777619U;
  return fmt::format("{:04x}", (hash >> 16) ^ (hash & 0xffff));
}

std::string make_token(const Plan& plan, const std::vector<std::string>& defects, const explore::Schedule& schedule) {
  std::string names;
  for (const std::string& d : defects) names += (names.empty() ? "" : ",") + d;
  return fmt::format("{}:{}:{}:{}:{}", plan.file, plan.scenario->name, names.empty() ? "-" : names,
                     explore::to_text(schedule), fingerprint(*plan.scenario));
}

std::optional<Token> parse_token(std::string_view text) {
  std::vector<std::string_view> parts;
  // The file may hold a colon, so the parts are cut from the end.
  for (int i = 0; i < 4; ++i) {
    std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) return std::nullopt;
    parts.push_back(text.substr(colon + 1));
    text = text.substr(0, colon);
  }
  Token token{std::string(text), std::string(parts[3]), {}, std::string(parts[1]), std::string(parts[0])};
  if (token.file.empty() || token.scenario.empty() || !explore::parse_schedule(token.schedule)) return std::nullopt;
  std::string_view defects = parts[2];
  while (defects != "-" && !defects.empty()) {
    std::size_t comma = std::min(defects.find(','), defects.size());
    token.defects.emplace_back(defects.substr(0, comma));
    defects.remove_prefix(std::min(comma + 1, defects.size()));
  }
  return token;
}

std::string render_report(const Plan& plan, int line, const explore::Finding& finding,
                          const explore::Recording& recording, const std::string& token) {
  const explore::Incident& incident = finding.incident;
  std::string where = incident.functions.empty() ? "the final check" : incident.functions.back();
  std::string text = fmt::format("{}:{}: {}\nBUG: quire: {} in {}\n", plan.file, line, plan.scenario->name,
                                 long_name(incident.failure), where);
  text += "  " + incident.message + '\n';
  if (std::string freed = explore::describe_free(recording, incident); !freed.empty()) text += "  " + freed + '\n';
  text += fmt::format("  {} pre-emption{}, {} steps\n\n", finding.preemptions, finding.preemptions == 1 ? "" : "s",
                      finding.steps);
  text += explore::render_diagram(recording);
  text += fmt::format("\nreplay: quire replay {}\n", token);
  return text;
}

}  // namespace quire::runner
