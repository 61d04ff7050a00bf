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
constexpr ColumnMask kWatch = bit(Column::watch);
constexpr ColumnMask kWatchWrites = bit(Column::watch_writes);
constexpr ColumnMask kTouch = kRead | kWrite | kAdd | kAcquire | kAcquireShared | kReleaseShared;

constexpr Conflicts conflicts(OpKind kind) {
  switch (kind) {
    case OpKind::load:
    case OpKind::await:
      return {kTouch & ~kRead, 0};
    case OpKind::store:
    case OpKind::rmw:
    case OpKind::cas:
      return {kRead | kWrite | kAdd | kWatch | kWatchWrites, 0};
    case OpKind::add:
      return {kRead | kWrite | kWatch | kWatchWrites, 0};
    case OpKind::acquire:
      return {kAcquire | kAcquireShared | kRead, kWrite | kReleaseShared};
    case OpKind::acquire_shared:
      return {kAcquire | kRead, kWrite};
    case OpKind::try_acquire:
      return {kTouch & ~kAdd, 0};
    case OpKind::try_acquire_shared:
      return {kAcquire | kRead | kWrite, 0};
    case OpKind::release:
      return {kRead | kWatch | kWatchWrites, 0};
    case OpKind::release_shared:
      return {kRead | kWatch, 0};
    default:
      return {0, 0};
  }
}

// Steps of these kinds commute with each other, so what was there before one of them depends on the order they came in.
bool commutes_with_its_kind(OpKind kind) {
  return kind == OpKind::add || kind == OpKind::acquire_shared || kind == OpKind::try_acquire_shared ||
         kind == OpKind::release_shared;
}

bool waits_for_a_word(OpKind kind) {
  return kind == OpKind::acquire || kind == OpKind::acquire_shared || kind == OpKind::await;
}

}  // namespace

unsigned Dpor::pick_task(Executor&, Node& node) {
  auto awake = static_cast<TaskMask>(node.enabled & ~node.sleep);
  if (awake == 0) return kNobody;
  bool stays = node.previous < kTasksMax && (awake & bit(node.previous)) != 0;
  unsigned task = stays ? node.previous : lowest(awake);
  node.backtrack = node.done = bit(task);
  return task;
}

void Dpor::collect_object(Executor& x, const Object& o, ColumnMask race, ColumnMask order, unsigned task,
                          const Clock& before, unsigned since, Candidates& c) {
  if ((o.ever_touched_by & ~bit(task)) == 0) return;
  for (ColumnMask rest = (race | order) & o.ever_touched_in; rest != 0; rest &= static_cast<ColumnMask>(rest - 1)) {
    unsigned column = lowest(rest);
    if (!o.last[column].exceeds(before)) continue;
    for (unsigned u = 0; u < x.task_count(); ++u) {
      if (u == task || o.last[column][u] <= before[u]) continue;
      unsigned depth = x.depth_of(u, o.last[column][u]);
      if (depth <= since) continue;
      if ((race & bit(static_cast<Column>(column))) == 0) {
        c.after.join(x.path()[depth - 1].clock);
      } else {
        QUIRE_ASSERT(c.reversible_count < kCandidatesMax, "too many races of one step");
        c.reversible[c.reversible_count++] = static_cast<uint16_t>(depth);
      }
    }
  }
}

void Dpor::collect(Executor& x, unsigned task, const Op& op, const Node& step, const Clock& before, Candidates& c) {
  const Path& path = x.path();
  OpKind kind = step.kind;
  Conflicts with = conflicts(kind);
  if (op.kind >= OpKind::free)
    x.objects().for_each_object_in(x.offset(op.object), op.when.value, [&](ObjectIndex o) {
      collect_object(x, x.objects().at(o), kTouch, 0, task, before, 0, c);
    });
  if (op.object != nullptr)  // memory that was freed, and may be alive again
    if (ObjectIndex extent = x.objects().extent_at(x.offset(op.object)); extent != kNoObject)
      collect_object(x, x.objects().at(extent), kWrite, 0, task, before, 0, c);
  if (step.object != kNoObject && (with.race | with.order) != 0)
    collect_object(x, x.objects().at(step.object), with.race, with.order, task, before, 0, c);
  if (op.kind == OpKind::retry)
    x.for_each_retry_object(task, [&](ObjectIndex o, unsigned since, OpKind look) {
      collect_object(x, x.objects().at(o), seen_by(look), 0, task, before, since, c);
    });
  const Object& readers = x.objects().at(kReadersObject);
  if (op.kind == OpKind::grace_begin) collect_object(x, readers, kRead, 0, task, before, 0, c);
  if (step.reader_edge) collect_object(x, readers, kAdd, 0, task, before, 0, c);
  if (op.kind == OpKind::grace_end)
    x.for_each_awaited_reader(task, [&](unsigned depth) { c.after.join(path[depth].clock); });
}

