// Region: a stretch of an address space that one thread of the stress owns, and what each page of it must contain.
//
// Anonymous memory, a private or a shared mapping of a file of its own; other threads work on the same address space
// and the kernel's tasks move, collapse and page out what they like, so contents change by this thread's calls alone.
#pragma once

#include "base/random.h"
#include "machine/stress/stress.h"
#include "sync/heap.h"

namespace quire::machine {

enum class RegionKind : uint8_t { anonymous, private_file, shared_file };

/// What threads have counted together.
struct MemoryCounts {
  Counter stores, loads, operations, forks, poisons, collapses, moves, device, swapoffs, no_memory, mismatches;
};

class Region {
 public:
  static constexpr uint64_t kPages = 1024;  ///< two huge pages of 2 MiB
  /// From `window` on there are 4 * kPages pages of address space for it.
  Region(Machine& machine, Process& process, RegionKind kind, uint64_t window, uint64_t seed, MemoryCounts& counts);
  Region(const Region&) = delete;
  Region& operator=(const Region&) = delete;

  /// Some stores, one other operation, and a look at some pages.
  void step();
  /// Looks at every page.
  void verify(std::string_view when);

 private:
  struct Page {
    int file = 0;           ///< what the file has
    int copy = -1;          ///< what the private copy has, or -1 for none
    bool lazy = false;      ///< after MADV_FREE: or nothing
    bool poisoned = false;  ///< SIGBUS, or what it had if swap had it too
  };
  struct Span {
    uint64_t first;
    uint64_t pages;
  };
  [[nodiscard]] Span some(uint64_t pages_max);
  [[nodiscard]] uint64_t address(uint64_t page) const { return base_ + page * kPage; }
  [[nodiscard]] static uint64_t offset(uint64_t page) { return page % kPage; }
  [[nodiscard]] bool has_file() const { return kind_ != RegionKind::anonymous; }

  void map();
  void store(uint64_t page);
  void look(Process& process, const Page& page, uint64_t number, std::string_view what);
  void look_at_own(uint64_t page, std::string_view what);
  void mismatch(std::string_view what, uint64_t page, int seen, int wanted);
  void must(Errno error, std::string_view what);
  /// The private copies are gone.
  void forget(Span span);
  /// What the file had is gone.
  void forget_file(Span span);

  void advise(Span span);
  void discard(Span span);
  void change_file(Span span);
  void protect(Span span);
  void move();
  void map_again();
  void fork(Span span);
  void lock(Span span);
  void write_protect(Span span);
  void poison(Span span);
  void collapse(Span span);

  Machine& machine_;
  Process& process_;
  const RegionKind kind_;
  const uint64_t window_;
  uint64_t base_;
  base::Random random_;
  MemoryCounts& counts_;
  int fd_ = -1;
  sync::Vector<Page> pages_;
};

}  // namespace quire::machine
