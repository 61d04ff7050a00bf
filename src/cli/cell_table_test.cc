// The tables at the end of a check: results, layout, and the forms of output that have none. The runner is
// fake_runner_for_test.cc.
#include "cli/cell_table.h"

#include <nlohmann/json.hpp>

#include "cli/harness_for_test.h"

namespace quire::cli {
namespace {

class CellTableTest : public CommandTest {
 protected:
  /// From the first table to the end.
  static std::string tables_of(const std::string& out) {
    const std::size_t at = out.find("\n\ntable ");
    return at == std::string::npos ? "" : out.substr(at + 2);
  }
};

TEST_F(CellTableTest, EveryResultHasItsWord) {
  std::string skipped = cell("skips", "\"zap\" mremap F");
  skipped.insert(skipped.find("expect"), "requires root\n");
  put("a.qs", cell("one", "\"zap\" munmap F") + cell("bounded", "\"zap\" munmap A") +
                  cell("two", "\"zap\" \"hole punch\" swap") + cell("wrong", "\"zap\" \"hole punch\" F") + skipped +
                  scenario("beside"));
  const Ran ran = quire({"check", "a.qs"});
  EXPECT_EQ(ran.code, 1);
  EXPECT_EQ(tables_of(ran.out),
            "table zap: 5 cells, 3 ok, 1 FAILED, 1 skipped\n"
            "               F         A     swap\n"
            "  munmap       ok        ok*   -\n"
            "  hole punch   FAILED    -     ok\n"
            "  mremap       skipped   -     -\n"
            "* not complete: all with up to 2 pre-emptions (1 cell)\n"
            "\n5 passed, 1 failed, 1 skipped\n")
      << ran.out;
}

TEST_F(CellTableTest, ACellOfSeveralScenariosIsAsTheWorst) {
  const std::string where = "\"zap\" munmap F";
  const auto word_of = [&](const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& name : names) text += cell(name, where);
    put("a.qs", text);
    const std::string table = tables_of(quire({"check", "a.qs"}).out);
    const std::size_t at = table.find("  munmap   ") + 11;
    return table.substr(at, table.find('\n', at) - at);
  };
  EXPECT_EQ(word_of({"one", "two"}), "ok");
  EXPECT_EQ(word_of({"one", "bounded", "two"}), "ok*");
  EXPECT_EQ(word_of({"wrong", "one", "bounded"}), "FAILED");
  EXPECT_EQ(word_of({"one", "crash"}), "FAILED");
  EXPECT_EQ(word_of({"one", "broken"}), "FAILED");
}

TEST_F(CellTableTest, TablesAreOfTheScenariosThatWereChecked) {
  put("a.qs", cell("one", "\"zap\" munmap F") + cell("two", "\"pages\" fork A"));
  put("b.qs", cell("three", "\"zap\" munmap A"));
  EXPECT_EQ(tables_of(quire({"check", "a.qs", "b.qs"}).out),
            "table zap: 2 cells, 2 ok\n           F    A\n  munmap   ok   ok\n\n"
            "table pages: 1 cell, 1 ok\n         A\n  fork   ok\n\n3 passed, 0 failed, 0 skipped\n");
  EXPECT_EQ(tables_of(quire({"check", "--only", "three", "a.qs", "b.qs"}).out),
            "table zap: 1 cell, 1 ok\n           A\n  munmap   ok\n\n1 passed, 0 failed, 0 skipped\n");
}

TEST_F(CellTableTest, WideTablesGoOnBelow) {
  std::string text;
  for (int column = 0; column < 40; ++column) {
    const std::string name = std::to_string(column);
    text += cell("s" + name, "\"wide\" \"\xc3\xa4 row\" column-" + name);
  }
  put("a.qs", text);
  const std::string table = tables_of(quire({"check", "a.qs"}).out);
  std::size_t heads = 0;
  for (std::size_t start = 0; start < table.size();) {
    const std::size_t end = table.find('\n', start);
    EXPECT_LE(end - start, 121U);  // one of the letters has two bytes
    EXPECT_NE(table[end - 1], ' ');
    if (table.substr(start, 10) == "          ") ++heads;
    start = end + 1;
  }
  EXPECT_EQ(heads, 5U) << table;
  EXPECT_NE(table.find("\n  \xc3\xa4 row   ok         ok "), std::string::npos) << table;
}

TEST_F(CellTableTest, ColorDoesNotMoveColumns) {
  put("a.qs", cell("wrong", "\"zap\" munmap F") + cell("one", "\"zap\" munmap A"));
  EXPECT_NE(quire({"check", "--color", "always", "a.qs"})
                .out.find("           F        A\n  munmap   \033[1;31mFAILED\033[0m   \033[32mok\033[0m\n"),
            std::string::npos);
}

TEST_F(CellTableTest, JsonHasTheTablesAndKtapAndJunitHaveNone) {
  put("a.qs", cell("one", "\"zap\" munmap F") + cell("bounded", "\"zap\" mremap A"));
  const nlohmann::json all = nlohmann::json::parse(quire({"check", "--json", "a.qs"}).out);
  EXPECT_EQ(all.at("tables"), nlohmann::json::parse(R"([{"name": "zap", "rows": [
      {"row": "munmap", "cells": [{"column": "F", "result": "ok"}, {"column": "A", "result": "-"}]},
      {"row": "mremap", "cells": [{"column": "F", "result": "-"}, {"column": "A", "result": "ok*"}]}]}])"));
  EXPECT_EQ(all.at("scenarios")[0].at("verdicts")[0].at("bound"), "");
  EXPECT_EQ(all.at("scenarios")[1].at("verdicts")[0].at("bound"), "all with up to 2 pre-emptions");
  EXPECT_EQ(quire({"check", "--ktap", "--junit", "out.xml", "a.qs"}).out.find("table"), std::string::npos);
  EXPECT_EQ(get("out.xml").find("table"), std::string::npos);
  put("b.qs", scenario("holds"));
  EXPECT_EQ(nlohmann::json::parse(quire({"check", "--json", "b.qs"}).out).at("tables"), nlohmann::json::array());
}

}  // namespace
}  // namespace quire::cli
