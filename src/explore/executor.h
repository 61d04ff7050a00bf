// The executor drives one program through one execution after another: it is the Driver behind sync/'s hook.
//
// Tasks are fibers. A task announces an operation (step()), the strategy picks who goes on, and the announcing task
// jumps there itself; the host is entered only at the end of an execution and to take a checkpoint.
//
// State has two halves. What the program owns (arena, stacks, TaskContexts) is restored from the nearest checkpoint and
// brought to the wanted depth by running again without any analysis. What the explorer knows (path, objects, live
// bytes) is exact at every depth, by undo log.
#pragma once

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "explore/arena.h"
#include "explore/objects.h"
#include "explore/path.h"
#include "explore/program.h"
#include "explore/recording.h"
#include "explore/strategy.h"
#include "sync/hook.h"

namespace quire::explore {

struct ExecutorOptions {
  /// SEMANTICS 0.5: whether a spin lock makes its holder an RCU reader.
  enum class SpinlockIsReader : uint8_t { yes, no } spinlock_is_reader = SpinlockIsReader::yes;
  /// Checkpoints need stacks that can be copied (not under the sanitizers).
  enum class Backtracking : uint8_t {
    checkpoints,
    reexecution
  } backtracking = kStacksCanBeCopied ? Backtracking::checkpoints : Backtracking::reexecution;
  enum class LeakCheck : uint8_t { off, heap } leak_check = LeakCheck::off;
  unsigned steps_max = 20'000;  ///< an execution with more is reported as a livelock
};

/// A wrong outcome and where it showed.
struct Incident {
  sync::Failure failure{};
  std::string message;
  unsigned task = kTasksMax;           ///< kTasksMax: the final check
  std::vector<std::string> functions;  ///< of that task, outermost first
  std::size_t object = 0;              ///< offset in the arena of what was touched, 0 if it does not matter
};

enum class ExecutionEnd : uint8_t {
  complete,   ///< all tasks ended and the final check has run
  abandoned,  ///< the strategy knew that it would only repeat
  incident,   ///< something went wrong: incident()
};

class Executor final : public sync::Driver {
 public:
  Executor(Program& program, const ExecutorOptions& options);
  ~Executor() override;

  /// Runs setup(). False: the set-up itself failed, see incident().
  [[nodiscard]] bool boot();
  /// Runs one execution with `strategy`; path() up to and including node `from` is kept (0 with an empty path: from
  /// start).
  ExecutionEnd run(Strategy& strategy, std::size_t from);
  /// Keeps what happens for a diagram from now on (nullptr: stops).
  void record_to(Recording* recording) { recording_ = recording; }

  [[nodiscard]] Path& path() { return path_; }
  [[nodiscard]] const Objects& objects() const { return objects_; }
  [[nodiscard]] const std::optional<Incident>& incident() const { return incident_; }
  [[nodiscard]] unsigned task_count() const { return task_count_; }
  [[nodiscard]] const char* task_name(unsigned task) const { return contexts_[task].name; }
  /// The announced operation of a task that has not ended, else nullptr.
  [[nodiscard]] const sync::Op* pending(unsigned task) const;
  /// The kind an announced operation would have if it ran now: a failing compare-exchange is a load.
  [[nodiscard]] sync::OpKind effective_kind(const sync::Op& op) const;
  /// Whether what is at its address, or `word` in its place, lets a waiting operation go on.
  [[nodiscard]] static bool holds_now(const sync::Condition& condition);
  [[nodiscard]] static bool holds_for(const sync::Condition& condition, uint64_t word);
  /// The tasks that could take a step now.
  [[nodiscard]] TaskMask enabled_tasks() const;
  /// Whether another task of the same CPU keeps this one from running now.
  [[nodiscard]] bool kept_from_cpu(unsigned task) const;
  [[nodiscard]] bool shares_cpu(unsigned task) const { return contexts_[task].shares_cpu; }
  /// How a step of a task that shares its CPU touches the CPU: a section that keeps others off is a lock held.
  struct CpuTouch {
    std::optional<Column> threads;
    std::optional<Column> interrupts;
  };
  [[nodiscard]] CpuTouch cpu_touch(unsigned task, const sync::Op& op, sync::OpKind kind) const;
  [[nodiscard]] unsigned cpu_of(unsigned task) const { return contexts_[task].cpu; }
  /// Whether the announced operation would begin or end an outermost reader.
  [[nodiscard]] bool reader_edge(unsigned task, const sync::Op& op, sync::OpKind kind) const;
  [[nodiscard]] std::size_t offset(const void* p) const { return arena_.offset(p); }
  /// depth + 1 of the last step of `task`, 0 if none.
  [[nodiscard]] unsigned last_step(unsigned task) const { return contexts_[task].last_depth; }
  /// depth + 1 of the step of that number of `task`.
  [[nodiscard]] unsigned depth_of(unsigned task, unsigned clk) const { return depth_of_step_[task][clk]; }
  /// depth + 1 of the step that started `task`, 0 if it was there from the beginning.
  [[nodiscard]] unsigned birth(unsigned task) const { return contexts_[task].birth; }
  /// After an incident: depths of the steps after which others touched what it is about, with nothing to order the two.
  [[nodiscard]] const std::vector<uint16_t>& unordered_with() const { return unordered_with_; }
  /// Reader steps that ended what the grace period of `task` waited for: calls visit(depth).
  template <typename Visit>
  void for_each_awaited_reader(unsigned task, Visit visit) const;
  /// Objects that `task` has looked at since it was last at this retry point: calls visit(object, since, kind) with
  /// depth + 1 and the kind of the look (seen_by).
  template <typename Visit>
  void for_each_retry_object(unsigned task, Visit visit) const;

