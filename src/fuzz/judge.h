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
#include "fuzz/sequence.h"
#include "oracle/playhouse.h"
#include "scenario/ast.h"

namespace quire::fuzz {

struct Wrong {
  std::string kind;                  ///< "difference", "contents", or the class of what a detector found: "uaf"
  std::string text;                  ///< what happened, in lines
  std::string signature;             ///< the same for findings that look alike
  std::optional<std::size_t> call;   ///< whose result it is
  std::vector<std::string> results;  ///< what each call should give; empty: not known
};

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
  /// Why the last one said nothing; empty if it was judged.
  [[nodiscard]] const std::string& skipped() const { return skipped_; }
  [[nodiscard]] const std::vector<std::string>& defects() const { return defects_; }
  /// Of the machine that is compared with.
  [[nodiscard]] virtual unsigned fault_around_pages() const { return 1; }

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

/// Random and PCT schedules of the CPU blocks: detectors and invariants.
class ScheduleJudge final : public Judge {
 public:
  ScheduleJudge(std::vector<std::string> defects, uint64_t executions)
      : Judge(std::move(defects)), executions_(executions) {}
  std::optional<Wrong> judge(const scenario::Scenario& scenario) override;

 private:
  uint64_t executions_;
};

/// One order on a machine and on the running kernel.
class HostJudge final : public Judge {
 public:
  using Judge::Judge;
  /// Empty, or why the kernel cannot be asked.
  [[nodiscard]] std::string open() { return house_.open({"S"}); }
  std::optional<Wrong> judge(const scenario::Scenario& scenario) override;
  std::optional<Wrong> judge_again(const scenario::Scenario& scenario) override;
  unsigned fault_around_pages() const override { return house_.fault_around_pages(); }

 private:
  std::optional<Wrong> compare(const scenario::Scenario& scenario, oracle::Playhouse::How how);

  oracle::Playhouse house_;
};

/// Who is asked, and how.
struct JudgeOptions {
  enum class Against : uint8_t { engine, host } against = Against::engine;
  unsigned cpus = 1;  ///< more than 1 only against the engine
  std::vector<std::string> defects = {};
};

/// nullptr: the kernel cannot be asked, for the reason in `trouble`.
[[nodiscard]] std::unique_ptr<Judge> make_judge(const JudgeOptions& options, std::string& trouble);

/// Scenarios that this judge can say something of, and that say the same each time.
[[nodiscard]] GeneratorOptions generator_for(const JudgeOptions& options);

}  // namespace quire::fuzz
