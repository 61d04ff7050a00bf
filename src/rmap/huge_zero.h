// HugeZeroPage: the huge page of zeros that every mapping without data of its own may share.
//
// Made when first asked for, and then there as long as the machine. Each PMD entry that maps it has a reference; it is
// no mapping and in no counter, and is neither on the LRU nor found by a reverse-map walk. An entry of it is present;
// one that is not present may have the same number where the frame's is (D0-11). Linux: mm/huge_memory.c
// huge_zero_folio, get_huge_zero_folio()
//
//   if (Folio* zeros = huge_zero.get(order)) pmd.set(Pmd::huge(Pte::huge_zero_page(zeros->pfn())));
#pragma once

#include "cache/folios.h"
#include "sync/atomic.h"

namespace quire::rmap {

class HugeZeroPage {
 public:
  explicit HugeZeroPage(cache::Folios& folios) : folios_(folios) {}
  ~HugeZeroPage();
  HugeZeroPage(const HugeZeroPage&) = delete;
  HugeZeroPage& operator=(const HugeZeroPage&) = delete;

  /// With one more reference; nullptr if there is no memory for it. Sleeps.
  [[nodiscard]] cache::Folio* get(base::Order order);
  /// nullptr as long as nobody has asked for it.
  [[nodiscard]] cache::Folio* find() const { return folio_.load(); }
  [[nodiscard]] const cache::Folio* peek() const { return folio_.peek(); }

 private:
  cache::Folios& folios_;
  sync::Atomic<cache::Folio*, "huge_zero_folio"> folio_{nullptr};  ///< with a reference
};

}  // namespace quire::rmap
