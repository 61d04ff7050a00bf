#include "cli/command_line.h"

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
  return static_cast<int>(quire::cli::run_command_line(arguments, quire::cli::standard_console(), QUIRE_VERSION));
}
