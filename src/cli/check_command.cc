#include <fmt/core.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <map>
#include <memory>

#include "cli/check_plan.h"
#include "cli/check_request.h"
#include "cli/commands.h"
#include "cli/file.h"
#include "cli/progress.h"

namespace quire::cli {
namespace {

// A search may end late and then write its report; what takes longer than this is stuck.
constexpr double kPatienceFactor = 4;
constexpr double kPatienceSeconds = 60;

class Check {
 public:
  Check(const CheckRequest& request, const Console& console, std::FILE* junit)
      : request_(request), console_(console), progress_(console), files_(load(request.paths)) {
    if (request.json) {
      outputs_.push_back(json_output(console));
    } else if (request.ktap) {
      outputs_.push_back(ktap_output(console, request.text.reports));
    } else {
      outputs_.push_back(text_output(console, request.text));
    }
    if (junit != nullptr) outputs_.push_back(junit_output(junit));
  }

  ExitCode run() {
    slots_ = plan_check(files_, request_);
    for (const auto& output : outputs_) output->begin(slots_.size());
    print_answered();
    explore();
    for (const auto& output : outputs_) output->end(tally_);
    return verdict();
  }

 private:
  void explore() {
    std::vector<CheckJob> jobs;
    std::vector<std::size_t> slot_of_job;
    for (std::size_t at = 0; at < slots_.size(); ++at) {
      const CheckSlot& slot = slots_[at];
      if (slot.scenario == nullptr) continue;
      const auto expects = static_cast<double>(slot.scenario->expects.size());
      jobs.push_back({slot.scenario, slot.outcome.file,
                      kPatienceFactor * expects * request_.options.seconds_max + kPatienceSeconds});
      slot_of_job.push_back(at);
    }
    WorkerEvents events;
    events.on_done = [&](std::size_t job, JobResult result) {
      notes_.erase(slot_of_job[job]);
      settle(slots_[slot_of_job[job]], std::move(result), request_);
      print_answered();
    };
    if (progress_.wanted()) {
      events.on_progress = [&](std::size_t job, const ProgressNote& note) {
        notes_[slot_of_job[job]] = note;
        show_progress();
      };
    }
    run_workers(jobs, {request_.jobs, request_.options}, events);
  }

  // Of those running, the first in the order of the files.
  void show_progress() {
    const auto& [at, note] = *notes_.begin();
    progress_.show({printed_, slots_.size(), notes_.size(), slots_[at].outcome.name}, note);
  }

  void print_answered() {
    for (; printed_ < slots_.size() && slots_[printed_].state == CheckSlot::State::answered; ++printed_) {
      const Outcome& outcome = slots_[printed_].outcome;
      progress_.erase();
      tally_.add(outcome);
      for (const auto& output : outputs_) output->add(outcome);
      if (outcome.error.empty()) continue;
      write(console_.err, outcome.error + "\n");
      std::fflush(console_.err);
    }
  }

  [[nodiscard]] ExitCode verdict() const {
    if (slots_.empty()) {
      complain(console_, nothing_asked());
      return ExitCode::bad_input;
    }
    if (tally_.input_errors > 0) return ExitCode::bad_input;
    if (tally_.machine_errors > 0) return ExitCode::machine_cannot;
    if (tally_.failed > 0) return ExitCode::not_as_stated;
    return tally_.passed > 0 ? ExitCode::as_stated : ExitCode::all_skipped;
  }

  [[nodiscard]] std::string nothing_asked() const {
    std::vector<std::string> names;
    for (const LoadedFile& file : files_) {
      for (const scenario::Scenario& scenario : file.document->scenarios) names.push_back(scenario.name);
    }
    const bool known = std::find(names.begin(), names.end(), request_.only) != names.end();
    if (!request_.only.empty() && !known) {
      return fmt::format("no scenario is called '{}'{}", request_.only, suggestion(request_.only, names));
    }
    return fmt::format("no expectation is stated{} here", with_defects(request_.options.defects));
  }

  const CheckRequest& request_;
  const Console& console_;
  ProgressLine progress_;
  std::vector<LoadedFile> files_;
  std::vector<std::unique_ptr<CheckOutput>> outputs_;
  std::vector<CheckSlot> slots_;
  std::map<std::size_t, ProgressNote> notes_;  // of running scenarios, by slot
  std::size_t printed_ = 0;
  Tally tally_;
};

ExitCode check(const CheckRequest& request, const Console& console) {
  if (const std::string complaint = unknown_defect(request.options.defects); !complaint.empty()) {
    complain(console, complaint);
    return ExitCode::bad_input;
  }
  File junit;
  if (!request.junit.empty()) {
    junit.reset(std::fopen(request.junit.c_str(), "we"));
    if (junit == nullptr) {
      complain(console, fmt::format("cannot write {}: {}", request.junit, std::strerror(errno)));
      return ExitCode::bad_input;
    }
  }
  const ExitCode code = Check(request, console, junit.get()).run();
  if (junit == nullptr) return code;
  const bool written = std::ferror(junit.get()) == 0;
  if (std::fclose(junit.release()) == 0 && written) return code;
  complain(console, fmt::format("cannot write {}", request.junit));
  return ExitCode::machine_cannot;
}

}  // namespace

void add_check_command(CLI::App& app, Shell& shell) {
  CLI::App* command = app.add_subcommand("check", "Explore scenarios for each of their expectations");
  auto request = std::make_shared<CheckRequest>();
  add_check_options(*command, *request);
  command->callback([request, &shell] { shell.code = check(*request, shell.console); });
}

}  // namespace quire::cli
