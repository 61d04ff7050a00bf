// The reverse map of anonymous pages against the page tables of everybody, in families of processes that grow, change
// and die at random.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>
#include <set>
#include <vector>

#include "machine/machine.h"
#include "rmap/rmap_walk.h"

namespace quire::machine {
namespace {

using base::VirtAddr;
using base::VirtPage;
using cache::Folio;
using cache::FolioFlag;
using pgtable::Pte;

constexpr int kReadWrite = abi::kProtRead | abi::kProtWrite;
constexpr int kAnonymous = abi::kMapPrivate | abi::kMapAnonymous;
constexpr uint64_t kPage = 4096;
constexpr uint64_t kFirst = 4;
constexpr uint64_t kPages = 6;

using Place = std::pair<const rmap::MappedSpace*, VirtPage>;

class AnonChains : public testing::Test {
 protected:
  static MachineOptions options() {
    MachineOptions options = MachineOptions::explored();
    options.ram = PageCount(128);
    options.nodes = 2;
    options.add_swap("S", PageCount(64));
    return options;
  }
  AnonChains() { live_.push_back(&machine_.create_process("A")); }

  Process& any() { return *live_[random_() % live_.size()]; }
  static uint64_t address(uint64_t page) { return (kFirst + page) * kPage; }
  /// A stretch of one to three pages.
  std::pair<uint64_t, uint64_t> stretch() {
    uint64_t first = random_() % kPages;
    return {address(first), (1 + random_() % std::min<uint64_t>(3, kPages - first)) * kPage};
  }
  void map(Process& process, uint64_t at, uint64_t bytes) {
    (void)machine_.mmap(process, at, bytes, kReadWrite, kAnonymous | abi::kMapFixed, -1, 0);
  }
  Process& fork(Process& parent) {
    live_.push_back(*machine_.fork(parent));
    return *live_.back();
  }
  void exit(Process& process) {
    std::erase(live_, &process);
    machine_.exit(process);
  }
  Pte entry(Process& process, uint64_t at) { return process.mm().tables.peek(base::page_of(VirtAddr(at))); }
  static const mm::Vma& vma_at(Process& process, uint64_t at) {
    const mm::Vma* found = nullptr;
    process.mm().peek_vmas([&](const mm::Vma& vma) {
      if (vma.peek_pages().contains(base::page_of(VirtAddr(at)))) found = &vma;
    });
    return *found;
  }

  /// Who maps the folio, by all page tables.
  std::set<Place> mapped_at(const Folio& folio) {
    std::set<Place> places;
    for (Process* process : live_)
      process->mm().tables.peek_each([&](VirtPage page, Pte pte, PageCount) {
        if (pte.is_present() && folio.contains(pte.pfn())) places.emplace(&process->mm(), page);
      });
    return places;
  }
  struct Found {
    std::vector<const rmap::MappedSpace*> visited;
    std::set<Place> places;
  };
  static Found walk(Folio& folio, rmap::Environment& env) {
    Found found;
    cache::LockedFolio locked(folio);
    rmap::RmapHold(env, folio).walk([&](rmap::MappedRange& range) {
      found.visited.push_back(&range.space());
      return rmap::for_each_mapping(
          range, rmap::Extent::of(folio), [](auto&&...) { return rmap::Walk::go_on; },
          [&](rmap::LockedPageTable&, VirtPage page, Pte) {
            EXPECT_TRUE(found.places.emplace(&range.space(), page).second) << "met twice";
            return rmap::Walk::go_on;
          });
    });
    return found;
  }
  Found walk(Process& process, uint64_t at) {
    rmap::Environment& env = process.mm().env;
    return walk(env.folios.of(entry(process, at).pfn()), env);
  }
  void expect_all_found() {
    rmap::Environment& env = live_.front()->mm().env;
    std::set<Folio*> folios;
    for (Process* process : live_)
      process->mm().tables.peek_each([&](VirtPage, Pte pte, PageCount) {
        if (pte.is_present()) folios.insert(&env.folios.of(pte.pfn()));
      });
    for (Folio* folio : folios)
      if (folio->test(FolioFlag::anon)) {
        ++checked_, shared_ += mapped_at(*folio).size() > 1;
        EXPECT_EQ(walk(*folio, env).places, mapped_at(*folio));
      }
    sync::CheckReport report;
    machine_.check(report);
    EXPECT_TRUE(report.ok()) << report.message();
  }
  void act() {
    Process& process = any();
    auto [at, bytes] = stretch();
    switch (random_() % 14) {
      case 0:
        if (live_.size() < 6) fork(process);
        break;
      case 1:
        if (live_.size() > 1) exit(process);
        break;
      case 2:
        map(process, at, bytes);
        break;
      case 3:
        (void)machine_.munmap(process, at, bytes);
        break;
      case 4:
        (void)machine_.mprotect(process, at, bytes, random_() % 2 == 0 ? abi::kProtRead : kReadWrite);
        break;
      case 5:
        (void)machine_.mremap(process, at, kPage, kPage, abi::kMremapMaymove | abi::kMremapFixed, stretch().first);
        break;
      case 6:
        (void)machine_.madvise(process, at, bytes, abi::kMadvPageout);
        break;
      case 7:
        (void)machine_.move_pages(process.pid(), at, static_cast<int>(random_() % 2));
        break;
      case 8:
        (void)machine_.load(process, at);
        break;
      default:
        (void)machine_.store(process, at, std::byte{1});
    }
  }

