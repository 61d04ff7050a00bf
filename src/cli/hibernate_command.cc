// `quire hibernate`: a machine with known contents, written to a file, from which `quire resume` goes on with it.
#include <fmt/core.h>

#include <memory>

#include "cli/commands.h"
#include "cli/hibernation.h"
#include "machine/hibernation.h"
#include "machine/population.h"
#include "power/stopwatch.h"

namespace quire::cli {
namespace {

using base::Errno;

struct HibernateRequest {
  std::string file;
  std::string scenario;
  std::string only;
  machine::PopulationNumbers numbers;
  std::string second = "lz4";
  std::string codec = "lz4";
  unsigned threads = 2;
  bool secret = false;
};

std::string described(const HibernateRequest& request, const std::string& note, const machine::HibernateReport& report,
                      double filled) {
  const power::ImageWritten& image = report.image;
  const uint64_t machine_bytes = image.pages * power::kImagePage;
  return fmt::format(
      "{}: {} pages of RAM and {} of the engine's own, {} of them zero\n"
      "  filled    {:.3f} s, {}\n"
      "  copied    {:.3f} s, tasks frozen and one CPU running\n"
      "  written   {}, before compression\n"
      "  file      {:.1f} MB ({}), on the disk after {:.3f} s more\n",
      request.file, grouped(report.frames), grouped(report.heap_pages), grouped(image.zero_pages), filled, note,
      report.freeze_seconds, rate(machine_bytes, image.write_seconds), static_cast<double>(image.file_bytes) / 1e6,
      request.codec, image.sync_seconds);
}

bool boots(Errno error, const Console& console) {
  if (error != Errno::ok) complain(console, fmt::format("the machine does not boot: {}", power::describe(error)));
  return error == Errno::ok;
}

ExitCode write_image(const HibernateRequest& request, const std::string& note, machine::Machine& machine, double filled,
                     const Console& console) {
  machine::HibernateReport report;
  power::Complaint complaint;
  const Errno error = machine.hibernate_to({request.file, {*power::image_codec(request.codec), request.threads}}, note,
                                           report, complaint);
  if (error != Errno::ok) {
    complain(console, fmt::format("not hibernated: {} (-{})", complaint.view(), errno_name(error)));
    return exit_code_of(error);
  }
  write(console.out, described(request, note, report, filled));
  return ExitCode::as_stated;
}

ExitCode hibernate_population(const HibernateRequest& request, const Console& console) {
  machine::Resumable home;
  if (!boots(home.boot(request.numbers.options()), console)) return ExitCode::machine_cannot;
  power::Stopwatch watch;
  const Errno error = machine::Population(home.machine(), request.numbers).fill();
  if (error != Errno::ok) {
    complain(console, fmt::format("the machine cannot be filled: {}", power::describe(error)));
    return ExitCode::machine_cannot;
  }
  return write_image(request, request.numbers.to_text().data(), home.machine(), watch.lap(), console);
}

// The set-up of a scenario; `quire resume` goes on with its blocks.
ExitCode hibernate_scenario(const HibernateRequest& request, const Console& console) {
  auto loaded = load_scenario(request.scenario, request.only, console);
  if (!loaded) return ExitCode::bad_input;
  machine::Resumable home;
  if (!boots(home.prepare(), console)) return ExitCode::machine_cannot;
  end_at_bugs();
  runner::NativeScenario& scenario = loaded->scenario;
  power::Stopwatch watch;
  scenario.begin();
  home.keep(scenario.machine(), scenario.state());
  print_lines(console, scenario.lines());
  const ExitCode code = write_image(request, loaded->note, home.machine(), watch.lap(), console);
  return code == ExitCode::as_stated && !scenario.as_stated() ? ExitCode::not_as_stated : code;
}

ExitCode hibernate(HibernateRequest request, const Console& console) {
  auto second = machine::swap_backend_kind(request.second);
  request.numbers.secret = request.secret ? machine::OnOff::on : machine::OnOff::off;
  if (second) request.numbers.second = *second;
  if (!second || !power::image_codec(request.codec) || !request.numbers.valid() || request.threads < 1 ||
      request.threads > 64) {
    complain(console,
             "these numbers are of no machine: 1024 pages of RAM or more, no swap or 64 pages or more, 1 to "
             "64 processes, CPUs and threads, a device that is ram, lz4 or zstd, and none, lz4 or zstd");
    return ExitCode::bad_input;
  }
  return request.scenario.empty() ? hibernate_population(request, console) : hibernate_scenario(request, console);
}

}  // namespace

void add_hibernate_command(CLI::App& app, Shell& shell) {
  CLI::App* command = app.add_subcommand("hibernate", "Fill a machine and write it to a file, to be gone on with");
  auto request = std::make_shared<HibernateRequest>();
  command->add_option("FILE", request->file, "Replaced when all is written")->required()->option_text(" ");
  command->add_option("SCENARIO", request->scenario, "Its set-up runs on the machine, instead of a filling")
      ->option_text(" ");
  command->add_option("--only", request->only, "Only the scenario of that name")->option_text("NAME");
  command->add_option("--seed", request->numbers.seed, "What the contents follow from")->option_text("N");
  command->add_option("--ram", request->numbers.ram, "Pages of RAM; 262144 (1 GiB)")->option_text("PAGES");
  command->add_option("--swap", request->numbers.swap, "Pages of each of two swap devices; 65536")
      ->option_text("PAGES");
  command->add_option("--second", request->second, "What the second one is: lz4, zstd or ram")->option_text("KIND");
  command->add_option("--processes", request->numbers.processes, "Each has a child; 4")->option_text("N");
  command->add_option("--cpus", request->numbers.cpus, "Of the machine; 2")->option_text("N");
  command->add_flag("--secret", request->secret, "A process has secret memory, and hibernation is refused");
  command->add_option("--compress", request->codec, "none, lz4 or zstd")->option_text("HOW");
  command->add_option("--threads", request->threads, "That compress and write; 2")->option_text("N");
  command->callback([request, &shell] { shell.code = hibernate(*request, shell.console); });
}

}  // namespace quire::cli
