// KTAP version 1: https://docs.kernel.org/dev-tools/ktap.html
#include <fmt/core.h>

#include <algorithm>

#include "cli/check_outputs.h"

namespace quire::cli {
namespace {

// A description has neither `#`, which starts a directive, nor a line break.
std::string description(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c == '#' || c == '\n' || c == '\r'; }, ' ');
  return text;
}

std::string diagnostics(std::string_view indent, std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    out += fmt::format("{}#{}{}\n", indent, line.empty() ? "" : " ", line);
    text.remove_prefix(std::min(text.size(), line.size() + 1));
  }
  return out;
}

class KtapOutput final : public CheckOutput {
 public:
  KtapOutput(const Console& console, Reports reports) : console_(console), reports_(reports) {}

  void begin(std::size_t outcomes) override { write(console_.out, fmt::format("KTAP version 1\n1..{}\n", outcomes)); }

  void add(const Outcome& outcome) override {
    ++number_;
    const std::string name = description(outcome.name.empty() ? outcome.file : outcome.name);
    if (outcome.entries.empty()) {
      write(console_.out, diagnostics("", outcome.error));
    } else {
      write(console_.out, fmt::format("  KTAP version 1\n  # Subtest: {}\n  1..{}\n", name, outcome.entries.size()));
    }
    Mark all = outcome.error.empty() ? Mark::skipped : Mark::failed;
    for (std::size_t at = 0; at < outcome.entries.size(); ++at) {
      const Entry& entry = outcome.entries[at];
      write(console_.out, entry_text(outcome, entry, at + 1));
      if (entry.mark == Mark::failed || (entry.mark == Mark::passed && all == Mark::skipped)) all = entry.mark;
    }
    const std::string skip = all == Mark::skipped ? fmt::format(" # SKIP {}", description(outcome.skipped)) : "";
    write(console_.out, fmt::format("{} {} {}{}\n", all == Mark::failed ? "not ok" : "ok", number_, name, skip));
    std::fflush(console_.out);
  }

  void end(const Tally& tally) override {
    write(console_.out, fmt::format("# Totals: pass:{} fail:{} xfail:0 xpass:0 skip:{} error:{}\n", tally.passed,
                                    tally.failed, tally.skipped, tally.input_errors + tally.machine_errors));
  }

 private:
  [[nodiscard]] std::string entry_text(const Outcome& outcome, const Entry& entry, std::size_t number) const {
    const runner::Verdict& verdict = entry.verdict;
    std::string text = diagnostics("  ", fmt::format("{}:{}: {}", outcome.file, verdict.line, verdict.summary));
    if (shows_report(entry, reports_)) text += diagnostics("  ", verdict.report);
    const std::string what = description(fmt::format("line {}{}{}{}", verdict.line, with_defects(verdict.defects),
                                                     verdict.stated.empty() ? "" : ": ", verdict.stated));
    const std::string skip = entry.mark == Mark::skipped ? fmt::format(" # SKIP {}", description(outcome.skipped)) : "";
    return text + fmt::format("  {} {} {}{}\n", entry.mark == Mark::failed ? "not ok" : "ok", number, what, skip);
  }

  const Console& console_;
  Reports reports_;
  std::size_t number_ = 0;
};

}  // namespace

std::unique_ptr<CheckOutput> ktap_output(const Console& console, Reports reports) {
  return std::make_unique<KtapOutput>(console, reports);
}

}  // namespace quire::cli
