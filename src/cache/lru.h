// Lru: which folios were used when: for each node an active and an inactive list of anonymous folios and of pages of
// files, and a list of those that cannot be reclaimed.
//
// The life of a folio here (flags lru_added, lru, active, unevictable):
//   new -> add(): in the batch of this CPU, with one reference more -> batch full or drained: flag lru, on a list
//   on a list -> isolate(): off it, flag lru cleared, one task's own -> putback(): on the list that its flags say
//   on a list -> last reference dropped: free() takes it off
// Second chance: an inactive folio that was used since it was last looked at becomes active (activate()); one at the
// end of an active list becomes inactive. What was inactive when it went, and comes back soon, begins active: the
// refault distance is compared with what is active now (workingset). A record of that is one word for each frame of
// RAM; a later one may take its place.
//
// I1  a folio has the flag lru exactly while it is on one list, but for a moment inside lru_lock
// I2  nr of a list is the number of pages of its folios
// I3  a folio in a batch has no flag lru and is referred to by the batch
// Locks: lru_batch_lock of one CPU, and after it is dropped lru_lock of one node; nothing inside. All but drains may
// be called under spin locks; drains too, but they may drop last references.
// Linux: mm/swap.c, mm/vmscan.c, mm/workingset.c, include/linux/mm_inline.h
//
//   folio.add_lru();                                  // by whoever puts a new folio into its place
//   if (folio.isolate_lru()) { ...; folio.putback_lru(); }
#pragma once

#include <array>
#include <optional>
#include <span>

#include "cache/folio.h"
#include "phys/frames.h"
#include "sync/check_report.h"
#include "sync/heap.h"

namespace quire::cache {

enum class LruList : uint8_t { inactive_anon, active_anon, inactive_file, active_file, unevictable };
inline constexpr unsigned kLruLists = 5;
/// Linux: folio_is_file_lru()
enum class LruType : uint8_t { anon, file };
[[nodiscard]] constexpr LruList inactive_list(LruType t) {
  return t == LruType::anon ? LruList::inactive_anon : LruList::inactive_file;
}
[[nodiscard]] constexpr LruList active_list(LruType t) {
  return t == LruType::anon ? LruList::active_anon : LruList::active_file;
}

struct LruOptions {
  uint32_t batch = 31;  ///< folios in the batch of one CPU before it is drained. Linux: PAGEVEC_SIZE
  enum class Workingset : uint8_t { off, on } workingset = Workingset::on;
};

class Lru {
 public:
  Lru(phys::Frames& frames, Folio* folios, const LruOptions& options);
  Lru(const Lru&) = delete;
  Lru& operator=(const Lru&) = delete;

  // --- through the folio's own functions of these names
  // ---------------------------------------------------------------
  void add(Folio& folio);
  [[nodiscard]] bool isolate(Folio& folio);
  void putback(Folio& folio);
  void free(Folio& folio);
  void mark_accessed(Folio& folio);
  void deactivate(Folio& folio);
  /// Out of the list of unevictable folios, if it is there. The caller has a reference. Linux: __munlock_folio()
  void rescue(Folio& folio);
  /// The large `folio`, its references frozen, is a page from now on; its other pages are new here.
  /// Linux: mm/huge_memory.c lru_add_split_folio()
  void split(const Folio& folio);

  // --- batches
  // --------------------------------------------------------------------------------------------------------
  /// What this CPU has added goes on its lists. Linux: mm/swap.c lru_add_drain()
  void drain();
  /// What all have. Linux: lru_add_drain_all()
  void drain_all();

  // --- for reclaim
  // ----------------------------------------------------------------------------------------------------
  /// Takes up to into.size() folios from the end of a list, each with a reference.
  /// Linux: mm/vmscan.c isolate_lru_folios()
  [[nodiscard]] std::size_t isolate_folios(unsigned node, LruList list, std::span<Folio*> into);
  /// Pages on a list.
  [[nodiscard]] uint64_t size(unsigned node, LruList list) const { return nodes_[node].nr(list).load(); }
  /// Whether too few pages are inactive for a second chance to be one. Linux: inactive_is_low()
  [[nodiscard]] bool inactive_is_low(unsigned node, LruType type) const;

