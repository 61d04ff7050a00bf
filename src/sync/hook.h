// The one seam between the engine and whoever explores it.
//
// Each operation of sync/ asks hook() whether a Driver drives this thread. If none does, the operation is the plain
// standard or liburcu one. If one does, the operation announces itself (`Driver::step`) and carries out its effect when
// step() returns; the driver returns from step() only when the announcing task was chosen and the operation is enabled.
// Nothing else of the engine is visible to a driver, and nothing of a driver is visible to the engine.
//
// Built with QUIRE_NO_EXPLORER, hook() is a constant nullptr and every seam folds away.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "sync/failure.h"
#include "sync/lock_class.h"

namespace quire::sync {

/// What an operation does to its object, as far as dependence and enabledness are concerned.
enum class OpKind : uint8_t {
  load,            ///< reads; commutes with loads
  store,           ///< writes
  add,             ///< changes without looking; commutes with adds
  rmw,             ///< reads and writes
  cas,             ///< `when` holds: reads and writes; otherwise a load
  acquire,         ///< exclusive lock; enabled when `when` holds
  acquire_shared,  ///< shared lock; enabled when `when` holds
  try_acquire,     ///< `when` holds: acquire; otherwise a load
  try_acquire_shared,
  release,
  release_shared,
  await,         ///< a load that is enabled when `when` holds
  reader_begin,  ///< outermost begin of an RCU reader, preempt-off or irq-off stretch
  reader_end,

  // Announced by a driver itself, never by sync/.
  start,        ///< a task begins
  retry,        ///< see Driver::retry_point
  grace_begin,  ///< the first half of synchronize_rcu(): which readers run now
  grace_end,    ///< the second: enabled when they have ended
  free,         ///< the memory [object, object + when.value) goes away
  revive,       ///< and comes back; these two are the last kinds
};

/// `(*address & mask) == value`, or `!=`; the word is `size` bytes (1, 2, 4 or 8) in the arena.
struct Condition {
  enum class Test : uint8_t { always, equal, not_equal };
  const void* address = nullptr;
  uint64_t mask = ~uint64_t{0};
  uint64_t value = 0;
  uint8_t size = 4;
  Test test = Test::always;
};

enum class OpFlag : uint8_t {
  none = 0,
  acquires = 1,   ///< memory order: sees what was released
  releases = 2,   ///< memory order: publishes what was done before
  may_sleep = 4,  ///< must not run in atomic context
  spins = 8,      ///< a spinlock: atomic context and RCU reader while held
};
[[nodiscard]] constexpr OpFlag operator|(OpFlag a, OpFlag b) {
  return static_cast<OpFlag>(static_cast<unsigned>(a) | static_cast<unsigned>(b));
}
[[nodiscard]] constexpr bool has(OpFlag set, OpFlag f) {
  return (static_cast<unsigned>(set) & static_cast<unsigned>(f)) != 0;
}

/// An announced operation. It lives on the announcing task's stack until step() returns.
struct Op {
  OpKind kind;
  OpFlag flags = OpFlag::none;
  LockClass lock_class{};        ///< meaningful for lock operations only
  const void* object = nullptr;  ///< identity: the address of the sync object
  const char* name = "";         ///< shown in diagrams: "si->inuse_pages", "cluster_lock"
  Condition when{};
};

enum class PlainAccess : uint8_t { read, write };
enum class ContextChange : uint8_t { preempt_disable, preempt_enable, irq_disable, irq_enable, rcu_lock, rcu_unlock };

/// The place and circumstances of a step that may be made to fail ("page_alloc" in add_swap_count_continuation).
struct FailSite {
  const char* site;         ///< page_alloc, slab, io_read, io_write, trylock, writepage
  const char* detail = "";  ///< for example the GFP class: GFP_KERNEL, GFP_ATOMIC
};

using TaskBody = void (*)(void* argument);

/// Implemented by the explorer (and by tests). All calls come from the driven thread.
class Driver {
 public:
  virtual ~Driver() = default;