// A CPU is a lock for whoever shares it. What happened while it was held can not change places with a step that had to
// wait for it; only the beginning of that stretch can.
void Dpor::collect_cpu(Executor& x, unsigned task, const Op& op, OpKind kind, const Clock& before, Candidates& cpu) {
  Executor::CpuTouch touch = x.cpu_touch(task, op, kind);
  auto collect_one = [&](std::optional<Column> how, ObjectIndex index) {
    if (!how || *how == Column::write || *how == Column::release_shared) return;
    ColumnMask race = *how == Column::acquire ? kRead | kAcquire | kAcquireShared : kAcquire;
    ColumnMask order = *how == Column::acquire ? kWrite | kReleaseShared : kWrite;
    collect_object(x, x.objects().at(index), race, order, task, before, 0, cpu);
  };
  collect_one(touch.threads, cpu_threads_object(x.cpu_of(task)));
  collect_one(touch.interrupts, cpu_interrupts_object(x.cpu_of(task)));
}

// Leaves the latest: what one of them knew of is ordered through it and is no race of its own. Nor is what is at or
// before `ordered`. Adds what is left to `known`.
void Dpor::keep_latest(const Path& path, const Clock& before, const Clock& ordered, Candidates& c, Clock& known) {
  known.join(c.after);
  if (c.reversible_count == 0) return;
  if (c.reversible_count > 1)
    std::sort(c.reversible.begin(), c.reversible.begin() + c.reversible_count, std::greater<>());
  Clock seen = before;
  unsigned kept = 0;
  for (unsigned i = 0; i < c.reversible_count; ++i) {
    const Node& earlier = path[c.reversible[i] - 1];
    unsigned task = earlier.decision.value;
    if (earlier.clk <= seen[task] || earlier.clk <= ordered[task]) continue;
    seen.join(earlier.clock);
    c.reversible[kept++] = c.reversible[i];
  }
  c.reversible_count = kept;
  known.join(seen);
}

// Happens-before of `task`'s step at the end of the path, and the races it takes part in. Those about the CPU stand for
// themselves: a later race about something else may be one that the CPU does not let change places.
void Dpor::analyze(Executor& x, unsigned task, const Op& op, Node& step) {
  const Path& path = x.path();
  Clock before = x.last_step(task) != 0 ? path[x.last_step(task) - 1].clock : Clock{};
  if (op.kind == OpKind::start && x.birth(task) != 0) before.join(path[x.birth(task) - 1].clock);
  Clock known = before;
  Candidates cpu;
  if (x.shares_cpu(task)) {
    collect_cpu(x, task, op, step.kind, before, cpu);
    keep_latest(path, before, before, cpu, known);
  }
  Candidates c;
  collect(x, task, op, step, before, c);
  keep_latest(path, before, cpu.after, c, known);
  known.set(task, step.clk);
  step.clock = known;
  before.set(task, step.clk);
  if (step.kind == OpKind::load && (op.kind == OpKind::try_acquire || op.kind == OpKind::try_acquire_shared))
    known.join(dependencies_if_taken(x, task, op));
  for (const Candidates* some : {&c, &cpu})
    for (unsigned i = 0; i < some->reversible_count; ++i) {
      ++races_;
      std::size_t first = some->reversible[i] - 1U;
      if (waits_for_a_word(op.kind))
        analyze_wait(x, task, op, first, before, known);
      else
        add_backtrack(x, first, task, known, path.size() - 1, {});
    }
}

// A trylock that fails touches nothing but its lock. Put before what made it fail it succeeds, and then it also begins
// a stretch that keeps others off the CPU and that grace periods wait for: what that depends on.
Clock Dpor::dependencies_if_taken(Executor& x, unsigned task, const Op& op) {
  const Clock nothing;
  Candidates c;
  if (x.shares_cpu(task)) collect_cpu(x, task, op, op.kind, nothing, c);
  if (x.reader_edge(task, op, op.kind)) collect_object(x, x.objects().at(kReadersObject), kAdd, 0, task, nothing, 0, c);
  Clock result = c.after;
  for (unsigned i = 0; i < c.reversible_count; ++i) result.join(x.path()[c.reversible[i] - 1U].clock);
  return result;
}

// The step waits. Where it races about the word it waits for, their order can be changed only if the condition held
// before the earlier one, which is known unless that one commutes with others.
void Dpor::analyze_wait(Executor& x, unsigned task, const Op& op, std::size_t first, const Clock& before,
                        const Clock& known) {
  const Path& path = x.path();
  bool about_the_word =
      path[first].object != kNoObject && path[first].object == x.objects().known_at(x.offset(op.object));
  bool comes_once = op.when.address != op.object;  // a task's end
  bool held = !comes_once && held_before(x, op, first);
  if (held || !about_the_word || commutes_with_its_kind(path[first].kind))
    add_backtrack(x, first, task, known, path.size() - 1, {});
  if (!held && !comes_once) look_back(x, task, op, before, first);
}

// Whether the condition that `op` waits for held before the step at `first`.
bool Dpor::held_before(Executor& x, const Op& op, std::size_t first) {
  const Path& path = x.path();
  ObjectIndex object = x.objects().known_at(x.offset(op.object));
  for (std::size_t d = first; d + 1 < path.size(); ++d)
    if (path[d].object == object && path[d].decision.kind == Decision::Kind::task)
      return Executor::holds_for(op.when, path[d].value_before);
  return Executor::holds_now(op.when);
}

