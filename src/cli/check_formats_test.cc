// JSON, JUnit and KTAP of `quire check`.
#include <nlohmann/json.hpp>

#include "cli/check_outputs.h"
#include "cli/fake_runner_for_test.h"
#include "cli/harness_for_test.h"

namespace quire::cli {
namespace {

class CheckFormats : public CommandTest {
 protected:
  void SetUp() override {
    CommandTest::SetUp();
    put("a.qs", scenario("holds"));
    put("b.qs", scenario("wrong"));
    put("c.qs", "scenario x \"y\"\nsetpu { }\n");
    put("d.qs", "scenario skips \"y\"\nrequires root\nexpect { never uaf }\n");
    put("e.qs", scenario("crash"));
    put("f.qs", scenario("bytes"));
  }
};

TEST_F(CheckFormats, JsonHasTheKeysThatScriptsRelyOn) {
  const Ran ran = quire({"check", "--json", "."});
  EXPECT_EQ(ran.code, 2);
  const nlohmann::json all = nlohmann::json::parse(ran.out);
  ASSERT_EQ(all.at("scenarios").size(), 6U);
  const nlohmann::json& holds = all["scenarios"][0];
  EXPECT_EQ(holds.at("file"), "a.qs");
  EXPECT_EQ(holds.at("name"), "holds");
  EXPECT_EQ(holds.at("line"), 1);
  ASSERT_EQ(holds.at("verdicts").size(), 2U);
  const nlohmann::json& plain = holds["verdicts"][0];
  EXPECT_EQ(plain.at("line"), 3);
  EXPECT_EQ(plain.at("stated"), "never uaf, complete");
  EXPECT_EQ(plain.at("as_stated"), true);
  EXPECT_EQ(plain.at("found"), "");
  EXPECT_EQ(plain.at("defects"), nlohmann::json::array());
  EXPECT_EQ(plain.at("complete"), true);
  EXPECT_EQ(plain.at("executions"), 1234);
  EXPECT_EQ(plain.at("seconds"), 0.5);
  EXPECT_TRUE(plain.at("preemptions").is_null());
  EXPECT_EQ(plain.at("token"), "");
  const nlohmann::json& with = holds["verdicts"][1];
  EXPECT_EQ(with.at("found"), "uaf");
  EXPECT_EQ(with.at("defects"), nlohmann::json::array({"D2-1"}));
  EXPECT_EQ(with.at("preemptions"), 1);
  EXPECT_EQ(with.at("token"), "a.qs:holds:D2-1:0.1.0:1");
  EXPECT_EQ(with.at("stats").at("checkpoint_bytes"), 65536);
  EXPECT_EQ(all["scenarios"][1]["verdicts"][0].at("report"), runner::fake_report("b.qs:wrong::0.1.0:1"));
  EXPECT_NE(all["scenarios"][2].at("error").get<std::string>().find("c.qs:2:1: "), std::string::npos);
  EXPECT_EQ(all["scenarios"][2].at("verdicts"), nlohmann::json::array());
  EXPECT_EQ(all["scenarios"][3].at("skipped"), "needs root");
  EXPECT_EQ(all["scenarios"][4]["verdicts"][0].at("found"), "crash");
  EXPECT_EQ(all["scenarios"][4]["verdicts"][0].at("as_stated"), false);
  EXPECT_EQ(all.at("passed"), 2);
  EXPECT_EQ(all.at("failed"), 5);
  EXPECT_EQ(all.at("skipped"), 1);
  EXPECT_EQ(all.at("errors"), 1);
}

// Tags closed in the order they were opened, one root, no stray markup: enough to be read as XML.
void expect_well_formed(const std::string& xml) {
  std::vector<std::string> open;
  std::size_t roots = 0;
  for (std::size_t at = 0; at < xml.size(); ++at) {
    ASSERT_FALSE(static_cast<unsigned char>(xml[at]) < 0x20 && xml[at] != '\n' && xml[at] != '\t');
    if (xml[at] == '&') {
      ASSERT_LT(xml.find(';', at), at + 6);
    }
    if (xml[at] != '<') {
      ASSERT_NE(xml[at], '>');
      continue;
    }
    const std::size_t end = xml.find('>', at);
    ASSERT_NE(end, std::string::npos);
    const std::string tag = xml.substr(at + 1, end - at - 1);
    at = end;
    ASSERT_EQ(std::count(tag.begin(), tag.end(), '"') % 2, 0) << tag;
    if (tag[0] == '?') continue;
    if (tag[0] == '/') {
      ASSERT_FALSE(open.empty());
      ASSERT_EQ(open.back(), tag.substr(1));
      open.pop_back();
      continue;
    }
    roots += open.empty() ? 1 : 0;
    if (tag.back() != '/') open.push_back(tag.substr(0, tag.find(' ')));
  }
  EXPECT_TRUE(open.empty());
  EXPECT_EQ(roots, 1U);
}

TEST_F(CheckFormats, JunitIsWellFormedAndCounts) {
  const Ran ran = quire({"check", "--junit", "out.xml", "."});
  EXPECT_EQ(ran.code, 2);
  const std::string xml = get("out.xml");
  expect_well_formed(xml);
  EXPECT_NE(xml.find("<testsuites name=\"quire\" tests=\"9\" failures=\"5\" errors=\"1\" skipped=\"1\""),
            std::string::npos)
      << xml;
  EXPECT_NE(xml.find("<failure type=\"uaf\" message=\"found # &amp; &lt;odd&gt;\">]]&gt; &amp; &lt;&quot;"
                     "\xef\xbf\xbd\xef\xbf\xbd\xc3\xa4\n</failure>"),
            std::string::npos)
      << xml;
  EXPECT_NE(xml.find("<skipped message=\"needs root\"/>"), std::string::npos);
  EXPECT_NE(xml.find("<error type=\"input\" message=\"c.qs:2:1: "), std::string::npos);
  EXPECT_NE(xml.find("<failure type=\"crash\" message=\"the worker was killed by SIGSEGV"), std::string::npos);
}

TEST_F(CheckFormats, KtapIsVersionOneWithSubtests) {
  const Ran ran = quire({"check", "--ktap", "."});
  EXPECT_EQ(ran.code, 2);
  EXPECT_EQ(ran.out.find("KTAP version 1\n1..6\n"
                         "  KTAP version 1\n  # Subtest: holds\n  1..2\n"
                         "  # a.qs:3: holds (complete, 1234 executions)\n"
                         "  ok 1 line 3: never uaf, complete\n"
                         "  # a.qs:4: found uaf @ free_swap_and_cache (1 pre-emption)\n"
                         "  ok 2 line 4 with D2-1: sometimes uaf @ free_swap_and_cache\n"
                         "ok 1 holds\n"),
            0U)
      << ran.out;
  EXPECT_NE(ran.out.find("  # BUG: quire: use-after-free in free_swap_and_cache\n"), std::string::npos);
  EXPECT_NE(ran.out.find("\nnot ok 2 wrong\n"), std::string::npos);
  EXPECT_NE(ran.out.find("\nnot ok 3 c.qs\n"), std::string::npos);
  EXPECT_NE(ran.out.find("\n  ok 1 line 3: never uaf # SKIP needs root\nok 4 skips # SKIP needs root\n"),
            std::string::npos)
      << ran.out;
  EXPECT_NE(ran.out.find("\nnot ok 6 bytes\n# Totals: pass:2 fail:5 xfail:0 xpass:0 skip:1 error:1\n"),
            std::string::npos);
}

TEST_F(CheckFormats, XmlTextHoldsOnlyWhatXmlMay) {
  EXPECT_EQ(xml_text("a<b>&\"\xe2\x82\xac\n\t"), "a&lt;b&gt;&amp;&quot;\xe2\x82\xac\n\t");
  for (const char* odd : {"\x80", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xef\xbf\xbf", "\xf5\x80\x80\x80",
                          "\xc3", "\x1b", "\xf0\x80\x80\x80"}) {
    EXPECT_EQ(xml_text(odd).find("\xef\xbf\xbd"), 0U);
  }
  EXPECT_EQ(xml_text("\xf0\x9f\x98\x80"), "\xf0\x9f\x98\x80");
}

}  // namespace
}  // namespace quire::cli
