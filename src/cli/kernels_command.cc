// quire kernels: the kernels that can be booted in guests.
#include <fmt/core.h>

#include <memory>

#include "cli/commands.h"
#include "oracle/kernels.h"

namespace quire::cli {
namespace {

ExitCode fetch(const std::vector<std::string>& versions, const Console& console) {
  ExitCode code = ExitCode::as_stated;
  for (const std::string& version : versions) {
    oracle::Fetched fetched = oracle::fetch_kernel(version);
    if (fetched.trouble.empty()) {
      write(console.out, fetched.image + "\n");
    } else {
      complain(console, fetched.trouble);
      code = ExitCode::machine_cannot;
    }
  }
  return code;
}

ExitCode list(const Console& console) {
  for (const std::string& image : oracle::kernels()) write(console.out, image + "\n");
  return ExitCode::as_stated;
}

}  // namespace

void add_kernels_command(CLI::App& app, Shell& shell) {
  CLI::App* command = app.add_subcommand("kernels", "List the kernels for `--kernel`, or fetch some");
  command->require_subcommand(0, 1);
  auto versions = std::make_shared<std::vector<std::string>>();
  CLI::App* fetching =
      command->add_subcommand("fetch", "Get Debian's packages of these kernels, without installing them");
  fetching->add_option("VERSION", *versions, "6.1, 6.12, ...")->required()->option_text("...");
  fetching->callback([versions, &shell] { shell.code = fetch(*versions, shell.console); });
  command->callback([command, &shell] {
    if (command->get_subcommands().empty()) shell.code = list(shell.console);
  });
}

}  // namespace quire::cli
