#include "fuzz/model_names.h"

#include <gtest/gtest.h>

#include <map>

#include "fuzz/generator.h"
#include "fuzz/model.h"
#include "scenario/format.h"
#include "scenario/parser.h"

namespace quire::fuzz {
namespace {

constexpr ModelUser kRoot{0, 0};
constexpr ModelUser kOther{1000, 0};

ModelNode of_kind(NodeKind kind, unsigned mode, std::string target = {}) {
  ModelNode what;
  what.kind = kind;
  what.mode = mode;
  what.target = std::move(target);
  return what;
}

class ModelNamesTest : public testing::Test {
 protected:
  static std::vector<ModelMount> mounts() {
    ModelMount tmp;
    tmp.name = "tmp";
    tmp.counts = true;
    tmp.inodes = 8;
    return {tmp};
  }
  int64_t mkdir(std::string_view path) { return names_.make(path, of_kind(NodeKind::directory, 0755), kRoot); }
  int64_t file(std::string_view path) { return names_.make(path, of_kind(NodeKind::regular, 0644), kRoot); }
  int64_t symlink(const std::string& target, std::string_view path) {
    return names_.make(path, of_kind(NodeKind::symlink, 0777, target), kRoot);
  }
  int64_t found(std::string_view path) { return names_.find(path, Follow::yes, kRoot).error; }

  ModelNames names_{mounts()};
};

TEST_F(ModelNamesTest, WalksThroughSymlinksAndDots) {
  ASSERT_EQ(mkdir("/tmp/d"), 0);
  ASSERT_EQ(file("/tmp/d/f"), 0);
  ASSERT_EQ(symlink("../tmp/d/", "/tmp/l"), 0);
  EXPECT_EQ(found("/tmp/l/./f"), 0);
  EXPECT_EQ(found("//tmp/l/../d/f"), 0);
  EXPECT_EQ(found("/tmp/d/f/"), -kEnotdir);
  EXPECT_EQ(found("/tmp/d/f/.."), -kEnotdir);
  EXPECT_EQ(found("/tmp/none/f"), -kEnoent);
  EXPECT_EQ(found(""), -kEnoent);
  EXPECT_EQ(found("/tmp/" + std::string(256, 'n')), -kEnametoolong);
  EXPECT_EQ(found("/" + std::string(4095, '/')), -kEnametoolong);
}

TEST_F(ModelNamesTest, SymlinksThatLeadToThemselvesLoop) {
  ASSERT_EQ(symlink("/tmp/b", "/tmp/a"), 0);
  ASSERT_EQ(symlink("a/", "/tmp/b"), 0);
  EXPECT_EQ(found("/tmp/a"), -kEloop);
  EXPECT_EQ(names_.find("/tmp/a", Follow::no, kRoot).error, 0);
}

TEST_F(ModelNamesTest, RenamesAreNoCycles) {
  ASSERT_EQ(mkdir("/tmp/a"), 0);
  ASSERT_EQ(mkdir("/tmp/a/b"), 0);
  ASSERT_EQ(mkdir("/tmp/c"), 0);
  EXPECT_EQ(names_.rename("/tmp/a", "/tmp/a/b/c", 0, kRoot), -kEinval);
  EXPECT_EQ(names_.rename("/tmp/a/b", "/tmp/a", 0, kRoot), -kEnotempty);
  EXPECT_EQ(names_.rename("/tmp/a/b", "/tmp/a", 2, kRoot), -kEinval);
  EXPECT_EQ(names_.rename("/tmp/a", "/tmp/c", 1, kRoot), -kEexist);
  EXPECT_EQ(names_.rename("/tmp/a", "/tmp/c", 0, kRoot), 0);
  EXPECT_EQ(found("/tmp/c/b/../.."), 0);
  EXPECT_EQ(names_.find("/tmp", Follow::yes, kRoot).node->nlink, 3);
  EXPECT_EQ(names_.find("/tmp/c", Follow::yes, kRoot).node->nlink, 3);
}

TEST_F(ModelNamesTest, LinksCountAndTakeRoom) {
  ASSERT_EQ(file("/tmp/f"), 0);
  for (char c = 'm'; c < 's'; ++c) ASSERT_EQ(names_.link("/tmp/f", std::string("/tmp/") + c, kRoot), 0);
  EXPECT_EQ(names_.link("/tmp/f", "/tmp/g", kRoot), -kEnospc);
  EXPECT_EQ(mkdir("/tmp/g"), -kEnospc);
  EXPECT_EQ(names_.find("/tmp/f", Follow::yes, kRoot).node->nlink, 7);
  EXPECT_EQ(names_.unlink("/tmp/m", kRoot), 0);
  EXPECT_EQ(mkdir("/tmp/g"), 0);
  EXPECT_EQ(names_.link("/tmp/g", "/tmp/h", kRoot), -kEperm);
}

TEST_F(ModelNamesTest, AnInodeThatIsOpenKeepsItsRoom) {
  for (char c = 'a'; c < 'h'; ++c) ASSERT_EQ(file(std::string("/tmp/") + c), 0);
  NodePtr open = names_.find("/tmp/a", Follow::yes, kRoot).node;
  ASSERT_EQ(names_.unlink("/tmp/a", kRoot), 0);
  EXPECT_EQ(file("/tmp/h"), -kEnospc);
  open.reset();
  EXPECT_EQ(file("/tmp/h"), 0);
}

TEST_F(ModelNamesTest, RightsAreAskedForOnTheWay) {
  ASSERT_EQ(mkdir("/tmp/d"), 0);
  ASSERT_EQ(file("/tmp/d/f"), 0);
  EXPECT_EQ(names_.unlink("/tmp/d/f", kOther), -kEacces);
  EXPECT_EQ(names_.rmdir("/tmp/d", kOther), -kEperm);
  names_.find("/tmp/d", Follow::yes, kRoot).node->mode = 0700;
  EXPECT_EQ(names_.find("/tmp/d/f", Follow::yes, kOther).error, -kEacces);
  EXPECT_EQ(names_.find("/tmp/d/f", Follow::yes, kRoot).error, 0);
}

// --- The model beside the engine ------------------------------------------------------------------------------------

struct Ran {
  explicit Ran(const std::string& machine, const std::string& calls)
      : parsed(scenario::parse(
            "scenario s \"s\"\nmachine cpus=1 " + machine + "\n\ncheck {\n" + calls + "}\n\nexpect { never bug }\n",
            "a.qs")) {
    EXPECT_TRUE(parsed.ok());
    run = run_in_order(parsed.document().scenarios.front(), {});
    EXPECT_EQ(run.error + run.incident, "");
  }
  [[nodiscard]] std::optional<Mismatch> mismatch() const { return first_mismatch(run.plan, run.results); }

