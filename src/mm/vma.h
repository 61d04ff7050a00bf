// Vma: a mapping of an address space: which pages, of what, with which rights.
//
// private anonymous: no file, an AnonVma from the start; its pages are folios of that tree.
// shared file: a file; its entries map the file's folios.            private file: both; copies belong to the AnonVma.
// I1  an anonymous folio is mapped only by a range that is linked into its AnonVma
// I2  extent, rights and links change only under mmap_lock for writing
// Linux: include/linux/mm_types.h struct vm_area_struct
#pragma once

#include "rmap/mapped_range.h"

namespace quire::mm {

using base::Errno;
using base::FileIndex;
using base::PageCount;
using base::Range;
using base::VirtAddr;
using base::VirtPage;
using cache::Folio;
using pgtable::Pte;
using pgtable::PteBit;
using pgtable::PteKind;

class AddressSpace;

/// Linux: VM_READ, VM_WRITE, VM_SHARED, VM_HUGEPAGE
enum class VmFlag : uint8_t { none = 0, read = 1, write = 2, shared = 4, huge_page = 8 };
[[nodiscard]] constexpr VmFlag operator|(VmFlag a, VmFlag b) {
  return static_cast<VmFlag>(static_cast<unsigned>(a) | static_cast<unsigned>(b));
}
[[nodiscard]] constexpr VmFlag operator&(VmFlag a, VmFlag b) {
  return static_cast<VmFlag>(static_cast<unsigned>(a) & static_cast<unsigned>(b));
}
[[nodiscard]] constexpr VmFlag operator~(VmFlag a) { return static_cast<VmFlag>(~static_cast<unsigned>(a) & 0xf); }

struct VmaSpec {
  Range<VirtPage> pages;
  FileIndex first_index;  ///< of the file; for anonymous mappings the number of the first page
  VmFlag flags = VmFlag::none;
};

class Vma final : public rmap::MappedRange {
 public:
  /// Takes over a reference to `file` and one to `anon_vma` (either may be nullptr); not linked yet.
  Vma(AddressSpace& mm, const VmaSpec& spec, rmap::FileBacking* file, rmap::AnonVma* anon_vma);

  [[nodiscard]] AddressSpace& mm() const { return mm_; }
  [[nodiscard]] bool has(VmFlag flag) const { return (flags_.get() & flag) != VmFlag::none; }
  [[nodiscard]] VmFlag flags() const { return flags_.get(); }
  void set_flags(VmFlag flags) { flags_ = flags; }
  [[nodiscard]] VmFlag peek_flags() const { return flags_.peek(); }
  [[nodiscard]] rmap::FileBacking* file() const { return file_; }
  [[nodiscard]] rmap::AnonVma* anon_vma() const { return anon_vma_; }
  [[nodiscard]] cache::Mapping* mapping() const { return file_ == nullptr ? nullptr : &file_->mapping(); }
  /// Linux: vma_is_anonymous()
  [[nodiscard]] bool is_anonymous() const { return file_ == nullptr; }
  /// Whether writes go to copies. Linux: is_cow_mapping()
  [[nodiscard]] bool is_cow() const { return anon_vma_ != nullptr; }
  /// Whether a private mapping of a file has any copy yet: otherwise fork need not look at it.
  [[nodiscard]] bool has_copies() const { return is_anonymous() || copies_.load(sync::Order::relaxed) != 0; }
  /// Before the first copy is mapped. Linux: anon_vma_prepare()
  void note_copy() {
    if (!has_copies()) copies_.store(1, sync::Order::relaxed);
  }
  /// The rights of an entry, without regard to COW.
  [[nodiscard]] bool readable() const { return has(VmFlag::read | VmFlag::write); }
  [[nodiscard]] bool writable() const { return has(VmFlag::write); }

  void zap(Range<VirtPage> pages, const rmap::ZapDetails& details) override;

  /// Into the lists of file and AnonVma. Sleeps.
  void link();
  void unlink();
  /// The part from `at` on becomes a mapping of its own, linked. Sleeps. Linux: mm/vma.c __split_vma()
  [[nodiscard]] Vma* split(VirtPage at);
  /// Drops the file reference; the Vma is unlinked and off its address space. Sleeps. Linux: mm/vma.c remove_vma()
  static void remove(Vma* vma);

  Vma* next_removed = nullptr;  ///< list of those to be removed after mmap_lock is dropped

 private:
  AddressSpace& mm_;
  rmap::FileBacking* const file_;
  rmap::AnonVma* const anon_vma_;
  sync::Plain<VmFlag, "vma->vm_flags"> flags_;
  sync::Atomic<uint8_t, "vma->anon_vma"> copies_{0};
};

}  // namespace quire::mm
