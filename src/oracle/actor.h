// Actor: a thread of a process of a scenario that is being played on a real kernel, and what all of them share.
//
// What is shared lives in one mapping that the first process makes before it forks; calls of one process run one at a
// time, but for those of cpu blocks.
#pragma once

#include <sys/types.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "oracle/host.h"
#include "oracle/shared_word.h"
#include "scenario/program.h"

namespace quire::oracle {

using scenario::Call;
using scenario::Program;
using scenario::Value;

/// What one process is asked to do by the one that conducts, a call or a block at a time.
struct Mailbox {
  SharedWord asked;     ///< goes up with each request
  SharedWord answered;  ///< follows it
  enum class What : uint8_t { call, block } what = What::call;
  uint32_t index = 0;  ///< of the call in Stage::calls, or of the block
};

/// Shared by all processes of one playing.
struct Stage {
  static constexpr std::size_t kProcessesMax = 64;
  static constexpr std::size_t kVariablesMax = 64;
  static constexpr std::size_t kCallsMax = 10'000;
  static constexpr std::size_t kChildrenMax = 1'024;

  pid_t conductor = 0;
  std::array<Mailbox, kProcessesMax> mailboxes;
  std::array<std::atomic<pid_t>, kProcessesMax> pids{};
  /// Children that are nobody in the scenario.
  std::array<std::atomic<pid_t>, kChildrenMax> others{};
  SharedWord other_count;
  std::array<Value, kVariablesMax> variables{};
  std::array<Value, kCallsMax> values{};  ///< by the call's number
  SharedWord blocks_waiting;              ///< that have not reached the start
  std::array<SharedWord, kProcessesMax> block_ended;
  uint32_t jitter = 0;  ///< of this round: how long each block waits before it starts, a byte for each
};

/// Ends this process if the one that conducts is gone. Children cannot leave that to the kernel, which would end them
/// with their parents too.
void end_without_conductor(const Stage& stage);

class Actor {
 public:
  Actor(const Program& program, const Host& host, Stage& stage) : program_(program), host_(host), stage_(stage) {}

  [[nodiscard]] Stage& stage() const { return stage_; }
  [[nodiscard]] const Host& host() const { return host_; }
  [[nodiscard]] const Program& program() const { return program_; }

  /// The number an operand stands for: a constant, or a captured result plus an offset.
  [[nodiscard]] int64_t number(const Call& call, std::size_t operand, int64_t otherwise = 0) const;
  [[nodiscard]] void* pointer(const Call& call, std::size_t operand) const;
  [[nodiscard]] int descriptor(const Call& call, std::size_t operand = 0) const {
    return static_cast<int>(number(call, operand));
  }
  /// The length operand, or what an index or a range spans; and which operand comes after it.
  struct Span {
    void* start;
    std::size_t length;
    std::size_t next;
  };
  [[nodiscard]] Span span(const Call& call, std::size_t operands_after) const;
  /// The process that an operand names; 0: it is not running.
  [[nodiscard]] pid_t pid(const Call& call, std::size_t operand) const;

  /// Carries out one call; its result is captured.
  Value run(const Call& call);
  /// The child of a fork() that was captured as the name of a process: goes on as that process until it is killed.
  [[noreturn]] void become(int process);
  /// Does what the mailbox of `process` asks for.
  [[noreturn]] void serve(int process);
  /// The calls of a cpu block, in a thread of its own.
  void run_block(std::size_t block);

 private:
  void start_block(std::size_t block);

  const Program& program_;
  const Host& host_;
  Stage& stage_;
};

/// The calls of a program, in the order in which Stage::values has their results: set-up, blocks, check.
[[nodiscard]] std::vector<const Call*> calls_of(const Program& program);

}  // namespace quire::oracle
