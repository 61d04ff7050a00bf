// quire fuzz, with a fuzzer that is none (fake_fuzz_for_test.cc).
#include <nlohmann/json.hpp>

#include "cli/harness_for_test.h"

namespace quire::cli {
namespace {

class FuzzCommand : public CommandTest {};

TEST_F(FuzzCommand, EndsWithTheRate) {
  Ran ran = quire({"fuzz", "--seed", "1", "--corpus", "found"});
  EXPECT_EQ(ran.code, 0);
  EXPECT_NE(ran.out.find("1,000 programs in 2.0 s (500 per second), 0 with differences"), std::string::npos) << ran.out;
}

TEST_F(FuzzCommand, WritesFindingsAndEndsWith1) {
  Ran ran = quire({"fuzz", "--seed", "7", "--corpus", "found"});
  EXPECT_EQ(ran.code, 1);
  EXPECT_NE(ran.out.find("found/contents-7.qs: seed 7, program 12"), std::string::npos) << ran.out;
  EXPECT_EQ(quire({"fmt", "--check", "found/contents-7.qs"}).code, 0);
}

TEST_F(FuzzCommand, SpeaksJson) {
  Ran ran = quire({"fuzz", "--seed", "7", "--corpus", "found", "--json"});
  nlohmann::json all = nlohmann::json::parse(ran.out);
  EXPECT_EQ(all.at("programs"), 1'000);
  EXPECT_EQ(all.at("seconds"), 2);
  EXPECT_EQ(all.at("differences"), 3);
  EXPECT_EQ(all.at("findings").at(0).at("file"), "found/contents-7.qs");
  EXPECT_EQ(all.at("findings").at(0).at("kind"), "contents");
}

TEST_F(FuzzCommand, KeepsScenariosThatAgree) {
  Ran ran = quire({"fuzz", "--keep", "5", "--seed", "3", "--corpus", "kept"});
  EXPECT_EQ(ran.code, 0);
  EXPECT_EQ(ran.out, "kept/sequences-3.qs: 1 scenarios\n");
}

TEST_F(FuzzCommand, RefusesWhatItCannotDo) {
  EXPECT_EQ(quire({"fuzz", "--against", "moon"}).code, 2);
  EXPECT_EQ(quire({"fuzz", "--cpus", "4"}).code, 2);
  EXPECT_EQ(quire({"fuzz", "--time", "soon"}).code, 2);
  EXPECT_EQ(quire({"fuzz", "--defect", "D9-9"}).code, 2);
  EXPECT_EQ(quire({"fuzz", "--cpus", "2", "--keep", "3"}).code, 2);
  Ran host = quire({"fuzz", "--against", "host"});
  EXPECT_EQ(host.code, 3);
  EXPECT_EQ(host.err, "quire: swap needs root\n");
}

}  // namespace
}  // namespace quire::cli
