#include "cli/compare_html.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>

namespace quire::cli {
namespace {

constexpr std::array<std::string_view, 4> kResults = {"agrees", "explained", "differs", "skipped"};

constexpr std::string_view kHead = R"(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>quire compare</title>
<style>
body { font: 14px/1.4 sans-serif; margin: 2em; color: #222; background: #fff; }
table { border-collapse: collapse; margin: 1em 0; }
th, td { border: 1px solid #bbb; padding: 0.3em 0.6em; text-align: left; vertical-align: top; }
th { background: #eee; }
td.n { text-align: right; }
code, pre { font: 12px/1.3 monospace; }
pre { margin: 0.3em 0 0; white-space: pre-wrap; }
small { color: #666; }
.agrees { background: #e4f4e4; }
.explained { background: #f7f2d4; }
.differs { background: #f9dada; }
.skipped, .none { background: #f0f0f0; color: #555; }
</style>
</head>
<body>
<h1>Scenarios on real kernels, beside the engine</h1>
<p>Each result of a scenario with one block is compared; of one with several, each row of results that was seen must be
one that the engine allows.</p>
)";

/// A scenario, by where it stands.
struct RowKey {
  std::string file;
  int line = 0;
  std::string name;
  friend auto operator<=>(const RowKey&, const RowKey&) = default;
};

// What is well-formed UTF-8 at `at`: its length, 0 for none.
std::size_t utf8_length(std::string_view text, std::size_t at) {
  auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  unsigned first = byte(at);
  std::size_t length = first >= 0xf0 && first < 0xf5 ? 4 : first >= 0xe0 && first < 0xf0 ? 3 : 2;
  if (first < 0xc2 || first >= 0xf5) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((byte(at + i) & 0xc0) != 0x80) return 0;
  unsigned second = byte(at + 1);
  bool overlong = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
  bool surrogate = (first == 0xed && second >= 0xa0) || (first == 0xf4 && second >= 0x90);
  return overlong || surrogate ? 0 : length;
}

std::size_t count(const ComparedKernel& kernel, std::string_view result) {
  return static_cast<std::size_t>(std::count_if(kernel.cells.begin(), kernel.cells.end(),
                                                [&](const ComparedCell& cell) { return cell.result == result; }));
}

std::string counts_table(const std::vector<ComparedKernel>& kernels) {
  std::string out = "<table>\n<tr><th>kernel</th>";
  for (std::string_view result : kResults) out += fmt::format("<th>{}</th>", result);
  out += "<th>outcomes seen</th></tr>\n";
  for (const ComparedKernel& kernel : kernels) {
    out += fmt::format("<tr><th>{}</th>", html_escaped(kernel.name));
    for (std::string_view result : kResults)
      out += fmt::format("<td class=\"n {}\">{}</td>", result, count(kernel, result));
    std::size_t seen = 0;
    std::size_t allowed = 0;
    for (const ComparedCell& cell : kernel.cells) {
      seen += std::min(cell.seen, cell.allowed);
      allowed += cell.allowed;
    }
    out += fmt::format("<td class=\"n\">{} of {}</td></tr>\n", seen, allowed);
  }
  return out + "</table>\n";
}

std::string cell_html(const ComparedCell* cell) {
  if (cell == nullptr) return "<td class=\"none\">-</td>";
  bool known = std::find(kResults.begin(), kResults.end(), cell->result) != kResults.end();
  std::string out = fmt::format("<td class=\"{}\">{}", known ? cell->result : "none", html_escaped(cell->result));
  if (cell->allowed > 1) out += fmt::format("<br><small>{} of {} outcomes seen</small>", cell->seen, cell->allowed);
  if (!cell->reason.empty()) out += fmt::format("<br><small>{}</small>", html_escaped(cell->reason));
  if (!cell->differences.empty()) {
    out += "<pre>";
    for (const std::string& difference : cell->differences) out += html_escaped(difference) + "\n";
    out += "</pre>";
  }
  return out + "</td>";
}

}  // namespace

std::string html_escaped(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    auto byte = static_cast<unsigned char>(text[at]);
    std::size_t length = byte < 0x80 ? 1 : utf8_length(text, at);
    if (byte == '&') {
      out += "&amp;";
    } else if (byte == '<') {
      out += "&lt;";
    } else if (byte == '>') {
      out += "&gt;";
    } else if (byte == '"') {
      out += "&quot;";
    } else if (byte == '\'') {
      out += "&#39;";
    } else if (length == 0 || (byte < 0x20 && byte != '\n' && byte != '\t') || byte == 0x7f) {
      out += "\xef\xbf\xbd";
      length = 1;
    } else {
      out += text.substr(at, length);
    }
    at += length;
  }
  return out;
}

std::string compare_html(const std::vector<ComparedKernel>& kernels) {
  std::map<RowKey, std::vector<const ComparedCell*>> rows;
  for (std::size_t i = 0; i < kernels.size(); ++i)
    for (const ComparedCell& cell : kernels[i].cells) {
      std::vector<const ComparedCell*>& row = rows[{cell.file, cell.line, cell.name}];
      row.resize(kernels.size());
      row[i] = &cell;
    }
  std::string out = std::string(kHead) + counts_table(kernels) + "<table>\n<tr><th>scenario</th>";
  for (const ComparedKernel& kernel : kernels) out += fmt::format("<th>{}</th>", html_escaped(kernel.name));
  out += "</tr>\n";
  for (const auto& [key, cells] : rows) {
    out += fmt::format("<tr><td>{}<br><small><code>{}:{}</code></small></td>", html_escaped(key.name),
                       html_escaped(key.file), key.line);
    for (const ComparedCell* cell : cells) out += cell_html(cell);
    out += "</tr>\n";
  }
  return out + "</table>\n</body>\n</html>\n";
}

}  // namespace quire::cli
