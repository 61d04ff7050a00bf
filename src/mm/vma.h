// Vma: a mapping of an address space: which pages, of what, with which rights.
//
// private anonymous: no file, an AnonVma from the start, to which its new pages belong; after a fork also its parents'
//   (rmap/anon_vma_chain.h).
// shared file: a file; its entries map the file's folios.            private file: both; copies belong to the AnonVma.
// Mappings side by side that are alike in everything become one, and one is split where a part is to be different.
// I1  an anonymous folio is mapped only by a range that is linked into its AnonVma
// I2  extent, rights and links change only under mmap_lock for writing
// Linux: include/linux/mm_types.h struct vm_area_struct
#pragma once

#include "rmap/mapped_range.h"
#include "swap/readahead.h"

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

/// Linux: VM_READ, VM_WRITE, VM_SHARED, VM_HUGEPAGE, VM_LOCKED, VM_UFFD_WP, VM_LOCKONFAULT (with VM_LOCKED: its pages
/// stay once they are there), VM_DONTCOPY (fork leaves it out), VM_WIPEONFORK (a child has it without pages),
/// VM_RAND_READ and VM_SEQ_READ (what was used is not used again soon), VM_DONTDUMP (nothing here; but it is another
/// mapping), VM_ACCOUNT (private, and writable now or once: no more here than that it is another mapping)
enum class VmFlag : uint16_t {
  none = 0,
  read = 1,
  write = 2,
  shared = 4,
  huge_page = 8,
  locked = 16,
  uffd_wp = 32,
  lock_on_fault = 64,
  dont_copy = 128,
  wipe_on_fork = 256,
  random_read = 512,
  sequential_read = 1024,
  dont_dump = 2048,
  account = 4096,
};
[[nodiscard]] constexpr VmFlag operator|(VmFlag a, VmFlag b) {
  return static_cast<VmFlag>(static_cast<unsigned>(a) | static_cast<unsigned>(b));
}
[[nodiscard]] constexpr VmFlag operator&(VmFlag a, VmFlag b) {
  return static_cast<VmFlag>(static_cast<unsigned>(a) & static_cast<unsigned>(b));
}
[[nodiscard]] constexpr VmFlag operator~(VmFlag a) { return static_cast<VmFlag>(~static_cast<unsigned>(a) & 0x1fff); }

/// What private memory that can be written has from then on. Linux: mm/mmap.c accountable_mapping()
[[nodiscard]] constexpr VmFlag accounted(VmFlag flags) {
  return (flags & (VmFlag::write | VmFlag::shared)) == VmFlag::write ? flags | VmFlag::account : flags;
}

/// Linux: VM_LOCKED_MASK
inline constexpr VmFlag kLockedMask = VmFlag::locked | VmFlag::lock_on_fault;

/// What a mapping is; two of them side by side can be one if nothing but the place differs.
struct VmaSpec {
  rmap::MappedRange::Span span;  ///< first_index of an anonymous mapping: the number of the first page
  VmFlag flags = VmFlag::none;
  rmap::FileBacking* file = nullptr;
};

class Vma final : public rmap::MappedRange {
 public:
  /// Takes a reference to the file, if there is one; has no AnonVma and is not linked yet.
  [[nodiscard]] static Vma* make(AddressSpace& mm, const VmaSpec& spec);
  Vma(AddressSpace& mm, const VmaSpec& spec);

  [[nodiscard]] AddressSpace& mm() const { return mm_; }
  [[nodiscard]] bool has(VmFlag flag) const { return (flags_.get() & flag) != VmFlag::none; }
  [[nodiscard]] VmFlag flags() const { return flags_.get(); }
  void set_flags(VmFlag flags);
  [[nodiscard]] VmFlag peek_flags() const { return flags_.peek(); }
  [[nodiscard]] rmap::FileBacking* file() const { return file_; }
  [[nodiscard]] rmap::AnonVma* anon_vma() const { return anon_chains.own(); }
  [[nodiscard]] cache::Mapping* mapping() const { return file_ == nullptr ? nullptr : &file_->mapping(); }
  /// Linux: vma_is_anonymous()
  [[nodiscard]] bool is_anonymous() const { return file_ == nullptr; }
  /// Whether writes go to copies. Linux: is_cow_mapping()
  [[nodiscard]] bool is_cow() const { return anon_vma() != nullptr; }
  /// Whether it has, or had, a page of its own or a marker: else fork leaves its entries to the child's faults, also
  /// pages of zeros. Linux: vma->anon_vma is there
  [[nodiscard]] bool has_copies() const { return copies_.load(sync::Order::relaxed) != 0; }
  /// Before the first page of its own, or marker, is mapped. Linux: anon_vma_prepare()
  void note_copy() {
    if (!has_copies()) copies_.store(1, sync::Order::relaxed);
  }
  /// All entries have gone elsewhere; mmap_lock is held for writing. Linux: unlink_anon_vmas()
  void note_no_copies() { copies_.store(0, sync::Order::relaxed); }
  /// The rights of an entry, without regard to COW.
  [[nodiscard]] bool readable() const { return has(VmFlag::read | VmFlag::write); }
  [[nodiscard]] bool writable() const { return has(VmFlag::write); }
  /// Whether mprotect() may make it writable: a shared mapping if its file is open for writing. Linux: VM_MAYWRITE
  [[nodiscard]] bool may_write() const { return !has(VmFlag::shared) || file_->may_write(); }
  /// Whether the file system hears of the first write to a page, so that it can write the page back. Linux:
  /// vma_wants_writenotify()
  [[nodiscard]] bool wants_writenotify() const {
    return file_ != nullptr && !is_cow() && mapping()->ops().can_writeback();
  }
  /// Whether an entry may be writable before anybody writes.
  [[nodiscard]] bool writable_unnoticed() const { return writable() && !is_cow() && !wants_writenotify(); }
  [[nodiscard]] rmap::ReadAdvice read_advice() const {
    if (has(VmFlag::random_read)) return rmap::ReadAdvice::random;
    return has(VmFlag::sequential_read) ? rmap::ReadAdvice::sequential : rmap::ReadAdvice::normal;
  }
  /// Whether a page that was used is likely to be used again. Linux: vma_has_recency()
  /// Truncation asks that too, without mmap_lock.
  [[nodiscard]] bool has_recency() const { return recency_.load(sync::Order::relaxed) != 0; }

