#include <fmt/core.h>

#include <algorithm>
#include <map>

#include "cli/cell_table.h"

namespace quire::cli {
namespace {

constexpr std::size_t kTableColumnsMax = 120;
constexpr std::string_view kRowIndent = "  ";
constexpr std::size_t kGap = 3;

// Of UTF-8, one for each character.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

std::string counted(std::size_t cells) { return fmt::format("{} cell{}", cells, cells == 1 ? "" : "s"); }

std::string painted(const Console& console, CellResult result) {
  switch (result) {
    case CellResult::ok:
    case CellResult::bounded:
      return paint(console, Paint::good, word(result));
    case CellResult::failed:
      return paint(console, Paint::bad, word(result));
    case CellResult::skipped:
    case CellResult::none:
      break;
  }
  return paint(console, Paint::faint, word(result));
}

// Space between two entries of a line, taken back where nothing follows.
class TableLine {
 public:
  explicit TableLine(std::string_view start) : text_(start) {}
  void add(std::string_view shown, std::size_t shown_width, std::size_t column_width) {
    text_.append(pending_, ' ');
    text_ += shown;
    pending_ = column_width - shown_width + kGap;
  }
  [[nodiscard]] std::string take() { return std::move(text_) + "\n"; }

 private:
  std::string text_;
  std::size_t pending_ = 0;
};

class TablePrinter {
 public:
  TablePrinter(const Console& console, const CellTable& table) : console_(console), table_(table) {
    for (const TableRow& row : table.rows) row_width_ = std::max(row_width_, width_of(row.name));
    for (std::size_t at = 0; at < table.columns.size(); ++at) {
      std::size_t width = width_of(table.columns[at]);
      for (const TableRow& row : table.rows) width = std::max(width, word(row.cells[at].result).size());
      widths_.push_back(width);
    }
  }

  std::string print() {
    std::string text = title();
    for (std::size_t first = 0; first < widths_.size();) {
      const std::size_t end = fitting(first);
      text += band(first, end);
      first = end;
    }
    return text + footnotes();
  }

 private:
  [[nodiscard]] std::string title() const {
    std::map<CellResult, std::size_t> count;
    for (const TableRow& row : table_.rows) {
      for (const TableCell& cell : row.cells) ++count[cell.result];
    }
    const std::size_t ok = count[CellResult::ok] + count[CellResult::bounded];
    const std::size_t failed = count[CellResult::failed];
    const std::size_t skipped = count[CellResult::skipped];
    std::string text = fmt::format("table {}: {}, {} ok", table_.name, counted(ok + failed + skipped), ok);
    if (failed > 0) text += fmt::format(", {} FAILED", failed);
    if (skipped > 0) text += fmt::format(", {} skipped", skipped);
    return text + "\n";
  }

  // The column behind the last that still fits on a line with `first`; at least one does.
  [[nodiscard]] std::size_t fitting(std::size_t first) const {
    std::size_t width = kRowIndent.size() + row_width_;
    std::size_t end = first;
    while (end < widths_.size() && (end == first || width + kGap + widths_[end] <= kTableColumnsMax)) {
      width += kGap + widths_[end++];
    }
    return end;
  }

  [[nodiscard]] std::string band(std::size_t first, std::size_t end) const {
    TableLine head(kRowIndent);
    head.add("", 0, row_width_);
    for (std::size_t at = first; at < end; ++at)
      head.add(table_.columns[at], width_of(table_.columns[at]), widths_[at]);
    std::string text = head.take();
    for (const TableRow& row : table_.rows) {
      TableLine line(kRowIndent);
      line.add(row.name, width_of(row.name), row_width_);
      for (std::size_t at = first; at < end; ++at) {
        const CellResult result = row.cells[at].result;
        line.add(painted(console_, result), word(result).size(), widths_[at]);
      }
      text += line.take();
    }
    return text;
  }

  [[nodiscard]] std::string footnotes() const {
    std::map<std::string, std::size_t> cells_of;
    for (const TableRow& row : table_.rows) {
      for (const TableCell& cell : row.cells) {
        if (cell.result != CellResult::bounded) continue;
        for (const std::string& bound : cell.bounds) ++cells_of[bound];
      }
    }
    std::string text;
    for (const auto& [bound, cells] : cells_of) text += fmt::format("* not complete: {} ({})\n", bound, counted(cells));
    return text;
  }

  const Console& console_;
  const CellTable& table_;
  std::size_t row_width_ = 0;
  std::vector<std::size_t> widths_;
};

}  // namespace

std::string table_text(const Console& console, const CellTable& table) { return TablePrinter(console, table).print(); }

}  // namespace quire::cli
