// should_zap() as one table: every kind of entry against what every caller asks for.
#include "rmap/zap_details.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rmap/mapped_range.h"

namespace quire::rmap {
namespace {

using base::Defect;
using base::DefectSet;
using base::SwapOffset;
using base::SwapType;
using cache::FolioFlag;
using cache::FolioRef;
using pgtable::Pte;
using pgtable::PteBit;

/// The columns.
enum Caller : unsigned { kUnmap, kDontneed, kTruncate, kPunch, kOneFolio, kCallers };
constexpr const char* kCallerNames[] = {"munmap, exit", "MADV_DONTNEED", "truncation", "hole punch", "one folio"};

/// The rows: what is in the table, in a mapping of which kind. A capital is a letter of the tables of scenarios.
struct Row {
  const char* name;
  VmaKind vma;
  Pte entry;
  const char* zapped;  ///< a letter for each caller: Z zapped, - kept
};

class ShouldZap : public ::testing::Test {
 protected:
  ShouldZap() {
    anon_->init_flags(FolioFlag::uptodate | FolioFlag::swapbacked | FolioFlag::anon);
    file_->init_flags(FolioFlag::uptodate | FolioFlag::swapbacked);
    device_->init_flags(FolioFlag::uptodate | FolioFlag::swapbacked | FolioFlag::anon);
  }
  [[nodiscard]] ZapDetails details(unsigned caller) const {
    switch (caller) {
      case kUnmap:
        return {};
      case kDontneed:
        return {.markers = Markers::keep};
      case kTruncate:
        return {.even_cows = EvenCows::zap, .markers = Markers::keep, .from = ZapFrom::file};
      case kPunch:
        return {.even_cows = EvenCows::keep, .markers = Markers::keep, .from = ZapFrom::file};
      default:
        return {
            .even_cows = EvenCows::keep, .markers = Markers::drop, .from = ZapFrom::file, .single_folio = file_.get()};
    }
  }
  /// Order of the letters: munmap and exit, MADV_DONTNEED, truncation, hole punch, one folio.
  [[nodiscard]] std::vector<Row> rows() const {
    Pte swap = Pte::swap(base::SwapEntry(SwapType(0), SwapOffset(1)));
    base::Pfn a = anon_->pfn();
    base::Pfn f = file_->pfn();
    base::Pfn d = device_->pfn();
    return {
        {"F: present, the file's", VmaKind::file, Pte::present(f), "ZZZZZ"},
        {"A: present, a private copy", VmaKind::file, Pte::present(a), "ZZZ--"},
        {"A, writable and dirty", VmaKind::file, Pte::present(a).with(PteBit::writable).with(PteBit::dirty), "ZZZ--"},
        {"page of zeros", VmaKind::file, Pte::zero_page(), "ZZZZZ"},
        {"S: swap", VmaKind::file, swap, "ZZZ--"},
        {"S, exclusive", VmaKind::file, swap.with(PteBit::exclusive).with(PteBit::uffd_wp), "ZZZ--"},
        {"mF: migration, read", VmaKind::file, Pte::migration(f), "ZZZZZ"},
        {"mF: migration, write", VmaKind::file, Pte::migration(f).with(PteBit::writable), "ZZZZZ"},
        {"mA: migration, read", VmaKind::file, Pte::migration(a), "ZZZ--"},
        {"mA: migration, read-exclusive", VmaKind::file, Pte::migration(a).with(PteBit::exclusive), "ZZZ--"},
        {"mA: migration, write", VmaKind::file, Pte::migration(a).with(PteBit::writable), "ZZZ--"},
        {"HA: hwpoison of a copy", VmaKind::file, Pte::hwpoison(a), "ZZZ--"},
        {"HF: hwpoison of the file's", VmaKind::file, Pte::hwpoison(f), "ZZZ--"},
        {"swap-in error", VmaKind::file, Pte::swapin_error(), "ZZZ--"},
        {"dP: device-private", VmaKind::file, Pte::device_private(d), "ZZZ--"},
        {"dE: device-exclusive", VmaKind::file, Pte::device_exclusive(a), "ZZZ--"},
        {"W: marker uffd-wp, file", VmaKind::file, Pte::marker(PteBit::uffd_wp), "Z---Z"},
        {"marker guard, file", VmaKind::file, Pte::marker(PteBit::guard), "Z---Z"},
        {"marker poisoned, file", VmaKind::file, Pte::marker(PteBit::poisoned), "ZZZ--"},
        {"marker poisoned, anonymous", VmaKind::anonymous, Pte::marker(PteBit::poisoned), "ZZZ--"},
        {"marker uffd-wp, anonymous", VmaKind::anonymous, Pte::marker(PteBit::uffd_wp), "ZZZZZ"},
        {"marker guard, anonymous", VmaKind::anonymous, Pte::marker(PteBit::guard), "Z---Z"},
        {"anonymous page", VmaKind::anonymous, Pte::present(a), "ZZZ--"},
    };
  }
  [[nodiscard]] std::string zapped(const Row& row) const {
    std::string letters;
    for (unsigned caller = 0; caller < kCallers; ++caller)
      letters += should_zap(env_, details(caller), row.vma, row.entry) ? 'Z' : '-';
    return letters;
  }
  /// With `defect` on, the rows that `changed` names (from the start of their names) have these letters, and no others
  /// differ from the table.
  using Changes = std::vector<std::pair<std::string, std::string>>;
  void expect_defect(Defect defect, const Changes& changed) {
    env_.defects = {};
    env_.defects.add(defect);
    for (const Row& row : rows()) {
      std::string expected = row.zapped;
      for (const auto& [name, letters] : changed)
        if (std::string_view(row.name).starts_with(name)) expected = letters;
      EXPECT_EQ(zapped(row), expected) << row.name << " with defect " << static_cast<unsigned>(defect);
    }
    env_.defects = {};
  }

