// The calls of sync::Driver other than step(): memory, plain accesses, contexts, choices, tasks, names.
#include <algorithm>
#include <cstring>

#include "base/assert.h"
#include "explore/executor.h"

namespace quire::explore {

using sync::Failure;
using sync::Op;
using sync::OpFlag;
using sync::OpKind;

// --- Memory ---------------------------------------------------------------------------------------------------------

void Executor::mark_alive(const void* p, std::size_t bytes, uint8_t alive) {
  if (mode_ == Mode::repeating) return;  // already so
  arena_.set_alive(p, bytes, alive);
  if (booted_) objects_.log_alive(static_cast<uint32_t>(arena_.offset(p)), static_cast<uint32_t>(bytes), alive);
}

void* Executor::allocate(std::size_t bytes, std::size_t align) {
  auto index = static_cast<unsigned>(current_ - contexts_.data());
  std::size_t begin = (current_->heap_used + align - 1) / align * align;
  begin = (begin + 7) / 8 * 8;  // liveness is kept by 8 bytes
  std::size_t end = begin + std::max<std::size_t>(bytes, 1);
  if (end > Arena::region_bytes(index)) fail(Failure::bug, "the arena is full: the explored program is too large");
  current_->heap_used = static_cast<uint32_t>(end);
  live_bytes_ += static_cast<int64_t>(bytes);
  void* memory = arena_.region(index) + begin;
  mark_alive(memory, bytes, 1);
  return memory;
}

void Executor::deallocate(void* memory, std::size_t bytes) {
  if (memory == nullptr) return;
  live_bytes_ -= static_cast<int64_t>(bytes);
  poison(memory, bytes, "memory");
}

void Executor::poison(const void* memory, std::size_t bytes, const char* what) {
  if (mode_ == Mode::sequential) {
    if (!arena_.alive(memory)) fail_with(Failure::double_free, "{} is freed again", what);
    mark_alive(memory, bytes, 0);
    return;
  }
  sync::Condition extent;
  extent.value = bytes;
  step({OpKind::free, OpFlag::none, {}, memory, what, extent});
}

// A step: a touch that nothing keeps away may come just before, while the memory is nobody's.
void Executor::unpoison(const void* memory, std::size_t bytes) {
  if (mode_ == Mode::sequential) return mark_alive(memory, bytes, 1);
  sync::Condition extent;
  extent.value = bytes;
  step({OpKind::revive, OpFlag::none, {}, memory, "memory", extent});
}

void Executor::plain(sync::PlainAccess access, const void* address, std::size_t size, const char* name) {
  if (access == sync::PlainAccess::write) ++current_->plain_writes;
  if (mode_ == Mode::repeating) return;
  if (!arena_.contains(address)) [[unlikely]]
    fail_outside(address, name);
  if (!arena_.alive(address)) [[unlikely]] {
    if (ObjectIndex extent = objects_.extent_at(arena_.offset(address)); extent != kNoObject)
      for (unsigned u = 0; u < task_count_; ++u)
        if (unsigned clk = objects_.at(extent).last[static_cast<unsigned>(Column::write)][u]; clk != 0)
          unordered_with_.push_back(static_cast<uint16_t>(depth_of(u, clk) - 1));
    fail_with(Failure::uaf, "{} is {} after it was freed", name,
              access == sync::PlainAccess::read ? "read" : "written");
  }
  if (mode_ != Mode::exploring) return;
  (void)size;
  auto task = static_cast<unsigned>(current_ - contexts_.data());
  PlainShadow& shadow = objects_.plain_at(arena_.offset(address));
  const Clock known = current_->last_depth != 0 ? path_[current_->last_depth - 1].sync_clock : Clock{};
  auto epoch = static_cast<uint16_t>(current_->clk + 1);
  if (shadow.writer != task && shadow.write_epoch > known[shadow.writer]) {
    note_unordered(shadow.writer, shadow.write_epoch);
    fail_with(Failure::race, "{} is {} while {} may be writing it", name,
              access == sync::PlainAccess::read ? "read" : "written", contexts_[shadow.writer].name);
  }
  if (access == sync::PlainAccess::read) {
    if (shadow.read_epochs[task] != epoch && !lone()) objects_.set_plain_read(shadow, task, epoch);
  } else {
    for (unsigned u = 0; u < task_count_; ++u)
      if (u != task && shadow.read_epochs[u] > known[u]) {
        note_unordered(u, shadow.read_epochs[u]);
        fail_with(Failure::race, "{} is written while {} may be reading it", name, contexts_[u].name);
      }
    if ((shadow.writer != task || shadow.write_epoch != epoch) && !lone())
      objects_.set_plain_write(shadow, task, epoch);
  }
  if (recording_ != nullptr)
    recording_->events.push_back({Event::Kind::plain,
                                  static_cast<uint8_t>(task),
                                  static_cast<uint16_t>(depth_),
                                  current_->function_count,
                                  access == sync::PlainAccess::read ? OpKind::load : OpKind::store,
                                  true,
                                  arena_.offset(address),
                                  0,
                                  name,
                                  {}});
}

// --- Contexts and waiting -------------------------------------------------------------------------------------------

void Executor::context(sync::ContextChange change) {
  using sync::ContextChange;
  TaskContext& t = *current_;
  uint8_t& depth = depth_of(t, change);
  bool begins = change == ContextChange::preempt_disable || change == ContextChange::irq_disable ||
                change == ContextChange::rcu_lock;
  if (!begins && depth == 0) fail(Failure::rcu, "the end of a stretch that was not begun");
  // Only the outermost ones are steps, and they change the depth when they take effect, not when they are announced.
  if (begins ? depth != 0 : depth != 1) {
    depth = static_cast<uint8_t>(depth + (begins ? 1 : -1));
    return;
  }
  const char* name = &depth == &t.rcu_depth ? "rcu" : &depth == &t.irq_depth ? "interrupts" : "preemption";
  sync::Condition which;
  which.value = static_cast<uint64_t>(change);
  step({begins ? OpKind::reader_begin : OpKind::reader_end, OpFlag::none, {}, nullptr, name, which});
}

uint8_t& Executor::depth_of(TaskContext& t, sync::ContextChange change) const {
  using sync::ContextChange;
  switch (change) {
    case ContextChange::preempt_disable:
    case ContextChange::preempt_enable:
      return t.preempt_depth;
    case ContextChange::irq_disable:
    case ContextChange::irq_enable:
      return t.irq_depth;
    default:
      return t.rcu_depth;
  }
}

void Executor::might_sleep(const char* what) {
  if (current_->atomic_depth != 0) fail_with(Failure::atomic_sleep, "may sleep in {} in atomic context", what);
}

void Executor::synchronize_rcu() {
  might_sleep("synchronize_rcu");
  if (current_->reader_depth != 0) fail(Failure::rcu, "synchronize_rcu() inside an RCU reader waits for itself");
  if (mode_ == Mode::sequential) return;
  step({OpKind::grace_begin, OpFlag::none, {}, nullptr, "synchronize_rcu", {}});
  sync::Condition readers_ended{&current_->grace_waits_for, 0xff, 0, 1, sync::Condition::Test::equal};
  step({OpKind::grace_end, OpFlag::none, {}, nullptr, "grace period", readers_ended});
}

void Executor::retry_point(const char* what) {
  if (mode_ == Mode::sequential)
    fail_with(Failure::livelock, "'{}' repeats and nobody is left to change what it depends on", what);
  step({OpKind::retry, OpFlag::none, {}, nullptr, what, {}});
}

// --- Choices --------------------------------------------------------------------------------------------------------

unsigned Executor::choose(unsigned count, const char* what) {
  QUIRE_ASSERT(count > 0 && count < 256, "a choice has 1 to 255 values");
  if (mode_ == Mode::sequential || count == 1) return 0;
  unsigned value = 0;
  if (depth_ < path_.size() && depth_ <= repeat_until_) {
    Node& node = path_[depth_];
    value = node.decision.value;
    if (depth_ == repeat_until_) {  // the node where this execution leaves the last one
      mode_ = Mode::exploring;
      previous_ = node.previous;
      preemptions_ = node.preemptions;
    }
  } else {
    value = strategy_->pick_value(*this, count);
    Node& node = path_.emplace_back();
    node.value_count = static_cast<uint8_t>(count);
    node.decision = {Decision::Kind::value, static_cast<uint8_t>(value)};
    node.sleep = sleep_;
    node.previous = previous_;
    node.preemptions = preemptions_;
    node.undo_mark = objects_.log_size();
  }
  ++depth_;
  if (recording_ != nullptr && mode_ == Mode::exploring)
    recording_->events.push_back({Event::Kind::choice,
                                  static_cast<uint8_t>(current_ - contexts_.data()),
                                  static_cast<uint16_t>(depth_),
                                  current_->function_count,
                                  {},
                                  value != 0,
                                  0,
                                  0,
                                  what,
                                  {}});
  return value;
}

bool Executor::should_fail(const sync::FailSite& site) {
  auto task = static_cast<unsigned>(current_ - contexts_.data());
  std::span<const char* const> functions(current_->functions.data(), current_->functions_kept());
  switch (program_.fault(task, site, functions)) {
    case FaultDecision::succeed:
      return false;
    case FaultDecision::fail:
      program_.fault_outcome(task, site, true);
      return true;
    case FaultDecision::explore_both:
      break;
  }
  bool fails = choose(2, site.site) == 1;
  program_.fault_outcome(task, site, fails);
  return fails;
}

// --- Tasks and names ------------------------------------------------------------------------------------------------

unsigned Executor::spawn(const char* name, unsigned cpu, sync::TaskBody body, void* argument) {
  if (mode_ == Mode::sequential) fail(Failure::bug, "a task is started outside the explored part");
  // A step of its own: what its maker did before is known to the new task, what it does after is not.
  step(
      {OpKind::load, OpFlag::none, {}, arena_.stack(static_cast<unsigned>(current_ - contexts_.data())).low, name, {}});
  if (task_count_ == kTasksMax) fail(Failure::bug, "too many tasks in one execution");
  unsigned index = task_count_++;
  TaskContext& t = contexts_[index];
  t = TaskContext{};
  t.name = name;
  t.cpu = static_cast<uint8_t>(cpu == sync::kAnyCpu ? kOwnCpu + index : cpu);
  for (unsigned u = 0; u < index; ++u)
    if (contexts_[u].cpu == t.cpu) contexts_[u].shares_cpu = t.shares_cpu = true;
  t.body = body;
  t.argument = argument;
  t.state = TaskState::live;
  live_ |= bit(index);
  t.pending = &kStart;
  t.birth = current_->last_depth;
  prepare_task(index);
  return index;
}

void Executor::join(unsigned task) {
  QUIRE_ASSERT(task < task_count_, "no such task");
  if (mode_ == Mode::sequential) return;
  sync::Condition ended{&contexts_[task].state, 0xff, static_cast<uint64_t>(TaskState::ended), 1,
                        sync::Condition::Test::equal};
  step({OpKind::await, OpFlag::acquires | OpFlag::may_sleep, {}, arena_.stack(task).low, "join", ended});
}

void Executor::enter(const char* function) {
  if (current_->function_count < kFunctionsMax) current_->functions[current_->function_count] = function;
  ++current_->function_count;
  if (recording_ != nullptr && mode_ == Mode::exploring)
    recording_->events.push_back({Event::Kind::enter,
                                  static_cast<uint8_t>(current_ - contexts_.data()),
                                  static_cast<uint16_t>(depth_),
                                  current_->function_count,
                                  {},
                                  true,
                                  0,
                                  0,
                                  function,
                                  {}});
}

void Executor::leave() {
  if (recording_ != nullptr && mode_ == Mode::exploring && current_->function_count <= kFunctionsMax)
    recording_->events.push_back({Event::Kind::leave,
                                  static_cast<uint8_t>(current_ - contexts_.data()),
                                  static_cast<uint16_t>(depth_),
                                  current_->function_count,
                                  {},
                                  true,
                                  0,
                                  0,
                                  current_->functions[current_->function_count - 1U],
                                  {}});
  --current_->function_count;
}

void Executor::point(const char* point, std::string_view detail) {
  if (recording_ == nullptr || mode_ != Mode::exploring) return;
  recording_->events.push_back({Event::Kind::point,
                                static_cast<uint8_t>(current_ - contexts_.data()),
                                static_cast<uint16_t>(depth_),
                                current_->function_count,
                                {},
                                true,
                                0,
                                0,
                                point,
                                std::string(detail)});
}

void Executor::reached(const char* branch) {
  if (mode_ == Mode::repeating) return;
  for (const std::string& seen : reached_)
    if (seen == branch) return;
  reached_.emplace_back(branch);
}

}  // namespace quire::explore
