#include "fuzz/fuzzer.h"

#include <fmt/core.h>

#include <charconv>
#include <chrono>
#include <set>

#include "fuzz/shrink.h"
#include "scenario/format.h"
#include "scenario/operations.h"

namespace quire::fuzz {
namespace {

using scenario::Result;
using scenario::ResultKind;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

scenario::Expr expression(std::string_view text) {
  scenario::Expr e;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), e.number.value);
  if (error == std::errc() && end == text.data() + text.size()) return e;
  e.kind = scenario::ExprKind::name;
  e.text = text;
  return e;
}

/// "-ENOMEM", "SIGBUS(2)", "PM_SWAP", "3"; nothing for "an address" and what did not return.
std::optional<Result> result_of_text(std::string_view text) {
  Result result;
  if (text.empty() || text.find(' ') != std::string_view::npos || text == "blocked") return std::nullopt;
  if (text.starts_with("-E")) {
    result.kind = ResultKind::error;
    result.name = text.substr(1);
  } else if (text.starts_with("SIG")) {
    result.kind = ResultKind::signal;
    result.name = text.substr(0, text.find('('));
    if (std::size_t open = text.find('('); open != std::string_view::npos)
      result.value = expression(text.substr(open + 1, text.size() - open - 2));
  } else if (text[0] != '-') {
    result.value = expression(text);
  } else {
    return std::nullopt;
  }
  return result;
}

/// "0 | SIGBUS(2)": one of several.
std::vector<std::string> alternatives_of(std::string_view text) {
  constexpr std::string_view kOr = " | ";
  std::vector<std::string> all;
  for (std::size_t end = text.find(kOr); end != std::string_view::npos; end = text.find(kOr)) {
    all.emplace_back(text.substr(0, end));
    text.remove_prefix(end + kOr.size());
  }
  all.emplace_back(text);
  return all;
}

std::vector<scenario::Statement*> statements_of(scenario::Scenario& s) {
  std::vector<scenario::Statement*> result;
  auto add = [&](scenario::Block<scenario::Statement>& body) {
    for (scenario::Statement& statement : body.items) result.push_back(&statement);
  };
  if (s.setup) add(s.setup->body);
  for (scenario::CpuBlock& cpu : s.cpus) add(cpu.body);
  if (s.check) add(s.check->body);
  return result;
}

bool is_older_at_a_second_look(Judge& judge, const scenario::Scenario& scenario) {
  return !judge.defects().empty() && judge.judge_again_without_defects(scenario).has_value();
}

// What is known to be wrong is expected with the defect that was switched on, as what its operation calls it.
void expect_it(scenario::Scenario& scenario, const Wrong& wrong, const std::vector<std::string>& defects) {
  if (defects.empty()) return;
  scenario::Expect expect;
  for (const std::string& id : defects) expect.defects.push_back({id, {}});
  scenario::ExpectItem item;
  item.kind = scenario::ExpectKind::failure;
  item.quantifier = scenario::Quantifier::sometimes;
  item.failure = scenario::failure_class(wrong.kind).value_or(scenario::FailureClass::check);
  if (wrong.call)
    if (const auto* o = scenario::find_operation(statements_of(scenario)[*wrong.call]->call.text))
      item.failure = o->judged;
  item.trivia.join = scenario::Join::same_line;
  expect.body.items.push_back(std::move(item));
  scenario.expects.push_back(std::move(expect));
}

void comment_on(scenario::Scenario& scenario, const std::string& text) {
  scenario.trivia.before.clear();
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = std::min(text.find('\n', at), text.size());
    scenario.trivia.before.push_back({" " + text.substr(at, end - at), false});
    at = end + 1;
  }
}

// Whether something is wrong without the defects too: then it says nothing of them.
bool is_older(Judge& judge, const scenario::Scenario& scenario) {
  return !judge.defects().empty() && judge.judge_without_defects(scenario).has_value();
}

// A kernel has its memory and swap areas whatever the machine line says: less of it changes the engine alone.
bool same_machine(const scenario::Scenario& a, const scenario::Scenario& b) {
  if (!a.machine || !b.machine) return a.machine.has_value() == b.machine.has_value();
  return a.machine->options.size() == b.machine->options.size() && a.machine->knobs.size() == b.machine->knobs.size();
}

}  // namespace

