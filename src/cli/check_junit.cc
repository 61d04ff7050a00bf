#include <fmt/core.h>

#include <vector>

#include "cli/check_outputs.h"

namespace quire::cli {
namespace {

// The length of the well-formed UTF-8 sequence at the start, of a character XML 1.0 allows; 0 if there is none.
std::size_t character_bytes(std::string_view text) {
  const auto byte = [&](std::size_t at) { return at < text.size() ? static_cast<unsigned char>(text[at]) : 0U; };
  const unsigned first = byte(0);
  if (first < 0x80) return first >= 0x20 || first == '\t' || first == '\n' || first == '\r' ? 1 : 0;
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4) return 0;
  unsigned code = first & (0xffU >> (length + 1));
  for (std::size_t at = 1; at < length; ++at) {
    if ((byte(at) & 0xc0) != 0x80) return 0;
    code = (code << 6) | (byte(at) & 0x3f);
  }
  const bool overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
  const bool no_character = (code >= 0xd800 && code < 0xe000) || code == 0xfffe || code == 0xffff || code > 0x10ffff;
  return overlong || no_character ? 0 : length;
}

struct SuiteTotals {
  Tally tally;
  double seconds = 0;
};

std::string totals_text(const SuiteTotals& totals) {
  const Tally& tally = totals.tally;
  const uint64_t errors = tally.input_errors + tally.machine_errors;
  return fmt::format(R"(tests="{}" failures="{}" errors="{}" skipped="{}" time="{:.3f}")",
                     tally.passed + tally.failed + tally.skipped + errors, tally.failed, errors, tally.skipped,
                     totals.seconds);
}

std::string case_text(const Outcome& outcome, const Entry& entry) {
  const runner::Verdict& verdict = entry.verdict;
  const std::string head =
      fmt::format(R"(    <testcase classname="{}" name="{}{}" file="{}" line="{}" time="{:.3f}")",
                  xml_text(outcome.file), xml_text(fmt::format("{} line {}", outcome.name, verdict.line)),
                  xml_text(with_defects(verdict.defects)), xml_text(outcome.file), verdict.line, verdict.seconds);
  switch (entry.mark) {
    case Mark::passed:
      return head + "/>\n";
    case Mark::skipped:
      return head + fmt::format(">\n      <skipped message=\"{}\"/>\n    </testcase>\n", xml_text(outcome.skipped));
    case Mark::failed:
      break;
  }
  return head + fmt::format(">\n      <failure type=\"{}\" message=\"{}\">{}</failure>\n    </testcase>\n",
                            xml_text(verdict.found), xml_text(verdict.summary),
                            xml_text(verdict.report.empty() ? verdict.stated : verdict.report));
}

std::string error_text(const Outcome& outcome) {
  const std::string file = xml_text(outcome.file);
  return fmt::format(
      "    <testcase classname=\"{}\" name=\"{}\" file=\"{}\" time=\"0.000\">\n"
      "      <error type=\"{}\" message=\"{}\"/>\n    </testcase>\n",
      file, xml_text(outcome.name.empty() ? outcome.file : outcome.name), file,
      outcome.trouble == Outcome::Trouble::machine ? "machine" : "input", xml_text(outcome.error));
}

class JunitOutput final : public CheckOutput {
 public:
  explicit JunitOutput(std::FILE* stream) : stream_(stream) {}

  void add(const Outcome& outcome) override {
    SuiteTotals totals;
    totals.tally.add(outcome);
    std::string cases = outcome.error.empty() ? "" : error_text(outcome);
    for (const Entry& entry : outcome.entries) {
      totals.seconds += entry.verdict.seconds;
      cases += case_text(outcome, entry);
    }
    all_.tally.add(outcome);
    all_.seconds += totals.seconds;
    suites_ += fmt::format("  <testsuite name=\"{}\" {}>\n{}  </testsuite>\n",
                           xml_text(outcome.name.empty() ? outcome.file : outcome.name), totals_text(totals), cases);
  }

  void end(const Tally&) override {
    write(stream_, fmt::format("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"quire\" {}>\n{}"
                               "</testsuites>\n",
                               totals_text(all_), suites_));
  }

 private:
  std::FILE* stream_;
  std::string suites_;
  SuiteTotals all_;
};

}  // namespace

std::string xml_text(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t length = character_bytes(text);
    const std::string_view character = text.substr(0, length);
    if (length == 0) {
      out += "\xef\xbf\xbd";
    } else if (character == "&") {
      out += "&amp;";
    } else if (character == "<") {
      out += "&lt;";
    } else if (character == ">") {
      out += "&gt;";
    } else if (character == "\"") {
      out += "&quot;";
    } else {
      out += character;
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return out;
}

std::unique_ptr<CheckOutput> junit_output(std::FILE* stream) { return std::make_unique<JunitOutput>(stream); }

}  // namespace quire::cli