  void zap(Range<VirtPage> pages, const rmap::ZapDetails& details) override;

  /// Into the trees of file and AnonVmas. Sleeps.
  void link();
  void unlink();
  /// The same for others: locks the trees this mapping is in.
  [[nodiscard]] rmap::LockedTrees lock_trees() const { return {mapping(), anon_vma()}; }
  /// Another mapping of this address space like this one, of `span`, not linked.
  [[nodiscard]] Vma* make_alike(const Span& span, VmFlag flags) const;
  /// The child's, not linked. Sleeps.
  [[nodiscard]] Vma* make_forked(AddressSpace& child, VmFlag flags) const;
  /// The part from `at` on becomes a mapping of its own, linked. Sleeps. Linux: mm/vma.c __split_vma()
  [[nodiscard]] Vma* split(VirtPage at);
  /// Whether `spec` goes on where this mapping ends, or ends where it begins. Linux: mm/vma.c can_vma_merge_after(),
  /// can_vma_merge_before()
  [[nodiscard]] bool continues_as(const VmaSpec& spec) const;
  [[nodiscard]] bool continued_from(const VmaSpec& spec) const;
  /// Whether it can grow by a new mapping, `spec`; one with inherited pages does not. Linux: mm/vma.c
  /// is_mergeable_anon_vma()
  [[nodiscard]] bool can_become(const VmaSpec& spec) const {
    return !anon_chains.inherited() && (continues_as(spec) || continued_from(spec));
  }
  /// Whether this and `upper` can be one. Linux: mm/vma.c is_mergeable_anon_vma()
  [[nodiscard]] bool can_absorb(const Vma& upper) const {
    return continues_as(upper.spec()) && anon_chains.alike(upper.anon_chains);
  }
  /// Whether a mapping of `spec` could use this one's AnonVma and, with the same rights, be one with it: nothing was
  /// inherited that the other has not. Linux: mm/mmap.c anon_vma_compatible(), reusable_anon_vma()
  [[nodiscard]] bool lends_anon_vma(const VmaSpec& spec) const;
  /// `upper` becomes a part of this mapping, and is freed. Sleeps.
  void absorb(Vma* upper);
  /// Grows to `pages`, at one end. Sleeps. Linux: mm/vma.c vma_expand()
  void expand(Range<VirtPage> pages);
  /// Drops the file reference; the Vma is unlinked and off its address space. Sleeps. Linux: mm/vma.c remove_vma()
  static void remove(Vma* vma);

  swap::VmaWindow swap_window;  ///< what faults read ahead from swap

  Vma* next_removed = nullptr;  ///< list of those to be removed after mmap_lock is dropped

 private:
  [[nodiscard]] VmaSpec spec() const { return {span(), flags(), file_}; }
  [[nodiscard]] static bool has_recency(VmFlag flags) {
    return (flags & (VmFlag::random_read | VmFlag::sequential_read)) == VmFlag::none;
  }
  [[nodiscard]] bool alike(const VmaSpec& spec) const { return flags() == spec.flags && file_ == spec.file; }

  AddressSpace& mm_;
  rmap::FileBacking* const file_;
  sync::Plain<VmFlag, "vma->vm_flags"> flags_;
  sync::Atomic<uint8_t, "vma->anon_vma"> copies_{0};
  sync::Atomic<uint8_t, "vma->vm_flags"> recency_;  ///< of flags_
};

}  // namespace quire::mm
