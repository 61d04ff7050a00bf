#include "cli/cell_table.h"
#include "cli/check_outputs.h"
#include "cli/verdict_json.h"

namespace quire::cli {
namespace {

Json table_json(const CellTable& table) {
  Json rows = Json::array();
  for (const TableRow& row : table.rows) {
    Json cells = Json::array();
    for (std::size_t at = 0; at < row.cells.size(); ++at) {
      cells.push_back({{"column", table.columns[at]}, {"result", word(row.cells[at].result)}});
    }
    rows.push_back({{"row", row.name}, {"cells", std::move(cells)}});
  }
  return {{"name", table.name}, {"rows", std::move(rows)}};
}

class JsonOutput final : public CheckOutput {
 public:
  explicit JsonOutput(const Console& console) : console_(console) {}

  void add(const Outcome& outcome) override {
    tables_.add(outcome);
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
    Json tables = Json::array();
    for (const CellTable& table : tables_.all()) tables.push_back(table_json(table));
    write(console_.out, printed({{"scenarios", scenarios_},
                                 {"tables", std::move(tables)},
                                 {"passed", tally.passed},
                                 {"failed", tally.failed},
                                 {"skipped", tally.skipped},
                                 {"errors", tally.input_errors + tally.machine_errors}}));
  }

 private:
  const Console& console_;
  Json scenarios_ = Json::array();
  CellTables tables_;
};

}  // namespace

std::unique_ptr<CheckOutput> json_output(const Console& console) { return std::make_unique<JsonOutput>(console); }

}  // namespace quire::cli
