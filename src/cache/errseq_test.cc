#include "cache/errseq.h"

#include <gtest/gtest.h>

namespace quire::cache {
namespace {

using base::Errno;

TEST(Errseq, NothingIsReportedWhereNothingWasSet) {
  Errseq e;
  Errseq::Sample since = e.sample();
  EXPECT_EQ(e.check_and_advance(since), Errno::ok);
  e.set(Errno::ok);
  EXPECT_EQ(e.check(since), Errno::ok);
}

TEST(Errseq, EachObserverHearsOfAnErrorOnce) {
  Errseq e;
  Errseq::Sample a = e.sample();
  Errseq::Sample b = e.sample();
  e.set(Errno::eio);
  EXPECT_EQ(e.check_and_advance(a), Errno::eio);
  EXPECT_EQ(e.check_and_advance(a), Errno::ok);
  EXPECT_EQ(e.check_and_advance(b), Errno::eio);
  EXPECT_EQ(e.check_and_advance(b), Errno::ok);
}

TEST(Errseq, WhoComesAfterAnUnseenErrorHearsOfIt) {
  Errseq e;
  e.set(Errno::enospc);
  Errseq::Sample late = e.sample();
  EXPECT_EQ(e.check_and_advance(late), Errno::enospc);
  Errseq::Sample later = e.sample();
  EXPECT_EQ(e.check_and_advance(later), Errno::ok);
}

TEST(Errseq, TheSameErrorAgainIsNewsToWhoHasSeenTheFirst) {
  Errseq e;
  Errseq::Sample since = e.sample();
  e.set(Errno::eio);
  EXPECT_EQ(e.check_and_advance(since), Errno::eio);
  e.set(Errno::eio);
  EXPECT_EQ(e.check_and_advance(since), Errno::eio);
  EXPECT_EQ(e.check_and_advance(since), Errno::ok);
}

TEST(Errseq, OfErrorsThatNobodyHasSeenTheLastCounts) {
  Errseq e;
  Errseq::Sample since = e.sample();
  e.set(Errno::enospc);
  e.set(Errno::eio);
  EXPECT_TRUE(e.peek_unseen());
  EXPECT_EQ(e.check_and_advance(since), Errno::eio);
  EXPECT_FALSE(e.peek_unseen());
}

}  // namespace
}  // namespace quire::cache
