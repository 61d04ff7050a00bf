#include "oracle/actor.h"

#include <sched.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <thread>

#include "oracle/kernel/calls.h"
#include "oracle/kernel_operations.h"

namespace quire::oracle {

std::vector<const Call*> calls_of(const Program& program) {
  std::vector<const Call*> calls;
  for (const Call& call : program.setup) calls.push_back(&call);
  for (const scenario::TaskProgram& task : program.tasks)
    for (const Call& call : task.calls) calls.push_back(&call);
  for (const Call& call : program.check) calls.push_back(&call);
  return calls;
}

void end_without_conductor(const Stage& stage) {
  if (kill(stage.conductor, 0) != 0 && errno == ESRCH) _exit(0);
}

int64_t Actor::number(const Call& call, std::size_t operand, int64_t otherwise) const {
  if (operand >= call.operands.size()) return otherwise;
  const scenario::Operand& o = call.operands[operand];
  if (o.kind != scenario::Operand::Kind::variable) return o.number;
  return stage_.variables[static_cast<std::size_t>(o.variable)].number + o.number;
}

void* Actor::pointer(const Call& call, std::size_t operand) const {
  auto address = static_cast<std::uintptr_t>(number(call, operand));
  // What is written as a number is meant from the start of the arena.
  if (call.operands[operand].kind != scenario::Operand::Kind::variable) address += kArenaStart;
  return reinterpret_cast<void*>(address);
}

Actor::Span Actor::span(const Call& call, std::size_t operands_after) const {
  bool spelled = call.operands.size() > 1 + operands_after;
  int64_t length = spelled ? number(call, 1) : call.operands[0].length;
  return {pointer(call, 0), static_cast<std::size_t>(length), spelled ? std::size_t{2} : std::size_t{1}};
}

pid_t Actor::pid(const Call& call, std::size_t operand) const {
  return stage_.pids[static_cast<std::size_t>(call.operands[operand].number)].load();
}

Value Actor::run(const Call& call) {
  Value value = kernel_operation(*call.operation).run(*this, call);
  if (call.capture >= 0) stage_.variables[static_cast<std::size_t>(call.capture)] = value;
  return value;
}

void Actor::become(int process) {
  stage_.pids[static_cast<std::size_t>(process)].store(getpid());
  serve(process);
}

void Actor::serve(int process) {
  catch_signals();
  signal(SIGCHLD, SIG_IGN);
  std::vector<const Call*> calls = calls_of(program_);
  Mailbox& mailbox = stage_.mailboxes[static_cast<std::size_t>(process)];
  for (uint32_t done = mailbox.answered.load();; ++done) {
    while (mailbox.asked.load() == done) {
      mailbox.asked.wait_while(done, 1'000);
      end_without_conductor(stage_);
    }
    if (mailbox.what == Mailbox::What::call)
      stage_.values[mailbox.index] = run(*calls[mailbox.index]);
    else
      start_block(mailbox.index);
    mailbox.answered.publish(done + 1);
  }
}

void Actor::start_block(std::size_t block) {
  std::thread([this, block] { run_block(block); }).detach();
}

void Actor::run_block(std::size_t block) {
  const scenario::TaskProgram& task = program_.tasks[block];
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  CPU_SET(task.cpu % static_cast<unsigned>(sysconf(_SC_NPROCESSORS_ONLN)), &cpus);
  (void)sched_setaffinity(0, sizeof(cpus), &cpus);
  std::size_t first = program_.setup.size();
  for (std::size_t i = 0; i < block; ++i) first += program_.tasks[i].calls.size();
  // All begin at once, but for the jitter of this round, which spreads them over what the calls take.
  stage_.blocks_waiting.fetch_sub(1);
  while (stage_.blocks_waiting.load() != 0) sched_yield();
  uint32_t wait = (stage_.jitter >> (8 * (block % 4))) & 0xff;
  for (uint32_t i = 0; i < wait * 16; ++i) std::atomic_signal_fence(std::memory_order_seq_cst);
  for (std::size_t i = 0; i < task.calls.size(); ++i) {
    stage_.values[first + i] = run(task.calls[i]);
    if (task.calls[i].operation->name != "exit") continue;
    stage_.block_ended[block].publish(1);
    _exit(0);
  }
  stage_.block_ended[block].publish(1);
  // Not the end of the thread: what it has forked would be told that its parent is gone.
  for (;;) pause();
}

}  // namespace quire::oracle
