// Small random programs over everything sync/ offers, for tests that compare two ways of exploring one program.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/thread_annotations.h"
#include "explore/executor.h"
#include "explore/program.h"

namespace quire::explore {

class RandomProgram : public Program {
 public:
  enum class Kind : uint8_t {
    load,
    store,
    store_relaxed,
    add,
    fetch_add,
    exchange,
    compare_exchange,
    await_equal,
    await_change,
    retry_until,
    semaphore_read,
    semaphore_write,
    mutex,
    mutex_try,
    mutex_look,
    spin,
    spin_try,
    shared,
    shared_try,
    exclusive,
    rcu,
    preempt_off,
    irq_off,
    synchronize,
    deferred,
    free_item,
    touch_item,
    lend_item,
    rcu_read,
    rcu_remove,
    rcu_remove_now,
    plain_read,
    plain_write,
    choose,
    get,
    get_put,
    kill,
    spawn_join,
  };
  struct Operation {
    Kind kind;
    uint8_t object;
    uint8_t value;
    uint8_t inner;  ///< sections: how many of the operations that follow are inside
  };
  struct Task {
    unsigned cpu;
    bool interrupt;
    std::vector<Operation> operations;
  };
  struct Text {
    std::vector<Task> tasks;
    unsigned spawns = 0;
  };

  /// The program of that seed; at most about `interleavings_max` interleavings if nothing ever waited.
  [[nodiscard]] static Text generate(uint64_t seed, double interleavings_max);
  [[nodiscard]] static std::string print(const Text& text);

  explicit RandomProgram(Text text) : text_(std::move(text)) {}
  void on_complete(std::function<void()> callback) { on_complete_ = std::move(callback); }
  /// What everybody read and what memory holds at the end.
  [[nodiscard]] std::string memory() const;
  [[nodiscard]] uint64_t hash_of_memory() const;
  /// What an incident counts as. Which of two unordered touches of one field comes first is no outcome of its own: a
  /// race, and a plain touch of freed memory that is also one, are the same.
  [[nodiscard]] static std::string kind_of(const Incident& incident);
  [[nodiscard]] static bool ended_by_waiting(const Incident& incident);

  void setup() override;
  [[nodiscard]] unsigned task_count() const override { return static_cast<unsigned>(text_.tasks.size()); }
  [[nodiscard]] TaskSpec task(unsigned index) const override;
  void run(unsigned index) override;
  void observe() override { on_complete_(); }

  struct State;

 private:
  void run_range(unsigned task, std::size_t begin, std::size_t end);
  void run_one(unsigned task, const Operation& operation);
  void run_on_word(unsigned task, const Operation& operation);
  void run_on_item(unsigned task, const Operation& operation);
  [[nodiscard]] bool enter_section(unsigned task, const Operation& operation) QUIRE_NO_THREAD_SAFETY_ANALYSIS;
  void leave_section(const Operation& operation) QUIRE_NO_THREAD_SAFETY_ANALYSIS;
  void note(unsigned task, int value);

  Text text_;
  State* state_ = nullptr;
  std::function<void()> on_complete_;
};

}  // namespace quire::explore