  // --- workingset: `key` is anything that names the contents of the folio and outlives it
  // -----------------------------
  /// The folio is about to go. Linux: mm/workingset.c workingset_eviction()
  void evicted(const Folio& folio, uint64_t key);
  /// It came back, and is not added yet. Linux: workingset_refault()
  void refault(Folio& folio, uint64_t key);
  [[nodiscard]] static uint64_t key(const Mapping& mapping, FileIndex index) {
    return reinterpret_cast<uintptr_t>(&mapping) * 31 + index.value();
  }
  [[nodiscard]] static uint64_t key(SwapEntry entry) { return (uint64_t{1} << 63) + entry.raw(); }
  [[nodiscard]] uint64_t peek_refaults() const { return refaults_.peek(); }

  /// Calls visit(const Folio&) for each folio in a batch: at quiescent points.
  template <typename Visit>
  void peek_batched(Visit visit) const {
    for (const Batch& b : batches_)
      for (uint32_t i = 0; i < b.count.peek(); ++i) visit(*b.folios[i]);
  }
  /// I1 and I2, at quiescent points.
  void check(sync::CheckReport& report) const;

 private:
  static constexpr unsigned kBatchMax = 31;
  struct alignas(64) Batch {
    sync::SpinLock<sync::LockClass::lru_batch_lock> lock;
    /// Every access to the batch announces this field.
    sync::Plain<uint32_t, "fbatch->nr"> count{0};
    std::array<Folio*, kBatchMax> folios;
  };
  struct Link {
    uint32_t next;
    uint32_t previous;
    uint32_t pages;  ///< as counted in nr; 0: on no list
    LruList list;
  };
  using Nr = sync::Atomic<uint64_t, "lruvec->nr">;
  struct alignas(64) Node {
    sync::SpinLock<sync::LockClass::lru_lock> lock;
    /// Every access to the links of the node announces this field.
    sync::Plain<uint32_t, "lruvec->lists"> lists{0};
    std::array<Nr, kLruLists> nrs;
    /// Pages that have gone or become active: the clock of refault distances. Linux: lruvec->nonresident_age
    sync::Atomic<uint32_t, "nonresident_age"> age{0};
    [[nodiscard]] Nr& nr(LruList list) { return nrs[static_cast<unsigned>(list)]; }
    [[nodiscard]] const Nr& nr(LruList list) const { return nrs[static_cast<unsigned>(list)]; }
  };
  [[nodiscard]] unsigned node_of(const Folio& folio) const { return frames_.node_of(folio.pfn()); }
  [[nodiscard]] uint32_t head(unsigned node, LruList list) const {
    return first_head_ + node * kLruLists + static_cast<unsigned>(list);
  }
  [[nodiscard]] static LruList list_of(FolioFlag flags);
  // lru_lock of the node is held
  void link(unsigned node, uint32_t frame, LruList list, uint32_t pages);
  void link(unsigned node, const Folio& folio);
  void unlink(unsigned node, uint32_t frame);
  void move_batch(std::span<Folio* const> folios);
  void drain(Batch& batch);
  [[nodiscard]] sync::Atomic<uint64_t, "shadow">& shadow(uint64_t hash) { return shadows_[hash % shadows_.size()]; }

  phys::Frames& frames_;
  Folio* const folios_;
  const LruOptions options_;
  const uint32_t first_head_;
  sync::Vector<Link> links_;  ///< one per frame of RAM, then the heads
  sync::Vector<Node> nodes_;
  sync::Vector<Batch> batches_;
  sync::Vector<sync::Atomic<uint64_t, "shadow">> shadows_;
  sync::Atomic<uint64_t, "workingset_refault"> refaults_{0};
};

}  // namespace quire::cache
