// The tree of a scenario, made piece by piece: what importers write instead of text.
//
//   Builder builder("f", "imported from f.xfs_io", machine_with(1024));
//   builder.add(call("pwrite", {name("fd"), call("fill", {character('a'), bytes(4096)}),
//   bytes(0)})).in("A").gives(4096); Document document = builder.document();
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "scenario/ast.h"

namespace quire::importer {

using scenario::Expr;

/// What came of an import.
struct Imported {
  scenario::Document document;
  uint64_t calls = 0;                ///< in the scenario
  std::vector<std::string> skipped;  ///< what was left out, a line each: "3 x writev(): no such operation"
};

[[nodiscard]] Expr integer(int64_t value);
/// Whole pages read `4K`, other numbers as they are.
[[nodiscard]] Expr bytes(int64_t value);
[[nodiscard]] Expr address(uint64_t value);
[[nodiscard]] Expr character(unsigned char byte);
[[nodiscard]] Expr text(std::string_view text);
[[nodiscard]] Expr name(std::string_view name);
/// `A|B|C`; 0 if there is none.
[[nodiscard]] Expr flags(const std::vector<std::string>& names);
[[nodiscard]] Expr call(std::string_view operation, std::vector<Expr> operands, std::string_view member = {});
/// fill(byte, length); the byte alone where it is one.
[[nodiscard]] Expr fill(unsigned char byte, int64_t length);
/// p + offset: a page of it where it is one.
[[nodiscard]] Expr inside(std::string_view mapping, uint64_t offset);

/// A statement under way; good until the next is added.
class Line {
 public:
  explicit Line(scenario::Statement& statement) : statement_(&statement) {}
  Line in(std::string_view process);
  Line as(std::string_view capture);
  Line gives(Expr value);
  Line gives(int64_t value) { return gives(integer(value)); }
  Line fails(std::string_view error);  ///< "ENOMEM"
  Line dies(std::string_view signal);  ///< "SIGBUS"
  Line anything();
  Line remark(std::string_view text);  ///< the comment at its end

 private:
  scenario::Statement* statement_;
};

class Builder {
 public:
  /// The machine's address space: 16 MiB, or as large as a real one's.
  enum class Space : uint8_t { small, real };
  Builder(std::string_view name, std::string_view description, uint64_t ram_pages);
  /// The machine anew, without swap.
  void machine(uint64_t ram_pages, Space space);
  /// A swap area of the machine.
  void swap(std::string_view area, uint64_t pages);
  Line add(Expr call);
  /// A comment line above the next statement.
  void comment(std::string_view text);
  void blank() { blank_ = true; }
  [[nodiscard]] std::size_t size() const { return scenario_.check->body.items.size(); }
  /// All of it, with an expectation that nothing goes wrong. The builder is empty then.
  [[nodiscard]] scenario::Document document();

 private:
  scenario::Scenario scenario_;
  std::vector<scenario::Comment> comments_;
  bool blank_ = false;
};

/// A name as scenarios have them, from any text: "my file.strace" -> "my-file".
[[nodiscard]] std::string scenario_name(std::string_view path);

}  // namespace quire::importer
