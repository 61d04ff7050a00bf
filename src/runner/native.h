// NativeScenario: a scenario on a machine that runs natively, in two halves: its set-up, and what comes after it.
// Between them the machine may be hibernated and gone on with in another process.
//
// The machine and what the scenario knows of it (state()) are of the heap that is in use. Pages have 4096 bytes, and
// the architecture is x86 unless the scenario names one. Blocks run one after the other, in file order, and calls that
// would wait for another block wait for ever; faults are not injected. A call that is not as stated is told by its
// line.
//
//   NativeScenario scenario(plan);
//   scenario.begin();                              // in one process
//   NativeScenario again(plan);
//   again.adopt(state);                            // in another
//   again.end();
#pragma once

#include <memory>
#include <vector>

#include "runner/plan.h"
#include "runner/program.h"
#include "runner/runner.h"

namespace quire::runner {

class NativeScenario {
 public:
  explicit NativeScenario(Plan plan);

  /// The set-up, on a fresh machine.
  void begin();
  void adopt(void* state) { program_.adopt(state); }
  /// Blocks and check; then the machine's invariants are looked at.
  void end();

  [[nodiscard]] machine::Machine& machine() { return program_.machine(); }
  [[nodiscard]] void* state() const { return program_.state(); }
  /// Calls since it was made, in order.
  [[nodiscard]] std::vector<RunLine> lines() const;
  [[nodiscard]] bool as_stated() const;

 private:
  Plan plan_;
  ScenarioProgram program_;
  std::vector<ScenarioProgram::Returned> log_;
};

}  // namespace quire::runner
