// The calls that race: every operation of scenario/operations.def that may stand in a cpu block, with operands that are
// about the pages of a RaceSetup. The words of an operation's usage (FD, RANGE, ADVICE, ...) say what it takes, so that
// an operation joins by its entry there. A pair of calls is drawn as two calls, each by the weights of a table: where
// slots are few, mostly one of what has to do with swap.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/race_setup.h"
#include "scenario/operations.h"

namespace quire::fuzz {

struct RaceCall {
  const scenario::Operation* operation = nullptr;
  std::string text;        ///< "c = fork()"
  bool of_kernel = false;  ///< whose process it is does not matter
  bool ends = false;       ///< its process makes no call afterwards
};

class RaceCalls {
 public:
  explicit RaceCalls(RaceSetup& setup);
  [[nodiscard]] RaceCall draw(const RaceObject& object);
  /// The whole of it to swap.
  [[nodiscard]] static RaceCall page_out(const RaceObject& object);
  /// The same operation once more, with operands of its own.
  [[nodiscard]] std::optional<RaceCall> make(const scenario::Operation& operation, const RaceObject& object);
  /// A word of an operation that may be drawn and for which no operand can be made; empty: there is none.
  [[nodiscard]] static std::string unknown_word(const scenario::Operation& operation);
  [[nodiscard]] static bool may_race(const scenario::Operation& operation);

 private:
  [[nodiscard]] std::optional<std::string> operand(const scenario::Operation& operation, const std::string& word,
                                                   const RaceObject& object);
  [[nodiscard]] std::optional<std::string> by_name(const scenario::Operation& operation, const RaceObject& object);
  std::string page(const RaceObject& object);
  std::string length(const scenario::Operation& operation, const RaceObject& object);

  struct Weighted {
    const scenario::Operation* operation;
    unsigned weight;
  };
  struct Weights {
    std::vector<Weighted> operations;
    unsigned all = 0;
    void add(const scenario::Operation& operation, unsigned weight);
  };
  const scenario::Operation& draw_from(const Weights& weights);

  RaceSetup& setup_;
  const bool about_swap_only_;
  Weights usual_;
  Weights about_swap_;
  unsigned names_ = 0;
};

}  // namespace quire::fuzz
