// Mappings under random mmap, munmap, mprotect, mremap and accesses, against a model that keeps each page for itself.
#include "machine/machine.h"

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <random>

namespace quire::machine {
namespace {

constexpr uint64_t kPage = 4096;
constexpr uint64_t kPages = 30;  ///< addresses in use: pages 1 to kPages
constexpr uint64_t kFilePages = 6;

/// A page of the model: its rights and where its contents are.
struct ModelPage {
  int prot = 0;
  bool shared = false;
  std::optional<uint64_t> file_page;  ///< nullopt: anonymous
  std::optional<int> own;             ///< contents that are this page's alone
};

class Model {
 public:
  std::map<uint64_t, ModelPage> pages;
  int file[kFilePages] = {};

  [[nodiscard]] int read(const ModelPage& page) const {
    if (page.own) return *page.own;
    return page.file_page ? file[*page.file_page] : 0;
  }
  void write(ModelPage& page, int value) {
    if (page.shared)
      file[*page.file_page] = value;
    else
      page.own = value;
  }
  void unmap(uint64_t first, uint64_t count) {
    for (uint64_t i = 0; i < count; ++i) pages.erase(first + i);
  }
  [[nodiscard]] bool free(uint64_t first, uint64_t count) const {
    for (uint64_t i = 0; i < count; ++i)
      if (pages.contains(first + i)) return false;
    return true;
  }
};

class Mappings : public ::testing::TestWithParam<unsigned> {
 protected:
  static MachineOptions options() {
    MachineOptions o = GetParam() % 2 == 0 ? MachineOptions::explored() : MachineOptions();
    if (GetParam() % 2 == 0) {
      o.ram = PageCount(96);
      o.page_table = {3, 3, 2};
      o.thp_order = 2;
    } else {
      o.tlb = OnOff::on;
    }
    o.add_swap("S", PageCount(64));
    return o;
  }
  uint64_t below(uint64_t n) { return random_() % n; }

