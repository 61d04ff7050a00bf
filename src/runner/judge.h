// One expectation, taken apart: what must be found, what must not, and how far the search has to go.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "explore/search.h"
#include "runner/plan.h"
#include "scenario/ast.h"

namespace quire::runner {

/// `never|always|sometimes CLASS [@ FUNC]`.
struct ClassItem {
  scenario::Quantifier quantifier;
  sync::Failure failure;
  std::string func;
};

struct Expectation {
  std::vector<ClassItem> classes;
  bool must_be_complete = false;
  std::optional<unsigned> preemptions_max;  ///< of the finding
  std::optional<uint64_t> executions_max;   ///< until the finding
  const scenario::Block<scenario::OutcomeRow>* outcomes = nullptr;
  std::string text;  ///< the items on one line

  [[nodiscard]] bool wants_finding() const;
  /// The item that asks for this class (sometimes, always), or nullptr.
  [[nodiscard]] const ClassItem* wanting(const explore::Incident& incident) const;
  /// Whether an incident of this class may happen without being asked for: only where something else is asked for.
  [[nodiscard]] bool tolerates(const explore::Incident& incident) const;
};

[[nodiscard]] Expectation take_apart(const scenario::Expect& expect);

}  // namespace quire::runner
