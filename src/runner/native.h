// NativeScenario: a scenario on a machine that runs natively, in two halves: its set-up, and what comes after it.
// Between them the machine may be hibernated and gone on with in another process.
//
// The machine and what the scenario knows of it (state()) are of the heap that is in use. Pages have 4096 bytes, and
// the architecture is x86 unless the scenario names one. Blocks run one after the other, in file order, and calls that
// would wait for another block wait for ever; faults are not injected. A call that is not as stated is told by its
// line.
//
//   auto scenario = NativeScenario::make(parsed, file);      // in one process
//   scenario.begin();
//   again.adopt(state);                                      // in another
//   again.end();
#pragma once

#include <memory>
#include <string_view>
#include <variant>
#include <vector>

#include "machine/machine.h"
#include "runner/runner.h"
#include "scenario/ast.h"

namespace quire::runner {

class NativeScenario {
 public:
  [[nodiscard]] static std::variant<NativeScenario, scenario::Diagnostic> make(const scenario::Scenario& scenario,
                                                                               std::string_view file);
  NativeScenario(NativeScenario&&) noexcept;
  NativeScenario& operator=(NativeScenario&&) noexcept;
  ~NativeScenario();

  /// The set-up, on a fresh machine.
  void begin();
  void adopt(void* state);
  /// Blocks and check; then the machine's invariants are looked at.
  void end();

  [[nodiscard]] machine::Machine& machine();
  [[nodiscard]] void* state() const;
  /// Calls since it was made, in order.
  [[nodiscard]] std::vector<RunLine> lines() const;
  [[nodiscard]] bool as_stated() const;

 private:
  struct Parts;
  explicit NativeScenario(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace quire::runner