  /// Announces `op`; returns when the caller is to carry it out. Lock bookkeeping (owner, order, atomic context, RCU
  /// reader) is the driver's from here on.
  virtual void step(const Op& op) = 0;
  /// A plain access to [address, address + size): no scheduling point, checked for data races and freed memory.
  virtual void plain(PlainAccess access, const void* address, std::size_t size, const char* name) = 0;
  /// preempt_disable() and friends; the outermost ones are steps.
  virtual void context(ContextChange change) = 0;
  /// Fails with atomic_sleep if the caller must not sleep here.
  virtual void might_sleep(const char* what) = 0;
  /// Returns when every reader that was running at the call has ended.
  virtual void synchronize_rcu() = 0;
  /// End of an iteration that will be repeated only because of what it read: the task goes on when another task has
  /// changed something this task has read since the last retry_point.
  virtual void retry_point(const char* what) = 0;
  /// One of 0..count-1; every value is explored.
  virtual unsigned choose(unsigned count, const char* what) = 0;
  /// Whether the step at `site` is to fail now.
  virtual bool should_fail(const FailSite& site) = 0;

  virtual void* allocate(std::size_t bytes, std::size_t align) = 0;
  virtual void deallocate(void* memory, std::size_t bytes) = 0;
  /// [memory, +bytes) must not be touched until unpoisoned: freed frames, parked objects.
  virtual void poison(const void* memory, std::size_t bytes, const char* what) = 0;
  virtual void unpoison(const void* memory, std::size_t bytes) = 0;

  /// Starts a task on CPU `cpu` (kAnyCpu: one of its own); returns its number.
  virtual unsigned spawn(const char* name, unsigned cpu, TaskBody body, void* argument) = 0;
  virtual void join(unsigned task) = 0;
  /// The CPU of the running task; 0 outside tasks.
  [[nodiscard]] virtual unsigned current_cpu() const = 0;

  virtual void enter(const char* function) = 0;
  virtual void leave() = 0;
  /// Whether the text of points is wanted; if not, point() is called with an empty detail.
  [[nodiscard]] virtual bool wants_detail() const = 0;
  /// A named place of the running function, with what happened there.
  virtual void point(const char* point, std::string_view detail) = 0;
  virtual void reached(const char* branch) = 0;

  /// Ends this execution as a finding.
  [[noreturn]] virtual void fail(Failure failure, std::string_view message) = 0;
};

inline constexpr unsigned kAnyCpu = ~0U;

#ifdef QUIRE_NO_EXPLORER
[[nodiscard]] constexpr Driver* hook() { return nullptr; }
#else
namespace internal {
/// The rooms are linked into programs, never into shared objects: the shortest way to a thread's own word will do.
extern thread_local constinit Driver* driver_of_thread __attribute__((tls_model("local-exec")));
}  // namespace internal
/// The driver of this thread, or nullptr.
[[nodiscard]] inline Driver* hook() { return internal::driver_of_thread; }
#endif

/// Whether a driver drives this thread. Asked everywhere: what then follows is out of line and fetches the driver
/// itself, so that what runs natively stays small.
[[nodiscard]] inline bool driven() { return hook() != nullptr; }

struct PlainField {
  const char* name;
  std::size_t bytes;
};
// Only where driven().
void announce_read(const void* address, const PlainField& field);
void announce_write(const void* address, const PlainField& field);
void announce_poison(const void* memory, std::size_t bytes, const char* what);
void announce_unpoison(const void* memory, std::size_t bytes);
void announce_might_sleep(const char* what);
void announce(OpKind kind, OpFlag flags, const void* object, const char* name);
void announce(OpKind kind, OpFlag flags, const void* object, const char* name, const Condition& when);

/// Makes `driver` drive this thread while the object lives.
class DriverScope {
 public:
  explicit DriverScope(Driver* driver);
  ~DriverScope();
  DriverScope(const DriverScope&) = delete;
  DriverScope& operator=(const DriverScope&) = delete;

 private:
  Driver* before_;
};

}  // namespace quire::sync
