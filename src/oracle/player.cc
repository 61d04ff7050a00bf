#include "oracle/player.h"

#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/core.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <new>

#include "oracle/kernel_operations.h"
#include "oracle/kernel_path_operations.h"

namespace quire::oracle {
namespace {

constexpr int kCallMilliseconds = 5'000;  // a call that takes longer does not return
constexpr int kEndMilliseconds = 20'000;  // a process that is killed takes no longer to go
constexpr int kSliceMilliseconds = 50;
constexpr int kNoMounts = 3;  // the exit status of a conductor that could not make them

// A process that moved to another CPU would leave its new pages in the batch of the first, where neither MADV_FREE nor
// MADV_PAGEOUT finds them. Blocks have CPUs of their own.
void stay_on_first_cpu() {
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  CPU_SET(0, &cpus);
  (void)sched_setaffinity(0, sizeof(cpus), &cpus);
}

// All files without a name are of one file system. An error of it that nobody was told of, of a page that failed in an
// earlier scenario, would be told to the first syncfs() of this one. Linux: lib/errseq.c errseq_sample()
void hear_old_errors() {
  int fd = memfd_create("errors", MFD_CLOEXEC);
  if (fd < 0) return;
  (void)syncfs(fd);
  close(fd);
}

bool alive(pid_t pid) { return pid > 0 && kill(pid, 0) == 0; }

void wait_for_end(pid_t pid) {
  for (int waited = 0; alive(pid) && waited < kEndMilliseconds * 10; ++waited) {
    waitpid(pid, nullptr, WNOHANG);
    if (waited > 20) usleep(100);
  }
}

}  // namespace

Player::Player(const Program& program, const Host& host) : program_(program), host_(host), calls_(calls_of(program)) {
  void* memory =
      mmap(nullptr, sizeof(Stage), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  stage_ = new (memory) Stage();
}

Player::~Player() { munmap(stage_, sizeof(Stage)); }

Performance Player::play(uint32_t round) {
  stage_->~Stage();
  stage_ = new (stage_) Stage();
  stage_->jitter = round * 2'654'435'761U;
  // What an earlier round has left on the disk would be found.
  for (const Call* call : calls_)
    if (call->operation->name == "open" && !is_path(call->operands[0].symbol))
      (void)unlink((host_.directory() + "/" + call->operands[0].symbol).c_str());
  pid_t conductor = fork();
  if (conductor < 0) return {{}, fmt::format("fork: {}", std::strerror(errno))};
  if (conductor == 0) conduct();
  int status = 0;
  while (waitpid(conductor, &status, 0) < 0 && errno == EINTR) {
  }
  Performance performance;
  performance.values.assign(stage_->values.begin(), stage_->values.begin() + static_cast<long>(calls_.size()));
  if (WIFEXITED(status) && WEXITSTATUS(status) == kNoMounts) performance.trouble = "needs mounts of its own, as root";
  if (WIFSIGNALED(status)) performance.trouble = fmt::format("the player was ended by signal {}", WTERMSIG(status));
  return performance;
}

void Player::conduct() {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  signal(SIGCHLD, SIG_IGN);
  signal(SIGINT, SIG_IGN);
  stage_->conductor = getpid();
  if (std::string why = make_mounts(mounts_of(*program_.scenario), host_.directory()); !why.empty()) {
    std::fprintf(stderr, "%s\n", why.c_str());
    _exit(kNoMounts);
  }
  hear_old_errors();
  start_processes();
  std::size_t number = 0;
  for (const Call& call : program_.setup) direct(number++, call);
  if (program_.tasks.size() == 1) {
    for (const Call& call : program_.tasks[0].calls) direct(number++, call);
  } else {
    play_blocks();
    for (const scenario::TaskProgram& task : program_.tasks) number += task.calls.size();
  }
  for (const Call& call : program_.check) direct(number++, call);
  end_all();
  _exit(0);
}

void Player::start_processes() {
  for (std::size_t p = 0; p < program_.processes.size(); ++p) {
    if (program_.processes[p].forked) continue;
    pid_t pid = fork();
    if (pid == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      stay_on_first_cpu();
      Actor(program_, host_, *stage_).serve(static_cast<int>(p));
    }
    stage_->pids[p].store(pid);
  }
}

// Returns whether it was answered.
bool Player::ask(int process, Mailbox::What what, std::size_t index) {
  auto p = static_cast<std::size_t>(process);
  Mailbox& mailbox = stage_->mailboxes[p];
  if (!alive(stage_->pids[p].load()) || mailbox.asked.load() != mailbox.answered.load()) return false;
  uint32_t before = mailbox.answered.load();
  mailbox.what = what;
  mailbox.index = static_cast<uint32_t>(index);
  mailbox.asked.publish(before + 1);
  for (int waited = 0; mailbox.answered.load() == before && waited < kCallMilliseconds; waited += kSliceMilliseconds) {
    if (!alive(stage_->pids[p].load())) return false;
    mailbox.answered.wait_while(before, kSliceMilliseconds);
  }
  return mailbox.answered.load() != before;
}

int Player::process_for(const Call& call) const {
  bool by_operand = kernel_operation(*call.operation).by == KernelOperation::By::operand;
  if (by_operand && !call.operands.empty()) return static_cast<int>(call.operands[0].number);
  auto process = static_cast<std::size_t>(std::max(call.process, 0));
  // What is done to another may be asked of anybody who is still there.
  const std::vector<scenario::Process>& all = program_.processes;
  bool of_another = std::any_of(all.begin(), all.end(), [&](const scenario::Process& p) {
    return !call.operands.empty() && call.operands[0].symbol == p.name;
  });
  if (!of_another || alive(stage_->pids[process].load())) return static_cast<int>(process);
  for (process = 0; process + 1 < program_.processes.size() && !alive(stage_->pids[process].load());) ++process;
  return static_cast<int>(process);
}

void Player::direct(std::size_t number, const Call& call) {
  if (kernel_operation(*call.operation).run == nullptr) return;
  std::string_view name = call.operation->name;
  if (name == "exit") return end_process(number, process_for(call));
  if (name == "killall") {
    end_one_by_one();
    stage_->values[number] = Value::of(0);
  } else if (name == "tasks") {
    stage_->values[number] = Value::of(count_tasks());
  } else if (name == "swap_used") {
    // Nobody may be left who could.
    stage_->values[number] = Actor(program_, host_, *stage_).run(call);
  } else {
    (void)ask(process_for(call), Mailbox::What::call, number);
  }
}

// Of a block whose calls are all another's to carry out, that one.
int Player::process_for(const scenario::TaskProgram& block) const {
  int process = -1;
  for (const Call& call : block.calls) {
    int one = process_for(call);
    if (process >= 0 && one != process) return block.process;
    process = one;
  }
  return process < 0 ? block.process : process;
}

void Player::play_blocks() {
  stage_->blocks_waiting.store(static_cast<uint32_t>(program_.tasks.size()));
  for (std::size_t block = 0; block < program_.tasks.size(); ++block)
    (void)ask(process_for(program_.tasks[block]), Mailbox::What::block, block);
  for (std::size_t block = 0; block < program_.tasks.size(); ++block) {
    for (int waited = 0; stage_->block_ended[block].load() == 0 && waited < kCallMilliseconds;
         waited += kSliceMilliseconds)
      stage_->block_ended[block].wait_while(0, kSliceMilliseconds);
    const std::vector<Call>& calls = program_.tasks[block].calls;
    bool exits = std::any_of(calls.begin(), calls.end(), [](const Call& c) { return c.operation->name == "exit"; });
    if (exits) wait_for_end(stage_->pids[static_cast<std::size_t>(program_.tasks[block].process)].load());
  }
}

void Player::end_process(std::size_t number, int process) {
  pid_t pid = stage_->pids[static_cast<std::size_t>(process)].load();
  if (!alive(pid)) return;
  kill(pid, SIGKILL);
  wait_for_end(pid);
  stage_->values[number] = Value::of(0);
}

// Two that end at once keep each other from freeing the swap of what they share.
void Player::end_one_by_one() {
  auto end = [](pid_t pid) {
    if (pid <= 0) return;
    kill(pid, SIGKILL);
    wait_for_end(pid);
  };
  for (std::size_t p = 0; p < program_.processes.size(); ++p) end(stage_->pids[p].load());
  uint32_t others = std::min<uint32_t>(stage_->other_count.load(), Stage::kChildrenMax);
  for (uint32_t i = 0; i < others; ++i) end(stage_->others[i].load());
}

void Player::end_all() {
  for (std::size_t p = 0; p < program_.processes.size(); ++p)
    if (pid_t pid = stage_->pids[p].load(); pid > 0) kill(pid, SIGKILL);
  uint32_t others = std::min<uint32_t>(stage_->other_count.load(), Stage::kChildrenMax);
  for (uint32_t i = 0; i < others; ++i) kill(stage_->others[i].load(), SIGKILL);
  for (std::size_t p = 0; p < program_.processes.size(); ++p)
    if (pid_t pid = stage_->pids[p].load(); pid > 0) wait_for_end(pid);
  for (uint32_t i = 0; i < others; ++i) wait_for_end(stage_->others[i].load());
}

int64_t Player::count_tasks() const {
  int64_t tasks = 0;
  for (std::size_t p = 0; p < program_.processes.size(); ++p) tasks += alive(stage_->pids[p].load()) ? 1 : 0;
  uint32_t others = std::min<uint32_t>(stage_->other_count.load(), Stage::kChildrenMax);
  for (uint32_t i = 0; i < others; ++i) tasks += alive(stage_->others[i].load()) ? 1 : 0;
  return tasks;
}

}  // namespace quire::oracle
