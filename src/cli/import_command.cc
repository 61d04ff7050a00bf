// quire import: a recorded run of another tool, as a scenario or replayed on the engine.
#include <fmt/core.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>

#include "cli/commands.h"
#include "cli/file.h"
#include "cli/load.h"
#include "import/fsx_replay.h"
#include "import/importer.h"
#include "runner/runner.h"
#include "scenario/format.h"

namespace quire::cli {
namespace {

struct ImportRequest {
  std::string file;
  std::string format;
  std::string output;
  std::string sums;
  bool replay = false;
  bool skip_unknown = false;
  uint64_t ram_pages = 0;
  uint64_t swap_pages = 0;
};

constexpr std::size_t kLogBytesMax = std::size_t{256} << 20;
constexpr uint64_t kPagesMax = uint64_t{1} << 20;

// A complaint goes to stderr.
std::optional<std::string> read_log(const std::string& path, const Console& console) {
  const File file(std::fopen(path.c_str(), "rb"));
  std::string text;
  bool good = file != nullptr;
  for (std::size_t got = 1; good && got != 0 && text.size() <= kLogBytesMax;) {
    constexpr std::size_t kPart = std::size_t{1} << 20;
    std::size_t before = text.size();
    text.resize(before + kPart);
    errno = 0;
    got = std::fread(text.data() + before, 1, kPart, file.get());
    text.resize(before + got);
    good = std::ferror(file.get()) == 0;
  }
  if (good && text.size() <= kLogBytesMax) return text;
  write(console.err, good ? fmt::format("{}: expected at most 256 MiB\n", path)
                          : fmt::format("{}: {}\n", path, std::strerror(errno)));
  return std::nullopt;
}

ExitCode bad_log(const Console& console, const scenario::Diagnostic& bad) {
  write(console.err, to_string(bad) + "\n");
  return ExitCode::bad_input;
}

std::string summary_of(const ImportRequest& request, const importer::FsxReplay& replay) {
  return fmt::format(
      "{}: {} operations, {} skipped; {} reads with identical contents, {} of them as recorded; {:.1f} MB read, "
      "{:.1f} MB written, up to {} pages in swap; {:.2f} s\n",
      request.file, grouped(replay.operations), grouped(replay.skipped), grouped(replay.reads),
      grouped(replay.sums_compared), static_cast<double>(replay.bytes_read) / 1e6,
      static_cast<double>(replay.bytes_written) / 1e6, grouped(replay.swapped_most), replay.seconds);
}

// On a machine without an explorer, with the contents of the recording.
ExitCode replay_natively(const ImportRequest& request, const std::string& text, const Console& console) {
  auto log = importer::read_fsx_log(text, request.file);
  if (auto* bad = std::get_if<scenario::Diagnostic>(&log)) return bad_log(console, *bad);
  importer::FsxReplayOptions options{request.file, {}, request.ram_pages, request.swap_pages};
  std::string beside = request.file + ".sums";
  std::string sums_file = request.sums.empty() && std::filesystem::exists(beside) ? beside : request.sums;
  if (!sums_file.empty()) {
    std::optional<std::string> sums_text = read_log(sums_file, console);
    if (!sums_text) return ExitCode::bad_input;
    auto sums = importer::read_fsx_sums(*sums_text, sums_file);
    if (auto* bad = std::get_if<scenario::Diagnostic>(&sums)) return bad_log(console, *bad);
    options.sums = std::get<std::vector<importer::FsxSum>>(std::move(sums));
  }
  importer::FsxReplay replay = replay_fsx(std::get<importer::FsxLog>(log), options);
  if (!replay.difference.empty()) write(console.out, replay.difference + "\n");
  write(console.out, summary_of(request, replay));
  return replay.difference.empty() ? ExitCode::as_stated : ExitCode::not_as_stated;
}

// Once, in the order of the log: what is not as recorded is printed.
ExitCode replay_scenario(const scenario::Document& document, const ImportRequest& request, const Console& console) {
  const auto answer = runner::run_scenario(document.scenarios[0], request.file, {});
  if (const auto* bad = std::get_if<scenario::Diagnostic>(&answer)) return bad_log(console, *bad);
  const auto& result = std::get<runner::RunResult>(answer);
  uint64_t different = 0;
  for (const runner::RunLine& line : result.lines) {
    if (line.as_stated) continue;
    ++different;
    write(console.out, line.text + "\n");
  }
  if (!result.incident.empty()) write(console.out, result.incident);
  write(console.out, fmt::format("{}: {} calls, {} not as recorded\n", request.file, grouped(result.lines.size()),
                                 grouped(different)));
  return result.as_stated && result.incident.empty() ? ExitCode::as_stated : ExitCode::not_as_stated;
}

ExitCode write_scenario(const importer::Imported& imported, const ImportRequest& request, const Console& console) {
  std::string text = format(imported.document);
  if (request.output.empty()) {
    write(console.out, text);
  } else if (std::string why = replace_file(request.output, text); !why.empty()) {
    complain(console, why);
    return ExitCode::machine_cannot;
  }
  std::string left_out;
  for (const std::string& line : imported.skipped) left_out += fmt::format("  {}\n", line);
  write(console.err, fmt::format("{}: {} calls{}\n{}", request.file, grouped(imported.calls),
                                 left_out.empty() ? "" : ", left out:", left_out));
  return ExitCode::as_stated;
}

std::string complaint_about(const ImportRequest& request, std::optional<importer::Format> format) {
  if (!request.format.empty() && !format)
    return fmt::format("expected --format fsx, strace or xfs_io, found '{}'", request.format);
  if (!format) return fmt::format("{}: expected --format fsx, strace or xfs_io: the name does not tell", request.file);
  bool native = *format == importer::Format::fsx && request.replay;
  if (!native && (request.ram_pages != 0 || request.swap_pages != 0 || !request.sums.empty()))
    return "--ram, --swap and --sums are for --replay of a log of fsx";
  if (request.ram_pages > kPagesMax || request.swap_pages > kPagesMax)
    return fmt::format("expected --ram and --swap of at most {} pages", kPagesMax);
  if (request.ram_pages != 0 && request.ram_pages < 64) return "expected --ram of 64 pages or more";
  return {};
}

ExitCode import_one(const ImportRequest& request, const Console& console) {
  std::optional<importer::Format> format =
      request.format.empty() ? importer::format_of_file(request.file) : importer::format_of(request.format);
  if (std::string complaint = complaint_about(request, format); !complaint.empty()) {
    complain(console, complaint);
    return ExitCode::bad_input;
  }
  std::optional<std::string> text = read_log(request.file, console);
  if (!text) return ExitCode::bad_input;
  bool native = *format == importer::Format::fsx && request.replay;
  ExitCode code = ExitCode::as_stated;
  if (native) code = replay_natively(request, *text, console);
  if (native && request.output.empty()) return code;
  importer::ImportOptions options{request.file,
                                  request.skip_unknown ? importer::Unknown::skip : importer::Unknown::complain};
  auto imported = import_log(*format, *text, options);
  if (auto* bad = std::get_if<scenario::Diagnostic>(&imported)) return bad_log(console, *bad);
  const auto& done = std::get<importer::Imported>(imported);
  if (!request.replay || !request.output.empty()) code = std::max(code, write_scenario(done, request, console));
  if (!request.replay || native) return code;
  return std::max(code, replay_scenario(done.document, request, console));
}

}  // namespace

void add_import_command(CLI::App& app, Shell& shell) {
  CLI::App* command = app.add_subcommand("import", "A recorded run of fsx, strace or xfs_io as a scenario");
  auto request = std::make_shared<ImportRequest>();
  command->add_option("FILE", request->file, "The log: F.fsxops, F.strace, F.xfs_io")->required()->option_text(" ");
  command->add_option("--format", request->format, "fsx, strace or xfs_io; else the name's ending tells")
      ->option_text("NAME");
  command->add_option("-o,--output", request->output, "Where the scenario goes (standard output)")->option_text("FILE");
  command->add_flag("--replay", request->replay, "Run it on the engine: fsx's contents for real, others as `run` does");
  command->add_option("--sums", request->sums, "What each read returned when it was recorded (FILE.sums)")
      ->option_text("FILE");
  command->add_option("--ram", request->ram_pages, "Pages of RAM of the replaying machine")->option_text("N");
  command->add_option("--swap", request->swap_pages, "Pages of swap of the replaying machine (0)")->option_text("N");
  command->add_flag("--skip-unknown", request->skip_unknown, "Leave out commands that the engine has no operation for");
  command->callback([request, &shell] { shell.code = import_one(*request, shell.console); });
}

}  // namespace quire::cli
