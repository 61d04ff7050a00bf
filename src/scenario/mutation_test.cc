// The parser on damaged files: it answers every one, and points into it.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

#include "scenario/examples_for_test.h"
#include "scenario/format.h"
#include "scenario/parser.h"

namespace quire::scenario {
namespace {

// A position just behind the last character of a line is inside: that is where something is missing.
bool points_into(const Diagnostic& diagnostic, std::string_view text) {
  if (diagnostic.line < 1 || diagnostic.column < 1) return false;
  std::size_t start = 0;
  for (int line = 1; line < diagnostic.line; ++line) {
    const std::size_t end = text.find('\n', start);
    if (end == std::string_view::npos) return false;
    start = end + 1;
  }
  const std::size_t length = std::min(text.find('\n', start), text.size()) - start;
  return static_cast<std::size_t>(diagnostic.column) <= length + 1;
}

void survives(std::string_view text) {
  const ParseResult result = parse(text, "damaged.qs");
  if (!result.ok()) {
    ASSERT_TRUE(points_into(result.error(), text)) << to_string(result.error()) << "\n" << text;
    return;
  }
  const std::string printed = format(result.document());
  const ParseResult again = parse(printed, "printed.qs");
  ASSERT_TRUE(again.ok()) << to_string(again.error()) << "\n" << text << "\n---- printed\n" << printed;
  ASSERT_TRUE(again.document() == result.document()) << text << "\n---- printed\n" << printed;
  ASSERT_EQ(format(again.document()), printed);
}

class Mutator {
 public:
  std::string mutate(std::string text) {
    for (int i = 1 + below(4); i > 0; --i) mutate_once(text);
    return text;
  }
  std::size_t pick(std::size_t bound) { return below(static_cast<int>(bound)); }

 private:
  int below(int bound) { return std::uniform_int_distribution<int>(0, bound - 1)(random_); }

  void mutate_once(std::string& text) {
    constexpr std::string_view kMarks = "{}()[],:;=<>|+-*.@?#\"'\\\n K0";
    if (text.empty()) return;
    const std::size_t at = pick(text.size());
    const std::size_t length = std::min<std::size_t>(1 + below(12), text.size() - at);
    switch (below(6)) {
      case 0:
        text.erase(at, length);
        break;
      case 1:
        text.insert(at, 1, kMarks[pick(kMarks.size())]);
        break;
      case 2:
        text[at] = static_cast<char>(below(256));
        break;
      case 3:
        text.insert(pick(text.size()), text.substr(at, length));
        break;
      case 4:
        text[at] = kMarks[pick(kMarks.size())];
        break;
      default:
        std::swap(text[at], text[pick(text.size())]);
        break;
    }
  }

  std::mt19937 random_{20240426};
};

TEST(Mutations, EveryPrefixIsAnswered) {
  for (const std::string_view example : kExamples) {
    for (std::size_t length = 0; length <= example.size(); ++length) {
      ASSERT_NO_FATAL_FAILURE(survives(example.substr(0, length))) << length;
    }
  }
}

TEST(Mutations, TwentyThousandMutationsAreAnswered) {
  Mutator mutator;
  for (int i = 0; i < 20000; ++i) {
    const std::string text = mutator.mutate(std::string(kExamples[mutator.pick(kExamples.size())]));
    ASSERT_NO_FATAL_FAILURE(survives(text)) << "mutation " << i;
  }
}

}  // namespace
}  // namespace quire::scenario
