// A litmus program: the smallest tasks that show one behaviour, with the verdict and the exact number of executions
// that the reduced search must give. Each file of the tree registers one family of them.
//
//   struct State { Atomic<int, "x"> x; };                       // lives in the arena, made afresh by the set-up
//   const bool kAdded = add<State>({.name = "holds/example",    // folder and file
//                                   .tasks = 2,
//                                   .body = [](State& s, unsigned task) { s.x.fetch_add(static_cast<int>(task)); },
//                                   .executions = 2});
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "explore/executor.h"
#include "sync/atomic.h"
#include "sync/heap.h"
#include "sync/lock.h"
#include "sync/percpu_ref.h"
#include "sync/plain.h"
#include "sync/rcu.h"
#include "sync/task.h"
#include "sync/trace.h"
#include "sync/wait.h"

// The programs speak of sync/ all the time.
namespace quire::explore::suite {
using namespace sync;  // NOLINT

enum class Size : uint8_t {
  tiny,   ///< plain enumeration ends too, and must see the same outcomes
  large,  ///< only the reduced search ends
  slow,   ///< takes seconds: left out of the fast loop
};

/// What is known of a program without its State.
struct Facts {
  std::string name;
  unsigned tasks = 0;
  std::optional<Failure> expected;  ///< nothing: it holds
  uint64_t executions = 0;          ///< of the reduced search, those that end in an incident included
  uint64_t incidents = 0;
  Size size = Size::tiny;
  ExecutorOptions options;
  unsigned bound_max = 3;  ///< pre-emptions within which an incident must be found
};

class LitmusProgram : public Program {
 public:
  explicit LitmusProgram(Facts facts) : facts_(std::move(facts)) {}
  [[nodiscard]] const Facts& facts() const { return facts_; }
  [[nodiscard]] unsigned task_count() const override { return facts_.tasks; }
  void on_complete(std::function<void()> callback) { on_complete_ = std::move(callback); }
  void observe() override {
    if (on_complete_) on_complete_();
  }
  /// Of what the State holds now.
  [[nodiscard]] virtual std::string_view memory() const = 0;

 private:
  Facts facts_;
  std::function<void()> on_complete_;
};

template <typename State>
struct Litmus {
  const char* name;
  unsigned tasks;
  void (*setup)(State&) = nullptr;
  void (*body)(State&, unsigned task);
  void (*finish)(State&) = nullptr;
  std::optional<Failure> expected = std::nullopt;
  uint64_t executions;
  uint64_t incidents = 0;
  Size size = Size::tiny;
  ExecutorOptions options = {};
  unsigned bound_max = 3;
  TaskSpec (*task)(unsigned index) = nullptr;
  FaultDecision (*fault)(const FailSite& site) = nullptr;
};

template <typename State>
class LitmusOf final : public LitmusProgram {
 public:
  explicit LitmusOf(const Litmus<State>& litmus)
      : LitmusProgram({litmus.name, litmus.tasks, litmus.expected, litmus.executions, litmus.incidents, litmus.size,
                       litmus.options, litmus.bound_max}),
        litmus_(litmus) {}
  void setup() override {
    state_ = make_object<State>();
    if (litmus_.setup != nullptr) litmus_.setup(*state_);
  }
  [[nodiscard]] TaskSpec task(unsigned index) const override {
    return litmus_.task != nullptr ? litmus_.task(index) : TaskSpec{"CPU" + std::to_string(index), index};
  }
  void run(unsigned index) override { litmus_.body(*state_, index); }
  void finish() override {
    if (litmus_.finish != nullptr) litmus_.finish(*state_);
  }
  FaultDecision fault(unsigned, const FailSite& site, std::span<const char* const>) override {
    return litmus_.fault != nullptr ? litmus_.fault(site) : FaultDecision::succeed;
  }
  [[nodiscard]] std::string_view memory() const override {
    return {reinterpret_cast<const char*>(state_), sizeof(State)};
  }

 private:
  Litmus<State> litmus_;
  State* state_ = nullptr;
};

/// All programs, in the order of their files.
std::vector<std::unique_ptr<LitmusProgram>>& all_programs();

template <typename State>
bool add(const Litmus<State>& litmus) {
  all_programs().push_back(std::make_unique<LitmusOf<State>>(litmus));
  return true;
}

/// The verdict of a program whose result is not what it must be.
inline void expect_that(bool condition, std::string_view what) {
  if (!condition) bug(Failure::check, what);
}

/// For programs whose tasks share CPU 0: the last one is an interrupt.
inline TaskSpec on_one_cpu(unsigned index) { return {"CPU0 (" + std::to_string(index) + ")", 0}; }
inline TaskSpec task_and_interrupt(unsigned index) {
  return {index == 0 ? "CPU0" : "interrupt", 0, index == 0 ? TaskSpec::Kind::thread : TaskSpec::Kind::interrupt};
}

}  // namespace quire::explore::suite
