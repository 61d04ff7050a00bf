// ZapDetails: what is to be zapped of a range of a page table, and the one rule that decides it for an entry.
//
// An entry goes unless the request keeps private data and the entry belongs to private data. Whose data an entry is of:
//   present, migration, device     of the folio: an anonymous one is private data, whatever the entry looks like
//   swap                           always private data
//   hwpoison, swap-in error        not recorded: as private data (hole punch: as the machine's policy says)
//   page of zeros                  nobody's
// A marker is not data: it goes if the request drops markers; one that says poisoned goes as an hwpoison entry does.
// Who asks for what (SEMANTICS S1.1):
//   munmap, exit, exec             private data too, markers dropped
//   MADV_DONTNEED                  private data too, markers of a file's mapping kept
//   truncate                       private data too, markers kept; then each folio, locked; then the range again
//   hole punch, invalidate         private data kept, markers kept; then each folio, locked
//   one locked folio               private data kept, markers dropped
// Linux: mm/memory.c struct zap_details, should_zap_cows(), should_zap_folio(), zap_drop_markers()
//
//   unmap_mapping_range(mapping, beyond, EvenCows::zap);
//   if (should_zap(env, details, VmaKind::file, pte)) table.set(page, Pte::none());
#pragma once

#include <cstdint>

#include "cache/folio.h"
#include "pgtable/pte.h"

namespace quire::rmap {

struct Environment;

/// Whether pages that a private mapping has copied for itself go too.
enum class EvenCows : uint8_t { keep, zap };
/// Linux: ZAP_FLAG_DROP_MARKER
enum class Markers : uint8_t { keep, drop };
/// Who asks: the address space for a part of itself, or a file for whoever maps it. Before 5.18 the second kind alone
/// passed details at all, and what was not present was skipped for it (D1-1 to D1-4).
enum class ZapFrom : uint8_t { address_space, file };
/// Linux: vma_is_anonymous()
enum class VmaKind : uint8_t { anonymous, file };

struct ZapDetails {
  EvenCows even_cows = EvenCows::zap;
  Markers markers = Markers::drop;
  ZapFrom from = ZapFrom::address_space;
  cache::Folio* single_folio = nullptr;  ///< locked, of the file: the range is where it is mapped
};

/// Machine option: what hole punch does to an hwpoison entry, which does not say whether the page was a private copy.
enum class PunchedPoison : uint8_t {
  keep_all,        ///< Linux since 5.18: access stays a SIGBUS
  zap_all,         ///< as first proposed in the discussion
  keep_anon_only,  ///< the frame is looked up, and only that of a private copy stays
};

/// Whether `pte` (not none, its lock held) goes. A PMD entry is asked about with its Pmd::entry().
[[nodiscard]] bool should_zap(const Environment& env, const ZapDetails& details, VmaKind vma, pgtable::Pte pte);

}  // namespace quire::rmap