  // Figures.
  [[nodiscard]] std::size_t checkpoint_bytes() const { return root_bytes_; }
  [[nodiscard]] uint64_t checkpoints_taken() const { return checkpoints_taken_; }
  [[nodiscard]] uint64_t steps_run() const { return steps_run_; }
  [[nodiscard]] uint64_t steps_repeated() const { return steps_repeated_; }
  [[nodiscard]] const std::vector<std::string>& reached_branches() const { return reached_; }

  // sync::Driver
  void step(const sync::Op& op) override;
  void plain(sync::PlainAccess access, const void* address, std::size_t size, const char* name) override;
  void context(sync::ContextChange change) override;
  void might_sleep(const char* what) override;
  void synchronize_rcu() override;
  void retry_point(const char* what) override;
  unsigned choose(unsigned count, const char* what) override;
  bool should_fail(const sync::FailSite& site) override;
  void* allocate(std::size_t bytes, std::size_t align) override;
  void deallocate(void* memory, std::size_t bytes) override;
  void poison(const void* memory, std::size_t bytes, const char* what) override;
  void unpoison(const void* memory, std::size_t bytes) override;
  unsigned spawn(const char* name, unsigned cpu, sync::TaskBody body, void* argument) override;
  void join(unsigned task) override;
  [[nodiscard]] unsigned current_cpu() const override { return current_->cpu; }
  [[nodiscard]] uint32_t& task_flags() override { return current_->flags; }
  void enter(const char* function) override;
  void leave() override;
  [[nodiscard]] bool wants_detail() const override { return recording_ != nullptr && mode_ != Mode::repeating; }
  void point(const char* point, std::string_view detail) override;
  void reached(const char* branch) override;
  [[noreturn]] void fail(sync::Failure failure, std::string_view message) override;
  /// Called on the faulting fiber's own stack when it touched memory that is not there.
  [[noreturn]] void memory_fault(const void* address);
  /// Whether a fault with this stack pointer happened inside a fiber of this executor.
  [[nodiscard]] bool on_fiber_stack(const void* stack_pointer, const void* address) const {
    return arena_.contains(stack_pointer) || arena_.in_guard(address);
  }
  [[nodiscard]] bool in_guard(const void* address) const { return arena_.in_guard(address); }
  [[nodiscard]] std::byte* stack_top_of_running() const {
    return arena_.stack(static_cast<unsigned>(current_ - contexts_.data())).top() - 1024;
  }

 private:
  static constexpr unsigned kMain = Arena::kMain;
  static constexpr unsigned kToHost = ~0U;
  static constexpr unsigned kHeldMax = 12;
  static constexpr unsigned kFunctionsMax = 32;
  static constexpr unsigned kCheckpointEvery = 12;
  static constexpr unsigned kOwnCpu = 128;  ///< from here on CPUs with one spawned task each

  enum class Mode : uint8_t { sequential, repeating, exploring };
  enum class TaskState : uint8_t { unused, live, ended };
  enum class Request : uint8_t { none, checkpoint, end };

