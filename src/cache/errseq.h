// Errseq: the last error of a file's writeback, in such a way that each observer hears of it exactly once.
//
// One word: the error, whether anybody has seen it, and a counter that tells two equal errors apart. An observer keeps
// a sample of the word; what differs from the sample is news to it. The counter moves only if the value before was
// seen, so that errors that nobody looks at between cost no bits.
//
//   nothing, or seen --set(e)--> e, unseen, counter + 1      unseen --set(e)--> e, unseen
//   unseen --check_and_advance()--> the same, seen
//
// I11 a set() is reported once by check_and_advance() of every sample that is older; a sample taken while the error was
//     unseen is 0, so that whoever opens the file next hears of what nobody has heard of yet
// No lock: the word is atomic. A sample that several tasks share needs one. Linux: lib/errseq.c
//
//   Errseq::Sample since = mapping.wb_err().sample();        // open()
//   Errno error = mapping.wb_err().check_and_advance(since); // fsync()
#pragma once

#include "base/result.h"
#include "sync/atomic.h"

namespace quire::cache {

class Errseq {
 public:
  using Sample = uint32_t;

  /// Linux: errseq_set(). Nothing happens for `ok`.
  void set(base::Errno error) {
    if (error == base::Errno::ok) return;
    uint32_t old = word_.load(sync::Order::relaxed);
    for (;;) {
      uint32_t now = (old & ~(kErrorMask | kSeen)) | static_cast<uint32_t>(error);
      if ((old & kSeen) != 0) now += kCounterStep;
      if (now == old || word_.compare_exchange(old, now)) return;
    }
  }
  /// What an observer begins with: 0 if there is an error that nobody has seen. Linux: errseq_sample()
  [[nodiscard]] Sample sample() const {
    uint32_t old = word_.load();
    return (old & kSeen) != 0 ? old : 0;
  }
  /// The error since `since`, which stays as it was. Linux: errseq_check()
  [[nodiscard]] base::Errno check(Sample since) const {
    uint32_t now = word_.load();
    return now == since ? base::Errno::ok : error_of(now);
  }
  /// The error since `since`, which is now: the caller alone uses it, or holds its lock. Linux:
  /// errseq_check_and_advance()
  [[nodiscard]] base::Errno check_and_advance(Sample& since) {
    uint32_t old = word_.load();
    if (old == since) return base::Errno::ok;
    // Somebody else may see it, or set another, meanwhile; what is reported is what was there at the look.
    uint32_t seen = old | kSeen;
    if (seen != old) {
      uint32_t expected = old;
      (void)word_.compare_exchange(expected, seen);
    }
    since = seen;
    return error_of(seen);
  }
  /// At quiescent points: an error that nobody has been told.
  [[nodiscard]] bool peek_unseen() const { return word_.peek() != 0 && (word_.peek() & kSeen) == 0; }

 private:
  static constexpr uint32_t kErrorMask = 0xfff;       // Linux: MAX_ERRNO
  static constexpr uint32_t kSeen = 1U << 12;         // Linux: ERRSEQ_SEEN
  static constexpr uint32_t kCounterStep = 1U << 13;  // Linux: ERRSEQ_CTR_INC
  [[nodiscard]] static base::Errno error_of(uint32_t word) { return static_cast<base::Errno>(word & kErrorMask); }

  sync::Atomic<uint32_t, "mapping->wb_err"> word_{0};
};

}  // namespace quire::cache
