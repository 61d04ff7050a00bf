#include "cli/check_outputs.h"
#include "cli/verdict_json.h"

namespace quire::cli {
namespace {

class JsonOutput final : public CheckOutput {
 public:
  explicit JsonOutput(const Console& console) : console_(console) {}

  void add(const Outcome& outcome) override {
    Json scenario{{"file", outcome.file}, {"name", outcome.name}, {"line", outcome.line}};
    if (!outcome.skipped.empty()) scenario["skipped"] = outcome.skipped;
    if (!outcome.error.empty()) scenario["error"] = outcome.error;
    Json verdicts = Json::array();
    for (const Entry& entry : outcome.entries) {
      if (entry.mark != Mark::skipped) verdicts.push_back(to_json(entry.verdict));
    }
    scenario["verdicts"] = std::move(verdicts);
    scenarios_.push_back(std::move(scenario));
  }

  void end(const Tally& tally) override {
    write(console_.out, printed({{"scenarios", scenarios_},
                                 {"passed", tally.passed},
                                 {"failed", tally.failed},
                                 {"skipped", tally.skipped},
                                 {"errors", tally.input_errors + tally.machine_errors}}));
  }

 private:
  const Console& console_;
  Json scenarios_ = Json::array();
};

}  // namespace

std::unique_ptr<CheckOutput> json_output(const Console& console) { return std::make_unique<JsonOutput>(console); }

}  // namespace quire::cli