  Machine machine_{options()};
  std::mt19937 random_{0};
  std::vector<Process*> live_;
  int checked_ = 0;
  int shared_ = 0;
};

TEST_F(AnonChains, AWalkFindsExactlyTheEntriesThatMapThePage) {
  map(*live_.front(), kFirst * kPage, kPages * kPage);
  for (int step = 0; step < 8000; ++step) {
    act();
    expect_all_found();
    ASSERT_FALSE(HasFailure()) << "step " << step;
  }
  EXPECT_GT(checked_, 4000);
  EXPECT_GT(shared_, 1000);
  while (!live_.empty()) exit(*live_.back());
  EXPECT_EQ(machine_.folios_leaked(), 0U);
}

TEST_F(AnonChains, AChildsPageIsNotLookedForInItsParentOrSiblings) {
  Process& a = *live_.front();
  map(a, address(0), kPage);
  EXPECT_TRUE(machine_.store(a, address(0), std::byte{1}).none());
  Process& b = fork(a);
  Process& c = fork(a);
  std::array<Process*, 3> all = {&a, &b, &c};
  EXPECT_EQ(walk(a, address(0)).visited.size(), all.size());
  for (Process* process : {&b, &c}) {
    EXPECT_TRUE(machine_.store(*process, address(0), std::byte{2}).none());
    EXPECT_EQ(walk(*process, address(0)).visited, std::vector<const rmap::MappedSpace*>{&process->mm()});
  }
  Process& d = fork(b);
  EXPECT_EQ(walk(b, address(0)).visited, (std::vector<const rmap::MappedSpace*>{&b.mm(), &d.mm()}));
  exit(b);
  EXPECT_TRUE(machine_.store(d, address(0), std::byte{3}).none());
  EXPECT_EQ(walk(d, address(0)).visited, std::vector<const rmap::MappedSpace*>{&d.mm()}) << "reused and not moved";
}

TEST_F(AnonChains, ALineOfProcessesDoesNotAccumulateAnonVmas) {
  map(*live_.front(), address(0), kPage);
  EXPECT_TRUE(machine_.store(*live_.front(), address(0), std::byte{1}).none());
  std::set<const rmap::AnonVma*> seen;
  for (int generation = 0; generation < 40; ++generation) {
    Process& parent = *live_.front();
    Process& child = fork(parent);
    exit(parent);
    EXPECT_TRUE(machine_.store(child, address(0), std::byte{1}).none());
    seen.insert(vma_at(child, address(0)).anon_vma());
    expect_all_found();
  }
  EXPECT_LE(seen.size(), 3U);
}

}  // namespace
}  // namespace quire::machine
