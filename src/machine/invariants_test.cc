// check() must notice: each invariant of SEMANTICS 0.7 is broken on purpose in a machine that was sound a moment ago.
#include <gtest/gtest.h>

#include "machine/machine.h"

namespace quire::machine {
namespace {

using cache::Folio;
using cache::FolioFlag;
using pgtable::LockedPageTable;
using pgtable::Pte;

constexpr int kReadWrite = abi::kProtRead | abi::kProtWrite;
constexpr int kAnonymous = abi::kMapPrivate | abi::kMapAnonymous;
constexpr uint64_t kPage = 4096;

/// A process with an anonymous page, a swapped-out anonymous page, and a page of a tmpfs file mapped shared.
class Invariant : public testing::Test {
 protected:
  Invariant() {
    at_[0] = *machine_.mmap(a_, 0, 2 * kPage, kReadWrite, kAnonymous, -1, 0);
    at_[1] = at_[0] + kPage;
    int fd = *machine_.memfd_create(a_);
    EXPECT_EQ(machine_.ftruncate(a_, fd, 2 * kPage), Errno::ok);
    at_[2] = *machine_.mmap(a_, 0, 2 * kPage, kReadWrite, abi::kMapShared, fd, 0);
    for (uint64_t address : at_) EXPECT_TRUE(machine_.store(a_, address, std::byte{1}).none());
    EXPECT_EQ(machine_.madvise(a_, swapped(), kPage, abi::kMadvPageout), Errno::ok);
    EXPECT_EQ(finding(), "");
  }
  [[nodiscard]] std::string finding() {
    sync::CheckReport report;
    machine_.check(report);
    return report.ok() ? "" : std::string(name(report.failure())) + " " + std::string(report.message());
  }
  /// What check() says begins like this.
  void expect_finding(std::string_view begin) { EXPECT_EQ(finding().substr(0, begin.size()), begin) << finding(); }

  [[nodiscard]] uint64_t present() const { return at_[0]; }
  [[nodiscard]] uint64_t swapped() const { return at_[1]; }
  [[nodiscard]] uint64_t file() const { return at_[2]; }
  [[nodiscard]] mm::AddressSpace& mm() { return a_.mm(); }
  [[nodiscard]] Pte get(uint64_t address) {
    base::VirtPage page = base::page_of(base::VirtAddr(address));
    return LockedPageTable(*mm().tables.find(page)).get(page);
  }
  void set(uint64_t address, Pte pte) {
    base::VirtPage page = base::page_of(base::VirtAddr(address));
    LockedPageTable(*mm().tables.find_or_create(page)).set(page, pte);
  }
  [[nodiscard]] static base::VirtPage page(uint64_t address) { return base::page_of(base::VirtAddr(address)); }
  [[nodiscard]] const mm::Vma* vma_at(uint64_t address) {
    const mm::Vma* found = nullptr;
    mm().peek_vmas([&](const mm::Vma& vma) {
      if (vma.peek_pages().contains(page(address))) found = &vma;
    });
    return found;
  }
  [[nodiscard]] Folio& folio_at(uint64_t address) { return mm().env.folios.of(get(address).pfn()); }

