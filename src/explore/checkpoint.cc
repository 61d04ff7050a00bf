// Checkpoints: the program's half of the state, copied whole. Memory that was never used is not copied.
#include <algorithm>
#include <cstring>

#include "base/assert.h"
#include "explore/executor.h"

namespace quire::explore {
namespace {

// Below the stack pointer of a suspended fiber nothing is live; the words the switch itself saved are above it.
std::size_t live_stack_bytes(Stack stack, Context context) {
  return static_cast<std::size_t>(stack.top() - static_cast<std::byte*>(context));
}

struct Writer {
  std::vector<std::byte>& bytes;
  std::size_t used = 0;
  void put(const void* from, std::size_t n) {
    if (used + n > bytes.size()) bytes.resize(std::max(2 * bytes.size(), used + n));
    std::memcpy(bytes.data() + used, from, n);
    used += n;
  }
};

}  // namespace

bool Executor::checkpoint_due() const {
  if (options_.backtracking == ExecutorOptions::Backtracking::reexecution || !strategy_->wants_checkpoints())
    return false;
  if (checkpoint_count_ == 1 && unstarted_ == 0) return true;
  return depth_ >= checkpoints_[checkpoint_count_ - 1].depth + kCheckpointEvery;
}

void Executor::take_checkpoint(std::size_t depth) {
  if (checkpoint_count_ == checkpoints_.size()) checkpoints_.resize(2 * checkpoints_.size());
  Checkpoint& c = checkpoints_[checkpoint_count_++];
  c.depth = depth;
  c.task_count = task_count_;
  c.previous = previous_;
  c.live_bytes = live_bytes_;
  Writer out{c.bytes};
  auto put_context = [&out](const TaskContext& t) {
    out.put(&t, offsetof(TaskContext, held));
    out.put(t.held.data(), t.held_count * sizeof(Held));
    out.put(t.functions.data(), t.functions_kept() * sizeof(t.functions[0]));
  };
  for (unsigned i = 0; i < task_count_; ++i) put_context(contexts_[i]);
  put_context(contexts_[kMain]);
  out.put(arena_.region(kMain), contexts_[kMain].heap_used);
  for (unsigned i = 0; i < task_count_; ++i) {
    const TaskContext& t = contexts_[i];
    out.put(arena_.region(i), t.heap_used);
    if (t.state != TaskState::live) continue;
    std::size_t n = live_stack_bytes(arena_.stack(i), t.context);
    out.put(t.context, n);
  }
  c.used = out.used;
  ++checkpoints_taken_;
}

// Brings the program's half to the deepest checkpoint at or above `depth` and the explorer's half to `depth` exactly.
void Executor::restore(std::size_t depth) {
  uint32_t mark = depth < path_.size() ? path_[depth].undo_mark : 0;  // an empty path: from the very start
  objects_.undo_to(mark, [this](std::size_t offset, std::size_t bytes, uint16_t alive) {
    arena_.set_alive(arena_.region(kMain) + offset, bytes, static_cast<uint8_t>(alive));
  });
  if (recording_ != nullptr) std::erase_if(recording_->events, [depth](const Event& e) { return e.depth > depth; });
  while (checkpoint_count_ > 1 && checkpoints_[checkpoint_count_ - 1].depth > depth) --checkpoint_count_;
  const Checkpoint& c = checkpoints_[checkpoint_count_ - 1];
  for (unsigned i = c.task_count; i < task_count_; ++i) contexts_[i] = TaskContext{};
  task_count_ = c.task_count;
  live_bytes_ = c.live_bytes;
  const std::byte* in = c.bytes.data();
  auto get = [&in](void* to, std::size_t n) {
    std::memcpy(to, in, n);
    in += n;
  };
  auto get_context = [&get](TaskContext& t) {
    get(&t, offsetof(TaskContext, held));
    get(t.held.data(), t.held_count * sizeof(Held));
    get(t.functions.data(), t.functions_kept() * sizeof(t.functions[0]));
  };
  for (unsigned i = 0; i < task_count_; ++i) get_context(contexts_[i]);
  get_context(contexts_[kMain]);
  get(arena_.region(kMain), contexts_[kMain].heap_used);
  for (unsigned i = 0; i < task_count_; ++i) {
    TaskContext& t = contexts_[i];
    get(arena_.region(i), t.heap_used);
    if (t.state != TaskState::live) continue;
    get(t.context, live_stack_bytes(arena_.stack(i), t.context));
  }
  live_ = 0;
  for (unsigned i = 0; i < task_count_; ++i)
    if (contexts_[i].state == TaskState::live) live_ |= bit(i);
  unstarted_ = 0;
  for (unsigned i = 0; i < first_tasks_; ++i)
    if (contexts_[i].clk == 0 && !contexts_[i].interrupt) unstarted_ |= bit(i);
  depth_ = c.depth;
  repeat_until_ = depth;
  previous_ = c.previous;
  sleep_ = depth < path_.size() ? path_[depth].sleep : TaskMask{0};
  if (depth == 0 && path_.empty()) preemptions_ = 0, previous_ = kTasksMax;
  if (options_.backtracking == ExecutorOptions::Backtracking::reexecution) {
    for (unsigned i = 0; i < kTasksMax; ++i) forget_fiber(arena_.stack(i), i);
    reboot_tasks();
  }
  mode_ = Mode::repeating;  // until the node at `depth` takes its step
}

}  // namespace quire::explore
