// The commands of `quire`, one file each; command_line.cc puts them together.
//
// A command adds itself to the parser with a callback that does the work and leaves its exit code in the shell. It
// writes to the shell's console and nowhere else.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "cli/console.h"

namespace quire::cli {

struct Shell {
  Console console;
  std::string version;
  ExitCode code = ExitCode::as_stated;
};

void add_check_command(CLI::App& app, Shell& shell);
void add_run_command(CLI::App& app, Shell& shell);
void add_replay_command(CLI::App& app, Shell& shell);
void add_defects_command(CLI::App& app, Shell& shell);
void add_fmt_command(CLI::App& app, Shell& shell);
void add_compare_command(CLI::App& app, Shell& shell);
void add_fuzz_command(CLI::App& app, Shell& shell);
void add_kernels_command(CLI::App& app, Shell& shell);
void add_export_command(CLI::App& app, Shell& shell);
void add_import_command(CLI::App& app, Shell& shell);
void add_shrink_command(CLI::App& app, Shell& shell);
void add_help_command(CLI::App& app, Shell& shell);
void add_mkswap_command(CLI::App& app, Shell& shell);
void add_hibernate_command(CLI::App& app, Shell& shell);
void add_resume_command(CLI::App& app, Shell& shell);

}  // namespace quire::cli
