#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "scenario/parse_parts.h"

namespace quire::scenario {
namespace {

constexpr std::string_view kSectionWanted =
    "a section (ref, cell, machine, requires, setup, cpu, interrupt, schedule, check, expect) or the next scenario";

std::vector<SwapSpec> parse_swaps(Cursor& cursor) {
  std::vector<SwapSpec> swaps;
  do {
    SwapSpec spec;
    spec.at = cursor.peek().at;
    spec.name = cursor.expect_identifier("a swap area such as 'S:8'");
    cursor.expect(":");
    spec.pages = cursor.expect_number("a number of pages or bytes");
    swaps.push_back(std::move(spec));
  } while (cursor.accept(","));
  return swaps;
}

void parse_option_value(Cursor& cursor, MachineOption& option) {
  if (cursor.at_kind(TokenKind::integer)) {
    option.kind = OptionKind::number;
    option.number = cursor.take().number;
  } else if (cursor.at_kind(TokenKind::identifier) && cursor.at(":", 1)) {
    option.kind = OptionKind::swaps;
    option.swaps = parse_swaps(cursor);
  } else {
    option.kind = OptionKind::word;
    option.word =
        cursor.expect_dashed_name(fmt::format("a value of '{}' (a number, a word or 'S:8')", option.key)).text;
  }
}

bool has_option(const Machine& machine, std::string_view key) {
  const auto is_key = [&](const MachineOption& option) { return option.key == key; };
  const auto is_name = [&](const Knob& knob) { return knob.name == key; };
  return std::any_of(machine.options.begin(), machine.options.end(), is_key) ||
         std::any_of(machine.knobs.begin(), machine.knobs.end(), is_name);
}

void parse_option(Cursor& cursor, Machine& machine) {
  if (has_option(machine, cursor.peek().text)) {
    cursor.fail("each option of the machine once");
    return;
  }
  MachineOption option;
  option.at = cursor.peek().at;
  option.key = cursor.take().text;
  if (option.key != "real") {
    cursor.expect("=", "'=' after the option's name");
    parse_option_value(cursor, option);
  }
  const bool is_switch = option.kind == OptionKind::word && (option.word == "on" || option.word == "off");
  if (is_switch && !is_machine_key(option.key)) {
    machine.knobs.push_back({option.key, option.word == "on" ? KnobState::on : KnobState::off, option.at});
  } else {
    machine.options.push_back(std::move(option));
  }
}

// On the line of its keyword an option needs no '=' to be one, so that `machine cpus 2` is told what it lacks.
bool at_option(const Cursor& cursor) {
  if (!cursor.at_kind(TokenKind::identifier)) return false;
  if (cursor.at("=", 1) || cursor.at("real")) return true;
  const auto sections = section_names();
  const bool starts_section = std::find(sections.begin(), sections.end(), cursor.peek().text) != sections.end();
  return !starts_section && !cursor.peek().first_on_line;
}

Requirements parse_requirements(Cursor& cursor) {
  Requirements requirements;
  requirements.trivia = cursor.begin_item();
  requirements.at = cursor.peek().at;
  cursor.expect("requires");
  do {
    requirements.names.push_back(cursor.expect_dashed_name("the name of a requirement"));
  } while (cursor.accept(","));
  cursor.end_item(requirements.trivia);
  return requirements;
}

Reference parse_reference(Cursor& cursor) {
  Reference reference;
  reference.trivia = cursor.begin_item();
  reference.at = cursor.peek().at;
  cursor.expect("ref");
  reference.text = cursor.expect_string("the reference in quotes");
  cursor.end_item(reference.trivia);
  return reference;
}

Section parse_section(Cursor& cursor) {
  Section section;
  section.trivia = cursor.begin_item();
  section.at = cursor.peek().at;
  cursor.take();
  section.body = parse_statements(cursor, {});
  cursor.end_item(section.trivia);
  return section;
}

CpuBlock parse_cpu(Cursor& cursor) {
  CpuBlock cpu;
  cpu.trivia = cursor.begin_item();
  cpu.at = cursor.peek().at;
  cursor.expect("cpu");
  cpu.index = static_cast<int>(cursor.expect_number_in("the number of a cpu", 0, kCpuMax));
  cursor.expect("as");
  cpu.process = cursor.expect_identifier("the name of a process");
  cpu.body = parse_statements(cursor, {.prefixes = Prefixes::rejected});
  cursor.end_item(cpu.trivia);
  return cpu;
}

InterruptBlock parse_interrupt(Cursor& cursor) {
  InterruptBlock interrupt;
  interrupt.trivia = cursor.begin_item();
  interrupt.at = cursor.peek().at;
  cursor.expect("interrupt");
  cursor.expect("on");
  cursor.expect("cpu");
  interrupt.cpu = static_cast<int>(cursor.expect_number_in("the number of a cpu", 0, kCpuMax));
  interrupt.body = parse_statements(cursor, {.prefixes = Prefixes::rejected});
  cursor.end_item(interrupt.trivia);
  return interrupt;
}

// Takes what `parse` makes unless the scenario has one already.
template <class Part>
void parse_once(Cursor& cursor, std::optional<Part>& part, Part (*parse)(Cursor&)) {
  if (part) {
    cursor.fail(fmt::format("one '{}' in a scenario", cursor.peek().text));
  } else {
    part = parse(cursor);
  }
}

void parse_part(Cursor& cursor, Scenario& scenario) {
  if (cursor.at("ref")) {
    scenario.refs.push_back(parse_reference(cursor));
  } else if (cursor.at("cell")) {
    parse_once(cursor, scenario.cell, parse_cell);
  } else if (cursor.at("machine")) {
    parse_once(cursor, scenario.machine, parse_machine);
  } else if (cursor.at("requires")) {
    parse_once(cursor, scenario.requirements, parse_requirements);
  } else if (cursor.at("setup")) {
    parse_once(cursor, scenario.setup, parse_section);
  } else if (cursor.at("cpu")) {
    scenario.cpus.push_back(parse_cpu(cursor));
  } else if (cursor.at("interrupt")) {
    scenario.interrupts.push_back(parse_interrupt(cursor));
  } else if (cursor.at("schedule")) {
    scenario.schedules.push_back(parse_schedule(cursor));
  } else if (cursor.at("check")) {
    parse_once(cursor, scenario.check, parse_section);
  } else if (cursor.at("expect")) {
    scenario.expects.push_back(parse_expect(cursor));
  } else {
    cursor.fail(kSectionWanted, nearest(cursor.peek().text, section_names()));
  }
}

// The printer sets sections and header lines apart by itself; only the gap below a comment above one is the author's.
void settle(Trivia& trivia) {
  trivia.join = Join::own_line;
  drop_first_blank(trivia.before, &trivia.blank_before);
}

template <class Parts>
void settle_all(Parts& parts) {
  for (auto& part : parts) settle(part.trivia);
}

void settle_parts(Scenario& scenario) {
  settle(scenario.trivia);
  settle_all(scenario.refs);
  if (scenario.cell) settle(scenario.cell->trivia);
  if (scenario.machine) settle(scenario.machine->trivia);
  if (scenario.requirements) settle(scenario.requirements->trivia);
  if (scenario.setup) settle(scenario.setup->trivia);
  settle_all(scenario.cpus);
  settle_all(scenario.interrupts);
  settle_all(scenario.schedules);
  if (scenario.check) settle(scenario.check->trivia);
  settle_all(scenario.expects);
}

const MachineOption* find_option(const Scenario& scenario, std::string_view key) {
  if (!scenario.machine) return nullptr;
  for (const MachineOption& option : scenario.machine->options) {
    if (option.key == key) return &option;
  }
  return nullptr;
}

void check_cpus(Cursor& cursor, const Scenario& scenario) {
  const MachineOption* cpus = find_option(scenario, "cpus");
  if (cpus == nullptr || cpus->kind != OptionKind::number) return;
  const auto check = [&](int index, Position at) {
    if (index < cpus->number.value) return;
    cursor.fail_at(at, fmt::format("expected a cpu below {} (cpus={}), found cpu {}", cpus->number.value,
                                   cpus->number.value, index));
  };
  for (const CpuBlock& cpu : scenario.cpus) check(cpu.index, cpu.at);
  for (const InterruptBlock& interrupt : scenario.interrupts) check(interrupt.cpu, interrupt.at);
}

}  // namespace

Machine parse_machine(Cursor& cursor) {
  Machine machine;
  machine.trivia = cursor.begin_item();
  machine.at = cursor.peek().at;
  cursor.expect("machine");
  if (!cursor.at_kind(TokenKind::identifier)) cursor.fail("an option of the machine such as cpus=2");
  while (at_option(cursor)) parse_option(cursor, machine);
  cursor.end_item(machine.trivia);
  return machine;
}

Scenario parse_scenario(Cursor& cursor) {
  Scenario scenario;
  scenario.trivia = cursor.begin_item();
  scenario.at = cursor.peek().at;
  cursor.expect("scenario");
  scenario.name = cursor.expect_dashed_name("the name of the scenario").text;
  scenario.description = cursor.expect_string("the description of the scenario in quotes");
  cursor.end_item(scenario.trivia);
  while (!cursor.at_end() && !cursor.at("scenario")) parse_part(cursor, scenario);
  settle_parts(scenario);
  check_cpus(cursor, scenario);
  return scenario;
}

}  // namespace quire::scenario
