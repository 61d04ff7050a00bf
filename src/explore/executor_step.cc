// What a step does to locks, readers, clocks and tables, and what is wrong about it.
#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "base/assert.h"
#include "explore/executor.h"

namespace quire::explore {

using sync::Failure;
using sync::Op;
using sync::OpFlag;
using sync::OpKind;

namespace {

// Whether two steps on one object depend on each other. A release never precedes an acquire by luck alone, but for the
// sleep sets the plain answer is the right one.
bool dependent(OpKind a, OpKind b) {
  Column x = column_of(a);
  Column y = column_of(b);
  if (x == y) return x == Column::write || x == Column::acquire;
  auto shared = [](Column c) { return c == Column::acquire_shared || c == Column::release_shared; };
  if (shared(x) && shared(y)) return false;
  if ((x == Column::acquire_shared && y == Column::read) || (y == Column::acquire_shared && x == Column::read))
    return true;
  return true;
}

// A CPU that is held keeps off whoever looks for it; a release is never announced while somebody else holds it.
bool cpu_dependent(std::optional<Column> a, std::optional<Column> b) {
  return a && b && (*a == Column::acquire || *b == Column::acquire);
}

}  // namespace

void Executor::raise(unsigned task, Failure failure, std::string message, const void* object) {
  if (incident_) return;
  Incident incident{failure, std::move(message), task == kMain ? kTasksMax : task, {}, 0};
  if (object != nullptr && arena_.contains(object)) incident.object = arena_.offset(object);
  const TaskContext& t = contexts_[task];
  for (unsigned i = 0; i < t.function_count; ++i) incident.functions.emplace_back(t.functions[i]);
  if (recording_ != nullptr)
    recording_->events.push_back({Event::Kind::fail,
                                  static_cast<uint8_t>(task),
                                  static_cast<uint16_t>(depth_),
                                  t.function_count,
                                  {},
                                  true,
                                  incident.object,
                                  0,
                                  std::string(name(failure)),
                                  incident.message});
  incident_ = std::move(incident);
}

void Executor::fail(Failure failure, std::string_view message) { fail_at(failure, message, nullptr); }

void Executor::vfail(Failure failure, fmt::string_view text, fmt::format_args args) {
  constexpr std::size_t kBytes = 256;  // longer texts are cut
  std::array<char, kBytes> buffer;
  auto out = fmt::vformat_to_n(buffer.data(), kBytes, text, args);
  fail(failure, {buffer.data(), std::min(out.size, kBytes)});
}

void Executor::fail_at(Failure failure, std::string_view message, const void* object) {
  raise(static_cast<unsigned>(current_ - contexts_.data()), failure, std::string(message), object);
  request_ = Request::end;
  jump_to_host();
  __builtin_unreachable();
}

void Executor::memory_fault(const void* address) {
  if (arena_.in_guard(address)) fail(Failure::bug, "the fiber's stack is full");
  constexpr uintptr_t kNearNull = 1U << 16;
  auto a = reinterpret_cast<uintptr_t>(address);
  if (a < kNearNull) fail_with(Failure::null_deref, "null pointer, offset {:#x}", a);
  fail(Failure::fault, "access to memory that is not there");
}

// The step of `task` after which it made the plain access of that epoch.
void Executor::note_unordered(unsigned task, unsigned epoch) {
  unsigned d = contexts_[task].last_depth;
  while (d != 0 && path_[d - 1].clk >= epoch) d = path_[d - 1].task_before;
  if (d != 0) unordered_with_.push_back(static_cast<uint16_t>(d - 1));
}

// --- Effects on the task: repeated on the way from a checkpoint ----------------------------------------------------

Executor::ReaderEdge Executor::begin_reader(TaskContext& t) {
  return t.reader_depth++ == 0 ? ReaderEdge::began : ReaderEdge::none;
}

Executor::ReaderEdge Executor::end_reader(unsigned task) {
  if (--contexts_[task].reader_depth != 0) return ReaderEdge::none;
  for (unsigned u = 0; u < task_count_; ++u) contexts_[u].grace_waits_for &= static_cast<TaskMask>(~bit(task));
  return ReaderEdge::ended;
}

Executor::ReaderEdge Executor::take_effect(unsigned task, const Op& op, OpKind kind) {
  TaskContext& t = contexts_[task];
  bool spins = has(op.flags, OpFlag::spins);
  bool spin_reads = spins && options_.spinlock_is_reader == ExecutorOptions::SpinlockIsReader::yes;
  switch (kind) {
    case OpKind::acquire:
    case OpKind::acquire_shared:
    case OpKind::try_acquire:
    case OpKind::try_acquire_shared:
      QUIRE_ASSERT(t.held_count < kHeldMax, "too many locks held by one task");
      t.held[t.held_count++] = {op.object, op.lock_class,
                                kind == OpKind::acquire_shared || kind == OpKind::try_acquire_shared, t.plain_writes};
      if (spins) ++t.atomic_depth;
      return spin_reads ? begin_reader(t) : ReaderEdge::none;
    case OpKind::release:
    case OpKind::release_shared:
      forget_held(t, op.object);
      if (spins) --t.atomic_depth;
      return spin_reads ? end_reader(task) : ReaderEdge::none;
    case OpKind::reader_begin:
      ++depth_of(t, static_cast<sync::ContextChange>(op.when.value));
      ++t.atomic_depth;
      return begin_reader(t);
    case OpKind::reader_end:
      --depth_of(t, static_cast<sync::ContextChange>(op.when.value));
      --t.atomic_depth;
      return end_reader(task);
    case OpKind::grace_begin:
      t.grace_waits_for = 0;
      for (unsigned u = 0; u < task_count_; ++u)
        if (u != task && contexts_[u].reader_depth != 0) t.grace_waits_for |= bit(u);
      t.grace_waited_for = t.grace_waits_for;
      t.grace_depth = static_cast<uint16_t>(depth_ + 1);
      return ReaderEdge::none;
    default:
      return ReaderEdge::none;
  }
}

unsigned Executor::place_of_held(const TaskContext& t, const void* object) {
  unsigned i = t.held_count;
  while (i > 0 && t.held[i - 1].object != object) --i;
  return i;
}

void Executor::forget_held(TaskContext& t, const void* object) {
  unsigned i = place_of_held(t, object);
  if (i == 0) return;
  for (; i < t.held_count; ++i) t.held[i - 1] = t.held[i];
  --t.held_count;
}

void Executor::fail_outside(const void* address, const char* what) {
  constexpr uintptr_t kNearNull = 1U << 16;
  auto a = reinterpret_cast<uintptr_t>(address);
  if (a < kNearNull) fail_with(Failure::null_deref, "{} at a null pointer, offset {:#x}", what, a);
  fail_with(Failure::bug, "{} is not in the arena", what);
}

// --- Checks ---------------------------------------------------------------------------------------------------------

// What a task may not even ask for, whoever holds what: its operation must be about something in the arena, because
// everybody looks at it from now on, and fit the locks and contexts of the task itself.
void Executor::check_announced(const Op& op) {
  bool about_an_object = op.kind <= OpKind::await || op.object != nullptr;
  bool in_place = op.kind >= OpKind::free ? arena_.on_heap(op.object) : arena_.contains(op.object);
  if (about_an_object && !in_place) [[unlikely]]
    fail_outside(op.object, op.name);
  const TaskContext& t = *current_;
  if (has(op.flags, OpFlag::may_sleep) && t.atomic_depth != 0)
    fail_with(Failure::atomic_sleep, "may sleep on {} in atomic context", op.name);
  if (op.kind == OpKind::acquire || op.kind == OpKind::acquire_shared) check_order(t, op);
  if (op.kind == OpKind::release || op.kind == OpKind::release_shared) check_release(t, op);
}

void Executor::check_order(const TaskContext& t, const Op& op) {
  const sync::LockRule& wanted = rule(op.lock_class);
  for (unsigned i = 0; i < t.held_count; ++i) {
    const sync::LockRule& held = rule(t.held[i].lock_class);
    bool same_class = t.held[i].lock_class == op.lock_class;
    if (same_class ? wanted.nest != "none" && t.held[i].object != op.object : held.rank < wanted.rank) continue;
    fail_with(Failure::lock_order, "{} is taken while {} is held", wanted.name, held.name);
  }
}

void Executor::check_release(const TaskContext& t, const Op& op) {
  bool shared = op.kind == OpKind::release_shared;
  for (unsigned i = 0; i < t.held_count; ++i)
    if (t.held[i].object == op.object && t.held[i].shared == shared) return;
  fail_with(Failure::double_unlock, "{} is unlocked by a task that does not hold it", op.name);
}

bool Executor::check_alive(unsigned task, const Op& op) {
  if (op.object == nullptr || op.kind == OpKind::revive || arena_.alive(op.object)) return true;
  if (op.kind == OpKind::free)
    raise(task, Failure::double_free, fmt::format("{} is freed again", op.name), op.object);
  else
    raise(task, Failure::uaf, fmt::format("{} is touched after it was freed", op.name), op.object);
  return false;
}

// Alone, nothing is scheduled: what cannot go on at once never will.
void Executor::sequential_step(const Op& op) {
  if (op.object != nullptr && !arena_.alive(op.object)) [[unlikely]]
    fail_with(Failure::uaf, "{} is touched after it was freed", op.name);
  if (op.kind <= OpKind::cas && !has(op.flags, OpFlag::may_sleep)) return;
  bool waits = op.kind == OpKind::acquire || op.kind == OpKind::acquire_shared || op.kind == OpKind::await;
  Op tried = op;
  if (waits) tried.kind = OpKind::cas;
  if (waits && effective_kind(tried) == OpKind::load)
    fail_with(Failure::deadlock, "{} was left locked or never signalled", op.name);
  (void)take_effect(kMain, op, effective_kind(op));
}

// --- Happens-before -------------------------------------------------------------------------------------------------

void Executor::update_sync_clock(Node& node, unsigned task, const Op& op, ReaderEdge edge) {
  const TaskContext& t = contexts_[task];
  Clock clock = t.last_depth != 0 ? path_[t.last_depth - 1].sync_clock : Clock{};
  if (op.kind == OpKind::start && t.birth != 0) clock.join(path_[t.birth - 1].sync_clock);
  clock.set(task, node.clk);
  if (node.object != kNoObject) {
    const Object& o = objects_.at(node.object);
    if (has(op.flags, OpFlag::acquires)) {
      clock.join(o.released);
      if (node.kind != OpKind::acquire_shared && node.kind != OpKind::try_acquire_shared) clock.join(o.released_shared);
    }
  }
  // A reader that no running grace period waits for sees all that was done before that period began.
  if (edge == ReaderEdge::began) clock.join(objects_.at(kReadersObject).released);
  if (op.kind == OpKind::grace_begin) {
    // Two readers with one grace period between them are not ordered by it, so this comes before the next.
    Clock released = objects_.at(kReadersObject).released;
    released.join(clock);
    objects_.set_released(kReadersObject, released);
    // A reader that is over comes before the grace period as surely as one that it waits for.
    for (unsigned u = 0; u < task_count_; ++u) {
      unsigned d = contexts_[u].last_depth;
      while (d != 0 && !path_[d - 1].reader_ended) d = path_[d - 1].task_before;
      if (u != task && d != 0) clock.join(path_[d - 1].sync_clock);
    }
  }
  if (op.kind == OpKind::grace_end)
    for_each_awaited_reader(task, [&](unsigned depth) { clock.join(path_[depth].sync_clock); });
  node.sync_clock = clock;
}

// What the step leaves behind for whoever acquires its object later.
void Executor::publish(const Node& node, const Op& op) {
  const Clock& clock = node.sync_clock;
  if (node.object == kNoObject) return;
  const Object& o = objects_.at(node.object);
  if (node.kind == OpKind::release_shared) {
    Clock released = o.released_shared;
    released.join(clock);
    objects_.set_released_shared(node.object, released);
  } else if (node.kind == OpKind::store || node.kind == OpKind::rmw || node.kind == OpKind::add ||
             node.kind == OpKind::release) {
    // A plain store starts a new release sequence; a read-modify-write goes on with the one there is.
    bool releases = has(op.flags, OpFlag::releases);
    Clock released = node.kind == OpKind::store ? Clock{} : o.released;
    if (releases) released.join(clock);
    if (releases || node.kind == OpKind::store) objects_.set_released(node.object, released);
  }
}

void Executor::update_columns(const Node& node, unsigned task, const Op& op, const CpuTouch& touch) {
  if (node.object != kNoObject) objects_.set_last(node.object, column_of(node.kind), task, node.clk);
  if (op.kind == OpKind::retry)
    for_each_retry_object(task, [&](ObjectIndex o, unsigned, OpKind look) {
      bool shared_too = (seen_by(look) & bit(Column::release_shared)) != 0;
      objects_.set_last(o, shared_too ? Column::watch : Column::watch_writes, task, node.clk);
    });
  if (op.kind == OpKind::grace_begin) objects_.set_last(kReadersObject, Column::add, task, node.clk);
  if (node.reader_edge) objects_.set_last(kReadersObject, Column::read, task, node.clk);
  unsigned cpu = contexts_[task].cpu;
  if (touch.threads) objects_.set_last(cpu_threads_object(cpu), *touch.threads, task, node.clk);
  if (touch.interrupts) objects_.set_last(cpu_interrupts_object(cpu), *touch.interrupts, task, node.clk);
}

// Memory goes away: a step that writes every object in it. Plain fields in it must be done with.
bool Executor::run_free(unsigned task, const Op& op) {
  const TaskContext& t = contexts_[task];
  const Clock known = t.last_depth != 0 ? path_[t.last_depth - 1].sync_clock : Clock{};
  objects_.for_each_plain_in(arena_.offset(op.object), op.when.value, [&](const PlainShadow& shadow) {
    if (shadow.writer != task && shadow.write_epoch > known[shadow.writer])
      note_unordered(shadow.writer, shadow.write_epoch);
    for (unsigned u = 0; u < task_count_; ++u)
      if (u != task && shadow.read_epochs[u] > known[u]) note_unordered(u, shadow.read_epochs[u]);
  });
  if (!unordered_with_.empty()) {
    raise(task, Failure::race, fmt::format("{} is freed while another task may still touch a field of it", op.name));
    return false;
  }
  change_extent(task, op, 0);
  return true;
}

void Executor::change_extent(unsigned task, const Op& op, uint8_t alive) {
  mark_alive(op.object, op.when.value, alive);
  std::size_t bytes = std::max<std::size_t>(op.when.value, 1);
  objects_.set_last(objects_.make_extent(arena_.offset(op.object), bytes), Column::write, task,
                    static_cast<uint16_t>(contexts_[task].clk + 1));
}

bool Executor::reader_edge(unsigned task, const Op& op, OpKind kind) const {
  unsigned depth = contexts_[task].reader_depth;
  if (kind == OpKind::reader_begin) return depth == 0;
  if (kind == OpKind::reader_end) return depth == 1;
  if (!has(op.flags, OpFlag::spins) || options_.spinlock_is_reader == ExecutorOptions::SpinlockIsReader::no)
    return false;
  return kind == OpKind::release || kind == OpKind::release_shared ? depth == 1 : kind != OpKind::load && depth == 0;
}

Executor::CpuTouch Executor::cpu_touch(unsigned task, const Op& op, OpKind kind) const {
  const TaskContext& t = contexts_[task];
  if ((unstarted_ & bit(task)) != 0) return {};
  if (t.interrupt) {
    if (t.clk == 0) return {{}, Column::acquire};
    bool ends = op.object == arena_.stack(task).low;
    return ends ? CpuTouch{{}, Column::write} : CpuTouch{};
  }
  bool spins = has(op.flags, OpFlag::spins);
  bool begins = kind == OpKind::reader_begin ||
                (spins && column_of(kind) != Column::read && kind != OpKind::release && kind != OpKind::release_shared);
  bool ends = kind == OpKind::reader_end || (spins && (kind == OpKind::release || kind == OpKind::release_shared));
  CpuTouch touch;
  if (t.atomic_depth == 0) touch.threads = begins ? Column::acquire : Column::read;
  if (t.atomic_depth == 1 && ends) touch.threads = Column::write;
  auto change = static_cast<sync::ContextChange>(op.when.value);
  bool irq_begins = kind == OpKind::reader_begin && change == sync::ContextChange::irq_disable;
  bool irq_ends = kind == OpKind::reader_end && change == sync::ContextChange::irq_enable;
  // Interrupts off is shared: it keeps away interrupts, not the other threads.
  if (t.irq_depth == 0) touch.interrupts = irq_begins ? Column::acquire_shared : Column::read;
  if (irq_ends) touch.interrupts = Column::release_shared;
  return touch;
}

TaskMask Executor::sleep_after(const Node& node, unsigned task, const Op& op, OpKind kind) const {
  // What an incident stopped at once is no reason to leave out anything: nothing was seen after it.
  auto asleep = static_cast<TaskMask>((node.sleep | (node.done & ~node.cut)) & ~bit(task));
  for (TaskMask rest = asleep; rest != 0; rest &= static_cast<TaskMask>(rest - 1)) {
    unsigned q = lowest(rest);
    const Op* other = pending(q);
    if (other != nullptr && wakes(q, *other, task, op, kind)) asleep &= static_cast<TaskMask>(~bit(q));
  }
  return asleep;
}

// Whether the step `op` of `task`, about to take effect, depends on what `sleeper` is to do next.
bool Executor::wakes(unsigned sleeper, const Op& other, unsigned task, const Op& op, OpKind kind) const {
  if (other.kind == OpKind::retry || kind == OpKind::retry) return true;
  OpKind other_kind = effective_kind(other);
  if (op.kind >= OpKind::free || other.kind >= OpKind::free) {
    const Op& changing = op.kind >= OpKind::free ? op : other;
    const Op& touching = op.kind >= OpKind::free ? other : op;
    auto begin = reinterpret_cast<uintptr_t>(changing.object);
    auto at = reinterpret_cast<uintptr_t>(touching.object);
    if (touching.kind >= OpKind::free || (at >= begin && at < begin + changing.when.value)) return true;
  } else if (other.object != nullptr && other.object == op.object && dependent(kind, other_kind)) {
    return true;
  }
  if (kind == OpKind::grace_begin && reader_edge(sleeper, other, other_kind)) return true;
  if (other_kind == OpKind::grace_begin && reader_edge(task, op, kind)) return true;
  if (!contexts_[task].shares_cpu || contexts_[sleeper].cpu != contexts_[task].cpu) return false;
  CpuTouch mine = cpu_touch(task, op, kind);
  CpuTouch theirs = cpu_touch(sleeper, other, other_kind);
  return cpu_dependent(mine.threads, theirs.threads) || cpu_dependent(mine.interrupts, theirs.interrupts);
}

void Executor::record_step(unsigned task, const Op& op, OpKind kind) {
  bool took = !(kind == OpKind::load && op.kind != OpKind::load);
  recording_->events.push_back({Event::Kind::step,
                                static_cast<uint8_t>(task),
                                static_cast<uint16_t>(depth_ + 1),
                                contexts_[task].function_count,
                                op.kind,
                                took,
                                op.object != nullptr ? arena_.offset(op.object) : 0,
                                op.kind == OpKind::free ? op.when.value : 0,
                                op.name,
                                {}});
}

}  // namespace quire::explore
