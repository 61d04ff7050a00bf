#include "explore/random_program_testing.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/random.h"
#include "sync/atomic.h"
#include "sync/heap.h"
#include "sync/lock.h"
#include "sync/percpu_ref.h"
#include "sync/plain.h"
#include "sync/rcu.h"
#include "sync/task.h"
#include "sync/trace.h"
#include "sync/wait.h"

namespace quire::explore {

using sync::LockClass;
using Kind = RandomProgram::Kind;

namespace {

using Word = sync::Atomic<int, "word">;

struct Item {
  sync::Atomic<int, "item"> value{7};
  sync::Plain<int, "field"> field{8};
};

// What the generator knows of a kind. A section of lock rank r may be inside one of a lower rank only, or the program
// would show nothing but that.
struct Rule {
  Kind kind;
  const char* name;
  unsigned weight;
  unsigned steps;
  bool sleeps;
  unsigned rank;  ///< sections: of the lock, 0 for none
  bool section;
  bool atomic;  ///< sections: no sleeping inside
};
constexpr Rule kRules[] = {
    {Kind::load, "load", 8, 1, false, 0, false, false},
    {Kind::store, "store", 8, 1, false, 0, false, false},
    {Kind::store_relaxed, "store_relaxed", 2, 1, false, 0, false, false},
    {Kind::add, "add", 3, 1, false, 0, false, false},
    {Kind::fetch_add, "fetch_add", 3, 1, false, 0, false, false},
    {Kind::exchange, "exchange", 2, 1, false, 0, false, false},
    {Kind::compare_exchange, "compare_exchange", 5, 1, false, 0, false, false},
    {Kind::await_equal, "await_equal", 6, 1, true, 0, false, false},
    {Kind::await_change, "await_change", 3, 1, true, 0, false, false},
    {Kind::retry_until, "retry_until", 1, 2, false, 0, false, false},
    {Kind::semaphore_read, "semaphore_read", 2, 2, true, 20, true, false},
    {Kind::semaphore_write, "semaphore_write", 2, 2, true, 20, true, false},
    {Kind::mutex, "mutex", 5, 2, true, 190, true, false},
    {Kind::mutex_try, "mutex_try", 3, 2, false, 190, true, false},
    {Kind::mutex_look, "mutex_look", 1, 1, false, 0, false, false},
    {Kind::spin, "spin", 4, 2, false, 200, true, true},
    {Kind::spin_try, "spin_try", 2, 2, false, 200, true, true},
    {Kind::shared, "shared", 3, 2, false, 210, true, true},
    {Kind::shared_try, "shared_try", 2, 2, false, 210, true, true},
    {Kind::exclusive, "exclusive", 3, 2, false, 210, true, true},
    {Kind::rcu, "rcu", 2, 2, false, 0, true, true},
    {Kind::preempt_off, "preempt_off", 1, 2, false, 0, true, true},
    {Kind::irq_off, "irq_off", 1, 2, false, 0, true, true},
    {Kind::synchronize, "synchronize", 3, 2, true, 0, false, false},
    {Kind::deferred, "deferred", 1, 4, false, 0, false, false},
    {Kind::free_item, "free_item", 1, 1, false, 0, false, false},
    {Kind::touch_item, "touch_item", 2, 1, false, 0, false, false},
    {Kind::lend_item, "lend_item", 1, 2, false, 0, false, false},
    {Kind::rcu_read, "rcu_read", 3, 4, false, 0, false, false},
    {Kind::rcu_remove, "rcu_remove", 2, 4, true, 0, false, false},
    {Kind::rcu_remove_now, "rcu_remove_now", 1, 2, false, 0, false, false},
    {Kind::plain_read, "plain_read", 1, 0, false, 0, false, false},
    {Kind::plain_write, "plain_write", 1, 0, false, 0, false, false},
    {Kind::choose, "choose", 2, 0, false, 0, false, false},
    {Kind::get, "get", 1, 1, false, 0, false, false},
    {Kind::get_put, "get_put", 2, 2, false, 0, false, false},
    {Kind::kill, "kill", 2, 1, true, 0, false, false},
    {Kind::spawn_join, "spawn_join", 1, 4, true, 0, false, false},
};
static_assert(kRules[static_cast<unsigned>(Kind::spawn_join)].kind == Kind::spawn_join);
const Rule& rule_of(Kind kind) { return kRules[static_cast<unsigned>(kind)]; }

struct Surroundings {
  unsigned rank = 0;
  bool atomic = false;
};

class Generator {
 public:
  explicit Generator(uint64_t seed) : random_(seed) {
    // Programs differ in what they are made of: each seed leaves most kinds out.
    for (const Rule& rule : kRules) weights_[static_cast<unsigned>(rule.kind)] = one_in(4) ? 4 * rule.weight : 0;
    weights_[static_cast<unsigned>(Kind::load)] += 3;
    weights_[static_cast<unsigned>(Kind::store)] += 3;
  }

