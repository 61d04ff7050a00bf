// Player: plays the program of a scenario on the kernel it runs on, and tells what was seen.
//
// Each process of the scenario is a process, each cpu block a thread of its process, pinned to a CPU; a process of its
// own conducts: it asks for one call after the other, starts the blocks together, and ends everything. Whatever hangs
// is ended after a time, and everything is ended when this program ends.
//
//   Player player(program, host);
//   Performance performance = player.play();
//   print(performance.values[0]);          // of calls_of(program)[0]
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "oracle/actor.h"

namespace quire::oracle {

struct Performance {
  std::vector<Value> values;  ///< of each call in the order of calls_of(); none: it did not return
  std::string trouble;        ///< why it was not played to the end; empty if it was
};

class Player {
 public:
  Player(const Program& program, const Host& host);
  ~Player();
  Player(const Player&) = delete;
  Player& operator=(const Player&) = delete;

  /// `round` spreads the starts of the blocks: another in each.
  [[nodiscard]] Performance play(uint32_t round = 0);

 private:
  // In the conducting process.
  [[noreturn]] void conduct();
  void start_processes();
  bool ask(int process, Mailbox::What what, std::size_t index);
  void direct(std::size_t number, const Call& call);
  void play_blocks();
  void end_process(std::size_t number, int process);
  void end_one_by_one();
  void end_all();
  [[nodiscard]] int64_t count_tasks() const;
  [[nodiscard]] int process_for(const Call& call) const;
  [[nodiscard]] int process_for(const scenario::TaskProgram& block) const;

  const Program& program_;
  const Host& host_;
  std::vector<const Call*> calls_;
  Stage* stage_;
};

}  // namespace quire::oracle
