// RaceJudge: what may be wrong with a small concurrent program.
#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "fuzz/judge.h"
#include "fuzz/race_explore.h"
#include "scenario/constants.h"
#include "scenario/format.h"

namespace quire::fuzz {
namespace {

using scenario::Call;
using scenario::Scenario;
using scenario::Value;

/// Whether some statement has this in it.
bool mentions(const std::string& text, std::initializer_list<std::string_view> words) {
  return std::any_of(words.begin(), words.end(),
                     [&](std::string_view word) { return text.find(word) != std::string::npos; });
}

/// What a byte is then is up to the system, or to a failure; or there are two steps, and the page may come back
/// between.
bool may_lose_bytes(const std::string& text) {
  return mentions(text, {"poison(", "MADV_FREE", "MADV_GUARD_INSTALL", "may fail", "oom=kill"});
}

/// A page of a file is neither one step of a truncation, if it is a part of a huge page, nor one of a private write:
/// the copy is older than the store.
bool has_finer_steps(const scenario::Scenario& s, const std::string& text) {
  if (mentions(text, {"collapse("}) && mentions(text, {"ftruncate("})) return true;
  if (text.find("MAP_PRIVATE, f") == std::string::npos) return false;
  bool stored = false;
  bool loaded = false;
  for (const scenario::CpuBlock& cpu : s.cpus)
    for (const scenario::Statement& statement : cpu.body.items) {
      if (statement.call.text == "pwrite" || statement.call.text == "fork") return true;
      stored = stored || statement.call.text == "store";
      loaded = loaded || statement.call.text == "load";
    }
  if (stored && loaded) return true;
  return text.find("MAP_SHARED, f") != std::string::npos;
}

/// Takes entries away if that is easy, and leaves them if it is not; or brings them in if the mapping is unlocked
/// between its two steps.
bool unmaps_if_it_can(const std::string& text) {
  return mentions(text, {"MLOCK_ONFAULT", "MADV_PAGEOUT", "MADV_COLD", "reclaim(", "kswapd(", "collapse(",
                         "invalidate_inode_pages2", "fault_around_pages"});
}

/// A page that changes or leaves the swap cache while an image is made, or a device that goes: tasks that could do that
/// are frozen by then.
bool may_spoil_images(const Scenario& scenario) {
  Scenario blocks = scenario;
  blocks.setup.reset();
  blocks.check.reset();
  return mentions(format(blocks), {"store(", "pwrite(", "MADV_POPULATE_WRITE", "MADV_PAGEOUT", "MADV_COLD", "reclaim(",
                                   "kswapd(", "collapse(", "compact(", "swapoff("});
}

std::vector<const Call*> calls_of_interest(const runner::Plan& plan) {
  std::vector<const Call*> calls;
  for (const scenario::TaskProgram& task : plan.tasks)
    for (const Call& call : task.calls) calls.push_back(&call);
  for (const Call& call : plan.check) calls.push_back(&call);
  return calls;
}

bool makes_image(const Call& call) { return call.operation->name == "hibernate"; }

bool reads(const Call& call) { return call.operation->name == "load" || call.operation->name == "pread"; }

std::string alternatives(const Call& call, const SeenValues& seen) {
  std::string text;
  for (const Value& value : seen.values) text += (text.empty() ? "" : " | ") + observed_text(call, value);
  return text;
}

Value error_value(base::Errno error) { return Value::of(-static_cast<int64_t>(error)); }

/// Compares what the calls gave with what they give one after the other.
class OrderComparison {
 public:
  OrderComparison(const scenario::Scenario& scenario, const RaceExplored& explored)
      : scenario_(scenario), explored_(explored), calls_(calls_of_interest(explored.plan)) {}

  std::optional<Wrong> wrong() {
    std::string text = format(scenario_);
    if (may_lose_bytes(text) || has_finer_steps(scenario_, text)) return std::nullopt;
    judges_entries_ = !unmaps_if_it_can(text);
    judges_images_ = !may_spoil_images(scenario_);
    if (!has_a_choice()) return std::nullopt;
    SerialResults serial = run_serially(scenario_);
    if (!serial.known) return std::nullopt;
    for (std::size_t i = 0; i < calls_.size(); ++i)
      for (const Value& value : explored_.values[i].values)
        if (!may_give(i, value, serial.values[i])) return describe(i, value, serial.values[i]);
    return std::nullopt;
  }

 private:
  // Where each call always gives the same there is nothing that an order could explain or not.
  [[nodiscard]] bool has_a_choice() const {
    for (std::size_t i = 0; i < calls_.size(); ++i) {
      if (is_judged(*calls_[i]) && explored_.values[i].values.size() > 1) return true;
    }
    return false;
  }

  [[nodiscard]] bool is_judged(const Call& call) const {
    if (makes_image(call)) return judges_images_;
    return reads(call) || (judges_entries_ && call.operation->name == "pagemap");
  }

  [[nodiscard]] bool may_give(std::size_t i, const Value& value, const SeenValues& serial) const {
    if (value.kind == Value::Kind::none || serial.contains(value)) return true;
    if (reads(*calls_[i])) return false;
    // There may be too little room for an image, but one that is made must be good.
    if (makes_image(*calls_[i])) return !judges_images_ || value != error_value(base::Errno::enodata);
    // What is mapped may differ; but what every order takes away must be gone.
    static const Value kGone = Value::of(scenario::constant_value("PM_NONE").value_or(0));
    bool gone = serial.values.size() == 1 && serial.values[0] == kGone;
    return !judges_entries_ || calls_[i]->operation->name != "pagemap" || !gone;
  }

  [[nodiscard]] Wrong describe(std::size_t i, const Value& value, const SeenValues& serial) const {
    const Call& call = *calls_[i];
    SeenValues right = serial;
    if (makes_image(call)) {
      right.add(Value::of(0));
      right.add(error_value(base::Errno::enospc));
    }
    std::string expected = alternatives(call, right);
    Wrong wrong;
    wrong.kind = failure_class_name(call.operation->judged);
    wrong.text = fmt::format("{}: {} when the calls overlap, {} when they come one after the other", call.text,
                             observed_text(call, value), expected);
    wrong.signature = fmt::format("{} that no order of the calls gives", call.operation->name);
    wrong.call = explored_.plan.setup.size() + i;
    wrong.results.resize(*wrong.call + 1);
    wrong.results.back() = expected;
    return wrong;
  }

  const scenario::Scenario& scenario_;
  const RaceExplored& explored_;
  std::vector<const Call*> calls_;
  bool judges_entries_ = false;
  bool judges_images_ = false;
};

}  // namespace

std::optional<Wrong> RaceJudge::judge_within(const scenario::Scenario& scenario, const RaceBounds& bounds) {
  RaceExplored explored = explore_races(scenario, defects_, bounds);
  skipped_ = explored.error;
  if (!skipped_.empty()) return std::nullopt;
  if (explored.finding) {
    const explore::Incident& incident = explored.finding->incident;
    Wrong wrong = incident_of(fmt::format("{}: {}", sync::name(incident.failure), incident.message));
    if (!incident.functions.empty()) wrong.text += fmt::format("\nin {}", incident.functions.back());
    return wrong;
  }
  return OrderComparison(scenario, explored).wrong();
}

std::optional<Wrong> RaceJudge::judge(const scenario::Scenario& scenario) { return judge_within(scenario, bounds_); }

std::optional<Wrong> RaceJudge::judge_again(const scenario::Scenario& scenario) {
  return judge_within(scenario, {2, 20 * bounds_.executions, 20 * bounds_.samples});
}

}  // namespace quire::fuzz
