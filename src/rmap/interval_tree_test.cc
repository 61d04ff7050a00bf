// The tree against a list that is searched from end to end.
#include "rmap/interval_tree.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace quire::rmap {
namespace {

struct Stretch {
  IntervalLink<Stretch> link;
  base::Range<base::FileIndex> interval;
  bool linked = false;
};
using Tree = IntervalTree<Stretch, &Stretch::link>;

base::Range<base::FileIndex> random_interval(std::mt19937& random) {
  return base::Range<base::FileIndex>::of(base::FileIndex(random() % 24), base::PageCount(1 + random() % 8));
}

// In order of starts, of equal ones in the order of insertion.
struct Model {
  std::vector<Stretch*> all;
  void insert(Stretch& s) {
    auto after = [](const Stretch* a, const Stretch* b) { return a->interval.start() < b->interval.start(); };
    all.insert(std::upper_bound(all.begin(), all.end(), &s, after), &s);
  }
  void remove(Stretch& s) { std::erase(all, &s); }
  [[nodiscard]] std::vector<Stretch*> overlapping(base::Range<base::FileIndex> interval) const {
    std::vector<Stretch*> result;
    for (Stretch* s : all)
      if (s->interval.overlaps(interval)) result.push_back(s);
    return result;
  }
};

TEST(IntervalTree, FindsWhatAListFinds) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    std::mt19937 random(seed);
    std::vector<Stretch> stretches(40);
    Stretch* root = nullptr;
    Model model;
    for (int step = 0; step < 400; ++step) {
      Stretch& s = stretches[random() % stretches.size()];
      if (s.linked) {
        Tree::remove(root, s);
        model.remove(s);
      } else {
        s.interval = random_interval(random);
        Tree::insert(root, s, s.interval);
        model.insert(s);
      }
      s.linked = !s.linked;
      auto asked = random_interval(random);
      std::vector<Stretch*> found;
      EXPECT_TRUE(Tree::walk(root, asked, [&](Stretch& r) {
        found.push_back(&r);
        return true;
      }));
      ASSERT_EQ(found, model.overlapping(asked)) << "seed " << seed << " step " << step;
    }
  }
}

TEST(IntervalTree, AWalkEndsWhereItIsTold) {
  Stretch first, second;
  Stretch* root = nullptr;
  auto interval = base::Range<base::FileIndex>::of(base::FileIndex(3), base::PageCount(2));
  Tree::insert(root, first, interval);
  Tree::insert(root, second, interval);
  Stretch* found = nullptr;
  EXPECT_FALSE(Tree::walk(root, interval, [&](Stretch& r) {
    found = &r;
    return false;
  }));
  EXPECT_EQ(found, &first);
}

}  // namespace
}  // namespace quire::rmap