  void map() {
    uint64_t count = 1 + below(6);
    uint64_t first = 1 + below(kPages - count);
    int prot = static_cast<int>(below(4));
    uint64_t kind = below(3);
    uint64_t offset = kind == 0 ? 0 : below(kFilePages);
    if (kind != 0) count = std::min(count, kFilePages - offset);
    int flags =
        abi::kMapFixed | (kind == 1 ? abi::kMapShared : abi::kMapPrivate) | (kind == 0 ? abi::kMapAnonymous : 0);
    auto at = machine_.mmap(a_, first * kPage, count * kPage, prot, flags, kind == 0 ? -1 : fd_, offset * kPage);
    ASSERT_TRUE(at.ok());
    for (uint64_t i = 0; i < count; ++i) {
      ModelPage page{prot, kind == 1, std::nullopt, std::nullopt};
      if (kind != 0) page.file_page = offset + i;
      model_.pages[first + i] = page;
    }
  }
  void unmap() {
    uint64_t count = 1 + below(4);
    uint64_t first = 1 + below(kPages - count);
    EXPECT_EQ(machine_.munmap(a_, first * kPage, count * kPage), Errno::ok);
    model_.unmap(first, count);
  }
  void protect() {
    uint64_t count = 1 + below(6);
    uint64_t first = 1 + below(kPages - count);
    int prot = static_cast<int>(below(4));
    Errno error = machine_.mprotect(a_, first * kPage, count * kPage, prot);
    uint64_t i = 0;
    for (; i < count && model_.pages.contains(first + i); ++i) model_.pages[first + i].prot = prot;
    EXPECT_EQ(error, i == count ? Errno::ok : Errno::enomem);
  }
  void remap() {
    uint64_t old_count = 1 + below(5);
    uint64_t new_count = 1 + below(5);
    uint64_t first = 1 + below(kPages - 6);
    uint64_t target = 1 + below(kPages - 6);
    bool fixed = below(2) == 0;
    bool keep = fixed && old_count == new_count && below(3) == 0;
    int flags = (below(4) != 0 || fixed ? abi::kMremapMaymove : 0) | (fixed ? abi::kMremapFixed : 0) |
                (keep ? abi::kMremapDontunmap : 0);
    auto at = machine_.mremap(a_, first * kPage, old_count * kPage, new_count * kPage, flags, target * kPage);
    // What is unmapped first is so also when the call fails.
    bool overlaps = fixed && first < target + new_count && target < first + old_count;
    bool mapped = model_.pages.contains(first);
    if (fixed && mapped && !overlaps) model_.unmap(target, new_count);
    if (mapped && !overlaps && old_count > new_count) {
      model_.unmap(first + new_count, old_count - new_count);
      old_count = new_count;
    }
    if (!at.ok()) return;
    ASSERT_TRUE(mapped);
    uint64_t to = *at / kPage;
    if (to != first) {
      ASSERT_TRUE(model_.free(to, new_count));
      for (uint64_t i = 0; i < old_count; ++i) {
        ModelPage page = model_.pages[first + i];
        model_.pages[to + i] = page;
        if (keep)
          model_.pages[first + i].own.reset();
        else
          model_.pages.erase(first + i);
      }
    }
    for (uint64_t i = old_count; i < new_count; ++i) {
      ASSERT_FALSE(model_.pages.contains(to + i));
      ModelPage page = model_.pages[to + i - 1];
      page.own.reset();
      if (page.file_page) ++*page.file_page;
      model_.pages[to + i] = page;
    }
    // Beyond the end of the file nothing can be looked at: the model does without.
    for (uint64_t i = 0; i < new_count; ++i)
      if (auto page = model_.pages.find(to + i);
          page != model_.pages.end() && page->second.file_page && *page->second.file_page >= kFilePages) {
        EXPECT_EQ(machine_.munmap(a_, (to + i) * kPage, kPage), Errno::ok);
        model_.pages.erase(page);
      }
  }
  void access() {
    uint64_t at = 1 + below(kPages);
    auto page = model_.pages.find(at);
    auto value = static_cast<int>(1 + below(100));
    bool write = below(2) == 0;
    mm::Signal signal;
    mm::Loaded loaded;
    if (write)
      signal = machine_.store(a_, at * kPage, static_cast<std::byte>(value));
    else
      signal = (loaded = machine_.load(a_, at * kPage)).signal;
    if (page == model_.pages.end()) {
      EXPECT_EQ(signal, (mm::Signal{mm::SignalNumber::sigsegv, 1})) << "page " << at;
      return;
    }
    bool allowed = (page->second.prot & (write ? abi::kProtWrite : abi::kProtRead | abi::kProtWrite)) != 0;
    if (!allowed) {
      EXPECT_EQ(signal, (mm::Signal{mm::SignalNumber::sigsegv, 2})) << "page " << at;
      return;
    }
    ASSERT_TRUE(signal.none()) << "page " << at;
    if (write)
      model_.write(page->second, value);
    else
      EXPECT_EQ(static_cast<int>(loaded.value), model_.read(page->second)) << "page " << at;
  }
  void page_out() {
    uint64_t count = 1 + below(6);
    uint64_t first = 1 + below(kPages - count);
    (void)machine_.madvise(a_, first * kPage, count * kPage, abi::kMadvPageout);
  }
  void huge() {
    uint64_t count = 4 + below(8);
    uint64_t first = 1 + below(kPages - count);
    (void)machine_.madvise(a_, first * kPage, count * kPage, below(4) == 0 ? abi::kMadvNohugepage : abi::kMadvHugepage);
  }
  void fork_and_end() {
    auto child = machine_.fork(a_);
    ASSERT_TRUE(child.ok());
    uint64_t at = 1 + below(kPages);
    if (model_.pages.contains(at) && !model_.pages[at].shared)
      (void)machine_.store(**child, at * kPage, std::byte{200});
    machine_.exit(**child);
  }
  void step() {
    switch (below(16)) {
      case 0:
      case 1:
        return map();
      case 2:
        return unmap();
      case 3:
      case 4:
        return protect();
      case 5:
      case 6:
        return remap();
      case 7:
        return page_out();
      case 8:
        return huge();
      case 9:
        return below(3) == 0 ? fork_and_end() : access();
      default:
        return access();
    }
  }
  void check(int at) {
    sync::CheckReport report;
    machine_.check(report);
    ASSERT_TRUE(report.ok()) << "step " << at << ": " << report.message() << "\n" << machine_.dump();
  }

  std::mt19937 random_{GetParam()};
  Machine machine_{options()};
  Process& a_ = machine_.create_process("A");
  int fd_ = *machine_.memfd_create(a_);
  Model model_;
};

TEST_P(Mappings, AreWhatAModelOfPagesSays) {
  ASSERT_EQ(machine_.ftruncate(a_, fd_, static_cast<int64_t>(kFilePages * kPage)), Errno::ok);
  for (int i = 0; i < 500; ++i) {
    step();
    if (HasFatalFailure()) return;
    check(i);
    if (HasFailure()) {
      ADD_FAILURE() << "step " << i << "\n" << machine_.dump();
      return;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Random, Mappings, testing::Range(0U, 12U));

}  // namespace
}  // namespace quire::machine
