#include "cli/workers.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <optional>
#include <vector>

namespace quire::cli {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kProgressEvery = std::chrono::milliseconds(100);
constexpr int kPollMilliseconds = 200;

struct Worker {
  std::size_t job = 0;
  pid_t pid = 0;
  int pipe = -1;
  Clock::time_point started;
  FrameReader reader;
  std::optional<runner::CheckResult> answer;
  enum class Fate : uint8_t { own, stuck } fate = Fate::own;
};

void write_all(int pipe, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(pipe, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) _exit(1);  // nobody is listening any more
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

// Ends without the parent's destructors and buffers, which are copies here.
[[noreturn]] void work(const CheckJob& job, runner::CheckOptions options, const WorkerEvents& events, int pipe,
                       pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);  // K2
  if (getppid() != parent) _exit(1);
  Clock::time_point told = Clock::now();
  if (events.on_progress) {
    options.on_progress = [&](const runner::Progress& progress) {
      const Clock::time_point now = Clock::now();
      if (now - told < kProgressEvery) return;
      told = now;
      write_all(pipe, pack(progress));
    };
  }
  write_all(pipe, pack(runner::check_scenario(*job.scenario, job.file, options)));
  _exit(0);
}

class Crew {
 public:
  Crew(std::span<const CheckJob> jobs, const WorkerOptions& options, const WorkerEvents& events)
      : jobs_(jobs), options_(options), events_(events) {
    options_.check.on_progress = nullptr;
  }

  void run() {
    std::size_t next = 0;
    while (next < jobs_.size() || !running_.empty()) {
      while (next < jobs_.size() && running_.size() < std::max(1U, options_.workers_max)) {
        if (!start(next)) break;
        ++next;
      }
      if (!running_.empty()) attend();
    }
  }

 private:
  // False where the job has to wait for another to end. With none to wait for, it is answered.
  bool start(std::size_t job) {
    int ends[2];
    int error = pipe2(ends, O_CLOEXEC) == 0 ? 0 : errno;
    const pid_t parent = getpid();
    const pid_t pid = error == 0 ? fork() : -1;
    if (pid == 0) {
      close(ends[0]);
      work(jobs_[job], options_.check, events_, ends[1], parent);
    }
    if (pid < 0) {
      if (error == 0) {
        error = errno;
        close(ends[0]);
        close(ends[1]);
      }
      if (!running_.empty()) return false;
      events_.on_done(job, WorkerNotStarted{fmt::format("cannot start a worker: {}", std::strerror(error))});
      return true;
    }
    close(ends[1]);
    running_.push_back({job, pid, ends[0], Clock::now(), {}, {}});
    return true;
  }

  void attend() {
    std::vector<pollfd> polled;
    for (const Worker& worker : running_) polled.push_back({worker.pipe, POLLIN, 0});
    if (poll(polled.data(), polled.size(), kPollMilliseconds) < 0) return;  // a signal came; ask again
    for (std::size_t at = polled.size(); at-- > 0;) {
      if (polled[at].revents != 0 && !listen(running_[at])) dismiss(at);
    }
    for (Worker& worker : running_) {
      const std::chrono::duration<double> age = Clock::now() - worker.started;
      if (worker.fate == Worker::Fate::stuck || age.count() < jobs_[worker.job].seconds_max) continue;
      worker.fate = Worker::Fate::stuck;
      kill(worker.pid, SIGKILL);
    }
  }

  // False at the end of what it has to say.
  bool listen(Worker& worker) {
    char bytes[1 << 16];
    const ssize_t count = ::read(worker.pipe, bytes, sizeof(bytes));
    if (count < 0 && errno == EINTR) return true;
    if (count <= 0) return false;
    worker.reader.feed({bytes, static_cast<std::size_t>(count)});
    while (std::optional<Message> message = worker.reader.next()) {
      if (auto* result = std::get_if<runner::CheckResult>(&*message)) {
        worker.answer = std::move(*result);
      } else if (events_.on_progress) {
        events_.on_progress(worker.job, std::get<ProgressNote>(*message));
      }
    }
    return true;
  }

  void dismiss(std::size_t at) {
    Worker worker = std::move(running_[at]);
    running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(at));
    close(worker.pipe);
    int status = 0;
    while (waitpid(worker.pid, &status, 0) < 0 && errno == EINTR) continue;
    if (worker.answer) {
      events_.on_done(worker.job, *std::move(worker.answer));
    } else {
      events_.on_done(worker.job, death_of(worker, status));
    }
  }

  [[nodiscard]] WorkerDeath death_of(const Worker& worker, int status) const {
    if (worker.fate == Worker::Fate::stuck) {
      return {fmt::format("the worker gave no answer within {:.0f} s and was killed", jobs_[worker.job].seconds_max),
              "SIGKILL"};
    }
    if (!WIFSIGNALED(status)) {
      return {fmt::format("the worker ended with status {} and no answer", WEXITSTATUS(status)), ""};
    }
    const char* abbreviation = sigabbrev_np(WTERMSIG(status));
    const std::string name =
        abbreviation != nullptr ? fmt::format("SIG{}", abbreviation) : fmt::format("signal {}", WTERMSIG(status));
    return {fmt::format("the worker was killed by {} ({})", name, strsignal(WTERMSIG(status))), name};
  }

  std::span<const CheckJob> jobs_;
  WorkerOptions options_;
  const WorkerEvents& events_;
  std::vector<Worker> running_;
};

}  // namespace

void run_workers(std::span<const CheckJob> jobs, const WorkerOptions& options, const WorkerEvents& events) {
  Crew(jobs, options, events).run();
}

}  // namespace quire::cli