void state_results(scenario::Scenario& scenario, const std::vector<std::string>& results) {
  std::vector<scenario::Statement*> statements = statements_of(scenario);
  for (std::size_t i = 0; i < statements.size() && i < results.size(); ++i) {
    statements[i]->expected.clear();
    for (const std::string& text : alternatives_of(results[i]))
      if (auto result = result_of_text(text)) statements[i]->expected.push_back(*result);
  }
}

Found make_small(Judge& judge, const scenario::Scenario& scenario, const Wrong& wrong) {
  auto still = [&](const scenario::Scenario& candidate) {
    if (count_calls(candidate) == 0) return false;
    if (judge.kernel() != nullptr && !same_machine(candidate, scenario)) return false;
    auto now = judge.judge(candidate);
    return now && now->signature == wrong.signature && !is_older(judge, candidate);
  };
  scenario::Scenario small = shrink(scenario, still);
  Found found;
  found.wrong = judge.judge_again(small).value_or(wrong);
  comment_on(small, found.wrong.text);
  if (found.wrong.signature == wrong.signature) {
    state_results(small, found.wrong.results);
    expect_it(small, found.wrong, judge.defects());
  }
  found.document.scenarios.push_back(std::move(small));
  return found;
}

scenario::Document collect(Judge& judge, const FuzzOptions& options, std::size_t count) {
  Clock::time_point start = Clock::now();
  scenario::Document document;
  std::set<std::string> known;
  for (uint64_t n = 0; n < options.programs && seconds_since(start) < options.seconds; ++n) {
    if (document.scenarios.size() >= count) break;
    scenario::Scenario scenario = generate(options.seed + n, options.generator);
    if (judge.judge(scenario) || !judge.skipped().empty() || judge.judge_again(scenario)) continue;
    Sequence run = run_in_order(scenario, {});
    std::set<std::string> shown(run.reached.begin(), run.reached.end());
    std::vector<std::string> results;
    for (const CallResult& r : run.results) {
      bool number = r.text[0] >= '0' && r.text[0] <= '9';
      shown.insert(fmt::format("{}{} {}", r.call->operation->name, r.call->member, number ? "" : r.text));
      results.push_back(r.text);
    }
    std::size_t before = known.size();
    known.merge(shown);
    if (known.size() == before) continue;
    state_results(scenario, results);
    scenario.trivia.blank_before = !document.scenarios.empty();
    document.scenarios.push_back(std::move(scenario));
  }
  return document;
}

FuzzResult fuzz(Judge& judge, const FuzzOptions& options) {
  Clock::time_point start = Clock::now();
  FuzzResult result;
  std::set<std::string> known;
  for (uint64_t n = 0; result.programs < options.programs; ++n) {
    result.seconds = seconds_since(start);
    if (result.seconds >= options.seconds || result.findings.size() >= options.findings) break;
    uint64_t seed = options.seed + n;
    scenario::Scenario scenario = generate(seed, options.generator);
    auto wrong = judge.judge(scenario);
    ++result.programs;
    if (!judge.skipped().empty()) {
      ++result.skipped;
      ++result.why_skipped[judge.skipped()];
    }
    if (!wrong || is_older(judge, scenario)) continue;
    ++result.differences;
    if (known.contains(wrong->signature)) continue;
    auto again = judge.judge_again(scenario);
    if (!again || again->signature != wrong->signature) {
      ++result.passing;
      ++result.what_passed[wrong->signature];
      continue;
    }
    known.insert(wrong->signature);
    Found found = make_small(judge, scenario, *wrong);
    if (is_older_at_a_second_look(judge, found.document.scenarios[0])) {
      ++result.passing;
      continue;
    }
    found.seed = seed;
    found.program = result.programs;
    found.seconds = seconds_since(start);
    if (options.on_found) options.on_found(found);
    result.findings.push_back(std::move(found));
  }
  result.seconds = seconds_since(start);
  return result;
}

}  // namespace quire::fuzz
