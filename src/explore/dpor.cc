#include "explore/dpor.h"

#include <algorithm>

#include "base/assert.h"
#include "explore/executor.h"

namespace quire::explore {

using sync::Op;
using sync::OpKind;

namespace {

struct Conflicts {
  ColumnMask race;   ///< steps whose order with this one could have been the other
  ColumnMask order;  ///< steps this one had to wait for
};

constexpr ColumnMask kRead = bit(Column::read);
constexpr ColumnMask kWrite = bit(Column::write);
constexpr ColumnMask kAdd = bit(Column::add);
constexpr ColumnMask kAcquire = bit(Column::acquire);
constexpr ColumnMask kAcquireShared = bit(Column::acquire_shared);
constexpr ColumnMask kReleaseShared = bit(Column::release_shared);
constexpr ColumnMask kAll = kRead | kWrite | kAdd | kAcquire | kAcquireShared | kReleaseShared;

constexpr Conflicts conflicts(OpKind kind) {
  switch (kind) {
    case OpKind::load:
    case OpKind::await: return {kAll & ~kRead, 0};
    case OpKind::store:
    case OpKind::rmw:
    case OpKind::cas: return {kRead | kWrite | kAdd, 0};
    case OpKind::add: return {kRead | kWrite, 0};
    case OpKind::acquire: return {kAcquire | kAcquireShared | kRead, kWrite | kReleaseShared};
    case OpKind::acquire_shared: return {kAcquire | kRead, kWrite};
    case OpKind::try_acquire: return {kAll & ~kAdd, 0};
    case OpKind::try_acquire_shared: return {kAcquire | kRead | kWrite, 0};
    case OpKind::release:
    case OpKind::release_shared: return {kRead, 0};
    default: return {0, 0};
  }
}

bool may_edge_reader(const Op& op) {
  return has(op.flags, sync::OpFlag::spins) || op.kind == OpKind::reader_begin || op.kind == OpKind::reader_end;
}

}  // namespace

std::optional<unsigned> Dpor::pick_task(Executor&, Node& node) {
  auto awake = static_cast<TaskMask>(node.enabled & ~node.sleep);
  if (awake == 0) return std::nullopt;
  bool stays = node.previous < kTasksMax && (awake & bit(node.previous)) != 0;
  unsigned task = stays ? node.previous : lowest(awake);
  node.backtrack = node.done = bit(task);
  return task;
}

void Dpor::collect_object(const Path& path, const Object& o, ColumnMask race, ColumnMask order, unsigned task,
                          unsigned tasks, const Clock& before, unsigned since, Candidates& c) {
  for (unsigned column = 0; column < kColumns; ++column) {
    ColumnMask mask = bit(static_cast<Column>(column));
    if (((race | order) & mask) == 0) continue;
    for (unsigned u = 0; u < tasks; ++u) {
      unsigned depth = o.last[column][u];
      if (u == task || depth <= since || path[depth - 1].clk <= before[u]) continue;
      if ((race & mask) == 0) {
        c.after.join(path[depth - 1].clock);
      } else {
        QUIRE_ASSERT(c.reversible_count < kCandidatesMax, "too many races of one step");
        c.reversible[c.reversible_count++] = static_cast<uint16_t>(depth);
      }
    }
  }
}

void Dpor::collect(Executor& x, unsigned task, const Op& op, OpKind kind, const Clock& before, Candidates& c) {
  const Path& path = x.path();
  unsigned tasks = x.task_count();
  Conflicts with = conflicts(kind);
  if (op.kind == OpKind::free) {
    std::size_t begin = x.offset(op.object);
    for (std::size_t at = begin; at < begin + op.when.value; ++at)
      if (ObjectIndex o = x.objects().known_at(at); o != kNoObject)
        collect_object(path, x.objects().at(o), kAll, 0, task, tasks, before, 0, c);
  } else if (op.object != nullptr && (with.race | with.order) != 0) {
    if (ObjectIndex o = x.objects().known_at(x.offset(op.object)); o != kNoObject)
      collect_object(path, x.objects().at(o), with.race, with.order, task, tasks, before, 0, c);
  }
  if (op.kind == OpKind::retry)
    x.for_each_retry_object(task, [&](ObjectIndex o, unsigned since) {
      collect_object(path, x.objects().at(o), kWrite | kAdd | kReleaseShared, 0, task, tasks, before, since, c);
    });
  if (op.kind == OpKind::grace_begin) {
    // The last edge of each other task decides on which side of the grace period its readers fall.
    for (unsigned u = 0; u < tasks; ++u)
      for (unsigned d = x.last_step(u); u != task && d != 0 && path[d - 1].clk > before[u]; d = path[d - 1].task_before)
        if (path[d - 1].reader_edge) {
          c.reversible[c.reversible_count++] = static_cast<uint16_t>(d);
          break;
        }
  }
  if (may_edge_reader(op) && !path.empty()) {
    std::size_t here = path.size() - 1;
    unsigned grace = here > 0 ? path[here - 1].last_grace : 0U;
    if (grace != 0 && path[grace - 1].decision.value != task && path[grace - 1].clk > before[path[grace - 1].decision.value])
      c.reversible[c.reversible_count++] = static_cast<uint16_t>(grace);
  }
  if (op.kind == OpKind::grace_end)
    x.for_each_awaited_reader(task, [&](unsigned depth) { c.after.join(path[depth].clock); });
}

// Happens-before of `task`'s step at the end of the path, and the races it takes part in.
void Dpor::analyze(Executor& x, unsigned task, const Op& op, OpKind kind, Node& step) {
  const Path& path = x.path();
  Clock before = x.last_step(task) != 0 ? path[x.last_step(task) - 1].clock : Clock{};
  if (op.kind == OpKind::start && x.birth(task) != 0) before.join(path[x.birth(task) - 1].clock);
  Candidates c;
  collect(x, task, op, kind, before, c);
  // Latest first: what an already joined step knew of is ordered through it and is no race of its own.
  std::sort(c.reversible.begin(), c.reversible.begin() + c.reversible_count, std::greater<>());
  Clock known = before;
  unsigned kept = 0;
  for (unsigned i = 0; i < c.reversible_count; ++i) {
    const Node& earlier = path[c.reversible[i] - 1];
    if (earlier.clk <= known[earlier.decision.value]) continue;
    known.join(earlier.clock);
    c.reversible[kept++] = c.reversible[i];
  }
  known.join(c.after);
  known.set(task, step.clk);
  step.clock = known;
  for (unsigned i = 0; i < kept; ++i) {
    ++races_;
    add_backtrack(x, c.reversible[i] - 1U, task, known, path.size() - 1);
  }
}

void Dpor::before_step(Executor& x, std::size_t depth) {
  Node& node = x.path()[depth];
  unsigned task = node.decision.value;
  analyze(x, task, *x.pending(task), node.kind, node);
}

// A task that waits for ever races with what took its chance away.
void Dpor::blocked(Executor& x) {
  for (unsigned t = 0; t < x.task_count(); ++t) {
    const Op* op = x.pending(t);
    if (op == nullptr) continue;
    Node& step = x.path().emplace_back();  // as if it ran now
    step.decision = {Decision::Kind::task, static_cast<uint8_t>(t)};
    unsigned last = x.last_step(t);
    step.clk = static_cast<uint16_t>(last != 0 ? x.path()[last - 1].clk + 1 : 1);
    step.last_grace = x.path().size() > 1 ? x.path()[x.path().size() - 2].last_grace : uint16_t{0};
    analyze(x, t, *op, op->kind, step);
    x.path().pop_back();
  }
}

// The step at `end` (of `task`, with `clock`) could have come before the one at `first`: from the node before it some task
// must be explored that begins such an execution.
void Dpor::add_backtrack(Executor& x, std::size_t first, unsigned task, const Clock& clock, std::size_t end) {
  Path& path = x.path();
  Node& node = path[first];
  unsigned raced = node.decision.value;
  // The initials of what does not depend on the first step, followed by the second.
  TaskMask seen = 0;
  TaskMask initials = 0;
  std::array<uint16_t, kTasksMax> first_clk{};
  auto visit = [&](unsigned t, uint16_t clk, const Clock& known) {
    if ((seen & bit(t)) != 0) return;
    bool preceded = false;
    for (TaskMask rest = seen; rest != 0; rest &= static_cast<TaskMask>(rest - 1)) {
      unsigned u = lowest(rest);
      if (known[u] >= first_clk[u]) preceded = true;
    }
    seen |= bit(t);
    first_clk[t] = clk;
    if (!preceded) initials |= bit(t);
  };
  for (std::size_t d = first + 1; d < end; ++d) {
    const Node& later = path[d];
    if (later.decision.kind != Decision::Kind::task || later.clock[raced] >= node.clk) continue;
    visit(later.decision.value, later.clk, later.clock);
  }
  visit(task, path[end].clk, clock);
  if ((initials & (node.backtrack | node.sleep)) != 0) return;
  auto able = static_cast<TaskMask>(initials & node.enabled);
  if (able != 0) {
    node.backtrack |= (able & bit(task)) != 0 ? bit(task) : bit(lowest(able));
    return;
  }
  // Not able there. Either the first step is what made it able, and then the order can not be the other; or another task
  // held the CPU, and then the place to turn off is before that.
  for (std::size_t d = first; d-- > 0;) {
    Node& earlier = path[d];
    if (earlier.decision.kind != Decision::Kind::task) continue;
    if (!x.shares_cpu(task)) return;
    if ((earlier.enabled & bit(task)) == 0) continue;
    if ((earlier.sleep & bit(task)) == 0) earlier.backtrack |= bit(task);
    return;
  }
}

std::optional<std::size_t> Dpor::backtrack(Executor& x) {
  Path& path = x.path();
  while (!path.empty()) {
    Node& node = path.back();
    if (node.decision.kind == Decision::Kind::value) {
      if (node.decision.value + 1U < node.value_count) {
        ++node.decision.value;
        return path.size() - 1;
      }
    } else {
      auto left = static_cast<TaskMask>(node.backtrack & ~node.done & ~node.sleep);
      if (left != 0) {
        unsigned task = lowest(left);
        node.decision.value = static_cast<uint8_t>(task);
        node.done |= bit(task);
        return path.size() - 1;
      }
    }
    path.pop_back();
  }
  return std::nullopt;
}

double Dpor::progress(const Path& path) {
  double share = 1.0;
  double done = 0.0;
  for (const Node& node : path) {
    unsigned branches = 1;
    unsigned before = 0;
    if (node.decision.kind == Decision::Kind::value) {
      branches = node.value_count;
      before = node.decision.value;
    } else {
      branches = static_cast<unsigned>(__builtin_popcount(static_cast<unsigned>(node.backtrack | node.done)));
      before = static_cast<unsigned>(__builtin_popcount(node.done)) - 1;
    }
    share /= branches;
    done += share * before;
  }
  return done;
}

}  // namespace quire::explore
