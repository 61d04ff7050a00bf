// SequencePlayer: plays programs without concurrent blocks, many in a second.
//
// Where Player has a process that conducts and asks for one call after the other, here every process of the scenario
// walks the calls by itself and waits only where the next call is another's. What one process does alone costs a fork
// and its calls. MADV_PAGEOUT is tried twice and not until no page is left.
//
//   SequencePlayer player(host);
//   Performance performance = player.play(program);       // program.tasks.size() <= 1
#pragma once

#include <vector>

#include "oracle/player.h"

namespace quire::oracle {

class SequencePlayer {
 public:
  /// The process that plays waits for what its children leave; nothing else may be started in it.
  explicit SequencePlayer(const Host& host);
  ~SequencePlayer();
  SequencePlayer(const SequencePlayer&) = delete;
  SequencePlayer& operator=(const SequencePlayer&) = delete;

  [[nodiscard]] Performance play(const Program& program);

 private:
  struct Shared;

  [[noreturn]] void walk(const Program& program, int process);
  Value run(Actor& actor, const Program& program, const Call& call);
  void conduct(const Program& program);
  void direct(const Program& program, const Call& call, uint32_t number);
  void end_process(int process);
  /// Of the call of that number; -1: of nobody in the scenario.
  [[nodiscard]] int owner(uint32_t number) const;
  [[nodiscard]] bool alive(int process) const;
  void advance(uint32_t number, int by);

  const Host& host_;
  std::vector<const Call*> calls_;
  Stage* stage_;
  Shared* shared_;
};

}  // namespace quire::oracle
