#include "cli/bless.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "scenario/constants.h"

namespace quire::cli {
namespace {

using scenario::Call;
using scenario::Expected;
using scenario::Program;
using scenario::ResultKind;
using scenario::Statement;

using CallPlace = std::pair<int, int>;

std::vector<const Call*> observed_calls(const Program& program) {
  std::vector<const Call*> calls;
  auto add = [&calls](const std::vector<Call>& some) {
    for (const Call& call : some) calls.push_back(&call);
  };
  if (program.tasks.size() < 2) add(program.setup);
  for (const scenario::TaskProgram& task : program.tasks) add(task.calls);
  add(program.check);
  return calls;
}

void collect(scenario::Block<Statement>& body, std::map<CallPlace, Statement*>& statements) {
  for (Statement& s : body.items) {
    if (s.kind == scenario::StatementKind::call) statements[{s.at.line, s.at.column}] = &s;
    collect(s.body, statements);
  }
}

std::map<CallPlace, Statement*> statements_by_place(scenario::Scenario& scenario) {
  std::map<CallPlace, Statement*> statements;
  if (scenario.setup) collect(scenario.setup->body, statements);
  for (scenario::CpuBlock& cpu : scenario.cpus) collect(cpu.body, statements);
  for (scenario::InterruptBlock& block : scenario.interrupts) collect(block.body, statements);
  if (scenario.check) collect(scenario.check->body, statements);
  return statements;
}

// "an address", "an amount": no text of a result.
bool says_something(const std::string& seen) { return !seen.empty() && !seen.starts_with("a"); }

// nullopt: it cannot be known without the machine.
std::optional<std::string> stated_text(const Call& call, const Expected& e) {
  switch (e.kind) {
    case Expected::Kind::blocked:
      return "blocked";
    case Expected::Kind::error:
      return scenario::to_text(scenario::Value::of(-e.number));
    case Expected::Kind::signal:
      return scenario::to_text(scenario::Value::of_signal(e.signal, static_cast<int>(e.number)));
    case Expected::Kind::value:
      if (e.value.kind != scenario::Operand::Kind::number) return std::nullopt;
      return scenario::observed_text(call, scenario::Value::of(e.value.number));
    case Expected::Kind::any:
    case Expected::Kind::call:
      break;
  }
  return std::nullopt;
}

bool is_stated(const Call& call, const std::string& seen) {
  return std::any_of(call.expected.begin(), call.expected.end(), [&](const Expected& e) {
    std::optional<std::string> text = stated_text(call, e);
    if (!text || *text == seen) return true;
    return e.kind == Expected::Kind::signal && e.any_code &&
           seen.substr(0, seen.find('(')) == text->substr(0, text->find('('));
  });
}

scenario::Expr number_expr(int64_t value) {
  scenario::Expr e;
  e.number.value = value;
  return e;
}

scenario::Result result_of(const std::string& seen) {
  scenario::Result result;
  if (seen == "blocked") {
    result.kind = ResultKind::blocked;
  } else if (seen[0] == '-') {
    result.kind = ResultKind::error;
    result.name = seen.substr(1);
  } else if (seen.starts_with("SIG")) {
    result.kind = ResultKind::signal;
    std::size_t open = seen.find('(');
    result.name = seen.substr(0, open);
    if (open != std::string::npos) result.value = number_expr(std::stoll(seen.substr(open + 1)));
  } else if (seen.starts_with("PM_")) {
    scenario::Expr name;
    name.kind = scenario::ExprKind::name;
    name.text = seen;
    result.value = name;
  } else {
    result.value = number_expr(std::stoll(seen));
  }
  return result;
}

}  // namespace

Blessed bless(scenario::Scenario& scenario, const Program& program, const std::set<std::vector<std::string>>& rows) {
  Blessed blessed;
  const std::vector<const Call*> calls = observed_calls(program);
  std::map<CallPlace, std::set<std::string>> seen;
  std::map<CallPlace, bool> good;
  for (const std::vector<std::string>& row : rows) {
    if (row.size() != calls.size()) {
      blessed.trouble = fmt::format("{} results were seen of {} calls", row.size(), calls.size());
      return blessed;
    }
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (!says_something(row[i])) continue;
      CallPlace place{calls[i]->at.line, calls[i]->at.column};
      seen[place].insert(row[i]);
      bool& all_good = good.try_emplace(place, true).first->second;
      all_good = all_good && is_stated(*calls[i], row[i]);
    }
  }
  std::map<CallPlace, Statement*> statements = statements_by_place(scenario);
  for (const auto& [place, texts] : seen) {
    auto found = statements.find(place);
    if (found == statements.end() || good[place]) continue;
    Statement& statement = *found->second;
    ++(statement.expected.empty() ? blessed.filled : blessed.changed);
    statement.expected.clear();
    for (const std::string& text : texts) statement.expected.push_back(result_of(text));
  }
  return blessed;
}

}  // namespace quire::cli
