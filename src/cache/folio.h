// Folio: what is known of a page, or of 2^order pages that are handled as one.
//
// One Folio object per frame of RAM, as long as the machine lives. Of a folio of 2^order frames the first is the head
// and stands for all; the others are tails that lead to it (and carry the per-page flag anon_exclusive).
//
//   free -> Folios::alloc: refcount 1, flags 0, no mapping
//        -> in use: each mapping (page-table entry), each cache slot and each user of a pointer holds one reference
//        -> last put(): the frames go back to phys; the object is poisoned until allocated again
//
// I1  refcount = mappings + cache references + pins; 0 only while free
// I2  mapcount = number of page-table entries that map a page of the folio
// I3  mapping and index change only under the folio lock (and the i_pages lock of a file mapping)
// I4  flag swapcache <=> swap() is set and the swap cache holds the folio at each of its slots
// Locks: folio_lock() is a sleeping lock; under a spinlock only try_lock. Linux: include/linux/mm_types.h struct folio
//
//   FolioRef folio = mapping.get_folio(index);
//   LockedFolio locked(*folio);
//   if (folio->mapping() != &mapping) goto again;
#pragma once

#include <cstdint>
#include <utility>

#include "base/types.h"
#include "sync/atomic.h"
#include "sync/lock.h"
#include "sync/plain.h"

namespace quire::cache {

using base::CpuId;
using base::FileIndex;
using base::Order;
using base::PageCount;
using base::Pfn;
using base::SwapEntry;
using base::SwapOffset;

class Folios;
class Mapping;

/// Linux: include/linux/page-flags.h
enum class FolioFlag : uint32_t {
  none = 0,
  uptodate = 1 << 0,  ///< the payload is what it should be
  dirty = 1 << 1,     ///< the payload is newer than the backing store
  referenced = 1 << 2,
  active = 1 << 3,
  lru = 1 << 4,             ///< reclaim may isolate it by clearing this flag
  swapbacked = 1 << 5,      ///< anonymous or tmpfs: goes to swap
  swapcache = 1 << 6,       ///< in the swap cache at swap()
  anon = 1 << 7,            ///< belongs to an AnonVma, or did
  anon_exclusive = 1 << 8,  ///< per page: maps writable without COW
  workingset = 1 << 9,
  reclaim = 1 << 10,  ///< to be reclaimed as soon as written
  error = 1 << 11,
  mlocked = 1 << 12,
  hwpoison = 1 << 13,
  lru_added = 1 << 14,    ///< was given to the LRU lists (cache/lru.h)
  unevictable = 1 << 15,  ///< on the list of what cannot be reclaimed
  /// Read from swap before anybody asked for it; of a file: who meets it reads the next pages ahead. Cleared by the
  /// first look.
  readahead = 1 << 16,
};
[[nodiscard]] constexpr FolioFlag operator|(FolioFlag a, FolioFlag b) {
  return static_cast<FolioFlag>(static_cast<uint32_t>(a) | static_cast<uint32_t>(b));
}
[[nodiscard]] constexpr FolioFlag operator&(FolioFlag a, FolioFlag b) {
  return static_cast<FolioFlag>(static_cast<uint32_t>(a) & static_cast<uint32_t>(b));
}
[[nodiscard]] constexpr FolioFlag operator~(FolioFlag a) { return static_cast<FolioFlag>(~static_cast<uint32_t>(a)); }
[[nodiscard]] constexpr bool any(FolioFlag f) { return f != FolioFlag::none; }

/// The class of a folio in the RSS counters.
enum class RssClass : uint8_t { file, anon, shmem, swap_entries };

class Folio {
 public:
  Folio() = default;
  Folio(const Folio&) = delete;
  Folio& operator=(const Folio&) = delete;

  // --- constant while allocated -----------------------------------------------------------------------------------
  [[nodiscard]] Pfn pfn() const { return pfn_; }
  [[nodiscard]] Order order() const { return order_; }
  [[nodiscard]] PageCount pages() const { return order_.pages(); }
  [[nodiscard]] bool is_large() const { return order_ > Order(0); }
  [[nodiscard]] bool is_tail() const { return head_distance_ != 0; }
  [[nodiscard]] Folios& folios() const { return *folios_; }
  /// The frame of the page at `index` of the file or tree: the folio has it. Linux: folio_file_pfn()
  [[nodiscard]] Pfn pfn_at(FileIndex index) const { return is_large() ? pfn_ + (index - this->index()) : pfn_; }
  [[nodiscard]] bool contains(Pfn pfn) const { return pfn_ <= pfn && pfn < pfn_ + pages(); }

