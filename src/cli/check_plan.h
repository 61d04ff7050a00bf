// Which scenarios a check is about, and what an answer about one of them comes to.
//
// N1. The slots stand in the order of the files; one without a scenario is answered already.
#pragma once

#include <vector>

#include "cli/check_request.h"
#include "cli/load.h"
#include "cli/outcome.h"
#include "cli/workers.h"

namespace quire::cli {

struct CheckSlot {
  const scenario::Scenario* scenario = nullptr;  ///< of a LoadedFile; null where the file could not be read
  Outcome outcome;
  enum class State : uint8_t { waiting, answered } state = State::waiting;
};

[[nodiscard]] std::vector<CheckSlot> plan_check(const std::vector<LoadedFile>& files, const CheckRequest& request);

/// Answers the slot.
void settle(CheckSlot& slot, JobResult result, const CheckRequest& request);

}  // namespace quire::cli
