#include "oracle/export_needs.h"

#include <sys/mman.h>

#include <fmt/core.h>

#include "oracle/export_expressions.h"
#include "oracle/kernel_operations.h"
#include "oracle/playable.h"

namespace quire::oracle {
namespace {

// "SWAPDEV", "SWAPDEV2", ...: the environment variable with the device of an area.
std::string swap_variable(std::size_t area) { return area == 0 ? "SWAPDEV" : fmt::format("SWAPDEV{}", area + 1); }

// Words in lines of a comment.
std::string filled(std::string_view text) {
  constexpr std::size_t kWidth = 76;
  std::string out = " *";
  std::size_t column = 2;
  while (!text.empty()) {
    std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    if (column + 1 + word.size() > kWidth && column > 2) {
      out += "\n *";
      column = 2;
    }
    std::string safe(word);
    for (std::size_t at = safe.find("*/"); at != std::string::npos; at = safe.find("*/", at)) safe.insert(at + 1, " ");
    out += " " + safe;
    column += 1 + safe.size();
  }
  return out + "\n";
}

}  // namespace

ExportNeeds needs_of(const scenario::Program& program) {
  ExportNeeds needs;
  std::vector<std::string> areas = areas_of(*program.scenario);
  needs.root = program.scenario->requirements.has_value();
  unsigned anywhere = 0;
  bool files_mapped = false;
  bool pages_looked_at = false;
  bool areas_named = false;
  for (const Call* call : calls_of(program)) {
    const KernelOperation& operation = kernel_operation(*call->operation);
    if (operation.run == nullptr) continue;
    std::string_view name = call->operation->name;
    needs.root |= operation.needs == KernelOperation::Needs::root;
    areas_named |= name == "swapon" || name == "swapoff" || name == "swap_used";
    pages_looked_at |= name == "pagemap" || name == "rss";
    needs.arena |= name == "rss";
    needs.signals |= name == "load" || name == "store";
    if (name == "open") needs.files.insert(call->operands[0].symbol);
    if (name != "mmap") continue;
    bool literal = call->operands[0].number != 0 || (call->operands[3].number & MAP_FIXED) != 0;
    needs.arena |= literal || ++anywhere > 1;
    files_mapped |= (call->operands[3].number & MAP_ANONYMOUS) == 0;
  }
  if (program.scenario->machine)
    for (const scenario::MachineOption& o : program.scenario->machine->options)
      if (o.key == "nodes") needs.nodes = o.number.value;
  needs.one_page_faults = files_mapped && pages_looked_at;
  if (areas_named)
    needs.own_areas = areas;
  else
    needs.swap = !areas.empty();
  return needs;
}

void add_needs(CWriter& w, const ExportNeeds& needs, int tests) {
  if (needs.root) w.line("q_need_root();");
  if (needs.swap) w.line("q_need_swap();");
  if (needs.nodes > 1) w.line(fmt::format("q_need_nodes({});", needs.nodes));
  for (std::size_t i = 0; i < needs.own_areas.size(); ++i)
    w.line(fmt::format("{} = q_swap_on({});", ExportNames::area(needs.own_areas[i]), c_string(swap_variable(i))));
  if (!needs.own_areas.empty()) w.line(fmt::format("q_need_only_swap({});", needs.own_areas.size()));
  w.line(fmt::format("q_plan({});", tests));
  if (needs.signals) w.line("q_catch_signals();");
  if (needs.one_page_faults) w.line("q_map_one_page_per_fault();");
}

std::string header_comment(const scenario::Program& program, const ExportNeeds& needs, const HeaderOptions& options) {
  const scenario::Scenario& scenario = *program.scenario;
  std::string out = options.style == ExportStyle::kselftest ? "// SPDX-License-Identifier: GPL-2.0\n/*\n" : "/*\n";
  out += filled(fmt::format("{}: {}", scenario.name, scenario.description));
  for (const scenario::Comment& comment : scenario.trivia.before) out += filled(comment.text);
  out += " *\n";
  for (const scenario::Reference& ref : scenario.refs) out += filled(fmt::format("\"{}\"", ref.text));
  std::string wanted;
  if (needs.root) wanted += ", root";
  if (needs.swap) wanted += ", an active swap area";
  for (std::size_t i = 0; i < needs.own_areas.size(); ++i)
    wanted += fmt::format(", {}{} (a swap device of its own; no other may be active)", swap_variable(i), "=/dev/...");
  if (needs.nodes > 1) wanted += fmt::format(", {} NUMA nodes", needs.nodes);
  if (!needs.files.empty()) wanted += ", DIR=/... (a directory on a disk; else /var/tmp)";
  if (!wanted.empty()) out += filled("Needs " + wanted.substr(2) + ".");
  out += filled(fmt::format(
      "From {}.{}", program.file,
      options.style == ExportStyle::c
          ? fmt::format(" Build: cc -O1 -Wall -Wextra{} {}.c", options.threads ? " -pthread" : "", scenario.name)
          : ""));
  return out + " */\n";
}

}  // namespace quire::oracle