  RandomProgram::Text program() {
    RandomProgram::Text text;
    auto tasks = static_cast<unsigned>(2 + random_.below(2));
    bool one_cpu = one_in(5);
    for (unsigned i = 0; i < tasks; ++i) {
      RandomProgram::Task& task = text.tasks.emplace_back();
      task.cpu = one_cpu && i < 2 ? 0 : i;
      task.interrupt = one_cpu && i == 1 && one_in(2);
      Surroundings around;
      around.atomic = task.interrupt;
      unsigned wanted = static_cast<unsigned>(1 + random_.below(tasks == 2 ? 5 : 3));
      while (wanted > 0) wanted -= add_operation(task, wanted, around);
      for (const RandomProgram::Operation& o : task.operations) {
        if (o.kind == Kind::deferred || o.kind == Kind::spawn_join) ++text.spawns;
      }
    }
    return text;
  }

 private:
  bool one_in(uint64_t n) { return random_.below(n) == 0; }

  bool fits(const Rule& rule, const Surroundings& around) {
    if (rule.kind == Kind::kill && killed_) return false;
    if (rule.section && rule.rank != 0 && rule.rank < around.rank) return false;
    if (rule.section && rule.rank != 0 && rule.rank == around.rank && rule.kind != Kind::mutex) return false;
    return !(around.atomic && rule.sleeps) || one_in(64);
  }

  Kind pick_kind(const Surroundings& around) {
    for (;;) {
      unsigned sum = 0;
      for (unsigned weight : weights_) sum += weight;
      uint64_t at = random_.below(sum);
      for (const Rule& rule : kRules) {
        unsigned weight = weights_[static_cast<unsigned>(rule.kind)];
        if (at < weight && fits(rule, around)) return rule.kind;
        if (at < weight) break;
        at -= weight;
      }
    }
  }

  // Adds one operation with what is inside it; returns how many.
  unsigned add_operation(RandomProgram::Task& task, unsigned wanted, Surroundings around) {
    const Rule& rule = rule_of(pick_kind(around));
    if (rule.kind == Kind::kill) killed_ = true;
    std::size_t at = task.operations.size();
    task.operations.push_back(
        {rule.kind, static_cast<uint8_t>(one_in(3) ? 1 : 0), static_cast<uint8_t>(random_.below(3)), 0});
    if (!rule.section || wanted == 1) return 1;
    around.atomic = around.atomic || rule.atomic;
    around.rank = std::max(around.rank, rule.rank);
    unsigned inside = static_cast<unsigned>(random_.below(std::min(wanted, 3U)));
    unsigned added = 0;
    while (added < inside) added += add_operation(task, inside - added, around);
    task.operations[at].inner = static_cast<uint8_t>(task.operations.size() - at - 1);
    return 1 + added;
  }

