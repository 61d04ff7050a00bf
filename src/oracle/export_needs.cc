#include "oracle/export_needs.h"

#include <sys/mman.h>

#include <fmt/core.h>

#include "oracle/export_expressions.h"
#include "oracle/kernel_operations.h"
#include "oracle/kernel_path_operations.h"
#include "oracle/playable.h"

namespace quire::oracle {
namespace {

// Whether a call reaches behind the mapping that it names, where it must find none.
bool leaves_mapping(const scenario::Program& program, const Call& call) {
  if (call.operands.empty() || call.operands[0].kind != scenario::Operand::Kind::variable) return false;
  const scenario::Operand& address = call.operands[0];
  for (const Call* made : calls_of(program)) {
    if (made->capture != address.variable || made->operation->name != "mmap") continue;
    int64_t length = address.length;
    if (call.operands.size() > 1 && call.operands[1].kind == scenario::Operand::Kind::number)
      length = std::max(length, call.operands[1].number);
    return address.number < 0 || address.number + length > made->operands[1].number;
  }
  return false;
}

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
  needs.mounts = mounts_of(*program.scenario);
  needs.root = program.scenario->requirements.has_value() || !needs.mounts.empty();
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
    needs.uffd |= name.starts_with("uffd_");
    needs.uffd_poison |= name == "uffd_poison";
    needs.arena |= leaves_mapping(program, *call);
    if (name == "open" && !is_path(call->operands[0].symbol)) needs.files.insert(call->operands[0].symbol);
    if (name != "mmap") continue;
    bool literal = call->operands[0].number != 0 || (call->operands[3].number & MAP_FIXED) != 0;
    needs.arena |= literal || ++anywhere > 1;
    bool several = call->operands[1].number > scenario::kPageBytes;
    files_mapped |= several && (call->operands[3].number & MAP_ANONYMOUS) == 0;
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

void begin_areas(CWriter& w, const ExportNeeds& needs) {
  int priority = 100;
  for (const std::string& area : needs.own_areas)
    w.line(fmt::format("q_swap_on({}, {});", ExportNames::area(area), priority--));
  if (has_stack(needs.mounts)) w.line("if (q_mount_stack() != 0) q_bail(\"/union\", strerror(errno));");
  for (const MountSpec& mount : needs.mounts)
    if (!mount.stack)
      w.line(fmt::format("if (q_mount_tmpfs(\"/{0}\", {1}, {2}) != 0) q_bail(\"/{0}\", strerror(errno));", mount.name,
                         mount.pages, mount.inodes));
}

void add_needs(CWriter& w, const ExportNeeds& needs, int tests) {
  if (needs.root) w.line("q_need_root();");
  if (needs.nodes > 1) w.line(fmt::format("q_need_nodes({});", needs.nodes));
  if (needs.uffd) w.line(needs.uffd_poison ? "q_need_uffd(Q_UFFD_WP | Q_UFFD_POISON);" : "q_need_uffd(Q_UFFD_WP);");
  if (needs.swap) w.line("q_need_swap();");
  for (const std::string& area : needs.own_areas)
    w.line(fmt::format("{} = q_make_swap_area();", ExportNames::area(area)));
  if (needs.one_page_faults) w.line("q_map_one_page_per_fault();");
  if (!needs.files.empty()) w.line("q_make_directory();");
  if (!needs.mounts.empty())
    w.line(fmt::format("if ({}({}) != 0 || q_end_mounts() != 0) q_skip(\"needs mounts of its own\");",
                       has_stack(needs.mounts) ? "q_begin_root" : "q_begin_mounts",
                       needs.files.empty() ? "NULL" : "q_directory"));
  w.line(fmt::format("q_plan({});", tests));
  if (needs.signals) w.line("q_catch_signals();");
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
  if (needs.nodes > 1) wanted += fmt::format(", {} NUMA nodes", needs.nodes);
  if (needs.swap && !needs.root) wanted += ", root or an active swap area";
  if (!wanted.empty()) out += filled("Needs " + wanted.substr(2) + ".");
  if (needs.swap || !needs.own_areas.empty())
    out += filled("Swap is an area of its own, of compressed RAM, which is removed however this ends.");
  if (!needs.files.empty()) out += filled("Files are in a directory of /var/tmp, or of DIR, and removed too.");
  out += filled("What it does is at the end of this file, after what it is made of.");
  out += filled(fmt::format(
      "From {}.{}", program.file,
      options.style == ExportStyle::c
          ? fmt::format(" Build: cc -O1 -Wall -Wextra{} {}.c", options.threads ? " -pthread" : "", scenario.name)
          : ""));
  return out + " */\n";
}

}  // namespace quire::oracle
