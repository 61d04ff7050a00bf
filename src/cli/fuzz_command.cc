// quire fuzz: random scenarios on the engine, alone or beside the running kernel; what is wrong is made small.
#include <fmt/core.h>

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/check_request.h"
#include "cli/commands.h"
#include "cli/load.h"
#include "fuzz/fuzzer.h"
#include "oracle/kernels.h"
#include "scenario/format.h"

namespace quire::cli {
namespace {

struct FuzzRequest {
  std::string against = "engine";
  unsigned cpus = 1;
  std::string time = "60s";
  uint64_t seed = 1;
  uint64_t programs = UINT64_MAX;
  std::size_t findings = 20;
  std::vector<std::string> defects;
  std::string corpus = "scenarios/corpus";
  std::size_t keep = 0;
  bool json = false;
};

std::string file_for(const FuzzRequest& request, const fuzz::Found& found) {
  return fmt::format("{}/{}-{}.qs", request.corpus, found.wrong.kind, found.seed);
}

std::string keep(const FuzzRequest& request, const fuzz::Found& found) {
  std::error_code error;
  std::filesystem::create_directories(request.corpus, error);
  std::string complaint = replace_file(file_for(request, found), format(found.document));
  return complaint;
}

void print(const Console& console, const FuzzRequest& request, const fuzz::FuzzResult& result) {
  if (request.json) {
    nlohmann::json findings = nlohmann::json::array();
    for (const fuzz::Found& f : result.findings)
      findings.push_back({{"file", file_for(request, f)},
                          {"kind", f.wrong.kind},
                          {"seed", f.seed},
                          {"programs", f.program},
                          {"seconds", f.seconds},
                          {"text", f.wrong.text}});
    nlohmann::json all = {{"programs", result.programs},       {"seconds", result.seconds},
                          {"differences", result.differences}, {"skipped", result.skipped},
                          {"passing", result.passing},         {"findings", findings},
                          {"why_skipped", result.why_skipped}, {"what_passed", result.what_passed}};
    return write(console.out, all.dump(2) + "\n");
  }
  double rate = result.seconds > 0 ? static_cast<double>(result.programs) / result.seconds : 0;
  write(console.out,
        fmt::format("{} programs in {:.1f} s ({:.0f} per second), {} with differences, {} of them seen once and not "
                    "again, {} that say nothing; {} findings\n",
                    grouped(result.programs), result.seconds, rate, result.differences, result.passing, result.skipped,
                    result.findings.size()));
}

ExitCode keep_some(fuzz::Judge& judge, const FuzzRequest& request, const fuzz::FuzzOptions& options,
                   const Console& console) {
  scenario::Document document = fuzz::collect(judge, options, request.keep);
  if (document.scenarios.empty()) return ExitCode::all_skipped;
  std::error_code error;
  std::filesystem::create_directories(request.corpus, error);
  std::string file = fmt::format("{}/sequences-{}.qs", request.corpus, request.seed);
  if (std::string complaint = replace_file(file, format(document)); !complaint.empty()) {
    complain(console, complaint);
    return ExitCode::machine_cannot;
  }
  write(console.out, fmt::format("{}: {} scenarios\n", file, document.scenarios.size()));
  return ExitCode::as_stated;
}

ExitCode fuzz_all(const FuzzRequest& request, const Console& console) {
  std::optional<double> seconds = parse_duration(request.time);
  std::string complaint = unknown_defect(request.defects);
  if (!seconds) complaint = fmt::format("expected --time 90, 1.5s, 200ms, 5m or 1h, found '{}'", request.time);
  std::string image =
      request.against == "engine" || request.against == "host" ? "" : oracle::find_kernel(request.against);
  bool known = request.against == "engine" || request.against == "host" || !image.empty();
  if (!known)
    complaint =
        fmt::format("expected --against engine, host, an image or a version that `quire kernels` lists, found '{}'",
                    request.against);
  if (request.cpus < 1 || request.cpus > 3) complaint = fmt::format("expected --cpus 1 to 3, found {}", request.cpus);
  if (request.keep != 0 && request.cpus != 1) complaint = "expected --cpus 1 with --keep";
  if (!complaint.empty()) {
    complain(console, complaint);
    return ExitCode::bad_input;
  }
  using Against = fuzz::JudgeOptions::Against;
  fuzz::JudgeOptions asked;
  if (request.against != "engine") asked.against = image.empty() ? Against::host : Against::guest;
  asked.guest.kernel = image;
  asked.cpus = request.cpus;
  asked.defects = request.defects;
  std::string trouble;
  std::unique_ptr<fuzz::Judge> judge = make_judge(asked, trouble);
  if (judge == nullptr) {
    complain(console, trouble);
    return ExitCode::machine_cannot;
  }
  fuzz::FuzzOptions options;
  options.seed = request.seed;
  options.seconds = *seconds;
  options.programs = request.programs;
  options.findings = request.findings;
  options.generator = generator_for(asked, *judge);
  if (request.keep != 0) return keep_some(*judge, request, options, console);
  bool written = true;
  options.on_found = [&](const fuzz::Found& found) {
    if (std::string error = keep(request, found); !error.empty()) {
      complain(console, error);
      written = false;
    }
    if (!request.json)
      write(console.out,
            fmt::format("{}: seed {}, program {}, {:.1f} s: {}\n{}\n", file_for(request, found), found.seed,
                        found.program, found.seconds, found.wrong.kind, format(found.document)));
  };
  fuzz::FuzzResult result = fuzz::fuzz(*judge, options);
  print(console, request, result);
  if (!written) return ExitCode::machine_cannot;
  if (result.programs == result.skipped) return ExitCode::all_skipped;
  return result.findings.empty() ? ExitCode::as_stated : ExitCode::not_as_stated;
}

}  // namespace

void add_fuzz_command(CLI::App& app, Shell& shell) {
  CLI::App* command = app.add_subcommand("fuzz", "Run random scenarios, and make what is wrong small");
  auto request = std::make_shared<FuzzRequest>();
  command
      ->add_option(
          "--against", request->against,
          "engine: detectors and a model (default); host: the kernel here; or one in a guest: an image, a version")
      ->option_text("WHAT");
  command->add_option("--cpus", request->cpus, "CPUs of a scenario, 1 to 3 (1)")->option_text("N");
  command->add_option("--time", request->time, "How long (60s)")->option_text("T");
  command->add_option("--programs", request->programs, "At most so many scenarios")->option_text("N");
  command->add_option("--findings", request->findings, "End with so many that look different (20)")->option_text("N");
  command->add_option("--seed", request->seed, "Of the first scenario; the next have the next (1)")->option_text("S");
  command->add_option("--defect", request->defects, "Switch defects on in the engine")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->option_text("ID,...");
  command->add_option("--corpus", request->corpus, "Where findings are written (scenarios/corpus)")->option_text("DIR");
  command->add_option("--keep", request->keep, "Write N scenarios that agree and show something new, and no findings")
      ->option_text("N");
  command->add_flag("--json", request->json, "JSON instead of text");
  command->callback([request, &shell] { shell.code = fuzz_all(*request, shell.console); });
}

}  // namespace quire::cli