// The step waits for a condition that did not hold before `first` either, so it could not have changed places with it.
// But it may have held for a while earlier: the step could have come in then, before everything on its object since.
void Dpor::look_back(Executor& x, unsigned task, const Op& op, const Clock& before, std::size_t first) {
  const Path& path = x.path();
  ObjectIndex object = x.objects().known_at(x.offset(op.object));
  if (object == kNoObject) return;
  ColumnMask race = conflicts(op.kind).race;
  for (std::size_t d = first; d-- > 0;) {
    const Node& earlier = path[d];
    if (earlier.decision.kind != Decision::Kind::task || earlier.object != object) continue;
    unsigned other = earlier.decision.value;
    if (other == task || (race & bit(column_of(earlier.kind))) == 0 || earlier.clk <= before[other]) continue;
    bool held = Executor::holds_for(op.when, earlier.value_before);
    bool commutes = commutes_with_its_kind(earlier.kind);
    if (held || commutes) add_backtrack(x, d, task, before, path.size() - 1, {object, race});
    if (commutes) add_backtrack(x, d, task, before, path.size() - 1, {});
    if (held) return;
  }
}

// Flat, like Executor::run_step: what every step goes through is one function, which makes exploring a tenth faster.
[[gnu::flatten]] void Dpor::before_step(Executor& x, std::size_t depth) {
  Node& node = x.path()[depth];
  unsigned task = node.decision.value;
  analyze(x, task, *x.pending(task), node);
}

// As if `task` took its announced step now.
void Dpor::analyze_pending(Executor& x, unsigned task) {
  const Op* op = x.pending(task);
  if (op == nullptr) return;
  Node& step = x.path().emplace_back();
  step.decision = {Decision::Kind::task, static_cast<uint8_t>(task)};
  unsigned last = x.last_step(task);
  step.clk = static_cast<uint16_t>(last != 0 ? x.path()[last - 1].clk + 1 : 1);
  step.kind = x.effective_kind(*op);
  if (op->object != nullptr && op->kind < OpKind::free) step.object = x.objects().known_at(x.offset(op->object));
  step.reader_edge = x.reader_edge(task, *op, step.kind);
  analyze(x, task, *op, step);
  x.path().pop_back();
}

// A task that waits for ever races with what took its chance away. So does one that waits where an execution is given
// up: what the sleeping tasks would repeat is only what follows if it goes on waiting.
void Dpor::blocked(Executor& x) {
  TaskMask enabled = x.enabled_tasks();
  for (unsigned t = 0; t < x.task_count(); ++t)
    if ((enabled & bit(t)) == 0) analyze_pending(x, t);
}

// The others did not get to their ends: let each of them go before the step that did it, and let what they wanted to do
// next take part in races. Plain accesses are no steps, so their order with this one is changed here.
void Dpor::interrupted(Executor& x) {
  Path& path = x.path();
  std::size_t last = path.size();
  while (last > 0 && path[last - 1].decision.kind != Decision::Kind::task) --last;
  if (last == 0) return;
  Node& node = path[last - 1];
  unsigned task = node.decision.value;
  node.backtrack |= node.enabled;
  node.cut |= bit(task);
  for (uint16_t first : x.unordered_with()) {
    const Node& earlier = path[first];
    if (first + 1U < last && node.clock[earlier.decision.value] < earlier.clk)
      add_backtrack(x, first, task, node.clock, last - 1, {});
  }
  for (unsigned t = 0; t < x.task_count(); ++t)
    if (t != task) analyze_pending(x, t);
}

// The step at `end` (of `task`, with `clock`) could have come before the one at `first`, and before all of `also`: from
// the node before `first` some task must be explored that begins such an execution.
void Dpor::add_backtrack(Executor& x, std::size_t first, unsigned task, const Clock& clock, std::size_t end,
                         const Behind& also) {
  Path& path = x.path();
  Node& node = path[first];
  // The initials of what does not depend on the first step, followed by the second.
  Clock behind;  // per task the first step that stays behind
  behind.lanes = ~Clock::Lanes{};
  behind.set(node.decision.value, node.clk);
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
    if (later.decision.kind != Decision::Kind::task || later.clock.reaches(behind)) continue;
    unsigned t = later.decision.value;
    if (also.object != kNoObject && later.object == also.object && t != task &&
        (also.columns & bit(column_of(later.kind))) != 0) {
      behind.set(t, std::min(behind[t], later.clk));
      continue;
    }
    visit(t, later.clk, later.clock);
  }
  visit(task, path[end].clk, clock);
  if ((initials & (node.backtrack | node.sleep)) != 0) return;
  auto able = static_cast<TaskMask>(initials & node.enabled);
  // Nobody able: the first step is what made the other possible, and their order can not be changed.
  if (able != 0) node.backtrack |= (able & bit(task)) != 0 ? bit(task) : bit(lowest(able));
}

}  // namespace quire::explore
