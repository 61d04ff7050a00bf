// Folios: the Folio of every frame, and where folios come from and go to.
//
// The objects live as long as the machine; one whose frame is free is poisoned, like the payload of its frame, but for
// its reference count, which is 0 and may be looked at any time.
//
//   Result<FolioRef> folio = folios.alloc(Gfp::user(), Order(0));
//   folios.zero(**folio);
#pragma once

#include "base/result.h"
#include "cache/folio.h"
#include "cache/lru.h"
#include "phys/frames.h"
#include "sync/check_report.h"

namespace quire::cache {

/// Whether there are LRU lists.
enum class UseLru : uint8_t { no, yes };

class Folios {
 public:
  explicit Folios(phys::Frames& frames);
  Folios(phys::Frames& frames, const LruOptions& lru, UseLru use) : Folios(frames) {
    if (use == UseLru::yes) lru_ = sync::make_box<Lru>(frames, array_, lru);
  }
  ~Folios();
  Folios(const Folios&) = delete;
  Folios& operator=(const Folios&) = delete;

  /// A folio with one reference, no flags, no mapping, undefined contents; -ENOMEM. Linux: folio_alloc()
  [[nodiscard]] base::Result<FolioRef> alloc(phys::Gfp gfp, Order order);

  /// The same from one node; -ENOMEM if that has none. Linux: __folio_alloc_node() with __GFP_THISNODE
  [[nodiscard]] base::Result<FolioRef> alloc_node(phys::Gfp gfp, Order order, unsigned node);
  /// A page from the highest free frame, if that is above `pfn` and on its node; -ENOMEM. Linux: compaction_alloc()
  [[nodiscard]] base::Result<FolioRef> alloc_highest(Pfn pfn);
  /// A page of the device's memory, which the CPU cannot reach; -ENOMEM. Linux: zone_device_page_init()
  [[nodiscard]] base::Result<FolioRef> alloc_device();

  /// The large `folio` (locked, its references frozen) becomes folios of one page, all locked by the caller and each
  /// with `references`; what is said of the whole is said of each. Linux: mm/huge_memory.c __split_huge_page_tail()
  void split(Folio& folio, int references);

  /// The folio that the allocated frame `pfn` belongs to. Linux: pfn_folio()
  [[nodiscard]] Folio& of(Pfn pfn) {
    Folio& page = array_[pfn.value()];
    return *(&page - page.head_distance_);
  }
  /// The object of exactly this frame, head or tail: for the per-page flag anon_exclusive.
  [[nodiscard]] Folio& page(Pfn pfn) { return array_[pfn.value()]; }
  [[nodiscard]] const Folio& peek(Pfn pfn) const { return array_[pfn.value()]; }
  /// At quiescent points: whether the frame begins a folio in use.
  [[nodiscard]] bool peek_in_use(Pfn pfn) const { return array_[pfn.value()].peek_refcount() > 0; }

  /// nullptr: reclaim goes over all frames.
  [[nodiscard]] Lru* lru() const { return lru_.get(); }
  /// What this CPU has batched can be isolated. Linux: lru_add_drain()
  void lru_add_drain() {
    if (lru_ != nullptr) lru_->drain();
  }
  /// What CPUs have batched can be isolated. Linux: lru_add_drain_all()
  void lru_add_drain_all() {
    if (lru_ != nullptr) lru_->drain_all();
  }

  [[nodiscard]] phys::Frames& frames() { return frames_; }
  [[nodiscard]] const phys::Frames& frames() const { return frames_; }

  /// The folio whose head is this frame, with one more reference, unless it is free: for scans of all frames. What it
  /// is may change until it is locked. Linux: mm/page_idle.c page_idle_get_folio()
  [[nodiscard]] FolioRef try_get(Pfn pfn);

  /// All pages of the folio.
  void zero(Folio& folio);

  /// I1, I4 and I9 of what is known here: no folio in use is locked, under writeback or without a reference.
  void check(sync::CheckReport& report) const;

 private:
  friend class Folio;
  [[nodiscard]] FolioRef prepare(Pfn pfn, Order order);
  void poison(Folio& page) const;
  void unpoison(Folio& page) const;
  /// The last reference is gone. Linux: mm/swap.c __folio_put()
  void free(Folio& folio);

  phys::Frames& frames_;
  Folio* array_;
  sync::Box<Lru> lru_;
};

inline void Folio::put(int n) {
  int before = refcount_.fetch_sub(n);
  QUIRE_ASSERT(before >= n, "a folio reference was dropped twice");
  if (before == n) folios_->free(*this);
}

inline void Folio::add_lru(FolioFlag more) {
  Lru* lru = folios_->lru();
  if (lru == nullptr) return set(FolioFlag::lru | more);
  if (any(more)) set(more);
  lru->add(*this);
}

inline bool Folio::isolate_lru() {
  Lru* lru = folios_->lru();
  return lru == nullptr ? test_and_clear(FolioFlag::lru) : lru->isolate(*this);
}

inline void Folio::putback_lru() {
  Lru* lru = folios_->lru();
  if (lru == nullptr) return set(FolioFlag::lru);
  lru->putback(*this);
}

inline void Folio::mark_accessed() {
  if (Lru* lru = folios_->lru()) lru->mark_accessed(*this);
}

inline void Folio::deactivate() {
  Lru* lru = folios_->lru();
  if (lru == nullptr) return clear(FolioFlag::referenced | FolioFlag::active);
  lru->deactivate(*this);
}

inline void Folio::mark_lazyfree() {
  if (Lru* lru = folios_->lru()) lru->deactivate(*this);
}

inline void Folio::munlock() {
  clear(FolioFlag::mlocked);
  if (Lru* lru = folios_->lru()) lru->rescue(*this);
}

inline void Folio::workingset_refault(uint64_t key) {
  if (Lru* lru = folios_->lru()) lru->refault(*this, key);
}

}  // namespace quire::cache