  static MachineOptions options() {
    MachineOptions options = MachineOptions::explored();
    options.add_swap("S", PageCount(8));
    options.private_data = OnOff::on;
    return options;
  }
  Machine machine_{options()};
  Process& a_ = machine_.create_process("A");
  std::array<uint64_t, 3> at_{};
};

TEST_F(Invariant, I1SlotWithOneReferenceTooMany) {
  EXPECT_EQ(mm().env.swap.swap_duplicate(get(swapped()).swap_entry()), Errno::ok);
  expect_finding("swap_count I1: slot 1 has byte 0x02 and 1 references");
  mm().env.swap.swap_free(get(swapped()).swap_entry());
}

TEST_F(Invariant, I1SlotWithOneReferenceTooFew) {
  Pte entry = get(swapped());
  set(swapped(), Pte::none());
  mm().rss.add(rmap::RssClass::swap_entries, -1);
  expect_finding("swap_count I1: slot 1 has byte 0x01 and 0 references");
  set(swapped(), entry);
  mm().rss.add(rmap::RssClass::swap_entries, +1);
}

TEST_F(Invariant, I2FlagWithoutPlaceInTheSwapCache) {
  folio_at(present()).set(FolioFlag::swapcache);
  expect_finding("bug folio I4: folio");
  folio_at(present()).clear(FolioFlag::swapcache);
}

TEST_F(Invariant, I4EntryOfAnAreaThatIsNotLive) {
  base::SwapEntry elsewhere(base::SwapType(1), base::SwapOffset(3));
  Pte entry = get(swapped());
  set(swapped(), Pte::swap(elsewhere));
  expect_finding("swap_count I4: page");
  set(swapped(), entry);
}

TEST_F(Invariant, I5CounterOffByOne) {
  mm().rss.add(rmap::RssClass::anon, 1);
  expect_finding("rss_mismatch I5: rss counter 1 is 2 but the tables have 1");
  mm().rss.add(rmap::RssClass::anon, -1);
}

TEST_F(Invariant, PageThatIsNotLookedForWhereItIs) {
  rmap::AnonVmas& pool = mm().env.anon_vmas;
  rmap::AnonVma& other = pool.create();
  folio_at(present()).move_anon(&other);
  expect_finding("stale_pte vma I1: page");
  folio_at(present()).move_anon(vma_at(present())->anon_vma());
  pool.put(other);
}

TEST_F(Invariant, I6ReferenceThatNobodyHas) {
  folio_at(present()).get(1);
  expect_finding("bug I6: folio");
  folio_at(present()).put();
}

TEST_F(Invariant, I6MappingThatNobodyHas) {
  folio_at(file()).add_mapping(1);
  expect_finding("bug I6: folio");
  (void)folio_at(file()).remove_mapping(1);
}

TEST_F(Invariant, I7FilePageAtTheWrongPlace) {
  set(file() + kPage, get(file()));
  folio_at(file()).get(1);
  folio_at(file()).add_mapping(1);
  mm().rss.add(rmap::RssClass::shmem, 1);
  expect_finding("stale_pte I7: page");
  set(file() + kPage, Pte::none());
  mm().rss.add(rmap::RssClass::shmem, -1);
  (void)folio_at(file()).remove_mapping(1);
  folio_at(file()).put();
}

TEST_F(Invariant, I9FolioLeftLocked) {
  folio_at(file()).lock();
  expect_finding("bug I9: folio");
  folio_at(file()).unlock();
}

TEST_F(Invariant, I6ReferenceOfAHugeMapping) {
  MachineOptions huge = options();
  huge.page_table = {2, 3, 1};
  Machine machine(huge);
  Process& b = machine.create_process("B");
  uint64_t at = *machine.mmap(b, 2 * kPage, 2 * kPage, kReadWrite, kAnonymous | abi::kMapFixed, -1, 0);
  ASSERT_EQ(machine.madvise(b, at, 2 * kPage, abi::kMadvHugepage), Errno::ok);
  ASSERT_TRUE(machine.store(b, at, std::byte{1}).none());
  ASSERT_EQ(machine.pagemap(b, at), mm::PagemapKind::huge_anon);
  Folio& folio = b.mm().env.folios.of(b.mm().tables.peek(base::page_of(base::VirtAddr(at))).pfn());
  sync::CheckReport sound;
  machine.check(sound);
  EXPECT_TRUE(sound.ok()) << sound.message();
  folio.add_mapping();
  sync::CheckReport broken;
  machine.check(broken);
  EXPECT_EQ(broken.message().substr(0, 9), "I6: folio");
  (void)folio.remove_mapping();
}

/// A huge page of two pages, in swap as a whole and shared with a child.
class HugeSwapInvariant : public testing::Test {
 protected:
  HugeSwapInvariant() {
    EXPECT_EQ(machine_.madvise(b_, at_, 2 * kPage, abi::kMadvHugepage), Errno::ok);
    EXPECT_TRUE(machine_.store(b_, at_, std::byte{1}).none());
    EXPECT_EQ(machine_.madvise(b_, at_, 2 * kPage, abi::kMadvPageout), Errno::ok);
    EXPECT_TRUE(machine_.fork(b_).ok());
    EXPECT_TRUE(pmd().is_huge_swap());
    EXPECT_EQ(finding(), "");
  }
  static MachineOptions options() {
    MachineOptions options = MachineOptions::explored();
    options.page_table = {2, 3, 1};
    options.slots_per_cluster = 2;
    options.thp_swap = swap::ThpSwap::pmd;
    options.add_swap("S", PageCount(8));
    return options;
  }
  [[nodiscard]] std::string finding() {
    sync::CheckReport report;
    machine_.check(report);
    return report.ok() ? "" : std::string(name(report.failure())) + " " + std::string(report.message());
  }
  void expect_finding(std::string_view begin) { EXPECT_EQ(finding().substr(0, begin.size()), begin) << finding(); }
  [[nodiscard]] pgtable::LeafTable& leaf() { return *b_.mm().tables.find(base::page_of(base::VirtAddr(at_))); }
  [[nodiscard]] pgtable::Pmd pmd() { return leaf().pmd(); }
  void set(pgtable::Pmd pmd) { pgtable::LockedPmd(leaf()).set(pmd); }
  [[nodiscard]] swap::SwapAreas& swap() { return b_.mm().env.swap; }

