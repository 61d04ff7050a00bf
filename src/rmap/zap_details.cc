#include "rmap/zap_details.h"

#include "rmap/mapped_range.h"

namespace quire::rmap {
namespace {

using base::Defect;
using cache::FolioFlag;
using pgtable::Pte;
using pgtable::PteBit;
using pgtable::PteKind;

bool of_anon_folio(const Environment& env, Pte pte) { return env.folios.of(pte.pfn()).test(FolioFlag::anon); }

bool is_private_poison(const Environment& env, Pte pte) {
  switch (env.punched_poison) {
    case PunchedPoison::keep_all:
      return true;
    case PunchedPoison::zap_all:
      return false;
    case PunchedPoison::keep_anon_only:
      return of_anon_folio(env, pte);
  }
  return true;
}

bool is_private_data(const Environment& env, Pte pte) {
  switch (pte.kind()) {
    case PteKind::none:
    case PteKind::zero_page:
    case PteKind::marker:
      return false;
    case PteKind::present:
      return of_anon_folio(env, pte);
    case PteKind::migration:
      return !env.defects.has(Defect::D1_6) && of_anon_folio(env, pte);
    case PteKind::device_private:
    case PteKind::device_exclusive:
      // The page is no file's, but that alone does not make it go: it is somebody's copy.
      return !env.defects.has(Defect::D1_11) && of_anon_folio(env, pte);
    case PteKind::swap:
      return !env.defects.has(Defect::D1_5);
    case PteKind::hwpoison:
      return !env.defects.has(Defect::D1_7) && is_private_poison(env, pte);
    case PteKind::swapin_error:
      return true;
  }
  return true;
}

// Before 5.18 what was not present was left alone whenever a file asked.
bool skipped_for_files(const Environment& env, Pte pte) {
  switch (pte.kind()) {
    case PteKind::swap:
      return env.defects.has(Defect::D1_1);
    case PteKind::migration:
      return env.defects.has(of_anon_folio(env, pte) ? Defect::D1_2 : Defect::D1_4);
    case PteKind::hwpoison:
      return env.defects.has(Defect::D1_3);
    default:
      return false;
  }
}

}  // namespace

// Linux: mm/memory.c zap_pte_range(), should_zap_folio(), zap_drop_markers()
bool should_zap(const Environment& env, const ZapDetails& details, VmaKind vma, Pte pte) {
  // What was made to look like failed memory is treated as that.
  if (pte.kind() == PteKind::marker && pte.has(PteBit::poisoned)) return details.even_cows == EvenCows::zap;
  if (pte.kind() == PteKind::marker)
    return details.markers == Markers::drop || (vma == VmaKind::anonymous && pte.has(PteBit::uffd_wp)) ||
           (env.defects.has(Defect::D1_16) && details.from == ZapFrom::address_space);
  if (details.from == ZapFrom::file && skipped_for_files(env, pte)) return false;
  return details.even_cows == EvenCows::zap || !is_private_data(env, pte);
}

}  // namespace quire::rmap
