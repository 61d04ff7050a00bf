#include "oracle/fidelity.h"

#include <sstream>

#include "oracle/kernel_facts.h"

namespace quire::oracle {
namespace {

std::string trimmed(std::string_view text) {
  std::size_t first = text.find_first_not_of(" `");
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(" `") - first + 1));
}

bool holds_for(const std::string& kernels, std::string_view release) {
  if (kernels == "all") return true;
  int wanted = version_number(kernels);
  int running = version_number(std::string(release));
  if (wanted < 0 || running < 0) return false;
  if (kernels.back() == '+') return running >= wanted;
  if (kernels.back() == '-') return running <= wanted;
  return running == wanted;
}

}  // namespace

std::vector<Explanation> read_explanations(std::string_view text) {
  constexpr std::size_t kCells = 4;
  std::vector<Explanation> known;
  std::istringstream in{std::string(text)};
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with('|')) continue;
    std::vector<std::string> cells;
    std::istringstream row(line.substr(1));
    for (std::string cell; std::getline(row, cell, '|');) cells.push_back(trimmed(cell));
    if (cells.size() < kCells || cells[0] == "scenario" || cells[0].starts_with('-')) continue;
    known.push_back({cells[0], cells[1], cells[3]});
  }
  return known;
}

const Explanation* explanation_of(const std::vector<Explanation>& known, std::string_view scenario,
                                  std::string_view release) {
  for (const Explanation& e : known)
    if (e.scenario == scenario && holds_for(e.kernels, release)) return &e;
  return nullptr;
}

}  // namespace quire::oracle