  Machine machine_{options()};
  Process& b_ = machine_.create_process("B");
  uint64_t at_ = *machine_.mmap(b_, 2 * kPage, 2 * kPage, kReadWrite, kAnonymous | abi::kMapFixed, -1, 0);
};

TEST_F(HugeSwapInvariant, I3PmdReferenceThatNobodyHas) {
  base::SwapEntry entry = pmd().entry().swap_entry();
  EXPECT_EQ(swap().swap_duplicate(entry, PageCount(2)), Errno::ok);
  expect_finding("swap_count I3: the huge cluster of slot 2 counts 3 PMD mappings, and there are 2");
  swap().swap_free(entry, PageCount(2));
  EXPECT_EQ(finding(), "");
}

TEST_F(HugeSwapInvariant, I1ReferenceToOneSlotOfAHugeCluster) {
  base::SwapEntry second = pmd().entry().swap_entry() + PageCount(1);
  EXPECT_EQ(swap().swap_duplicate(second), Errno::ok);
  expect_finding("swap_count I1: slot 3 has byte 0x03 and 2 references");
  swap().swap_free(second);
  EXPECT_EQ(finding(), "");
}

TEST_F(HugeSwapInvariant, I3MappingThatIsCountedAsPtes) {
  pgtable::Pmd before = pmd();
  EXPECT_EQ(swap().split_swap_cluster_map(before.entry().swap_entry()), Errno::ok);
  expect_finding("swap_count I3: the huge cluster of slot 2 counts 1 PMD mappings, and there are 2");
  // A cluster that is huge no more may have PMD mappings: they are split when they are used.
  EXPECT_EQ(swap().split_swap_cluster(before.entry().swap_entry(), swap::WhileCached::keep), Errno::ok);
  EXPECT_EQ(finding(), "");
}

TEST_F(HugeSwapInvariant, I4HugeEntryOfAnAreaThatIsNotLive) {
  pgtable::Pmd before = pmd();
  set(pgtable::Pmd::huge(Pte::swap(base::SwapEntry(base::SwapType(1), base::SwapOffset(2)))));
  expect_finding("swap_count I4: page 0x2 names slot 2 of an area that is not live");
  set(before);
}

TEST_F(HugeSwapInvariant, I5HugeEntryCountsWithAllItsPages) {
  b_.mm().rss.add(rmap::RssClass::swap_entries, -1);
  expect_finding("rss_mismatch I5: rss counter 3 is 1 but the tables have 2");
  b_.mm().rss.add(rmap::RssClass::swap_entries, 1);
}

TEST_F(HugeSwapInvariant, TheDumpShowsClusterAndEntry) {
  sync::String dump = machine_.dump();
  EXPECT_NE(dump.find("0x2000 huge swap 0:2"), sync::String::npos) << dump;
  EXPECT_NE(dump.find("2 huge cluster, 2 PMD mappings"), sync::String::npos) << dump;
}

TEST_F(Invariant, I13PageReplacedByZeros) {
  Pte pte = get(present());
  set(present(), Pte::zero_page());
  mm().rss.add(rmap::RssClass::anon, -1);
  expect_finding("leak folio");
  mm().rss.add(rmap::RssClass::anon, 1);
  set(present(), pte);
  // The same with nothing else out of order: the page is given back as munmap would.
  mm().zap_range(*vma_at(present()), base::Range<base::VirtPage>::of(page(present()), PageCount(1)), {});
  expect_finding("lost_store I13: the private byte at 0x1000 is gone");
  EXPECT_EQ(machine_.madvise(a_, present(), kPage, abi::kMadvDontneed), Errno::ok);
  EXPECT_EQ(finding(), "");
}

TEST_F(Invariant, I13ByteChangedBehindTheProgramsBack) {
  folio_at(present()).folios().frames().write_byte(get(present()).pfn(), 0, std::byte{7});
  expect_finding("lost_store I13: the private byte at 0x1000 is another");
  EXPECT_TRUE(machine_.store(a_, present(), std::byte{2}).none());
  EXPECT_EQ(finding(), "");
}

TEST_F(Invariant, I13SwappedByteOfAnotherSlot) {
  Pte entry = get(swapped());
  set(swapped(), Pte::swap(entry.swap_entry() + PageCount(1)));
  expect_finding("swap_count I1: slot 1");
  set(swapped(), entry);
  EXPECT_EQ(finding(), "");
}

TEST_F(Invariant, I13FailedMemoryThatNobodyIsToldOf) {
  EXPECT_EQ(machine_.poison(a_.pid(), present()), Errno::ok);
  EXPECT_EQ(finding(), "");
  Pte entry = get(present());
  set(present(), Pte::none());
  expect_finding("lost_store I13: the byte at 0x1000 was lost with its memory");
  set(present(), entry);
}

/// A ledger of its own, told of stores that the machine does not have.
class Ledger : public Invariant {
 protected:
  void store_nine(uint64_t address) {
    uint64_t begun = data_.begin_store(mm(), base::VirtAddr(address));
    data_.end_store(mm(), base::VirtAddr(address), std::byte{9}, begun);
  }
  [[nodiscard]] bool misses_nothing() {
    sync::CheckReport report;
    data_.check(report);
    return report.ok();
  }
  PrivateData data_{PrivateData::Keep::yes, mm().env.swap, mm().env.folios};
};

TEST_F(Ledger, StoreWithinACallThatTakesItsPageIsUnknown) {
  {
    Discarding other(data_, mm(), base::Range<base::VirtPage>::of(page(swapped()), PageCount(1)));
    Discarding call(data_, mm(), base::Range<base::VirtPage>::of(page(present()), PageCount(1)));
    store_nine(present());
    EXPECT_TRUE(misses_nothing());
    Process& child = **machine_.fork(a_);
    data_.fork(mm(), child.mm(), data_.now());
    EXPECT_TRUE(misses_nothing());
  }
  EXPECT_TRUE(misses_nothing());
  store_nine(present());
  EXPECT_FALSE(misses_nothing());
}

TEST_F(Ledger, StoreWithinATruncationIsUnknown) {
  int fd = *machine_.memfd_create(a_);
  EXPECT_EQ(machine_.ftruncate(a_, fd, 2 * kPage), Errno::ok);
  uint64_t copy = *machine_.mmap(a_, 0, 2 * kPage, kReadWrite, abi::kMapPrivate, fd, 0);
  for (uint64_t i : {0, 1}) EXPECT_TRUE(machine_.store(a_, copy + i * kPage, std::byte{1}).none());
  {
    Discarding truncation(data_, *vma_at(copy)->mapping(), base::FileIndex(1));
    store_nine(copy + kPage);
    EXPECT_TRUE(misses_nothing());
    store_nine(copy);  // what is left of the file keeps its private copy
    EXPECT_FALSE(misses_nothing());
  }
}

TEST_F(Invariant, TranslationThatOutlivesItsEntry) {
  Pte pte = get(present());
  EXPECT_EQ(machine_.load(a_, present()).value, std::byte{1});
  set(present(), pte.without(pgtable::PteBit::writable));
  expect_finding("stale_tlb a CPU still has a translation of page 0x1");
  machine_.flush_tlb_all();
  EXPECT_EQ(finding(), "");
  set(present(), pte);
}

TEST_F(Invariant, MigrationEntryLeftBehind) {
  Pte pte = get(present());
  machine_.flush_tlb_all();
  set(present(), Pte::migration(pte.pfn()));
  expect_finding("stale_pte page 0x1 is left with a migration entry");
  set(present(), pte);
}

TEST_F(Invariant, EntryOutsideEveryMapping) {
  set(present() + 4 * kPage, Pte::zero_page());
  expect_finding("stale_pte mm I2: page");
  set(present() + 4 * kPage, Pte::none());
}

TEST_F(Invariant, FrameThatIsMappedAndFree) {
  Pte pte = get(present());
  set(present(), Pte::present(base::Pfn(machine_.options().ram.value() - 1)));
  expect_finding("stale_pte page");
  set(present(), pte);
}

}  // namespace
}  // namespace quire::machine
