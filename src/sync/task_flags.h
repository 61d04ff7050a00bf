// The flags of the running task: what it has said of itself for a stretch of its way, for whoever it calls.
//
// They are the task's own: nobody else reads them, so reading and writing them is no step. Linux: current->flags
//
//   uint32_t before = task_flags();
//   task_flags() |= kMine;  ...  task_flags() = before;
#pragma once

#include <cstdint>

namespace quire::sync {

[[nodiscard]] uint32_t& task_flags();

}  // namespace quire::sync
