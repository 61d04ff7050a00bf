#include "oracle/messages.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <thread>

namespace quire::oracle {
namespace {

TEST(Messages, RequestsComeBackAsTheyWere) {
  Request request{Request::How::quickly, 7, "scenario s \"a\nb\"\n"};
  std::string line = line_of(request);
  EXPECT_EQ(line.find('\n'), std::string::npos);
  std::optional<Request> back = request_of(line);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->how, Request::How::quickly);
  EXPECT_EQ(back->rounds, 7U);
  EXPECT_EQ(back->text, request.text);
}

TEST(Messages, AnswersComeBackAsTheyWere) {
  Answer answer;
  answer.seen.rows[{"0", "-EINVAL"}] = 3;
  answer.seen.rows[{"1", ""}] = 4;
  answer.log = {"BUG: something"};
  std::optional<Answer> back = answer_of(line_of(answer));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->seen.rows, answer.seen.rows);
  EXPECT_EQ(back->log, answer.log);
  EXPECT_FALSE(back->ended);
  answer.seen.trouble = "no";
  EXPECT_EQ(answer_of(line_of(answer))->seen.trouble, "no");
}

TEST(Messages, WhatAKernelIsComesBackAsItWas) {
  KernelFacts facts;
  facts.release = "6.1.0-1";
  facts.nodes = 2;
  facts.fault_around_pages = 1;
  facts.guest = true;
  std::optional<Ready> ready = ready_of(line_of(facts, "why"));
  ASSERT_TRUE(ready);
  EXPECT_EQ(ready->facts.release, "6.1.0-1");
  EXPECT_EQ(ready->facts.nodes, 2U);
  EXPECT_EQ(ready->facts.fault_around_pages, 1U);
  EXPECT_TRUE(ready->facts.guest);
  EXPECT_FALSE(ready->facts.root);
  EXPECT_EQ(ready->trouble, "why");
}

// What firmware writes to a serial line, and lines that were cut.
TEST(Messages, OtherLinesAreNone) {
  for (const char* line : {"", "Booting from ROM...", "{", "{}", "[1]", "{\"play\":3}", "{\"rows\":[{}]}", "\x1b[2J",
                           "{\"kernel\":\"6.1\"}"}) {
    EXPECT_FALSE(request_of(line)) << line;
    EXPECT_FALSE(answer_of(line)) << line;
    EXPECT_FALSE(ready_of(line)) << line;
  }
}

TEST(Messages, VersionsAreCompared) {
  KernelFacts facts;
  facts.release = "6.12.117+deb12-amd64";
  EXPECT_TRUE(facts.is_since(6, 12));
  EXPECT_TRUE(facts.is_since(5, 19));
  EXPECT_FALSE(facts.is_since(6, 13));
}

class Line : public testing::Test {
 protected:
  Line() { EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends_.data()), 0); }
  ~Line() override {
    close(ends_[0]);
    close(ends_[1]);
  }
  std::array<int, 2> ends_{};
};

TEST_F(Line, LinesAreTakenApart) {
  std::string text = "one\ntw";
  ASSERT_EQ(write(ends_[0], text.data(), text.size()), static_cast<ssize_t>(text.size()));
  LineChannel channel(ends_[1]);
  EXPECT_EQ(channel.receive(1'000), "one");
  EXPECT_EQ(channel.receive(10), std::nullopt);  // half a line is none yet
  ASSERT_TRUE(LineChannel(ends_[0]).send("o"));
  EXPECT_EQ(channel.receive(1'000), "two");
}

TEST_F(Line, LongLinesArrive) {
  std::string text(1'000'000, 'x');
  std::thread sender([&] { EXPECT_TRUE(LineChannel(ends_[0]).send(text)); });
  LineChannel channel(ends_[1]);
  EXPECT_EQ(channel.receive(10'000), text);
  sender.join();
}

TEST_F(Line, AClosedEndIsTold) {
  shutdown(ends_[0], SHUT_RDWR);
  EXPECT_EQ(LineChannel(ends_[1]).receive(), std::nullopt);
}

}  // namespace
}  // namespace quire::oracle
