// The tables that checked scenarios are cells of: `cell "zap" munmap F` puts one at row munmap, column F of zap.
//
// T1. Tables, rows and columns stand in the order in which the scenarios first named them.
// T2. A cell of several scenarios is as the worst of them; `CellResult` is sorted so.
// T3. No line is wider than 120 columns: what does not fit beside the rows is printed below them, with the rows again.
//
//   tables.add(outcome);
//   write(out, table_text(console, tables.all()[0]));
//   // table zap: 3 cells, 3 ok
//   //              F    A
//   //   munmap     ok   ok*
//   //   mprotect   ok   -
//   // * not complete: all with up to 2 pre-emptions (1 cell)
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "cli/console.h"
#include "cli/outcome.h"

namespace quire::cli {

/// What came of a cell's scenarios; `none` where there is no scenario, `bounded` where all hold as far as a bound let
/// them be looked at.
enum class CellResult : uint8_t { none, ok, bounded, skipped, failed };

/// `-`, `ok`, `ok*`, `skipped`, `FAILED`.
[[nodiscard]] std::string_view word(CellResult result);

struct TableCell {
  CellResult result = CellResult::none;
  std::set<std::string> bounds;  ///< Verdict::bound of its scenarios
};

struct TableRow {
  std::string name;
  std::vector<TableCell> cells;  ///< one for each column of the table
};

struct CellTable {
  std::string name;
  std::vector<std::string> columns;
  std::vector<TableRow> rows;
};

class CellTables {
 public:
  /// Does nothing for a scenario that is no cell.
  void add(const Outcome& outcome);
  [[nodiscard]] const std::vector<CellTable>& all() const { return tables_; }

 private:
  std::vector<CellTable> tables_;
};

/// Title, rows, a line for each bound that cut a search; ends with a line break.
[[nodiscard]] std::string table_text(const Console& console, const CellTable& table);

}  // namespace quire::cli
