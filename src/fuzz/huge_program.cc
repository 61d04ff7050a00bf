#include "fuzz/huge_program.h"

#include <fmt/core.h>

#include "base/random.h"

namespace quire::fuzz {
namespace {

constexpr unsigned kHugePages = 512;

class HugeProgram {
 public:
  explicit HugeProgram(uint64_t seed) : seed_(seed), random_(seed) {}

  std::string text() {
    pages_ = one_in(4) ? 2 * kHugePages : kHugePages;
    say('A', fmt::format("p = mmap(2M, {}, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)", size()));
    say('A', fmt::format("madvise(p, {}, MADV_HUGEPAGE)", size()));
    say('A', fmt::format("store(p[0:{}], 'a')", pages_));
    if (one_in(4)) fork();
    say('A', fmt::format("madvise(p, {}, MADV_PAGEOUT)", size()));
    for (unsigned i = 2 + below(5); i > 0; --i) call();
    for (unsigned i = below(3); i > 0; --i) say(process(), fmt::format("load(p[{}])", below(pages_)));
    return fmt::format(
        "scenario fuzz-{} \"huge pages in one order\"\nmachine cpus=1 ram=2048 swap=S:1536 payload=8 PTRS_PER_PTE=512 "
        "SWAPFILE_CLUSTER=512 thp=512 thp_swap=pmd\n\ncheck {{\n{}}}\n\nexpect {{ never bug }}\n",
        seed_, lines_);
  }

 private:
  bool one_in(unsigned count) { return random_.below(count) == 0; }
  unsigned below(unsigned count) { return static_cast<unsigned>(random_.below(count)); }
  void say(char process, const std::string& call) { lines_ += fmt::format("  {}: {}\n", process, call); }
  char process() { return forked_ && one_in(2) ? 'C' : 'A'; }
  [[nodiscard]] std::string size() const { return pages_ == kHugePages ? "2M" : "4M"; }

  void fork() {
    say('A', "C = fork()");
    forked_ = true;
  }

  std::string part() {
    if (one_in(2)) return fmt::format("p[0:{}]", pages_);
    unsigned first = below(pages_);
    return fmt::format("p[{}:{}]", first, first + 1 + below(pages_ - first));
  }

  void call() {
    char who = process();
    switch (below(forked_ ? 8 : 9)) {
      case 0:
      case 1:
        return say(who, fmt::format("madvise({}, MADV_DONTNEED)", part()));
      case 2:
        return say(who, fmt::format("munmap({})", part()));
      case 3:
        return say(who, fmt::format("mprotect({}, PROT_READ)", part()));
      case 8:
        return fork();
      default:
        lines_ += fmt::format("  rss({}).{}\n", who, one_in(3) ? "anon" : "swapents");
    }
  }

  uint64_t seed_;
  base::Random random_;
  unsigned pages_ = kHugePages;
  bool forked_ = false;
  std::string lines_;
};

}  // namespace

std::string huge_program(uint64_t seed) { return HugeProgram(seed).text(); }

}  // namespace quire::fuzz
