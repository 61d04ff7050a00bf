#include "oracle/sequence_player.h"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstring>
#include <new>

#include "oracle/kernel/calls.h"
#include "oracle/kernel_operations.h"

namespace quire::oracle {
namespace {

constexpr int kNobody = -1;
constexpr int kLookMilliseconds = 50;     // how often is looked whether a process is still there
constexpr int kHangMilliseconds = 5'000;  // a call that takes longer does not return
constexpr int kPageoutAttempts = 2;
constexpr unsigned kProgramSeconds = 60;  // a call of this process that does not return ends it
constexpr std::size_t kSequenceCallsMax = 512;

void* map_shared(std::size_t bytes) {
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  return memory;
}

}  // namespace

struct SequencePlayer::Shared {
  SharedWord turn;  ///< the number of the call that is next
  std::array<Value, kSequenceCallsMax> values;
};

SequencePlayer::SequencePlayer(const Host& host)
    : host_(host),
      self_(getpid()),
      stage_(new (map_shared(sizeof(Stage))) Stage()),
      shared_(new (map_shared(sizeof(Shared))) Shared()) {
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  catch_signals();
}

SequencePlayer::~SequencePlayer() {
  munmap(stage_, sizeof(Stage));
  munmap(shared_, sizeof(Shared));
}

Performance SequencePlayer::play(const Program& program) {
  calls_ = calls_of(program);
  Performance performance;
  if (calls_.size() > kSequenceCallsMax || program.tasks.size() > 1) {
    performance.trouble = "is no short sequence";
    return performance;
  }
  // The rest of the stage is not used here.
  for (std::size_t p = 0; p < program.processes.size(); ++p) stage_->pids[p].store(0);
  for (std::size_t v = 0; v < program.variables.size(); ++v) stage_->variables[v] = {};
  stage_->other_count.store(0);
  std::fill_n(shared_->values.begin(), calls_.size(), Value{});
  shared_->turn.store(0);
  here_ = own_process(program);
  for (std::size_t p = 0; p < program.processes.size(); ++p) {
    if (program.processes[p].forked || static_cast<int>(p) == here_) continue;
    pid_t pid = fork();
    if (pid == 0) walk(program, static_cast<int>(p));
    if (pid < 0) performance.trouble = fmt::format("fork: {}", std::strerror(errno));
    stage_->pids[p].store(std::max<pid_t>(pid, 0));
  }
  alarm(kProgramSeconds);
  conduct(program);
  alarm(0);
  for (std::size_t p = 0; p < program.processes.size(); ++p) end_process(static_cast<int>(p));
  for (uint32_t i = 0; i < std::min<uint32_t>(stage_->other_count.load(), Stage::kChildrenMax); ++i) {
    kill(stage_->others[i].load(), SIGKILL);
    waitpid(stage_->others[i].load(), nullptr, 0);
  }
  if (here_ != kNobody) leave_nothing();
  performance.values.assign(shared_->values.begin(), shared_->values.begin() + static_cast<long>(calls_.size()));
  return performance;
}

// The first process is this one, unless it may end, wait or lose its rights.
int SequencePlayer::own_process(const Program& program) {
  if (program.processes.empty() || program.processes[0].forked) return kNobody;
  for (const Call* call : calls_) {
    std::string_view name = call->operation->name;
    // One that write-protects a page may never come back from its next write.
    bool may_wait = name == "uffd_writeprotect";
    if (may_wait || name == "killall" || name == "setuid" || (name == "exit" && std::max(call->process, 0) == 0))
      return kNobody;
  }
  return 0;
}

void SequencePlayer::leave_nothing() {
  munlockall();
  munmap(reinterpret_cast<void*>(kArenaStart), kArenaBytes);
  for (std::size_t i = 0; i < calls_.size(); ++i)
    if (calls_[i]->operation->gives == scenario::Operation::Gives::descriptor && shared_->values[i].number >= 0)
      close(static_cast<int>(shared_->values[i].number));
}

// --- In the processes of the scenario -------------------------------------------------------------------------------

void SequencePlayer::walk(const Program& program, int process) {
  here_ = kNobody;
  signal(SIGCHLD, SIG_IGN);
  for (;;) {
    uint32_t now = shared_->turn.load();
    if (now == calls_.size()) pause();
    if (owner(now) == process) {
      perform(program, process, now);
      continue;
    }
    shared_->turn.wait_while(now, 1'000);
    // Nobody is left who would end this one. Who has given his rights up may not signal the one that is.
    if (kill(self_, 0) != 0 && errno == ESRCH) _exit(1);
  }
}

void SequencePlayer::perform(const Program& program, int process, uint32_t now) {
  const Call& call = *calls_[now];
  Actor actor(program, host_, *stage_);
  shared_->values[now] = call.operation->name == "fork" ? fork_from(program, call) : run(actor, call);
  advance(now, process);
}

Value SequencePlayer::fork_from(const Program& program, const Call& call) {
  int child = kNobody;
  for (std::size_t p = 0; p < program.processes.size(); ++p)
    if (call.capture >= 0 && program.processes[p].forked &&
        program.processes[p].name == program.variables[static_cast<std::size_t>(call.capture)].name)
      child = static_cast<int>(p);
  pid_t pid = fork();
  if (pid == 0 && child != kNobody) walk(program, child);
  if (pid == 0)
    for (;;) pause();
  if (pid < 0) return Value::of(-errno);
  if (child != kNobody) {
    stage_->pids[static_cast<std::size_t>(child)].store(pid);
  } else if (uint32_t n = stage_->other_count.fetch_add(1); n < Stage::kChildrenMax) {
    stage_->others[n].store(pid);
  }
  return Value::of(pid);
}

Value SequencePlayer::run(Actor& actor, const Call& call) {
  Value value;
  bool pageout =
      call.operation->name == "madvise" && actor.number(call, call.operands.size() > 2 ? 2 : 1) == MADV_PAGEOUT;
  if (!pageout) return actor.run(call);
  Actor::Span span = actor.span(call, 1);
  for (int attempt = 0; attempt < kPageoutAttempts; ++attempt)
    value = Value::of(q_result(madvise(span.start, span.length, MADV_PAGEOUT)));
  return value;
}

// --- In the process that plays --------------------------------------------------------------------------------------

int SequencePlayer::owner(uint32_t number) const {
  const Call& call = *calls_[number];
  std::string_view name = call.operation->name;
  if (kernel_operation(*call.operation).run == nullptr || name == "exit" || name == "killall" || name == "swap_used" ||
      name == "tasks")
    return kNobody;
  bool by_operand = kernel_operation(*call.operation).by == KernelOperation::By::operand;
  if (by_operand && !call.operands.empty()) return static_cast<int>(call.operands[0].number);
  return std::max(call.process, 0);
}

bool SequencePlayer::alive(int process) const {
  if (process == here_) return true;
  pid_t pid = stage_->pids[static_cast<std::size_t>(process)].load();
  if (pid <= 0) return false;
  siginfo_t info{};
  // A child of this one, or its child's: those that have ended are gone or wait here.
  if (waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) == 0) return info.si_pid == 0;
  return kill(pid, 0) == 0;
}

void SequencePlayer::advance(uint32_t number, int by) {
  uint32_t next = number + 1;
  if (next < calls_.size() && owner(next) == by)
    shared_->turn.store(next);
  else
    shared_->turn.publish(next);
}

void SequencePlayer::conduct(const Program& program) {
  int waited = 0;
  uint32_t last = 0;
  for (;;) {
    uint32_t now = shared_->turn.load();
    if (now == calls_.size()) return;
    if (now != last) waited = 0;
    last = now;
    int whose = owner(now);
    if (whose != kNobody && whose == here_) {
      perform(program, whose, now);
    } else if (whose == kNobody) {
      direct(program, *calls_[now], now);
      advance(now, kNobody);
    } else if (waited >= kHangMilliseconds || !alive(whose)) {
      if (shared_->turn.load() != now) continue;
      end_process(whose);
      advance(now, kNobody);
    } else {
      shared_->turn.wait_while(now, kLookMilliseconds);
      if (shared_->turn.load() == now) waited += kLookMilliseconds;
    }
  }
}

void SequencePlayer::direct(const Program& program, const Call& call, uint32_t number) {
  std::string_view name = call.operation->name;
  int64_t running = 0;
  for (std::size_t p = 0; p < program.processes.size(); ++p) running += alive(static_cast<int>(p)) ? 1 : 0;
  if (name == "exit") {
    int process = call.operands.empty() ? std::max(call.process, 0) : static_cast<int>(call.operands[0].number);
    if (!alive(process)) return;
    end_process(process);
    shared_->values[number] = Value::of(0);
  } else if (name == "killall") {
    for (std::size_t p = 0; p < program.processes.size(); ++p) end_process(static_cast<int>(p));
    shared_->values[number] = Value::of(0);
  } else if (name == "tasks") {
    shared_->values[number] = Value::of(running);
  } else if (name == "swap_used") {
    shared_->values[number] = Actor(program, host_, *stage_).run(call);
  }
}

// What is nobody's child here any more has gone when its number has.
void SequencePlayer::end_process(int process) {
  pid_t pid = stage_->pids[static_cast<std::size_t>(process)].exchange(0);
  if (pid <= 0) return;
  kill(pid, SIGKILL);
  if (waitpid(pid, nullptr, 0) == pid) return;
  for (int waited = 0; kill(pid, 0) == 0 && waited < 200'000; ++waited)
    if (waited > 100) usleep(50);
}

}  // namespace quire::oracle
