// `quire resume`: goes on with a machine that `quire hibernate` has written, and looks whether each byte is there.
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

struct ResumeRequest {
  std::string file;
  std::string scenario;
  std::string only;
  unsigned threads = 2;
  bool check = false;
};

// What the machine does without an image: it starts from nothing. Linux: kernel/power/hibernate.c software_resume()
ExitCode boot_fresh(machine::Resumable& home, const Console& console, ExitCode code) {
  machine::PopulationNumbers numbers;
  numbers.ram = 1024;
  numbers.swap = 0;
  const Errno error = home.boot(numbers.options());
  if (error != Errno::ok) {
    complain(console, fmt::format("and no machine boots: {}", power::describe(error)));
    return ExitCode::machine_cannot;
  }
  write(console.out, fmt::format("booted fresh: {} of {} pages free, no process\n",
                                 grouped(home.machine().peek_free_pages()), grouped(numbers.ram)));
  return code;
}

ExitCode refused(machine::Resumable& home, const Console& console, Errno error, const power::Complaint& complaint) {
  complain(console, fmt::format("not resumed: {} (-{})", complaint.view(), errno_name(error)));
  return boot_fresh(home, console, exit_code_of(error));
}

// Reads and checks everything and makes no machine of it.
ExitCode check_only(const ResumeRequest& request, const Console& console) {
  power::ImageReader image;
  power::Complaint complaint;
  Errno error = image.open(request.file, complaint);
  if (error == Errno::ok) error = image.load({request.threads, power::ImageLoad::Into::nowhere}, complaint);
  if (error != Errno::ok) {
    complain(console, fmt::format("{} (-{})", complaint.view(), errno_name(error)));
    return exit_code_of(error);
  }
  write(console.out,
        fmt::format("{}: sound, {} blocks, {} pages of RAM, {}\n", request.file, grouped(image.header().blocks),
                    grouped(image.header().frames_saved), image.header().note.data()));
  return ExitCode::as_stated;
}

// The blocks of the scenario whose set-up the machine has run.
ExitCode go_on(machine::Resumable& home, std::optional<HibernatedScenario> loaded, const Console& console) {
  if (loaded->note != home.header().note.data() || home.companion() == nullptr) {
    complain(console, fmt::format("the image is of another machine: {}", home.header().note.data()));
    return ExitCode::bad_input;
  }
  end_at_bugs();
  runner::NativeScenario& scenario = loaded->scenario;
  scenario.adopt(home.companion());
  scenario.end();
  print_lines(console, scenario.lines());
  return scenario.as_stated() ? ExitCode::as_stated : ExitCode::not_as_stated;
}

ExitCode verify(machine::Resumable& home, const ResumeRequest& request, double seconds, const Console& console) {
  const power::ImageHeader& header = home.header();
  const uint64_t bytes = (header.frames_saved + header.heap_pages) * power::kImagePage;
  write(console.out, fmt::format("{}: resumed, {}; {} processes, {} pages of RAM\n", request.file, rate(bytes, seconds),
                                 home.machine().tasks(), grouped(header.frames_saved)));
  sync::CheckReport checked;
  home.machine().check(checked);
  if (!checked.ok()) {
    complain(console, fmt::format("the machine is not sound: {}", checked.message()));
    return ExitCode::not_as_stated;
  }
  machine::PopulationNumbers numbers;
  if (!numbers.from_text(header.note.data())) {
    if (home.companion() == nullptr) write(console.out, "  nothing is known of its contents\n");
    return ExitCode::as_stated;
  }
  machine::Population::Found found;
  const bool whole = machine::Population(home.machine(), numbers).verify(found);
  if (!whole) {
    complain(console, fmt::format("the contents are not those of {}: {}", header.note.data(), found.mismatch.data()));
    return ExitCode::not_as_stated;
  }
  write(console.out, fmt::format("  every byte equal: {} compared, {} pages came from swap\n", grouped(found.bytes),
                                 grouped(found.swapped)));
  return ExitCode::as_stated;
}

ExitCode resume(const ResumeRequest& request, const Console& console) {
  if (request.threads < 1 || request.threads > 64) {
    complain(console, "expected 1 to 64 threads");
    return ExitCode::bad_input;
  }
  if (request.check) return check_only(request, console);
  std::optional<HibernatedScenario> loaded;
  if (!request.scenario.empty()) {
    loaded = load_scenario(request.scenario, request.only, console);
    if (!loaded) return ExitCode::bad_input;
  }
  machine::Resumable home;
  power::Complaint complaint;
  power::Stopwatch watch;
  const Errno error = home.resume(request.file, request.threads, complaint);
  if (error != Errno::ok) return refused(home, console, error, complaint);
  const ExitCode code = verify(home, request, watch.lap(), console);
  return loaded && code == ExitCode::as_stated ? go_on(home, std::move(loaded), console) : code;
}

}  // namespace

void add_resume_command(CLI::App& app, Shell& shell) {
  CLI::App* command = app.add_subcommand("resume", "Go on with a machine from a file, and compare every byte");
  auto request = std::make_shared<ResumeRequest>();
  command->add_option("FILE", request->file, "As `quire hibernate` wrote it")->required()->option_text(" ");
  command->add_option("SCENARIO", request->scenario, "Whose set-up the machine has run: its blocks and checks follow")
      ->option_text(" ");
  command->add_option("--only", request->only, "Only the scenario of that name")->option_text("NAME");
  command->add_option("--threads", request->threads, "That read and decompress; 2")->option_text("N");
  command->add_flag("--check", request->check, "Look whether the image is sound, and make no machine of it");
  command->callback([request, &shell] { shell.code = resume(*request, shell.console); });
}

}  // namespace quire::cli
