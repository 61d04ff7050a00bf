// Scenarios checked in forked processes, several at once.
//
// An explorer owns a fixed range of addresses, and a wrong engine may crash: so each scenario has a process of its own,
// and what happens to it happens to that scenario only. K1. Each job is answered exactly once, in any order: with the
// runner's answer, or with how its worker died. K2. No worker outlives the parent, whatever ends it.
//
//   run_workers(jobs, {.workers_max = 2}, {.on_done = [&](size_t job, JobResult result) { ... }});
#pragma once

#include <functional>
#include <span>
#include <string>
#include <variant>

#include "cli/wire.h"
#include "runner/runner.h"

namespace quire::cli {

struct CheckJob {
  const scenario::Scenario* scenario = nullptr;
  std::string file;
  double seconds_max = 0;  ///< after which the worker is taken for stuck and killed
};

/// "the worker was killed by SIGSEGV (Segmentation fault)"; the signal's name alone in `signal`, if it was one.
struct WorkerDeath {
  std::string message;
  std::string signal;
};

/// No worker could be started.
struct WorkerNotStarted {
  std::string message;
};

using JobResult = std::variant<runner::CheckResult, WorkerDeath, WorkerNotStarted>;

struct WorkerOptions {
  unsigned workers_max = 1;
  runner::CheckOptions check;  ///< on_progress is not used
};

struct WorkerEvents {
  std::function<void(std::size_t job, JobResult result)> on_done;
  /// Wanted or empty; running jobs only.
  std::function<void(std::size_t job, const ProgressNote& note)> on_progress;
};

void run_workers(std::span<const CheckJob> jobs, const WorkerOptions& options, const WorkerEvents& events);

}  // namespace quire::cli