  struct Held {
    const void* object;
    sync::LockClass lock_class;
    bool shared;
    uint32_t writes_before;  ///< TaskContext::plain_writes when it was taken
  };
  /// The program's half of what is known of a task; part of every checkpoint.
  struct TaskContext {
    Context context = nullptr;
    const sync::Op* pending = nullptr;
    sync::TaskBody body = nullptr;  ///< spawned tasks
    void* argument = nullptr;
    const char* name = "";
    uint32_t heap_used = 0;
    uint32_t plain_writes = 0;
    uint32_t flags = 0;  ///< Driver::task_flags()
    uint16_t clk = 0;
    uint16_t last_depth = 0;
    uint16_t birth = 0;
    uint16_t grace_depth = 0;  ///< depth + 1 of its running grace period's begin
    uint8_t cpu = 0;
    TaskState state = TaskState::unused;
    bool interrupt = false;
    bool shares_cpu = false;
    uint8_t atomic_depth = 0;  ///< spin locks, RCU, preempt-off, irq-off: must not sleep
    uint8_t irq_depth = 0;
    uint8_t reader_depth = 0;  ///< stretches that a grace period waits for
    uint8_t rcu_depth = 0;
    uint8_t preempt_depth = 0;
    TaskMask grace_waits_for = 0;
    TaskMask grace_waited_for = 0;
    uint8_t held_count = 0;
    uint8_t function_count = 0;
    [[nodiscard]] unsigned functions_kept() const { return std::min<unsigned>(function_count, kFunctionsMax); }
    // From here on only what the counts say is used and copied.
    std::array<Held, kHeldMax> held;
    std::array<const char*, kFunctionsMax> functions;
  };
  struct Checkpoint {
    std::size_t depth = 0;
    uint8_t previous = kTasksMax;
    unsigned task_count = 0;
    int64_t live_bytes = 0;
    std::size_t used = 0;
    std::vector<std::byte> bytes;
  };

  // Scheduling: executor.cc
  static void task_entry();
  static void main_entry();
  static const sync::Op kStart;
  void task_main(unsigned index);
  void prepare_task(unsigned index);
  unsigned decide();
  unsigned decide_new();
  unsigned repeat_step();
  bool run_step(Node& node, unsigned task);
  void jump(unsigned task);
  void jump_to_host();
  [[nodiscard]] bool enabled(unsigned task) const;
  /// Only one task is left: what it does is still compared with what others did, but no other will ever look at it.
  [[nodiscard]] bool lone() const { return (live_ & (live_ - 1)) == 0; }
  [[nodiscard]] bool retry_enabled(unsigned task) const;
  [[nodiscard]] bool nothing_written_under(unsigned task, const sync::Op& op) const;
  void run_sequentially(void (Program::*part)());
  ExecutionEnd finish_execution();
  void report_blocked();

  // Effects and checks of a step: executor_step.cc
  /// What a step does to the outermost RCU reader of its task.
  enum class ReaderEdge : uint8_t { none, began, ended };
  void check_announced(const sync::Op& op);
  ReaderEdge take_effect(unsigned task, const sync::Op& op, sync::OpKind kind);
  /// 1 + the index of the latest hold of `object` in TaskContext::held; 0 if it is not held.
  [[nodiscard]] static unsigned place_of_held(const TaskContext& t, const void* object);
  static void forget_held(TaskContext& t, const void* object);
  void check_order(const TaskContext& t, const sync::Op& op);
  void check_release(const TaskContext& t, const sync::Op& op);
  [[nodiscard]] bool check_alive(unsigned task, const sync::Op& op);
  void sequential_step(const sync::Op& op);
  static ReaderEdge begin_reader(TaskContext& t);
  ReaderEdge end_reader(unsigned task);
  void update_sync_clock(Node& node, unsigned task, const sync::Op& op, ReaderEdge edge);
  void publish(const Node& node, const sync::Op& op);
  void update_columns(const Node& node, unsigned task, const sync::Op& op, const CpuTouch& touch);
  [[nodiscard]] bool wakes(unsigned sleeper, const sync::Op& other, unsigned task, const sync::Op& op,
                           sync::OpKind kind) const;
  [[nodiscard]] uint8_t& depth_of(TaskContext& t, sync::ContextChange change) const;
  [[nodiscard]] bool run_free(unsigned task, const sync::Op& op);
  void change_extent(unsigned task, const sync::Op& op, uint8_t alive);
  [[nodiscard]] TaskMask sleep_after(const Node& node, unsigned task, const sync::Op& op, sync::OpKind kind) const;
  void note_unordered(unsigned task, unsigned epoch);
  void raise(unsigned task, sync::Failure failure, std::string message, const void* object = nullptr);
  [[noreturn]] void fail_at(sync::Failure failure, std::string_view message, const void* object);
  /// fail() with a formatted text. Nothing on the fiber's stack may own memory: the fiber never returns.
  template <typename... Args>
  [[noreturn]] void fail_with(sync::Failure failure, fmt::format_string<Args...> text, const Args&... args) {
    vfail(failure, text, fmt::make_format_args(args...));
  }
  [[noreturn]] void vfail(sync::Failure failure, fmt::string_view text, fmt::format_args args);
  /// What is touched is neither machine memory nor stack.
  [[noreturn]] void fail_outside(const void* address, const char* what);
  void mark_alive(const void* p, std::size_t bytes, uint8_t alive);
  void record_step(unsigned task, const sync::Op& op, sync::OpKind kind);

