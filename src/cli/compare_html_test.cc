// The page of `compare --html`.
#include "cli/compare_html.h"

#include <gtest/gtest.h>

namespace quire::cli {
namespace {

bool has(const std::string& page, std::string_view part) { return page.find(part) != std::string::npos; }

std::vector<ComparedKernel> two_kernels() {
  return {{"6.18.44",
           {{"b.qs", 9, "two", "differs", "", {"line 3: load(p): 1 in the engine, 0 on the kernel"}, 1, 1},
            {"a.qs", 1, "one", "agrees", "", {}, 4, 3},
            {"a.qs", 7, "three", "skipped", "swap needs root", {}, 0, 0}}},
          {"6.12.1", {{"a.qs", 1, "one", "explained", "mm/mremap.c since 6.17", {"x"}, 4, 4}}}};
}

TEST(CompareHtml, KernelsAreColumnsAndScenariosRows) {
  const std::string page = compare_html(two_kernels());
  EXPECT_EQ(page.find("<!DOCTYPE html>"), 0U);
  EXPECT_TRUE(has(page, "<tr><th>scenario</th><th>6.18.44</th><th>6.12.1</th></tr>")) << page;
  EXPECT_TRUE(has(page,
                  "<td>one<br><small><code>a.qs:1</code></small></td>"
                  "<td class=\"agrees\">agrees<br><small>3 of 4 outcomes seen</small></td>"
                  "<td class=\"explained\">explained<br><small>4 of 4 outcomes seen</small><br><small>mm/mremap.c "
                  "since 6.17</small><pre>x\n</pre></td></tr>"))
      << page;
  EXPECT_TRUE(
      has(page, "<pre>line 3: load(p): 1 in the engine, 0 on the kernel\n</pre></td><td class=\"none\">-</td>"));
  EXPECT_TRUE(has(page, "skipped<br><small>swap needs root</small>"));
  EXPECT_LT(page.find("a.qs:7"), page.find("b.qs:9"));
}

TEST(CompareHtml, CountsStandAboveForEachKernel) {
  const std::string page = compare_html(two_kernels());
  EXPECT_TRUE(has(page,
                  "<tr><th>6.18.44</th><td class=\"n agrees\">1</td><td class=\"n explained\">0</td>"
                  "<td class=\"n differs\">1</td><td class=\"n skipped\">1</td><td class=\"n\">4 of 5</td></tr>"))
      << page;
  EXPECT_TRUE(has(page, "<tr><th>6.12.1</th><td class=\"n agrees\">0</td><td class=\"n explained\">1</td>"));
}

TEST(CompareHtml, NothingOfItComesFromElsewhere) {
  const std::string page = compare_html(two_kernels());
  for (const char* word : {"<script", "src=", "href=", "http", "@import", "url("})
    EXPECT_FALSE(has(page, word)) << word;
}

TEST(CompareHtml, WhatFilesAndKernelsSayIsEscaped) {
  const std::string evil = "<b onx=\"1\" ony='2'>&";
  const std::string page = compare_html({{evil, {{evil, 1, evil, evil, evil, {evil}, 1, 1}}}});
  EXPECT_FALSE(has(page, "<b "));
  EXPECT_TRUE(has(page, "&lt;b onx=&quot;1&quot; ony=&#39;2&#39;&gt;&amp;"));
  EXPECT_EQ(html_escaped("a\x01\x80z"), "a\xef\xbf\xbd\xef\xbf\xbdz");
  EXPECT_EQ(html_escaped("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"), "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80");
  EXPECT_EQ(html_escaped("\xed\xa0\x80"), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
  EXPECT_EQ(html_escaped("\xc3"), "\xef\xbf\xbd");
}

}  // namespace
}  // namespace quire::cli
