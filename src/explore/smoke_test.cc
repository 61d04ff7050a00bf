#include <gtest/gtest.h>
#include <cstdio>
#include <functional>

#include "explore/dpor.h"
#include "explore/search.h"
#include "sync/atomic.h"
#include "sync/heap.h"
#include "sync/lock.h"
#include "sync/plain.h"
#include "sync/rcu.h"
#include "sync/trace.h"

namespace quire::explore {
namespace {
using namespace sync;
struct Lit : Program {
  unsigned n;
  std::function<void()> s;
  std::function<void(unsigned)> r;
  std::function<void()> f;
  void setup() override { s(); }
  unsigned task_count() const override { return n; }
  TaskSpec task(unsigned i) const override { return {"CPU" + std::to_string(i), i}; }
  void run(unsigned i) override { r(i); }
  void finish() override {
    if (f) f();
  }
};
SearchResult go(Lit& l, std::string* out = nullptr, ExecutorOptions o = {}) {
  Executor x(l, o);
  EXPECT_TRUE(x.boot());
  Dpor d;
  SearchResult r = search(x, d, {}, [&](const Finding& f) {
    if (out && out->empty()) *out = f.incident.message + "|" + std::string(name(f.incident.failure));
    return OnFinding::go_on;
  });
  std::printf("executions %lu abandoned %lu incidents %lu complete %d %.3fs %.0f/s ckpt %zu\n", r.executions,
              r.abandoned, r.incidents, r.complete, r.seconds, r.executions / r.seconds, x.checkpoint_bytes());
  return r;
}
struct State {
  Atomic<int, "x"> a[4];
  Atomic<int, "r"> res[4];
  SpinLock<LockClass::test_a> lock;
  Mutex<LockClass::test_sleeping> m;
  Plain<int, "p"> p;
};
State* st;
TEST(Smoke, StoreBuffering) {
  for (unsigned n = 2; n <= 4; ++n) {
    Lit l;
    l.n = n;
    l.s = [] { st = make_object<State>(); };
    l.r = [n](unsigned i) {
      st->a[i].store(1);
      (void)st->a[(i + 1) % n].load();
    };
    EXPECT_EQ(go(l).executions, (1U << n) - 1);
  }
}
TEST(Smoke, Mutex) {
  struct {
    unsigned n, k, want;
  } c[] = {{2, 3, 20}, {3, 3, 1680}, {3, 4, 34650}, {4, 3, 369600}};
  for (auto& e : c) {
    Lit l;
    l.n = e.n;
    l.s = [] { st = make_object<State>(); };
    l.r = [&](unsigned) {
      for (unsigned j = 0; j < e.k; ++j) {
        Guard g(st->m);
        st->p += 1;
      }
    };
    l.f = [&] {
      if (st->p.peek() != int(e.n * e.k)) bug(Failure::check, "sum");
    };
    auto r = go(l);
    EXPECT_EQ(r.executions, e.want);
    EXPECT_EQ(r.incidents, 0u);
  }
  Lit l;
  l.n = 3;
  l.s = [] { st = make_object<State>(); };
  l.r = [&](unsigned) {
    for (unsigned j = 0; j < 3; ++j) {
      Guard g(st->m);
      st->p += 1;
    }
  };
  ExecutorOptions o;
  o.backtracking = ExecutorOptions::Backtracking::reexecution;
  EXPECT_EQ(go(l, nullptr, o).executions, 1680u);
}
TEST(Smoke, Race) {
  Lit l;
  l.n = 2;
  l.s = [] { st = make_object<State>(); };
  l.r = [&](unsigned i) {
    if (i) {
      Guard g(st->m);
      st->p += 1;
    } else {
      (void)st->a[0].load();
      st->p += 1;
    }
  };
  std::string s;
  go(l, &s);
  EXPECT_NE(s.find("race"), std::string::npos) << s;
}
TEST(Smoke, Rcu) {
  Lit l;
  l.n = 2;
  l.s = [] { st = make_object<State>(); };
  static Atomic<int, "v">* volatile dummy;
  (void)dummy;
  struct S {
    Atomic<State*, "ptr"> ptr;
  };
  static S* s2;
  for (bool grace : {true, false}) {
    l.s = [] {
      s2 = make_object<S>();
      s2->ptr.init(make_object<State>());
    };
    l.r = [&](unsigned i) {
      if (i == 0) {
        RcuReader rr;
        State* p = s2->ptr.load();
        if (p) (void)p->a[0].load();
      } else {
        State* p = s2->ptr.exchange(nullptr);
        if (grace) synchronize_rcu();
        destroy_object(p);
      }
    };
    std::string s;
    auto r = go(l, &s);
    EXPECT_EQ(s.empty(), grace) << s;
    (void)r;
  }
}
}  // namespace
}  // namespace quire::explore
