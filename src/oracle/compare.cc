#include "oracle/compare.h"

#include <fmt/core.h>

#include <algorithm>

#include "oracle/kernel_operations.h"
#include "oracle/playable.h"

namespace quire::oracle {
namespace {

using Row = std::vector<std::string>;

std::vector<const Call*> compared_calls(const Program& program) {
  std::vector<const Call*> calls = calls_of(program);
  if (program.tasks.size() > 1) calls.erase(calls.begin(), calls.begin() + static_cast<long>(program.setup.size()));
  return calls;
}

std::string described(const Call& call, const std::string& allowed, const std::string& seen) {
  std::string member = call.member.empty() || call.text.ends_with(call.member) ? "" : "." + call.member;
  return fmt::format("line {}: {}{}: {} in the engine, {} on the kernel", call.at.line, call.text, member, allowed,
                     seen);
}

// Where `seen` is not `allowed`, from the ends; only the `last` results if the set-ups differ in length. Nothing is
// known of an empty one: the engine did not come to it.
std::vector<std::string> compare_rows(const std::vector<const Call*>& calls, std::size_t last, const Row& allowed,
                                      const Row& seen) {
  std::vector<std::string> result;
  std::size_t n = allowed.size() == seen.size() ? seen.size() : std::min(allowed.size(), last);
  for (std::size_t i = 1; i <= n; ++i) {
    const Call& call = *calls[seen.size() - i];
    const std::string& a = allowed[allowed.size() - i];
    const std::string& s = seen[seen.size() - i];
    if (is_compared(call) && !a.empty() && a != s) result.push_back(described(call, a, s));
  }
  std::reverse(result.begin(), result.end());
  return result;
}

std::string row_text(const std::vector<const Call*>& calls, const Row& row) {
  std::string text;
  for (std::size_t i = 0; i < row.size(); ++i)
    if (is_compared(*calls[i])) text += fmt::format("{}{} = {}", text.empty() ? "" : ", ", calls[i]->text, row[i]);
  return text;
}

}  // namespace

bool is_compared(const Call& call) { return kernel_operation(*call.operation).run != nullptr; }

Row row_of(const Program& program, const Performance& performance) {
  std::vector<const Call*> calls = calls_of(program);
  Row row;
  for (std::size_t i = program.tasks.size() > 1 ? program.setup.size() : 0; i < calls.size(); ++i)
    row.push_back(is_compared(*calls[i]) ? scenario::observed_text(*calls[i], performance.values[i]) : std::string());
  return row;
}

Seen observe_kernel(const Program& program, const Host& host, unsigned rounds) {
  Seen seen;
  Player player(program, host);
  std::vector<std::string> areas = areas_of(*program.scenario);
  bool concurrent = program.tasks.size() > 1;
  for (uint32_t round = 0; round < (concurrent ? rounds : 1); ++round) {
    host.use_areas(areas);
    Performance performance = player.play(round);
    if (!performance.trouble.empty()) {
      seen.trouble = performance.trouble;
      return seen;
    }
    ++seen.rows[row_of(program, performance)];
  }
  return seen;
}

std::vector<std::string> differences(const Program& program, const std::set<Row>& allowed, const Seen& seen) {
  std::vector<const Call*> calls = compared_calls(program);
  std::size_t last = calls_of(program).size() - program.setup.size();
  std::vector<std::string> result;
  for (const auto& [row, times] : seen.rows) {
    auto agrees = [&, seen_row = std::cref(row)](const Row& one) {
      return compare_rows(calls, last, one, seen_row).empty();
    };
    if (std::any_of(allowed.begin(), allowed.end(), agrees)) continue;
    if (program.tasks.size() <= 1 && allowed.size() == 1) {
      for (std::string& line : compare_rows(calls, last, *allowed.begin(), row)) result.push_back(std::move(line));
    } else {
      result.push_back(fmt::format("{} times on the kernel, never in the engine: {}", times, row_text(calls, row)));
    }
  }
  return result;
}

}  // namespace quire::oracle
