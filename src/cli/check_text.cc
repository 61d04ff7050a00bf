#include <fmt/core.h>

#include "cli/cell_table.h"
#include "cli/check_outputs.h"

namespace quire::cli {
namespace {

std::string mark_text(const Console& console, Mark mark) {
  switch (mark) {
    case Mark::passed:
      return paint(console, Paint::good, "ok  ");
    case Mark::failed:
      return paint(console, Paint::bad, "FAIL");
    case Mark::skipped:
      break;
  }
  return paint(console, Paint::faint, "skip");
}

std::string size_text(uint64_t bytes) {
  if (bytes < 1024) return fmt::format("{} B", bytes);
  const double kib = static_cast<double>(bytes) / 1024;
  return kib < 1024 ? fmt::format("{:.1f} KiB", kib) : fmt::format("{:.1f} MiB", kib / 1024);
}

std::string figures_text(const runner::Stats& stats) {
  return fmt::format(
      "     {} executions in {:.3f} s, {} executions/s, {} abandoned\n"
      "     {} steps, {} repeated steps, checkpoint {}, depth {}\n",
      grouped(stats.executions), stats.seconds, grouped(static_cast<uint64_t>(stats.executions_per_second)),
      grouped(stats.abandoned), grouped(stats.steps_run), grouped(stats.steps_repeated),
      size_text(stats.checkpoint_bytes), grouped(stats.depth_max));
}

class TextOutput final : public CheckOutput {
 public:
  TextOutput(const Console& console, const TextOptions& options) : console_(console), options_(options) {}

  void add(const Outcome& outcome) override {
    tables_.add(outcome);
    for (const Entry& entry : outcome.entries) write(console_.out, entry_text(outcome, entry));
    std::fflush(console_.out);
  }

  void end(const Tally& tally) override {
    for (const CellTable& table : tables_.all()) write(console_.out, "\n" + table_text(console_, table));
    if (!tables_.all().empty()) write(console_.out, "\n");
    write(console_.out, fmt::format("{} passed, {} failed, {} skipped\n", tally.passed, tally.failed, tally.skipped));
  }

 private:
  [[nodiscard]] std::string entry_text(const Outcome& outcome, const Entry& entry) const {
    const runner::Verdict& verdict = entry.verdict;
    std::string text = fmt::format("{} {}:{}: {}{}: {}\n", mark_text(console_, entry.mark), outcome.file, verdict.line,
                                   outcome.name, with_defects(verdict.defects), verdict.summary);
    if (entry.mark == Mark::failed && verdict.report.empty() && !verdict.stated.empty()) {
      text += fmt::format("     stated: {}\n", verdict.stated);
    }
    if (options_.figures == Figures::shown && entry.mark != Mark::skipped) text += figures_text(verdict.stats);
    if (shows_report(entry, options_.reports)) text += "\n" + verdict.report + "\n";
    return text;
  }

  const Console& console_;
  TextOptions options_;
  CellTables tables_;
};

}  // namespace

std::unique_ptr<CheckOutput> text_output(const Console& console, const TextOptions& options) {
  return std::make_unique<TextOutput>(console, options);
}

}  // namespace quire::cli
