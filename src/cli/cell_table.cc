#include "cli/cell_table.h"

#include <algorithm>

namespace quire::cli {
namespace {

CellResult result_of(const Entry& entry) {
  switch (entry.mark) {
    case Mark::passed:
      return entry.verdict.bound.empty() ? CellResult::ok : CellResult::bounded;
    case Mark::skipped:
      return CellResult::skipped;
    case Mark::failed:
      break;
  }
  return CellResult::failed;
}

// The element called `name`, made at the end where there is none.
template <class Named>
Named& named(std::vector<Named>& all, const std::string& name) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const Named& one) { return one.name == name; });
  if (found != all.end()) return *found;
  all.emplace_back().name = name;
  return all.back();
}

std::size_t column_of(CellTable& table, const std::string& name) {
  const auto found = std::find(table.columns.begin(), table.columns.end(), name);
  const auto at = static_cast<std::size_t>(found - table.columns.begin());
  if (found == table.columns.end()) table.columns.push_back(name);
  return at;
}

}  // namespace

std::string_view word(CellResult result) {
  switch (result) {
    case CellResult::none:
      return "-";
    case CellResult::ok:
      return "ok";
    case CellResult::bounded:
      return "ok*";
    case CellResult::skipped:
      return "skipped";
    case CellResult::failed:
      break;
  }
  return "FAILED";
}

void CellTables::add(const Outcome& outcome) {
  if (!outcome.cell) return;
  CellTable& table = named(tables_, outcome.cell->table);
  const std::size_t column = column_of(table, outcome.cell->column);
  static_cast<void>(named(table.rows, outcome.cell->row));
  for (TableRow& row : table.rows) row.cells.resize(table.columns.size());
  TableCell& cell = named(table.rows, outcome.cell->row).cells[column];
  if (!outcome.error.empty()) cell.result = CellResult::failed;
  for (const Entry& entry : outcome.entries) {
    cell.result = std::max(cell.result, result_of(entry));
    if (!entry.verdict.bound.empty()) cell.bounds.insert(entry.verdict.bound);
  }
}

}  // namespace quire::cli