  base::Random random_;
  std::array<unsigned, std::size(kRules)> weights_{};
  bool killed_ = false;
};

double interleavings(const RandomProgram::Text& text) {
  double log_sum = 0;
  unsigned all = 0;
  for (const RandomProgram::Task& task : text.tasks) {
    unsigned steps = 1;
    for (const RandomProgram::Operation& o : task.operations) steps += rule_of(o.kind).steps;
    log_sum -= std::lgamma(steps + 1.0);
    all += steps;
  }
  return std::exp(log_sum + std::lgamma(all + 1.0));
}

}  // namespace

struct RandomProgram::State {
  State() : reference([](sync::PercpuRef&, void* words) { static_cast<Word*>(words)->add(10); }, words.data()) {}
  std::array<Word, 2> words;
  std::array<sync::Mutex<LockClass::test_sleeping>, 2> mutexes;
  sync::RwSemaphore<LockClass::mmap_lock> semaphore;
  sync::SpinLock<LockClass::test_a> spin;
  sync::RwLock<LockClass::test_b> shared;
  std::array<sync::Plain<int, "plain">, 2> plains;
  sync::PercpuRef reference;
  sync::Atomic<Item*, "pointer"> pointer;
  Item* item = nullptr;
  std::array<std::array<int8_t, 24>, kTasksMax> notes{};
  std::array<uint8_t, kTasksMax> note_count{};
};

RandomProgram::Text RandomProgram::generate(uint64_t seed, double interleavings_max) {
  for (uint64_t attempt = 0;; ++attempt) {
    Text text = Generator(seed * 1000 + attempt).program();
    if (interleavings(text) <= interleavings_max) return text;
  }
}

std::string RandomProgram::print(const Text& text) {
  std::string out;
  for (unsigned i = 0; i < text.tasks.size(); ++i) {
    const Task& task = text.tasks[i];
    out += fmt::format("  task {} on CPU {}{}:", i, task.cpu, task.interrupt ? " (interrupt)" : "");
    for (const Operation& o : task.operations) {
      out += fmt::format(" {}[{},{}]", rule_of(o.kind).name, o.object, o.value);
      if (o.inner != 0) out += fmt::format("{{+{}}}", o.inner);
    }
    out += "\n";
  }
  return out;
}

std::string RandomProgram::kind_of(const Incident& incident) {
  bool plain_touch = incident.failure == sync::Failure::uaf && incident.message.starts_with("field");
  return std::string(name(plain_touch ? sync::Failure::race : incident.failure));
}

bool RandomProgram::ended_by_waiting(const Incident& incident) {
  return incident.failure == sync::Failure::deadlock || incident.failure == sync::Failure::livelock;
}

void RandomProgram::setup() {
  state_ = sync::make_object<State>();
  state_->pointer.init(sync::make_object<Item>());
  state_->item = sync::make_object<Item>();
  state_->reference.reinit();
}

TaskSpec RandomProgram::task(unsigned index) const {
  const Task& task = text_.tasks[index];
  return {"t" + std::to_string(index), task.cpu, task.interrupt ? TaskSpec::Kind::interrupt : TaskSpec::Kind::thread};
}

void RandomProgram::run(unsigned index) { run_range(index, 0, text_.tasks[index].operations.size()); }

void RandomProgram::run_range(unsigned task, std::size_t begin, std::size_t end) {
  const std::vector<Operation>& operations = text_.tasks[task].operations;
  while (begin < end) {
    const Operation& operation = operations[begin];
    std::size_t next = begin + 1 + operation.inner;
    if (!rule_of(operation.kind).section) {
      run_one(task, operation);
    } else if (enter_section(task, operation)) {
      run_range(task, begin + 1, next);
      leave_section(operation);
    }
    begin = next;
  }
}

void RandomProgram::note(unsigned task, int value) {
  uint8_t& count = state_->note_count[task];
  state_->notes[task][count % state_->notes[task].size()] = static_cast<int8_t>(value);
  ++count;
}

bool RandomProgram::enter_section(unsigned task, const Operation& o) {
  State& s = *state_;
  bool entered = true;
  switch (o.kind) {
    case Kind::semaphore_read:
      s.semaphore.lock_shared();
      break;
    case Kind::semaphore_write:
      s.semaphore.lock();
      break;
    case Kind::mutex:
      s.mutexes[o.object].lock();
      break;
    case Kind::mutex_try:
      note(task, entered = s.mutexes[o.object].try_lock());
      break;
    case Kind::spin:
      s.spin.lock();
      break;
    case Kind::spin_try:
      note(task, entered = s.spin.try_lock());
      break;
    case Kind::shared:
      s.shared.lock_shared();
      break;
    case Kind::shared_try:
      note(task, entered = s.shared.try_lock_shared());
      break;
    case Kind::exclusive:
      s.shared.lock();
      break;
    case Kind::rcu:
      sync::rcu_read_lock();
      break;
    case Kind::preempt_off:
      sync::preempt_disable();
      break;
    default:
      sync::local_irq_disable();
      break;
  }
  return entered;
}

void RandomProgram::leave_section(const Operation& o) {
  State& s = *state_;
  switch (o.kind) {
    case Kind::semaphore_read:
      s.semaphore.unlock_shared();
      break;
    case Kind::semaphore_write:
      s.semaphore.unlock();
      break;
    case Kind::mutex:
    case Kind::mutex_try:
      s.mutexes[o.object].unlock();
      break;
    case Kind::spin:
    case Kind::spin_try:
      s.spin.unlock();
      break;
    case Kind::shared:
    case Kind::shared_try:
      s.shared.unlock_shared();
      break;
    case Kind::exclusive:
      s.shared.unlock();
      break;
    case Kind::rcu:
      sync::rcu_read_unlock();
      break;
    case Kind::preempt_off:
      sync::preempt_enable();
      break;
    default:
      sync::local_irq_enable();
      break;
  }
}

void RandomProgram::run_one(unsigned task, const Operation& o) {
  if (o.kind <= Kind::retry_until) return run_on_word(task, o);
  if (o.kind >= Kind::free_item && o.kind <= Kind::rcu_remove_now) return run_on_item(task, o);
  State& s = *state_;
  switch (o.kind) {
    case Kind::mutex_look:
      note(task, s.mutexes[o.object].is_locked());
      break;
    case Kind::synchronize:
      sync::synchronize_rcu();
      break;
    case Kind::deferred:
      sync::call_rcu([](void* at) { static_cast<Word*>(at)->store(5); }, &s.words[o.object]);
      break;
    case Kind::plain_read:
      note(task, s.plains[o.object]);
      break;
    case Kind::plain_write:
      s.plains[o.object] = o.value;
      break;
    case Kind::choose:
      note(task, static_cast<int>(sync::hook()->choose(2, "choice")));
      break;
    case Kind::get:
      note(task, s.reference.try_get_live());
      break;
    case Kind::get_put:
      if (s.reference.try_get_live()) s.reference.put();
      break;
    case Kind::kill:
      s.reference.kill();
      break;
    default: {
      sync::Task spawned(
          "spawned", [](void* at) { static_cast<Word*>(at)->fetch_add(20); }, &s.words[o.object]);
      spawned.join();
      break;
    }
  }
}

void RandomProgram::run_on_word(unsigned task, const Operation& o) {
  Word& word = state_->words[o.object];
  switch (o.kind) {
    case Kind::load:
      note(task, word.load());
      break;
    case Kind::store:
      word.store(o.value);
      break;
    case Kind::store_relaxed:
      word.store(o.value, sync::Order::relaxed);
      break;
    case Kind::add:
      word.add(1);
      break;
    case Kind::fetch_add:
      note(task, word.fetch_add(1));
      break;
    case Kind::exchange:
      note(task, word.exchange(o.value));
      break;
    case Kind::compare_exchange: {
      int expected = o.value;
      bool took = word.compare_exchange(expected, (o.value + 1) % 3);
      note(task, took ? 100 : expected);
      break;
    }
    case Kind::await_equal:
      word.await_equal(o.value);
      break;
    case Kind::await_change:
      word.await_change(o.value);
      break;
    default:
      while (word.load() != o.value) sync::retry_point("retry");
      break;
  }
}

void RandomProgram::run_on_item(unsigned task, const Operation& o) {
  State& s = *state_;
  switch (o.kind) {
    case Kind::free_item:
      sync::destroy_object(s.item);
      break;
    case Kind::touch_item:
      note(task, s.item->value.load());
      break;
    case Kind::lend_item:
      sync::poison(s.item, sizeof(Item), "item");
      sync::unpoison(s.item, sizeof(Item));
      break;
    case Kind::rcu_read: {
      sync::RcuReader reader;
      Item* item = s.pointer.load();
      if (item != nullptr && o.value == 0) note(task, item->field);
      note(task, item != nullptr ? item->value.load() : -1);
      break;
    }
    default: {
      Item* item = s.pointer.exchange(nullptr);
      if (item != nullptr && o.kind == Kind::rcu_remove) sync::synchronize_rcu();
      sync::destroy_object(item);
      break;
    }
  }
}

uint64_t RandomProgram::hash_of_memory() const {
  const State& s = *state_;
  uint64_t hash = 0;
  auto add = [&hash](uint64_t value) { hash = base::Random(hash ^ value).next(); };
  for (unsigned i = 0; i < 2; ++i) add(static_cast<uint32_t>(s.words[i].peek()));
  for (unsigned i = 0; i < 2; ++i) add(static_cast<uint32_t>(s.plains[i].peek()));
  add(static_cast<uint64_t>(s.reference.peek_references()));
  for (unsigned task = 0; task < text_.tasks.size(); ++task) {
    add(s.note_count[task]);
    for (unsigned i = 0; i < std::min<unsigned>(s.note_count[task], s.notes[task].size()); ++i)
      add(static_cast<uint8_t>(s.notes[task][i]));
  }
  return hash;
}

std::string RandomProgram::memory() const {
  const State& s = *state_;
  std::string out = fmt::format("{} {} | {} {} | {} |", s.words[0].peek(), s.words[1].peek(), s.plains[0].peek(),
                                s.plains[1].peek(), s.reference.peek_references());
  for (unsigned task = 0; task < text_.tasks.size(); ++task) {
    for (unsigned i = 0; i < std::min<unsigned>(s.note_count[task], s.notes[task].size()); ++i)
      out += fmt::format(" {}", s.notes[task][i]);
    out += ";";
  }
  return out;
}

}  // namespace quire::explore
