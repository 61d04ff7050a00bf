// SequencePlayer: plays programs without concurrent blocks, many in a second.
//
// Where Player has a process that conducts and asks for one call after the other, here every process of the scenario
// walks the calls by itself and waits only where the next call is another's. The first process of the scenario is the
// one that plays, so that a program without forks costs its calls and nothing else; afterwards it unmaps the arena and
// closes what was opened. MADV_PAGEOUT is tried twice and not until no page is left.
//
//   SequencePlayer player(host);
//   Performance performance = player.play(program);       // program.tasks.size() <= 1
#pragma once

#include <vector>

#include "oracle/player.h"

namespace quire::oracle {

class SequencePlayer {
 public:
  /// Catches SIGSEGV and SIGBUS from now on, and adopts what its children leave: for a process of its own.
  explicit SequencePlayer(const Host& host);
  ~SequencePlayer();
  SequencePlayer(const SequencePlayer&) = delete;
  SequencePlayer& operator=(const SequencePlayer&) = delete;

  [[nodiscard]] Performance play(const Program& program);

 private:
  struct Shared;

  [[noreturn]] void walk(const Program& program, int process);
  void perform(const Program& program, int process, uint32_t now);
  Value run(Actor& actor, const Call& call);
  Value fork_from(const Program& program, const Call& call);
  [[nodiscard]] int own_process(const Program& program);
  void leave_nothing();
  void conduct(const Program& program);
  void direct(const Program& program, const Call& call, uint32_t number);
  void end_process(int process);
  /// Of the call of that number; -1: of nobody in the scenario.
  [[nodiscard]] int owner(uint32_t number) const;
  [[nodiscard]] bool alive(int process) const;
  void advance(uint32_t number, int by);

  const Host& host_;
  pid_t self_;
  int here_ = -1;  ///< the process of the scenario that this one is
  std::vector<const Call*> calls_;
  Stage* stage_;
  Shared* shared_;
};

}  // namespace quire::oracle
