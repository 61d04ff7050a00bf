// What the policies of reclaim are worth: the share of accesses that find their page, and accesses per second, for four
// patterns, anonymous memory and a file, and RAM for a quarter, half and three quarters of the pages. The policies take
// turns in each round; printed is the median of the rounds.
//
//   build/bench/bench/reclaim_bench [ROUNDS]
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <numeric>
#include <random>
#include <string_view>
#include <vector>

#include "machine/machine.h"

namespace quire::machine {
namespace {

constexpr uint64_t kPages = 4096;
constexpr std::size_t kAccesses = 60'000;
constexpr std::size_t kWarmUp = 20'000;
constexpr uint64_t kBytes = 4096;
constexpr uint64_t kScanPages = kPages * 3 / 4;

using Pattern = std::vector<uint32_t>;

/// Popularity falls as 1/rank, ranks scattered over the pages [0, pages).
class Zipf {
 public:
  Zipf(uint64_t pages, std::mt19937_64& random) : sum_(pages), place_(pages) {
    double total = 0;
    for (uint64_t i = 0; i < pages; ++i) sum_[i] = total += 1.0 / static_cast<double>(i + 1);
    std::iota(place_.begin(), place_.end(), 0U);
    std::shuffle(place_.begin(), place_.end(), random);
  }
  uint32_t operator()(std::mt19937_64& random) {
    double at = std::uniform_real_distribution<double>(0, sum_.back())(random);
    auto rank = static_cast<std::size_t>(std::lower_bound(sum_.begin(), sum_.end(), at) - sum_.begin());
    return place_[std::min(rank, place_.size() - 1)];
  }

 private:
  std::vector<double> sum_;
  std::vector<uint32_t> place_;
};

/// `zipf`: over all pages. `scan`: zipf over a quarter, and between two of those one page of a walk over the rest.
/// `loop`: all pages in order, again and again. `shift`: zipf over an eighth of the pages, another one every tenth.
Pattern make(std::string_view name) {
  std::mt19937_64 random(7);
  Pattern pattern;
  constexpr std::size_t kTotal = kWarmUp + kAccesses;
  if (name == "loop") {
    for (std::size_t i = 0; i < kTotal; ++i) pattern.push_back(static_cast<uint32_t>(i % kPages));
    return pattern;
  }
  Zipf all(kPages, random);
  Zipf quarter(kPages - kScanPages, random);
  Zipf eighth(kPages / 8, random);
  for (std::size_t i = 0; i < kTotal; ++i) {
    if (name == "zipf")
      pattern.push_back(all(random));
    else if (name == "scan")
      pattern.push_back(i % 2 == 0 ? quarter(random) : static_cast<uint32_t>(kPages - kScanPages + i / 2 % kScanPages));
    else
      pattern.push_back(static_cast<uint32_t>((eighth(random) + i * 10 / kTotal * (kPages / 8)) % kPages));
  }
  return pattern;
}

struct Result {
  double hits = 0;  ///< share
  double rate = 0;  ///< accesses per second
};

struct Policy {
  std::string_view name;
  LruPolicy lru;
  OnOff workingset;
};
constexpr std::array kPolicies = {Policy{"clock", LruPolicy::clock, OnOff::off},
                                  Policy{"lists", LruPolicy::lists, OnOff::off},
                                  Policy{"lists+workingset", LruPolicy::lists, OnOff::on}};

class Run {
 public:
  Run(const Policy& policy, bool file, uint64_t ram)
      : machine_(options(policy, ram)), process_(machine_.create_process("bench")) {
    int fd = -1;
    if (file) {
      fd = *machine_.open(process_, "f", abi::kORdwr | abi::kOCreat);
      if (machine_.ftruncate(process_, fd, static_cast<int64_t>(kPages * kBytes)) != Errno::ok) std::abort();
    }
    int flags = file ? abi::kMapShared : abi::kMapPrivate | abi::kMapAnonymous;
    map_ = *machine_.mmap(process_, 0, kPages * kBytes, abi::kProtRead | abi::kProtWrite, flags, fd, 0);
    for (uint64_t page = 0; page < kPages; ++page) touch(page);
  }

  /// A store if `write`, so that a page of a file may be dirty.
  void touch(uint64_t page) {
    mm::Signal signal = page % 4 == 0 ? machine_.store(process_, map_ + page * kBytes, std::byte{1})
                                      : machine_.load(process_, map_ + page * kBytes).signal;
    if (first_) signal = machine_.store(process_, map_ + page * kBytes, std::byte{1});
    if (page == kPages - 1) first_ = false;
    if (!signal.none()) std::abort();
  }

  double hits(const Pattern& pattern) {
    std::size_t hits = 0;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
      if (i >= kWarmUp && *machine_.mincore(process_, map_ + pattern[i] * kBytes)) ++hits;
      touch(pattern[i]);
    }
    return static_cast<double>(hits) / kAccesses;
  }

  double rate(const Pattern& pattern) {
    auto begin = std::chrono::steady_clock::now();
    for (std::size_t i = kWarmUp; i < pattern.size(); ++i) touch(pattern[i]);
    std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    return kAccesses / seconds.count();
  }

 private:
  static MachineOptions options(const Policy& policy, uint64_t ram) {
    MachineOptions options;
    options.cpus = 1;
    options.ram = PageCount(ram);
    options.lru = policy.lru;
    options.workingset = policy.workingset;
    options.add_swap("S", PageCount(2 * kPages));
    return options;
  }

  Machine machine_;
  Process& process_;
  uint64_t map_ = 0;
  bool first_ = true;
};

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

void compare(std::string_view name, const Pattern& pattern, bool file, unsigned quarters, unsigned rounds) {
  std::array<std::vector<double>, kPolicies.size()> hits, rates, ratios;
  for (unsigned round = 0; round < rounds; ++round) {
    for (std::size_t p = 0; p < kPolicies.size(); ++p) {
      Run run(kPolicies[p], file, kPages * quarters / 4);
      hits[p].push_back(run.hits(pattern));
      rates[p].push_back(run.rate(pattern));
      ratios[p].push_back(rates[p].back() / rates[0].back());
    }
  }
  fmt::print("{:5} {:4} {:3}% ", name, file ? "file" : "anon", quarters * 25);
  for (std::size_t p = 0; p < kPolicies.size(); ++p)
    fmt::print("| {:5.1f}% {:8.0f}/s {:4.2f} ", 100 * median(hits[p]), median(rates[p]), median(ratios[p]));
  fmt::print("\n");
}

int main_of(int argc, char** argv) {
  unsigned rounds = argc > 1 ? static_cast<unsigned>(std::atoi(argv[1])) : 3;
  fmt::print("pattern, pages, RAM ");
  for (const Policy& p : kPolicies) fmt::print("| {:22} ", p.name);
  fmt::print("\n");
  for (std::string_view name : {"zipf", "scan", "loop", "shift"}) {
    Pattern pattern = make(name);
    for (bool file : {false, true})
      for (unsigned quarters : {1U, 2U, 3U}) compare(name, pattern, file, quarters, std::max(1U, rounds));
  }
  return 0;
}

}  // namespace
}  // namespace quire::machine

int main(int argc, char** argv) { return quire::machine::main_of(argc, argv); }
