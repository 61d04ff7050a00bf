#include <fmt/core.h>

#include <algorithm>
#include <memory>

#include "cli/commands.h"
#include "cli/help_topics.h"
#include "cli/load.h"
#include "runner/runner.h"

namespace quire::cli {
namespace {

// NAME, spaces, SUMMARY, one a line.
struct Table {
  std::vector<std::pair<std::string, std::string>> rows;

  [[nodiscard]] std::string text(std::string_view indent) const {
    std::size_t width = 0;
    for (const auto& row : rows) width = std::max(width, row.first.size());
    std::string out;
    for (const auto& [name, summary] : rows) out += fmt::format("{}{:<{}}  {}\n", indent, name, width, summary);
    return out;
  }
};

std::vector<const CLI::App*> commands_of(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

std::string commands_text(const CLI::App& app) {
  Table table;
  for (const CLI::App* command : commands_of(app)) {
    table.rows.emplace_back("quire " + command->get_name(), command->get_description());
  }
  return table.text("") + "\n`quire help COMMAND` lists the options of one.\n";
}

std::string operations_text() {
  Table table;
  for (const runner::OperationInfo& operation : runner::operations()) {
    table.rows.emplace_back(operation.usage, operation.summary);
  }
  return table.text("");
}

std::string topics_text() {
  Table table;
  for (const HelpTopic& topic : help_topics()) table.rows.emplace_back(topic.name, topic.summary);
  return "quire help TOPIC, where TOPIC is a command or\n\n" + table.text("  ");
}

std::string text_of(const HelpTopic& topic, const CLI::App& app) {
  if (topic.name == "commands") return commands_text(app);
  if (topic.name == "operations") return operations_text();
  return std::string(topic.text);
}

ExitCode help(const CLI::App& app, const std::string& wanted, const Console& console) {
  if (wanted.empty()) {
    write(console.out, topics_text());
    return ExitCode::as_stated;
  }
  std::vector<std::string> known;
  for (const HelpTopic& topic : help_topics()) {
    known.emplace_back(topic.name);
    if (topic.name != wanted) continue;
    write(console.out, text_of(topic, app));
    return ExitCode::as_stated;
  }
  for (const CLI::App* command : commands_of(app)) {
    known.push_back(command->get_name());
    if (command->get_name() != wanted) continue;
    write(console.out, command->help(std::string("quire")));
    return ExitCode::as_stated;
  }
  complain(console,
           fmt::format("there is no topic '{}'{}; `quire help` lists them", wanted, suggestion(wanted, known)));
  return ExitCode::bad_input;
}

}  // namespace

void add_help_command(CLI::App& app, Shell& shell) {
  CLI::App* command = app.add_subcommand("help", "Explain a topic or a command");
  auto topic = std::make_shared<std::string>();
  command->add_option("TOPIC", *topic, "A topic or a command")->option_text(" ");
  command->callback([topic, &app, &shell] { shell.code = help(app, *topic, shell.console); });
}

}  // namespace quire::cli