  // Checkpoints: checkpoint.cc
  void take_checkpoint(std::size_t depth);
  void restore(std::size_t depth);
  void reboot_tasks();
  [[nodiscard]] bool checkpoint_due() const;

  Program& program_;
  ExecutorOptions options_;
  Arena arena_;
  Objects objects_;
  Path path_;
  std::vector<Checkpoint> checkpoints_;
  std::size_t checkpoint_count_ = 0;
  std::array<TaskContext, kTasksMax + 1> contexts_;
  std::array<std::string, kTasksMax> names_;
  std::array<std::vector<uint16_t>, kTasksMax> depth_of_step_;  ///< by Node::clk
  TaskContext* current_ = nullptr;
  Context host_ = nullptr;
  Strategy* strategy_ = nullptr;
  Recording* recording_ = nullptr;
  std::optional<Incident> incident_;
  std::vector<std::string> reached_;
  std::vector<uint16_t> unordered_with_;
  struct Look {
    ObjectIndex object;
    unsigned since;
    sync::OpKind kind;
  };
  mutable std::vector<Look> looks_;  ///< for retry_enabled(), so that it allocates nothing

  Mode mode_ = Mode::sequential;
  Request request_ = Request::none;
  bool ended_abandoned_ = false;
  bool booted_ = false;       ///< the set-up is over: changes of live bytes are logged
  unsigned first_tasks_ = 0;  ///< tasks of the program, without spawned ones
  TaskMask live_ = 0;         ///< tasks that have not ended
  TaskMask unstarted_ = 0;    ///< of the first tasks, the threads that have not taken their first step
  unsigned task_count_ = 0;
  std::size_t depth_ = 0;
  std::size_t repeat_until_ = 0;
  uint8_t previous_ = kTasksMax;
  uint8_t preemptions_ = 0;
  TaskMask sleep_ = 0;
  int64_t live_bytes_ = 0;
  int64_t live_bytes_at_start_ = 0;
  void (Program::*sequential_part_)() = nullptr;
  std::size_t root_bytes_ = 0;
  uint64_t checkpoints_taken_ = 0;
  uint64_t steps_run_ = 0;
  uint64_t steps_repeated_ = 0;
};

template <typename Visit>
void Executor::for_each_awaited_reader(unsigned task, Visit visit) const {
  const TaskContext& waiter = contexts_[task];
  for (unsigned t = 0; t < task_count_; ++t) {
    if ((waiter.grace_waited_for & bit(t)) == 0) continue;
    unsigned first_end = 0;
    for (unsigned d = contexts_[t].last_depth; d > waiter.grace_depth; d = path_[d - 1].task_before)
      if (path_[d - 1].reader_ended) first_end = d;
    if (first_end != 0) visit(first_end - 1);
  }
}

template <typename Visit>
void Executor::for_each_retry_object(unsigned task, Visit visit) const {
  // A loop inside this one may have begun again meanwhile: what was read before that still counts.
  const void* loop = contexts_[task].pending->name;
  for (unsigned d = contexts_[task].last_depth; d != 0; d = path_[d - 1].task_before) {
    const Node& node = path_[d - 1];
    if (node.kind == sync::OpKind::start || (node.kind == sync::OpKind::retry && node.loop == loop)) return;
    if (seen_by(node.kind) != 0) visit(node.object, d, node.kind);
  }
}

}  // namespace quire::explore
