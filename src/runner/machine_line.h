// The `machine` line of a scenario: its keys, what they set, and the parameters that expressions may name.
#pragma once

#include <optional>
#include <string_view>

#include "explore/executor.h"
#include "machine/options.h"
#include "scenario/ast.h"
#include "scenario/parser.h"
#include "scenario/program.h"

namespace quire::runner {

using scenario::kPageBytes;

/// Applies the line; the machine's and the explorer's options start from those of a small explored machine.
[[nodiscard]] std::optional<scenario::Diagnostic> apply_machine_line(const scenario::Machine& line,
                                                                     std::string_view file,
                                                                     machine::MachineOptions& machine,
                                                                     explore::ExecutorOptions& explorer);

/// SWAP_MAP_MAX, SWAPFILE_CLUSTER, PAGE_SIZE, ...: the value in this machine.
[[nodiscard]] std::optional<int64_t> machine_parameter(const machine::MachineOptions& machine, std::string_view name);

}  // namespace quire::runner
