#include "cli/check_plan.h"

#include <algorithm>

#include "scenario/format.h"

namespace quire::cli {
namespace {

std::vector<std::string> defects_of(const scenario::Expect& expect) {
  std::vector<std::string> ids;
  for (const scenario::Name& name : expect.defects) ids.push_back(name.text);
  return ids;
}

bool wanted(const scenario::Scenario& scenario, const CheckRequest& request) {
  if (!request.only.empty() && scenario.name != request.only) return false;
  return request.options.defects.empty() ||
         std::any_of(scenario.expects.begin(), scenario.expects.end(),
                     [&](const scenario::Expect& expect) { return request.options.wants(expect); });
}

std::string stated_text(const scenario::Expect& expect) {
  std::string text;
  for (const scenario::ExpectItem& item : expect.body.items) text += (text.empty() ? "" : ", ") + format(item);
  return text;
}

Entry skip_entry(int line, std::vector<std::string> defects, const std::string& reason) {
  Entry entry;
  entry.mark = Mark::skipped;
  entry.verdict.line = line;
  entry.verdict.defects = std::move(defects);
  entry.verdict.summary = reason;
  return entry;
}

void skip(CheckSlot& slot, const std::string& reason, const CheckRequest& request) {
  slot.outcome.skipped = reason;
  for (const scenario::Expect& expect : slot.scenario->expects) {
    if (!request.options.wants(expect)) continue;
    slot.outcome.entries.push_back(skip_entry(expect.at.line, defects_of(expect), reason));
    slot.outcome.entries.back().verdict.stated = stated_text(expect);
  }
  if (slot.outcome.entries.empty()) slot.outcome.entries.push_back(skip_entry(slot.outcome.line, {}, reason));
}

void settle_check(CheckSlot& slot, runner::ScenarioCheck check, const CheckRequest& request) {
  if (!check.skipped.empty()) return skip(slot, check.skipped, request);
  for (runner::Verdict& verdict : check.verdicts) {
    const Mark mark = verdict.as_stated ? Mark::passed : Mark::failed;
    slot.outcome.entries.push_back({mark, std::move(verdict)});
  }
  if (slot.outcome.entries.empty()) skip(slot, "it states no expectation", request);
}

void settle_death(CheckSlot& slot, const WorkerDeath& death) {
  Entry entry;
  entry.mark = Mark::failed;
  entry.verdict.line = slot.outcome.line;
  entry.verdict.summary = death.message;
  entry.verdict.found = "crash";
  slot.outcome.entries.push_back(std::move(entry));
}

}  // namespace

std::vector<CheckSlot> plan_check(const std::vector<LoadedFile>& files, const CheckRequest& request) {
  std::vector<CheckSlot> slots;
  for (const LoadedFile& file : files) {
    CheckSlot slot;
    slot.outcome.file = file.path;
    if (!file.document) {
      slot.outcome.error = file.error;
      slot.outcome.trouble = Outcome::Trouble::input;
      slot.state = CheckSlot::State::answered;
      slots.push_back(slot);
      continue;
    }
    for (const scenario::Scenario& scenario : file.document->scenarios) {
      if (!wanted(scenario, request)) continue;
      slot.scenario = &scenario;
      slot.outcome.name = scenario.name;
      slot.outcome.line = scenario.at.line;
      slot.outcome.cell = scenario.cell;
      slots.push_back(slot);
    }
  }
  return slots;
}

void settle(CheckSlot& slot, JobResult result, const CheckRequest& request) {
  slot.state = CheckSlot::State::answered;
  if (const auto* death = std::get_if<WorkerDeath>(&result)) return settle_death(slot, *death);
  if (const auto* not_started = std::get_if<WorkerNotStarted>(&result)) {
    slot.outcome.error = slot.outcome.file + ": " + not_started->message;
    slot.outcome.trouble = Outcome::Trouble::machine;
    return;
  }
  auto& answer = std::get<runner::CheckResult>(result);
  if (const auto* diagnostic = std::get_if<scenario::Diagnostic>(&answer)) {
    slot.outcome.error = to_string(*diagnostic);
    slot.outcome.trouble = Outcome::Trouble::input;
    return;
  }
  settle_check(slot, std::get<runner::ScenarioCheck>(std::move(answer)), request);
}

}  // namespace quire::cli
