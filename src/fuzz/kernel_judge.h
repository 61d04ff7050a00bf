// Judges that ask a real kernel: the one that runs here, or one in a guest.
//
//   SequenceJudge judge;
//   if (std::string why = judge.house().open_here({"S"}); !why.empty()) return skip(why);
//   if (std::optional<Wrong> wrong = judge.judge(scenario)) print(wrong->text);
#pragma once

#include "fuzz/judge.h"
#include "oracle/playhouse.h"

namespace quire::fuzz {

class KernelJudge : public Judge {
 public:
  using Judge::Judge;
  /// To be opened before the first is judged.
  [[nodiscard]] oracle::Playhouse& house() { return house_; }
  [[nodiscard]] const oracle::KernelFacts* kernel() const override { return &house_.facts(); }

 protected:
  /// What is wrong with the kernel itself: it died (another is booted), or says so in its log.
  std::optional<Wrong> complaint_of(const oracle::Answer& answer);

  oracle::Playhouse house_;
};

/// One order: each result.
class SequenceJudge final : public KernelJudge {
 public:
  using KernelJudge::KernelJudge;
  std::optional<Wrong> judge(const scenario::Scenario& scenario) override;
  std::optional<Wrong> judge_again(const scenario::Scenario& scenario) override;

 private:
  std::optional<Wrong> compare(const scenario::Scenario& scenario, oracle::Request::How how);
};

/// Blocks of several CPUs: the kernel plays them many times, and each outcome must be one that the engine allows. Those
/// whose outcomes the engine does not have in time say nothing.
class OutcomeJudge final : public KernelJudge {
 public:
  using KernelJudge::KernelJudge;
  std::optional<Wrong> judge(const scenario::Scenario& scenario) override;
  std::optional<Wrong> judge_again(const scenario::Scenario& scenario) override;

 private:
  std::optional<Wrong> compare(const scenario::Scenario& scenario, unsigned rounds);
};

}  // namespace quire::fuzz
