// Judges: what may be wrong with a scenario, by whom it is compared with.
//
//   EngineJudge judge;
//   if (std::optional<Wrong> wrong = judge.judge(scenario)) print(wrong->text);
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fuzz/generator.h"
#include "fuzz/race_explore.h"
#include "fuzz/sequence.h"
#include "oracle/guest.h"
#include "oracle/kernel_facts.h"
#include "scenario/ast.h"

namespace quire::fuzz {

struct Wrong {
  std::string kind;                  ///< "difference", "contents", or the class of what a detector found: "uaf"
  std::string text;                  ///< what happened, in lines
  std::string signature;             ///< the same for findings that look alike
  std::optional<std::size_t> call;   ///< whose result it is
  std::vector<std::string> results;  ///< what each call should give; empty: not known
};

/// Of what a detector found, "uaf: ...": findings whose texts differ in numbers alone look alike.
[[nodiscard]] Wrong incident_of(const std::string& incident);

/// Of the result of one call, which should be `expected` as `by` says.
[[nodiscard]] Wrong result_of(const Sequence& run, std::size_t call, std::string kind, const std::string& expected,
                              std::string_view by);

class Judge {
 public:
  explicit Judge(std::vector<std::string> defects = {}) : defects_(std::move(defects)) {}
  virtual ~Judge() = default;
  Judge(const Judge&) = delete;
  Judge& operator=(const Judge&) = delete;

  /// nullopt: all is well, or it says nothing (see skipped()).
  [[nodiscard]] virtual std::optional<Wrong> judge(const scenario::Scenario& scenario) = 0;
  /// A second look at what was found, more slowly.
  [[nodiscard]] virtual std::optional<Wrong> judge_again(const scenario::Scenario& scenario) { return judge(scenario); }
  /// The same with the defects switched off: what is wrong then too is not theirs.
  [[nodiscard]] std::optional<Wrong> judge_without_defects(const scenario::Scenario& scenario);
  [[nodiscard]] std::optional<Wrong> judge_again_without_defects(const scenario::Scenario& scenario);
  /// Why the last one said nothing; empty if it was judged.
  [[nodiscard]] const std::string& skipped() const { return skipped_; }
  [[nodiscard]] const std::vector<std::string>& defects() const { return defects_; }
  /// The real kernel that is asked; nullptr: none is.
  [[nodiscard]] virtual const oracle::KernelFacts* kernel() const { return nullptr; }

 protected:
  std::vector<std::string> defects_;
  std::string skipped_;
};

/// One order on a machine: detectors, invariants, and the contents by the model.
class EngineJudge final : public Judge {
 public:
  using Judge::Judge;
  std::optional<Wrong> judge(const scenario::Scenario& scenario) override;
};

/// The executions of the CPU blocks with few pre-emptions, and samples of the others: detectors, invariants, and what
/// is read beside what the calls give one after the other. A second look runs more of them.
class RaceJudge final : public Judge {
 public:
  explicit RaceJudge(std::vector<std::string> defects, const RaceBounds& bounds = {})
      : Judge(std::move(defects)), bounds_(bounds) {}
  std::optional<Wrong> judge(const scenario::Scenario& scenario) override;
  std::optional<Wrong> judge_again(const scenario::Scenario& scenario) override;

 private:
  std::optional<Wrong> judge_within(const scenario::Scenario& scenario, const RaceBounds& bounds);

  RaceBounds bounds_;
};

/// Who is asked, and how.
struct JudgeOptions {
  enum class Against : uint8_t { engine, host, guest } against = Against::engine;
  oracle::GuestOptions guest = {};
  unsigned cpus = 1;
  std::vector<std::string> defects = {};
};

/// nullptr: the kernel cannot be asked, for the reason in `trouble`.
[[nodiscard]] std::unique_ptr<Judge> make_judge(const JudgeOptions& options, std::string& trouble);

/// Scenarios that this judge can say something of, and that say the same each time.
[[nodiscard]] GeneratorOptions generator_for(const JudgeOptions& options, const Judge& judge);

}  // namespace quire::fuzz