  phys::Frames frames_{{.ram = PageCount(8), .payload_bytes = 8, .device = PageCount(2)}};
  cache::Folios folios_{frames_};
  DefectSet no_defects_;
  swap::SwapAreas swap_{{}, folios_, no_defects_};
  AnonVmas anon_vmas_;
  pgtable::Tlbs tlbs_{0};
  Environment env_{folios_, swap_, anon_vmas_, tlbs_, {}, base::Order(0), {1, 3, 3}};
  FolioRef anon_ = std::move(*folios_.alloc(phys::Gfp::kernel(), base::Order(0)));
  FolioRef file_ = std::move(*folios_.alloc(phys::Gfp::kernel(), base::Order(0)));
  FolioRef device_ = std::move(*folios_.alloc_device());
};

TEST_F(ShouldZap, EveryKindOfEntryForEveryCaller) {
  for (const Row& row : rows()) {
    std::string found = zapped(row);
    for (unsigned caller = 0; caller < kCallers; ++caller)
      EXPECT_EQ(found[caller], row.zapped[caller]) << row.name << ", " << kCallerNames[caller];
  }
}

// A huge page is asked about with its PMD's entry.
TEST_F(ShouldZap, AHugePageIsJudgedAsAPage) {
  for (Pte entry : {Pte::present(file_->pfn()), Pte::migration(anon_->pfn()), Pte::present(anon_->pfn())}) {
    pgtable::Pmd pmd = pgtable::Pmd::huge(entry);
    for (unsigned caller = 0; caller < kCallers; ++caller)
      EXPECT_EQ(should_zap(env_, details(caller), VmaKind::file, pmd.entry()),
                should_zap(env_, details(caller), VmaKind::file, entry));
  }
}

// The bits that an entry carries say nothing of whose data it is.
TEST_F(ShouldZap, BitsDoNotDecide) {
  for (const Row& row : rows()) {
    if (row.entry.kind() == pgtable::PteKind::marker) continue;
    for (PteBit bit : {PteBit::writable, PteBit::accessed, PteBit::dirty, PteBit::exclusive, PteBit::soft_dirty,
                       PteBit::uffd_wp, PteBit::prot_none}) {
      Row with = row;
      with.entry = row.entry.with(bit);
      EXPECT_EQ(zapped(with), row.zapped) << row.name;
    }
  }
}

// The one cell that the discussion left open: an entry that does not say what has failed.
TEST_F(ShouldZap, PoliciesOfAFailedPageUnderAHolePunch) {
  Row copy{"HA", VmaKind::file, Pte::hwpoison(anon_->pfn()), ""};
  Row files{"HF", VmaKind::file, Pte::hwpoison(file_->pfn()), ""};
  env_.punched_poison = PunchedPoison::keep_all;
  EXPECT_EQ(zapped(copy) + " " + zapped(files), "ZZZ-- ZZZ--");
  env_.punched_poison = PunchedPoison::zap_all;
  EXPECT_EQ(zapped(copy) + " " + zapped(files), "ZZZZZ ZZZZZ");
  env_.punched_poison = PunchedPoison::keep_anon_only;
  EXPECT_EQ(zapped(copy) + " " + zapped(files), "ZZZ-- ZZZZZ");
}

TEST_F(ShouldZap, EachDefectChangesItsCellsAndNoOthers) {
  expect_defect(Defect::D1_1, {{"S", "ZZ---"}});
  expect_defect(Defect::D1_2, {{"mA", "ZZ---"}});
  expect_defect(Defect::D1_3, {{"H", "ZZ---"}});
  expect_defect(Defect::D1_4, {{"mF", "ZZ---"}});
  expect_defect(Defect::D1_5, {{"S", "ZZZZZ"}});
  expect_defect(Defect::D1_6, {{"mA", "ZZZZZ"}});
  expect_defect(Defect::D1_7, {{"H", "ZZZZZ"}});
  expect_defect(Defect::D1_11, {{"d", "ZZZZZ"}});
  expect_defect(Defect::D1_16, {{"W", "ZZ--Z"}, {"marker guard", "ZZ--Z"}});
  for (Defect elsewhere : {Defect::D1_8, Defect::D1_9, Defect::D1_10, Defect::D1_12, Defect::D1_13, Defect::D1_14,
                           Defect::D1_15, Defect::D1_17, Defect::D2_1})
    expect_defect(elsewhere, {});
}

}  // namespace
}  // namespace quire::rmap
