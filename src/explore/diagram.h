// The diagram of kernel mails: a column per CPU, nested function names, only the steps that matter.
//
//   CPU0 (A)                             CPU1 (B)
//   ----                                 ----
//   shmem_undo_range()
//     free_swap_and_cache()
//       put reference: slot 1 is now cache only
//                                        swapoff()
//                                          free swap_map and cluster_info
//       *** uaf: cluster_lock is touched after it was freed
//
// A line is a function, or a named point in one. Points whose objects no other task touches go first when there are too
// many lines; then functions that only lead to another one. A program without points shows its steps instead.
#pragma once

#include <string>

#include "explore/executor.h"
#include "explore/recording.h"

namespace quire::explore {

struct DiagramOptions {
  unsigned columns = 80;
  unsigned lines_max = 15;  ///< wanted, not promised: switches between CPUs are never dropped
};

/// Each line ends with a newline.
[[nodiscard]] std::string render_diagram(const Recording& recording, const DiagramOptions& options = {});

/// "freed by CPU1 (B) in swapoff() > ..." for the memory the incident touched; empty if it was not freed memory.
[[nodiscard]] std::string describe_free(const Recording& recording, const Incident& incident);

/// Every step as ftrace prints it: "TASK-N [CPU] STEP: FUNCTION: EVENT".
[[nodiscard]] std::string render_trace(const Recording& recording);

/// The same for Perfetto and chrome://tracing (JSON trace event format); one microsecond per step.
[[nodiscard]] std::string render_perfetto(const Recording& recording);

}  // namespace quire::explore