  // --- references -------------------------------------------------------------------------------------------------
  /// One more; the caller has one. Linux: folio_get(), folio_ref_add()
  void get(int n = 1) { refcount_.add(n); }
  /// One more unless there is none left: for who found the folio on a list that holds no reference. Linux:
  /// folio_try_get()
  [[nodiscard]] bool try_get() {
    int seen = refcount_.load(sync::Order::relaxed);
    while (seen > 0)
      if (refcount_.compare_exchange(seen, seen + 1)) return true;
    return false;
  }
  /// Drops n; the last frees. Linux: folio_put(), folio_put_refs()
  void put(int n = 1);
  /// From exactly `expected` to 0, so that nobody else can have or get one. Linux: folio_ref_freeze()
  [[nodiscard]] bool ref_freeze(int expected) {
    int seen = expected;
    return refcount_.compare_exchange(seen, 0);
  }
  void ref_unfreeze(int n) { refcount_.store(n); }
  [[nodiscard]] int refcount() const { return refcount_.load(sync::Order::relaxed); }
  [[nodiscard]] int peek_refcount() const { return refcount_.peek(); }

  // --- mappings by page tables --------------------------------------------------------------------------------------
  void add_mapping(int n = 1) { mapcount_.add(n); }
  /// Returns the number left.
  int remove_mapping(int n = 1) { return mapcount_.fetch_sub(n) - n; }
  [[nodiscard]] int mapcount() const { return mapcount_.load(sync::Order::relaxed); }
  [[nodiscard]] bool mapped() const { return mapcount() != 0; }
  [[nodiscard]] int peek_mapcount() const { return mapcount_.peek(); }

  // --- flags --------------------------------------------------------------------------------------------------------
  /// All of them, before anybody else can see the folio: no step.
  void init_flags(FolioFlag flags) { flags_.init(static_cast<uint32_t>(flags)); }
  void set(FolioFlag flags) { flags_.fetch_or(static_cast<uint32_t>(flags)); }
  void clear(FolioFlag flags) { flags_.fetch_and(~static_cast<uint32_t>(flags)); }
  /// Whether any of `flags` is set.
  [[nodiscard]] bool test(FolioFlag flags) const { return any(this->flags() & flags); }
  /// One look at all.
  [[nodiscard]] FolioFlag flags() const { return static_cast<FolioFlag>(flags_.load()); }
  /// Return what was set of `flag` before.
  [[nodiscard]] bool test_and_set(FolioFlag flag) { return (flags_.fetch_or(bits(flag)) & bits(flag)) != 0; }
  [[nodiscard]] bool test_and_clear(FolioFlag flag) { return (flags_.fetch_and(~bits(flag)) & bits(flag)) != 0; }
  [[nodiscard]] FolioFlag peek_flags() const { return static_cast<FolioFlag>(flags_.peek()); }
  [[nodiscard]] bool uptodate() const { return test(FolioFlag::uptodate); }
  /// Linux: mm_counter()
  [[nodiscard]] static RssClass rss_class(FolioFlag flags) {
    if (any(flags & FolioFlag::anon)) return RssClass::anon;
    return any(flags & FolioFlag::swapbacked) ? RssClass::shmem : RssClass::file;
  }

  // --- reclaim's lists (cache/lru.h); without lists the flag lru is all there is -------------------------------------
  /// In its place, for reclaim to find; a second time does nothing. `more` flags are set with it. Linux:
  /// folio_add_lru()
  void add_lru(FolioFlag more = FolioFlag::none);
  /// The caller, who has a reference or a lock that keeps one, alone may take it out of its place, until
  /// putback_lru(), which also puts there what was split off a folio. Linux: folio_isolate_lru()
  [[nodiscard]] bool isolate_lru();
  void putback_lru();
  /// A program has used it through a file. Linux: folio_mark_accessed()
  void mark_accessed();
  /// It is used no more. Linux: folio_deactivate()
  void deactivate();
  /// After MADV_FREE: among the pages of files that were not used. Linux: folio_mark_lazyfree()
  void mark_lazyfree();
  /// No mapping keeps it in memory any more. Linux: munlock_folio()
  void munlock();
  /// Linux: mm/workingset.c workingset_refault(); before add_lru()
  void workingset_refault(uint64_t key);