  scenario::ParseResult parsed;  ///< what the plan is of
  Sequence run;
};

TEST(ModelPaths, WhatIsKnownIsCompared) {
  Ran ran("tmpfs=tmp:0", "A: f = open(\"/tmp/f\", O_RDWR|O_CREAT, 0600)\nA: stat(\"/tmp/f\").st_nlink\n");
  EXPECT_FALSE(ran.mismatch());
  ran.run.results[1].text = "2";
  auto wrong = ran.mismatch();
  ASSERT_TRUE(wrong);
  EXPECT_EQ(wrong->index, 1U);
  EXPECT_EQ(wrong->expected, "1");
}

TEST(ModelPaths, TheRootIsEachMachinesOwn) {
  Ran ran("tmpfs=tmp:0", "A: stat(\"/tmp/..\").st_size\nA: stat(\"/tmp\").st_size\n");
  EXPECT_FALSE(ran.mismatch());
  EXPECT_TRUE(is_about_root(ran.run.plan, ran.run.results, 0));
  EXPECT_FALSE(is_about_root(ran.run.plan, ran.run.results, 1));
}

TEST(ModelPaths, WhatWritersAreToldIsNoResult) {
  Ran ran("union=1", "A: f = open(\"/union/f\", O_RDWR|O_CREAT, 0600)\nA: pwrite(f, 'f', 0)\nA: fsync(f)\n");
  EXPECT_FALSE(ran.mismatch());
  ran.run.results[2].value = scenario::Value::of(524288);
  ran.run.results[2].text = "524288";
  EXPECT_TRUE(ran.mismatch());
}

// Each subject comes, and its programs say something of most calls that are about paths.
TEST(Generator, ProgramsAreAboutNamesStacksAndDisks) {
  std::map<std::string, unsigned> seen;
  constexpr uint64_t kPrograms = 1'000;
  for (uint64_t seed = 1; seed <= kPrograms; ++seed) {
    std::string text = format(generate(seed, {}));
    for (const char* word :
         {"tmpfs=tmp:", "nr_inodes=", "union=1", "disk=", "rename(", "setuid(", "posix_fadvise(", "readahead("})
      seen[word] += text.find(word) != std::string::npos ? 1 : 0;
  }
  for (const auto& [word, count] : seen) EXPECT_GT(count, 2U) << word;
  GeneratorOptions kernel;
  kernel.of_a_kernel = true;
  for (uint64_t seed = 1; seed <= 300; ++seed)
    EXPECT_EQ(format(generate(seed, kernel)).find("union="), std::string::npos) << seed;
}

TEST(Generator, FuzzingFindsWhatWritersAreTold) {
  for (const char* defect : {"D3-1", "D3-19"}) {
    unsigned found = 0;
    for (uint64_t seed = 1; seed <= 2'000 && found == 0; ++seed) {
      scenario::Scenario scenario = generate(seed, {});
      Sequence run = run_in_order(scenario, {defect});
      if (!run.error.empty() || run.names_an_error() || !run.incident.empty()) continue;
      found += first_mismatch(run.plan, run.results) ? 1 : 0;
    }
    EXPECT_GT(found, 0U) << defect;
  }
}

}  // namespace
}  // namespace quire::fuzz
