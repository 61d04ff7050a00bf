#include "runner/program.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "sync/trace.h"

namespace quire::runner {

using sync::Failure;

namespace {

// The language lists the classes in the order of the detectors (judge.cc).
Failure failure_of(const scenario::Operation& operation) { return static_cast<Failure>(operation.judged); }

constexpr int kSigkill = 9;

/// A message that owns no memory: nothing that does may be alive when bug() leaves the stack for good. Cut where it is
/// too long.
class BugText {
 public:
  template <typename... Args>
  void add(fmt::format_string<Args...> format, Args&&... args) {
    char* end = text_.data() + size_;
    size_ += std::min(text_.size() - size_,
                      fmt::format_to_n(end, text_.size() - size_, format, std::forward<Args>(args)...).size);
  }
  [[nodiscard]] std::string_view view() const { return {text_.data(), size_}; }

 private:
  std::array<char, 1000> text_;
  std::size_t size_ = 0;
};

/// What a process does itself, and does no more when it is killed. The rest is the kernel's, or looks from outside.
bool is_own_call(const scenario::Operation& o) {
  constexpr std::array<std::string_view, 14> kOthers = {
      "collapse", "compact", "corrupt_pte", "device_exclusive", "device_private", "exit",   "flusher",
      "kill",     "killall", "kswapd",      "move_pages",       "oom_score_adj",  "poison", "reclaim"};
  return o.where == scenario::Operation::Where::anywhere &&
         std::find(kOthers.begin(), kOthers.end(), o.name) == kOthers.end();
}

}  // namespace

// --- Runtime --------------------------------------------------------------------------------------------------------

machine::Process& Runtime::process_at(int index) {
  machine::Process* p = state_->processes[static_cast<std::size_t>(index)];
  if (p == nullptr) sync::bug(Failure::check, "a call of a process that does not exist (any more)");
  return *p;
}

int64_t Runtime::operand_number(const Operand& operand) const {
  if (operand.kind != Operand::Kind::variable) return operand.number;
  return state_->variables[static_cast<std::size_t>(operand.variable)].number + operand.number;
}

int64_t Runtime::number(const Call& call, std::size_t operand, int64_t otherwise) const {
  return operand < call.operands.size() ? operand_number(call.operands[operand]) : otherwise;
}

void Runtime::bind_child(const Call& call, machine::Process& child) {
  if (call.capture < 0) return;
  const std::string& name = plan_.variables[static_cast<std::size_t>(call.capture)].name;
  for (std::size_t i = 0; i < plan_.processes.size(); ++i)
    if (plan_.processes[i].name == name && plan_.processes[i].forked) {
      state_->processes[i] = &child;
      state_->pids[i] = child.pid();
    }
}

power::Freezes Runtime::freezes(const Call& call) {
  if (!state_->tasks_run || call.process < 0 || !exists(call.process)) return power::Freezes::never;
  return process(call).freezes;
}

void Runtime::forget_process(machine::Process& process) {
  for (machine::Process*& p : state_->processes)
    if (p == &process) p = nullptr;
}

// --- The three parts ------------------------------------------------------------------------------------------------

void ScenarioProgram::setup() {
  state_ = sync::make_object<State>();
  machine::MachineOptions options = plan_.machine;
  options.private_data = machine::OnOff::on;
  state_->machine = sync::make_object<machine::Machine>(options);
  for (std::size_t i = 0; i < plan_.processes.size(); ++i)
    if (!plan_.processes[i].forked) {
      state_->processes[i] = &state_->machine->create_process(plan_.processes[i].name.c_str());
      state_->pids[i] = state_->processes[i]->pid();
    }
  for (const Call& call : plan_.setup) (void)run_call(call, explore::kTasksMax);
  // The CPUs come from idle to what is explored.
  state_->machine->flush_tlb_all();
  state_->tasks_run = true;
}

explore::TaskSpec ScenarioProgram::task(unsigned index) const {
  const TaskPlan& t = plan_.tasks[index];
  using Kind = explore::TaskSpec::Kind;
  return {t.label, t.cpu, t.kind == TaskPlan::Kind::interrupt ? Kind::interrupt : Kind::thread};
}

void ScenarioProgram::run(unsigned index) {
  for (const Call& call : plan_.tasks[index].calls) (void)run_call(call, index);
}

void ScenarioProgram::finish() {
  state_->tasks_run = false;
  for (const Call& call : plan_.check) (void)run_call(call, explore::kTasksMax);
  check_machine();
  for (Watched& w : conditions) {
    bool held = holds(w.condition);
    if (held) ++w.held;
    if (w.quantifier == scenario::Quantifier::sometimes || held == (w.quantifier == scenario::Quantifier::always))
      continue;
    BugText text;
    text.add("not {} {}: {}", w.quantifier == scenario::Quantifier::always ? "always" : "never", w.condition.text,
             outcome());
    sync::bug(Failure::check, text.view());
  }
}

void ScenarioProgram::observe() {
  if (keep == Keep::outcomes) outcomes.insert(outcome());
}

std::string ScenarioProgram::outcome() const {
  std::string text;
  for (const TaskPlan& task : plan_.tasks)
    for (const Call& call : task.calls) {
      if (call.capture < 0) continue;
      const Variable& v = plan_.variables[static_cast<std::size_t>(call.capture)];
      text +=
          fmt::format("{}{}:{}={}", text.empty() ? "" : " ", plan_.processes[static_cast<std::size_t>(v.process)].name,
                      v.name, to_text(state_->variables[static_cast<std::size_t>(call.capture)]));
    }
  return text;
}

// Whether the process that is to make the call has been killed: it does not come back from the kernel.
bool ScenarioProgram::is_dead(const Call& call) const {
  if (plan_.machine.oom != rmap::OomPolicy::kill || call.process < 0 || !is_own_call(*call.operation)) return false;
  const machine::Process* process = state_->processes[static_cast<std::size_t>(call.process)];
  return process != nullptr && machine::Machine::killed(*process);
}

// A task that is frozen waits before its call. What the call does to the process does not change what was begun.
Value ScenarioProgram::carry_out(const Call& call) {
  power::Freezes kind = freezes(call);
  state_->machine->enter_call(kind);
  Value value = run_operation(*this, call);
  state_->machine->leave_call(kind);
  return value;
}

// --- Calls ----------------------------------------------------------------------------------------------------------

Value ScenarioProgram::run_call(const Call& call, unsigned actor) {
  state_->running[actor] = &call;
  Value value = is_dead(call) ? Value::of_signal(kSigkill, 0) : carry_out(call);
  if (call.capture >= 0) state_->variables[static_cast<std::size_t>(call.capture)] = value;
  state_->running[actor] = nullptr;
  ++state_->completed[actor];
  if (log != nullptr) {
    log->push_back({actor, &call, value, as_stated(call, value)});
    return value;  // a logged run goes on and shows every result
  }
  judge(call, value);
  if (actor < explore::kTasksMax && quiescent()) check_machine();
  return value;
}

// No call is being executed by anybody: everything that is between two calls agrees with everything else.
bool ScenarioProgram::quiescent() const {
  return std::all_of(state_->running.begin(), state_->running.end(), [](const Call* call) { return call == nullptr; });
}

void ScenarioProgram::check_machine() {
  sync::CheckReport report;
  state_->machine->check(report);
  if (!report.ok()) sync::bug(report.failure(), report.message());
}

bool ScenarioProgram::matches(const Expected& e, const Value& value) {
  bool number = value.kind == Value::Kind::number;
  switch (e.kind) {
    case Expected::Kind::any:
      return true;
    case Expected::Kind::blocked:
      return value.kind == Value::Kind::none;
    case Expected::Kind::value:
      return number && value.number == operand_number(e.value);
    case Expected::Kind::error:
      return number && value.number == -e.number;
    case Expected::Kind::signal:
      return value.kind == Value::Kind::signal && value.signal == e.signal && (e.any_code || value.number == e.number);
    case Expected::Kind::call:
      break;
  }
  const Call& nested = plan_.nested[static_cast<std::size_t>(e.call)];
  return value == run_operation(*this, nested);
}

bool ScenarioProgram::as_stated(const Call& call, const Value& value) {
  if (call.expected.empty()) return true;
  for (const Expected& e : call.expected)
    if (matches(e, value)) return true;
  return false;
}

void ScenarioProgram::judge(const Call& call, const Value& value) {
  if (as_stated(call, value)) return;
  BugText text;
  text.add("line {}: {} gave {}, which is not as stated", call.at.line, call.text, to_text(value));
  sync::bug(failure_of(*call.operation), text.view());
}

bool ScenarioProgram::holds(const PlanCondition& condition) {
  auto one = [this](const PlanComparison& c) {
    const Value& left = variable(c.variable);
    if (c.op == scenario::CompareOp::equal) return matches(c.right, left);
    if (c.op == scenario::CompareOp::not_equal) return !matches(c.right, left);
    int64_t right = c.right.kind == Expected::Kind::error ? -c.right.number : operand_number(c.right.value);
    switch (c.op) {
      case scenario::CompareOp::less:
        return left.number < right;
      case scenario::CompareOp::less_equal:
        return left.number <= right;
      case scenario::CompareOp::greater:
        return left.number > right;
      default:
        return left.number >= right;
    }
  };
  for (const auto& all_of : condition.any_of) {
    bool all = true;
    for (const PlanComparison& c : all_of) all = all && one(c);
    if (all) return true;
  }
  return false;
}

// --- Injected faults ------------------------------------------------------------------------------------------------

const Injection* ScenarioProgram::injection_for(unsigned task, const sync::FailSite& site,
                                                std::span<const char* const> functions) const {
  const Call* call = state_ == nullptr ? nullptr : state_->running[task];
  if (call == nullptr) return nullptr;
  for (const Injection& i : call->injections) {
    if (i.site != site.site && i.site != site.detail) continue;
    bool inside = i.func.empty();
    for (const char* f : functions) inside = inside || i.func == f;
    if (inside) return &i;
  }
  return nullptr;
}

explore::FaultDecision ScenarioProgram::fault(unsigned task, const sync::FailSite& site,
                                              std::span<const char* const> functions) {
  using explore::FaultDecision;
  const Injection* i = asked_ = injection_for(task, site, functions);
  if (i == nullptr) return FaultDecision::succeed;
  auto c = static_cast<std::size_t>(i->counter);
  bool now = i->any_nth || ++state_->passed[c] == i->nth;
  if (!now || state_->failed[c] != 0) return FaultDecision::succeed;
  if (i->modality == scenario::Modality::always) {
    return FaultDecision::fail;
  }
  return FaultDecision::explore_both;
}

void ScenarioProgram::fault_outcome(unsigned, const sync::FailSite&, bool failed) {
  if (!failed || asked_ == nullptr) return;
  auto c = static_cast<std::size_t>(asked_->counter);
  state_->failed[c] = 1;
  ever_failed.set(c);
}

}  // namespace quire::runner
