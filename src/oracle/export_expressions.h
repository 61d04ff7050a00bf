// Calls and their expected results as C: names for the captures and processes of a program, and expressions made of
// them.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "scenario/program.h"

namespace quire::oracle {

/// Straight: all in main(). Turns: processes that take turns, and threads.
enum class ExportForm : uint8_t { straight, turns };

/// What an exported program calls things. Captures that nothing uses have no name.
class ExportNames {
 public:
  ExportNames(const scenario::Program& program, ExportForm form, const std::set<int>& used_variables);

  [[nodiscard]] ExportForm form() const { return form_; }
  [[nodiscard]] bool uses(int variable) const { return used_.contains(variable); }
  /// "s->fd"
  [[nodiscard]] std::string variable(int index) const;
  /// "int fd;"
  [[nodiscard]] std::string declaration(int index) const;
  /// "unsigned char* "; empty for a plain number.
  [[nodiscard]] std::string cast_to(int index) const;
  [[nodiscard]] bool is_pointer(int index) const;
  [[nodiscard]] const std::string& process(int index) const { return processes_[static_cast<std::size_t>(index)]; }
  [[nodiscard]] static std::string area(const std::string& name) { return "swap_" + name; }

 private:
  enum class Type : uint8_t { number, descriptor, pointer };
  ExportForm form_;
  std::set<int> used_;
  std::vector<std::string> variables_;
  std::vector<Type> types_;
  std::vector<std::string> processes_;
};

/// Where a call stands: what a fork leads to depends on it.
enum class ExportPlace : uint8_t { step, block };

class ExportExpressions {
 public:
  ExportExpressions(const scenario::Program& program, const ExportNames& names, bool arena)
      : program_(program), names_(names), arena_(arena) {}

  /// The call, with a long as its value.
  [[nodiscard]] std::string call(const scenario::Call& call, ExportPlace place = ExportPlace::step) const;
  /// What `got` is if it is as stated; empty if anything is.
  [[nodiscard]] std::string holds(const scenario::Call& call) const;
  /// "0 or -ENOMEM"
  [[nodiscard]] static std::string stated(const scenario::Call& call);
  /// A condition on captures; empty if it cannot be said.
  [[nodiscard]] std::string condition(const scenario::ProgramCondition& condition) const;

 private:
  [[nodiscard]] std::string operand_text(const scenario::Call& call, std::string_view what, ExportPlace place) const;
  [[nodiscard]] std::string number(const scenario::Call& call, std::size_t operand, std::string_view otherwise) const;
  [[nodiscard]] std::string number(const scenario::Operand& operand) const;
  [[nodiscard]] std::string pointer(const scenario::Operand& operand) const;
  [[nodiscard]] std::string address(const scenario::Operand& operand) const;
  [[nodiscard]] std::string moved(const scenario::Call& before) const;
  [[nodiscard]] std::string span(const scenario::Call& call, std::size_t operands_after) const;
  [[nodiscard]] std::string mmap(const scenario::Call& call) const;
  [[nodiscard]] std::string fork(const scenario::Call& call, ExportPlace place) const;
  [[nodiscard]] std::string compared(const std::string& left, std::string_view op, const scenario::Expected& right,
                                     const scenario::Call* call) const;

  const scenario::Program& program_;
  const ExportNames& names_;
  bool arena_;  ///< whether addresses count
};

/// The process that the child of a fork becomes; -1: none that the scenario names.
[[nodiscard]] int process_of_child(const scenario::Program& program, const scenario::Call& call);

/// Its text as a C string, quotes included.
[[nodiscard]] std::string c_string(std::string_view text);

}  // namespace quire::oracle
