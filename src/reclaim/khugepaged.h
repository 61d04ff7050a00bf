// Khugepaged: makes huge pages of small ones.
//
// Anonymous: the PMD entry is taken away (no CPU, fault or walk finds the PTEs then), the pages are isolated and copied
// into a huge one, and that is mapped; or, if one of them is in use elsewhere, the table is put back. A file's pages
// are replaced in the page cache, after each has been unmapped, and empty tables of its mappings are taken away, so
// that the next fault maps the huge page; private copies and markers stay, and with them their tables. Locks: mmap_lock
// exclusive > anon_vma_rwsem exclusive > pmd_lock (anonymous); folio locks > i_mmap_rwsem > pmd_lock, PTL; i_pages
// (files). Linux: mm/khugepaged.c
//
//   Errno error = khugepaged.collapse(mm, address);    // MADV_COLLAPSE of one huge page
#pragma once

#include <span>

#include "mm/address_space.h"

namespace quire::reclaim {

class Khugepaged {
 public:
  explicit Khugepaged(rmap::Environment& env) : env_(env) {}
  Khugepaged(const Khugepaged&) = delete;
  Khugepaged& operator=(const Khugepaged&) = delete;

  /// The pages around `address` become a huge page. 0, also if they are one; -EINVAL: the mapping has not all of it, or
  /// is of a kind that has no huge pages; -ENOMEM; -EAGAIN: a page is in use. Linux: madvise_collapse()
  [[nodiscard]] base::Errno collapse(mm::AddressSpace& mm, base::VirtAddr address);

 private:
  struct Target;
  /// What is to be collapsed; a file has a reference. -EINVAL.
  [[nodiscard]] base::Result<Target> find_target(mm::AddressSpace& mm, base::VirtPage page);
  // reclaim/khugepaged.cc
  struct Found {
    bool swapped = false;
    cache::FolioRef large;
  };
  [[nodiscard]] Found look_at(mm::AddressSpace& mm, base::VirtPage page);
  [[nodiscard]] base::Errno prepare(mm::AddressSpace& mm, base::Range<base::VirtPage> range);
  [[nodiscard]] base::Errno collapse_huge_page(mm::AddressSpace& mm, base::VirtPage page);
  [[nodiscard]] bool isolate_pte(pgtable::Pte pte);
  [[nodiscard]] std::size_t isolate(pgtable::LockedPmd& pmd, base::Range<base::VirtPage> range);
  void release(pgtable::LockedPmd& pmd, base::Range<base::VirtPage> range);
  void copy_pages(mm::AddressSpace& mm, pgtable::LockedPmd& pmd, base::Range<base::VirtPage> range, cache::Folio& huge);
  // reclaim/collapse_file.cc
  [[nodiscard]] base::Errno collapse_file(cache::Mapping& mapping, base::FileIndex start);
  struct HeldPage {
    cache::FolioRef folio;
    cache::LockedFolio locked;  ///< after `folio`: unlocked first
  };
  [[nodiscard]] base::Errno bring_in_pages(cache::Mapping& mapping, base::Range<base::FileIndex> range);
  [[nodiscard]] base::Errno lock_pages(cache::Mapping& mapping, base::Range<base::FileIndex> range,
                                       sync::Vector<HeldPage>& pages);
  void retract_page_tables(cache::Mapping& mapping, base::FileIndex start);
  void retract_page_table(rmap::MappedRange& range, base::Range<base::FileIndex> indexes);

  rmap::Environment& env_;
};

/// A mapping as it is found; must be looked at again under the locks.
struct Khugepaged::Target {
  rmap::FileBacking* file = nullptr;  ///< with a reference; nullptr: anonymous
  base::FileIndex start;              ///< of the huge page in the file
};

}  // namespace quire::reclaim
