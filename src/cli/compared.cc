#include "cli/compared.h"

namespace quire::cli {

void judge(ComparedCell& cell, const oracle::Answer& answer, const std::vector<oracle::Explanation>& known,
           std::string_view release) {
  cell.seen = answer.seen.rows.size();
  if (answer.ended) cell.differences.push_back(answer.seen.trouble);
  for (const std::string& line : answer.log) cell.differences.push_back("the kernel says: " + line);
  cell.result = cell.differences.empty() ? "agrees" : "differs";
  if (cell.result == "agrees" || answer.ended || !answer.log.empty()) return;
  const oracle::Explanation* found = oracle::explanation_of(known, cell.name, release);
  if (found == nullptr) return;
  cell.result = "explained";
  cell.reason = found->why;
}

}  // namespace quire::cli