  // --- writeback ----------------------------------------------------------------------------------------------------
  /// Folio locked and not under writeback. Linux: folio_start_writeback()
  void start_writeback() { writeback_.store(1); }
  /// Linux: folio_end_writeback()
  void end_writeback() {
    writeback_.store(0);
    writeback_.wake_all();
  }
  [[nodiscard]] bool under_writeback() const { return writeback_.load() != 0; }
  /// Sleeps. Linux: folio_wait_writeback()
  void wait_writeback() const { writeback_.await_equal(0); }
  [[nodiscard]] bool peek_writeback() const { return writeback_.peek() != 0; }

  // --- identity: folio lock held, except before anybody else can see the folio --------------------------------------
  /// The file mapping, or nullptr for an anonymous folio and for one that was removed.
  [[nodiscard]] Mapping* mapping() const { return is_anon_word(mapping_) ? nullptr : pointer<Mapping>(mapping_); }
  /// The AnonVma (opaque here, see rmap), or nullptr.
  [[nodiscard]] void* anon_vma() const { return is_anon_word(mapping_) ? pointer<void>(mapping_) : nullptr; }
  /// In the file, or in the anonymous tree (virtual page number).
  [[nodiscard]] FileIndex index() const { return index_; }
  void set_file(Mapping& mapping, FileIndex index) {
    mapping_ = reinterpret_cast<uintptr_t>(&mapping);
    index_ = index;
  }
  void set_anon(void* anon_vma, FileIndex index) {
    mapping_ = reinterpret_cast<uintptr_t>(anon_vma) | kAnonTag;
    index_ = index;
  }
  /// Its one user's, after others had it too; the folio is locked. Linux: mm/rmap.c folio_move_anon_rmap()
  void move_anon(void* anon_vma) {
    if (this->anon_vma() != anon_vma) set_anon(anon_vma, index());
  }
  void clear_mapping() { mapping_ = 0; }
  [[nodiscard]] const Mapping* peek_mapping() const {
    return is_anon_word(mapping_.peek()) ? nullptr : pointer<Mapping>(mapping_.peek());
  }
  [[nodiscard]] const void* peek_anon_vma() const {
    return is_anon_word(mapping_.peek()) ? pointer<void>(mapping_.peek()) : nullptr;
  }
  [[nodiscard]] FileIndex peek_index() const { return index_.peek(); }

  /// The slot of the first page while in the swap cache (of a tail: its own). Linux: folio->swap
  [[nodiscard]] SwapEntry swap() const { return swap_; }
  void set_swap(SwapEntry entry) { swap_ = entry; }
  /// Whether the slot of one of its pages is this one; it is in the swap cache.
  [[nodiscard]] bool holds_slot(SwapEntry entry) const {
    return entry.raw() >= swap().raw() && entry.raw() < (swap() + pages()).raw();
  }
  [[nodiscard]] SwapEntry peek_swap() const { return swap_.peek(); }

  // --- the folio lock; see LockedFolio
  // --------------------------------------------------------------------------------
  using Lock = sync::BitWaitLock<sync::LockClass::folio_lock>;
  [[nodiscard]] Lock& lock_word() { return lock_; }
  /// Linux: folio_lock(), folio_trylock(), folio_unlock()
  void lock() QUIRE_NO_THREAD_SAFETY_ANALYSIS { lock_.lock(); }
  [[nodiscard]] bool try_lock() QUIRE_NO_THREAD_SAFETY_ANALYSIS { return lock_.try_lock(); }
  void unlock() QUIRE_NO_THREAD_SAFETY_ANALYSIS { lock_.unlock(); }
  [[nodiscard]] bool is_locked() const { return lock_.is_locked(); }
  [[nodiscard]] bool peek_locked() const { return lock_.peek_locked(); }

