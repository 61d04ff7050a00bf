#include "explore/executor.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>

#include "base/assert.h"
#include "explore/crash.h"

namespace quire::explore {

using sync::Failure;
using sync::Op;
using sync::OpKind;

namespace {

thread_local constinit Executor* executor_of_thread = nullptr;

uint64_t load_word(const void* address, unsigned size) {
  uint64_t word = 0;
  std::memcpy(&word, address, size);
  return word;
}

bool holds(const sync::Condition& c) {
  if (c.test == sync::Condition::Test::always) return true;
  uint64_t word = 0;
  switch (c.size) {
    case 4:
      word = load_word(c.address, 4);
      break;
    case 8:
      word = load_word(c.address, 8);
      break;
    case 1:
      word = load_word(c.address, 1);
      break;
    default:
      word = load_word(c.address, 2);
      break;
  }
  bool equal = (word & c.mask) == c.value;
  return equal == (c.test == sync::Condition::Test::equal);
}

bool waits(OpKind kind) {
  return kind == OpKind::acquire || kind == OpKind::acquire_shared || kind == OpKind::await ||
         kind == OpKind::grace_end;
}

// Returns when the explorer itself is at fault: the process then stops.
void assertion_failed(const char* expression, const char* file, int line, const char* message) {
  std::string_view path = file;
  std::size_t src = path.rfind("src/");
  if (src != std::string_view::npos) path.remove_prefix(src + 4);
  constexpr std::size_t kBytes = 256;  // longer texts are cut
  std::array<char, kBytes> text;
  auto out = fmt::format_to_n(text.data(), kBytes, "{}:{}: {}{}{}", path, line, expression, *message != 0 ? ": " : "",
                              message);
  int here = 0;
  if (executor_of_thread->on_fiber_stack(&here, nullptr))
    executor_of_thread->fail(Failure::bug, {text.data(), std::min(out.size, kBytes)});
}

}  // namespace

const Op Executor::kStart{OpKind::start, sync::OpFlag::none, {}, nullptr, "task starts", {}};

Executor::Executor(Program& program, const ExecutorOptions& options)
    : program_(program), options_(options), objects_(Arena::kBytes) {
  path_.reserve(1024);
  checkpoints_.resize(64);
  for (auto& depths : depth_of_step_) depths.resize(2);
  if (!kStacksCanBeCopied) options_.backtracking = ExecutorOptions::Backtracking::reexecution;
}

Executor::~Executor() {
  for (unsigned i = 0; i <= kTasksMax; ++i) forget_fiber(arena_.stack(i), i);
}

const Op* Executor::pending(unsigned task) const {
  const TaskContext& t = contexts_[task];
  return t.state == TaskState::live ? t.pending : nullptr;
}

bool Executor::holds_now(const sync::Condition& c) { return holds(c); }

bool Executor::holds_for(const sync::Condition& c, uint64_t word) {
  sync::Condition moved = c;
  moved.address = &word;
  return holds(moved);
}

OpKind Executor::effective_kind(const Op& op) const {
  switch (op.kind) {
    case OpKind::cas:
      return holds(op.when) ? OpKind::rmw : OpKind::load;
    case OpKind::add:
      return holds(op.when) ? OpKind::add : OpKind::rmw;
    case OpKind::try_acquire:
    case OpKind::try_acquire_shared:
      return holds(op.when) ? op.kind : OpKind::load;
    default:
      return op.kind;
  }
}

// --- Boot -----------------------------------------------------------------------------------------------------------

void Executor::main_entry() {
  Executor& x = *executor_of_thread;
  (x.program_.*x.sequential_part_)();
  x.request_ = Request::end;
  x.jump_to_host();
}

void Executor::task_entry() {
  Executor& x = *executor_of_thread;
  x.task_main(static_cast<unsigned>(x.current_ - x.contexts_.data()));
}

void Executor::task_main(unsigned index) {
  TaskContext& t = contexts_[index];
  if (t.body != nullptr)
    t.body(t.argument);
  else
    program_.run(index);
  // The end is a step of its own for whoever may wait for it: a task that joins, or one that shares the CPU.
  if (t.body != nullptr || t.shares_cpu)
    step({OpKind::store, sync::OpFlag::releases, {}, arena_.stack(index).low, "task ends", {}});
  if (t.held_count != 0) fail_with(Failure::bug, "the task ends with {} held", rule(t.held[0].lock_class).name);
  if (t.reader_depth != 0) fail(Failure::rcu, "the task ends inside an RCU reader");
  t.state = TaskState::ended;
  live_ &= static_cast<TaskMask>(~bit(index));
  t.pending = nullptr;
  unsigned next = decide();
  if (next == kToHost)
    jump_to_host();
  else
    jump(next);
  QUIRE_ASSERT(false, "an ended task was resumed");
}

void Executor::prepare_task(unsigned index) {
  forget_fiber(arena_.stack(index), index);
  contexts_[index].context = make_fiber(arena_.stack(index), &Executor::task_entry);
}

bool Executor::boot() {
  executor_of_thread = this;
  CrashGuard crash_guard(this);
  base::AssertHandler before = base::set_assert_handler(assertion_failed);
  sync::DriverScope scope(this);
  contexts_[kMain].name = "main";
  run_sequentially(&Program::setup);
  if (!incident_) {
    first_tasks_ = task_count_ = program_.task_count();
    QUIRE_ASSERT(task_count_ <= kTasksMax, "too many tasks");
    for (unsigned i = 0; i < task_count_; ++i) {
      TaskSpec spec = program_.task(i);
      names_[i] = spec.name;
      contexts_[i] = TaskContext{};
      contexts_[i].name = names_[i].c_str();
      QUIRE_ASSERT(spec.cpu < kOwnCpu, "too many CPUs");
      contexts_[i].cpu = static_cast<uint8_t>(spec.cpu);
      contexts_[i].interrupt = spec.kind == TaskSpec::Kind::interrupt;
      for (unsigned u = 0; u < i; ++u)
        if (contexts_[u].cpu == contexts_[i].cpu) contexts_[u].shares_cpu = contexts_[i].shares_cpu = true;
    }
    live_bytes_at_start_ = live_bytes_;
    reboot_tasks();
    take_checkpoint(0);
    root_bytes_ = checkpoints_[0].used;
    booted_ = true;
  }
  base::set_assert_handler(before);
  return !incident_;
}

// Puts each task of the program before its first step, which is its start.
void Executor::reboot_tasks() {
  for (unsigned i = 0; i < first_tasks_; ++i) {
    contexts_[i].state = TaskState::live;
    live_ |= bit(i);
    contexts_[i].pending = &kStart;
    prepare_task(i);
  }
}

void Executor::run_sequentially(void (Program::*part)()) {
  mode_ = Mode::sequential;
  sequential_part_ = part;
  TaskContext& main = contexts_[kMain];
  main.held_count = main.function_count = 0;
  main.flags = 0;
  main.atomic_depth = main.reader_depth = main.irq_depth = main.rcu_depth = main.preempt_depth = 0;
  current_ = &main;
  prepare_task(kMain);
  main.context = make_fiber(arena_.stack(kMain), &Executor::main_entry);
  request_ = Request::none;
  switch_fiber(&host_, main.context, arena_.stack(kMain), kMain);
}

// --- One execution --------------------------------------------------------------------------------------------------

ExecutionEnd Executor::run(Strategy& strategy, std::size_t from) {
  executor_of_thread = this;
  CrashGuard crash_guard(this);
  base::AssertHandler before = base::set_assert_handler(assertion_failed);
  sync::DriverScope scope(this);
  strategy_ = &strategy;
  incident_.reset();
  unordered_with_.clear();
  ended_abandoned_ = false;
  restore(from);
  for (;;) {
    request_ = Request::none;
    unsigned next = decide();
    if (next != kToHost) {
      current_ = &contexts_[next];
      switch_fiber(&host_, current_->context, arena_.stack(next), next);
    }
    if (request_ != Request::checkpoint || incident_) break;
    take_checkpoint(depth_);
  }
  ExecutionEnd end = finish_execution();
  base::set_assert_handler(before);
  return end;
}

ExecutionEnd Executor::finish_execution() {
  if (incident_) {
    strategy_->interrupted(*this);
    return ExecutionEnd::incident;
  }
  if (ended_abandoned_) {
    strategy_->blocked(*this);
    return ExecutionEnd::abandoned;
  }
  if (live_ != 0) {
    report_blocked();
    strategy_->blocked(*this);
    return ExecutionEnd::incident;
  }
  if (options_.leak_check == ExecutorOptions::LeakCheck::heap && live_bytes_ != live_bytes_at_start_) {
    incident_ = Incident{
        Failure::leak, fmt::format("{} bytes are never freed", live_bytes_ - live_bytes_at_start_), kTasksMax, {}, 0};
    return ExecutionEnd::incident;
  }
  run_sequentially(&Program::finish);
  if (incident_) return ExecutionEnd::incident;
  program_.observe();
  return ExecutionEnd::complete;
}

void Executor::report_blocked() {
  std::string text;
  Failure failure = Failure::deadlock;
  unsigned first = kTasksMax;
  for (unsigned i = 0; i < task_count_; ++i) {
    const TaskContext& t = contexts_[i];
    if (t.state != TaskState::live) continue;
    if (first == kTasksMax) first = i;
    if (t.pending->kind == OpKind::retry) {
      failure = Failure::livelock;
      first = i;
      text += fmt::format("{}{} repeats '{}' and nobody is left to change what it depends on", text.empty() ? "" : "; ",
                          t.name, t.pending->name);
      continue;
    }
    text += fmt::format("{}{} waits for {}", text.empty() ? "" : "; ", t.name, t.pending->name);
    for (unsigned u = 0; u < task_count_; ++u)
      for (unsigned h = 0; h < contexts_[u].held_count; ++h)
        if (contexts_[u].held[h].object == t.pending->object) text += fmt::format(" held by {}", contexts_[u].name);
  }
  raise(first, failure, text);
}

void Executor::jump(unsigned task) {
  TaskContext* from = current_;
  current_ = &contexts_[task];
  switch_fiber(&from->context, current_->context, arena_.stack(task), task);
}

void Executor::jump_to_host() {
  TaskContext* from = current_;
  switch_fiber(&from->context, host_, {}, kHostFiber);
}

void Executor::step(const Op& op) {
  check_announced(op);
  if (mode_ == Mode::sequential) return sequential_step(op);
  current_->pending = &op;
  TaskContext* self = current_;
  unsigned next = decide();
  if (next == static_cast<unsigned>(self - contexts_.data())) return;
  if (next == kToHost) return jump_to_host();
  jump(next);
}

// The next task to run, its step accounted for; kToHost at the end of the execution or for a checkpoint.
unsigned Executor::decide() {
  if (depth_ < repeat_until_) return repeat_step();
  return decide_new();
}

unsigned Executor::repeat_step() {
  Node& node = path_[depth_];
  unsigned task = node.decision.value;
  const Op& op = *contexts_[task].pending;
  (void)take_effect(task, op, effective_kind(op));
  TaskContext& t = contexts_[task];
  unstarted_ &= static_cast<TaskMask>(~bit(task));
  ++t.clk;
  t.last_depth = static_cast<uint16_t>(++depth_);
  ++steps_repeated_;
  return task;
}

unsigned Executor::decide_new() {
  mode_ = Mode::exploring;
  unsigned task = 0;
  if (depth_ < path_.size()) {  // the node where this execution leaves the last one
    Node& node = path_[depth_];
    previous_ = node.previous;
    preemptions_ = node.preemptions;
    task = node.decision.value;
  } else {
    TaskMask enabled = enabled_tasks();
    if (enabled == 0) return kToHost;
    auto awake = static_cast<TaskMask>(enabled & ~sleep_);
    bool may_come_back = (awake & (awake - 1)) != 0;
    if (may_come_back && checkpoint_due()) {
      request_ = Request::checkpoint;
      return kToHost;
    }
    if (depth_ >= std::min(options_.steps_max, kStepsMax)) {
      raise(static_cast<unsigned>(current_ - contexts_.data()), Failure::livelock,
            fmt::format("no end after {} steps", depth_));
      return kToHost;
    }
    Node& node = path_.emplace_back();
    node.enabled = enabled;
    node.sleep = sleep_;
    node.previous = previous_;
    node.preemptions = preemptions_;
    task = strategy_->pick_task(*this, node);
    if (task == Strategy::kNobody) {
      path_.pop_back();
      ended_abandoned_ = true;
      return kToHost;
    }
    node.decision = {Decision::Kind::task, static_cast<uint8_t>(task)};
  }
  ++steps_run_;
  return run_step(path_[depth_], task) ? task : kToHost;
}

// Accounts for the step of `task` at `node`: checks, happens-before, tables. False: it is an incident.
[[gnu::flatten]] bool Executor::run_step(Node& node, unsigned task) {
  TaskContext& t = contexts_[task];
  const Op& op = *t.pending;
  node.undo_mark = objects_.log_size();
  node.object = kNoObject;
  node.loop = op.kind == OpKind::retry ? op.name : nullptr;
  if (op.object != nullptr && op.kind < OpKind::free) {
    node.object = objects_.index_at(arena_.offset(op.object));
    node.value_before = load_word(op.object, sizeof(node.value_before));
  }
  node.kind = effective_kind(op);
  node.clk = static_cast<uint16_t>(t.clk + 1);
  node.task_before = t.last_depth;
  auto& depths = depth_of_step_[task];
  if (node.clk >= depths.size()) depths.resize(2 * depths.size());
  depths[node.clk] = static_cast<uint16_t>(depth_ + 1);
  node.reader_edge = reader_edge(task, op, node.kind);
  node.reader_ended = false;
  node.quiet = nothing_written_under(task, op);
  bool preempts = node.previous < kTasksMax && task != node.previous && (node.enabled & bit(node.previous)) != 0;
  strategy_->before_step(*this, depth_);
  bool watched = !lone();
  sleep_ = watched ? sleep_after(node, task, op, node.kind) : TaskMask{0};
  if (!check_alive(task, op)) return false;
  if (op.kind == OpKind::free && !run_free(task, op)) return false;
  if (op.kind == OpKind::revive) change_extent(task, op, 1);
  CpuTouch touch = t.shares_cpu ? cpu_touch(task, op, node.kind) : CpuTouch{};
  ReaderEdge edge = take_effect(task, op, node.kind);
  node.reader_ended = edge == ReaderEdge::ended;
  update_sync_clock(node, task, op, edge);
  if (watched) {
    publish(node, op);
    update_columns(node, task, op, touch);
  }
  if (recording_ != nullptr) record_step(task, op, node.kind);
  bool starts = (unstarted_ & bit(task)) != 0;
  unstarted_ &= static_cast<TaskMask>(~bit(task));
  ++t.clk;
  t.last_depth = static_cast<uint16_t>(++depth_);
  previous_ = static_cast<uint8_t>(starts ? kTasksMax : task);
  preemptions_ = static_cast<uint8_t>(node.preemptions + (preempts ? 1 : 0));
  return true;
}

// --- Enabledness ----------------------------------------------------------------------------------------------------

bool Executor::kept_from_cpu(unsigned task) const {
  const TaskContext& t = contexts_[task];
  for (unsigned u = 0; u < task_count_; ++u) {
    const TaskContext& other = contexts_[u];
    if (u == task || other.cpu != t.cpu || other.state != TaskState::live) continue;
    bool runs_interrupt = other.interrupt && other.clk != 0;
    if (runs_interrupt) return true;
    if (t.interrupt ? other.irq_depth != 0 : other.atomic_depth != 0) return true;
  }
  return false;
}

bool Executor::enabled(unsigned task) const {
  const Op& op = *contexts_[task].pending;
  if (waits(op.kind) && !holds(op.when)) return false;
  if (op.kind == OpKind::retry && !retry_enabled(task)) return false;
  return !contexts_[task].shares_cpu || !kept_from_cpu(task);
}

// What a thread does up to its first operation is its own affair, so the starts come first and in order. An interrupt
// begins when it likes.
TaskMask Executor::enabled_tasks() const {
  if (unstarted_ != 0) return bit(lowest(unstarted_));
  TaskMask mask = 0;
  for (TaskMask rest = live_; rest != 0; rest &= static_cast<TaskMask>(rest - 1))
    if (unsigned task = lowest(rest); enabled(task)) mask |= bit(task);
  return mask;
}

// Something that the task looked at has changed since. That a lock was held meanwhile is no change to who took it
// itself, if nothing was written under it: two tasks that spin on the same state do not wake each other.
bool Executor::retry_enabled(unsigned task) const {
  looks_.clear();
  unsigned first = kStepsMax;
  for_each_retry_object(task, [&](ObjectIndex object, unsigned since, OpKind kind) {
    looks_.push_back({object, since, kind});
    first = std::min(first, since);
  });
  for (unsigned u = 0; u < task_count_; ++u) {
    if (u == task) continue;
    for (unsigned d = contexts_[u].last_depth; d > first; d = path_[d - 1].task_before) {
      const Node& node = path_[d - 1];
      for (const Look& look : looks_) {
        if (look.object != node.object || d <= look.since || (seen_by(look.kind) & bit(column_of(node.kind))) == 0)
          continue;
        bool took = look.kind != OpKind::load && look.kind != OpKind::await && look.kind != OpKind::rmw;
        if (!took || !node.quiet) return true;
      }
    }
  }
  return false;
}

bool Executor::nothing_written_under(unsigned task, const Op& op) const {
  if (op.kind != OpKind::release) return false;
  const TaskContext& t = contexts_[task];
  unsigned i = place_of_held(t, op.object);
  return i != 0 && t.held[i - 1].writes_before == t.plain_writes;
}

}  // namespace quire::explore
