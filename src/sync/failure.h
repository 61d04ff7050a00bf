// What can go wrong in an explored program, under the names that scenarios use.
#pragma once

#include <cstdint>
#include <string_view>

namespace quire::sync {

enum class Failure : uint8_t {
  uaf,            ///< freed memory was touched
  double_free,    ///< freed memory was freed
  bug,            ///< an assertion, a BUG or a kernel log oracle ("Bad swap offset entry")
  fault,          ///< an access to an unmapped kernel page
  race,           ///< two plain accesses, one a write, with nothing between that orders them
  deadlock,       ///< nobody can go on
  livelock,       ///< the same step repeats and nobody is left to change what it depends on (I12)
  lock_order,     ///< a lock was taken against sync/lock_order.def
  atomic_sleep,   ///< a step that may sleep inside a spinlock, an RCU reader or with interrupts off
  leak,           ///< something was allocated and nobody holds it
  lost_store,     ///< a store is not seen where it must be (I13)
  stale_pte,      ///< a page-table entry for a page that is no longer there (I7)
  stale_tlb,      ///< a translation used after its entry went away
  rss_mismatch,   ///< an RSS counter is not what the page tables say (I5)
  swap_count,     ///< a slot's count is not the number of its references (I1..I4)
  double_unlock,  ///< unlock by somebody who does not hold it (I9)
  null_deref,     ///< an access near address zero
  rcu,            ///< unbalanced or misplaced RCU calls
  check,          ///< an expected result was not met
};

inline constexpr std::string_view kFailureNames[] = {
    "uaf",        "double_free",   "bug",        "fault",      "race",      "deadlock",  "livelock",
    "lock_order", "atomic_sleep",  "leak",       "lost_store", "stale_pte", "stale_tlb", "rss_mismatch",
    "swap_count", "double_unlock", "null_deref", "rcu",        "check"};

[[nodiscard]] constexpr std::string_view name(Failure f) { return kFailureNames[static_cast<unsigned>(f)]; }

}  // namespace quire::sync