 private:
  friend class Folios;
  static constexpr uintptr_t kAnonTag = 1;
  [[nodiscard]] static bool is_anon_word(uintptr_t word) { return (word & kAnonTag) != 0; }
  template <typename T>
  [[nodiscard]] static T* pointer(uintptr_t word) {
    return reinterpret_cast<T*>(word & ~kAnonTag);
  }
  [[nodiscard]] static constexpr uint32_t bits(FolioFlag f) { return static_cast<uint32_t>(f); }

  /// Alone in eight bytes: scans of all frames look at it in free folios, whose rest is poisoned.
  sync::Atomic<int32_t, "folio->refcount"> refcount_{0};
  static constexpr std::size_t kPoisonedFrom = 8;
  alignas(kPoisonedFrom) Lock lock_;
  sync::Atomic<uint32_t, "folio->flags"> flags_{0};
  sync::Atomic<int32_t, "folio->mapcount"> mapcount_{0};
  sync::Atomic<uint32_t, "folio->writeback"> writeback_{0};
  Pfn pfn_;
  sync::Plain<uintptr_t, "folio->mapping"> mapping_{0};
  sync::Plain<FileIndex, "folio->index"> index_;
  sync::Plain<SwapEntry, "folio->swap"> swap_;
  Folios* folios_ = nullptr;
  Order order_;
  /// Frames between this and its head; 0 in a head.
  uint16_t head_distance_ = 0;
};

/// One reference, dropped at the end. May be empty.
class FolioRef {
 public:
  FolioRef() = default;
  /// Takes over a reference that the caller has.
  [[nodiscard]] static FolioRef adopt(Folio& folio) { return FolioRef(&folio); }
  /// Takes one more; the caller has one.
  [[nodiscard]] static FolioRef of(Folio& folio) {
    folio.get();
    return FolioRef(&folio);
  }
  FolioRef(FolioRef&& other) noexcept : folio_(std::exchange(other.folio_, nullptr)) {}
  FolioRef& operator=(FolioRef&& other) noexcept {
    if (this != &other) {
      reset();
      folio_ = std::exchange(other.folio_, nullptr);
    }
    return *this;
  }
  ~FolioRef() { reset(); }

  [[nodiscard]] Folio* get() const { return folio_; }
  Folio& operator*() const { return *folio_; }
  Folio* operator->() const { return folio_; }
  explicit operator bool() const { return folio_ != nullptr; }
  void reset() {
    if (folio_ != nullptr) std::exchange(folio_, nullptr)->put();
  }
  /// The caller has the reference from now on.
  [[nodiscard]] Folio* release() { return std::exchange(folio_, nullptr); }

 private:
  explicit FolioRef(Folio* folio) : folio_(folio) {}
  Folio* folio_ = nullptr;
};

/// A folio whose lock this object holds; unlocks at the end. May be empty (a try that failed). It holds no reference:
/// the owner of the FolioRef must outlive it (declare the FolioRef first).
class LockedFolio {
 public:
  LockedFolio() = default;
  /// Sleeps until it has the lock.
  explicit LockedFolio(Folio& folio) : folio_(&folio) { folio.lock(); }
  /// Empty if somebody else has the lock.
  [[nodiscard]] static LockedFolio try_lock(Folio& folio) { return folio.try_lock() ? adopt(folio) : LockedFolio(); }
  /// Takes over a lock that the caller has.
  [[nodiscard]] static LockedFolio adopt(Folio& folio) {
    LockedFolio locked;
    locked.folio_ = &folio;
    return locked;
  }
  LockedFolio(LockedFolio&& other) noexcept : folio_(std::exchange(other.folio_, nullptr)) {}
  LockedFolio& operator=(LockedFolio&& other) noexcept {
    if (this != &other) {
      unlock();
      folio_ = std::exchange(other.folio_, nullptr);
    }
    return *this;
  }
  ~LockedFolio() { unlock(); }

  [[nodiscard]] Folio* get() const { return folio_; }
  Folio& operator*() const { return *folio_; }
  Folio* operator->() const { return folio_; }
  explicit operator bool() const { return folio_ != nullptr; }
  /// Before the end; empty afterwards.
  void unlock() {
    if (folio_ != nullptr) std::exchange(folio_, nullptr)->unlock();
  }
  /// The lock is the caller's from now on.
  [[nodiscard]] Folio* release() { return std::exchange(folio_, nullptr); }

 private:
  Folio* folio_ = nullptr;
};

}  // namespace quire::cache
