#include "cache/folios.h"

#include <new>

#include "sync/trace.h"

namespace quire::cache {
namespace {
constexpr const char* kFolio = "folio";
}

Folios::Folios(phys::Frames& frames)
    : frames_(frames),
      array_(static_cast<Folio*>(sync::allocate(frames.frames().value() * sizeof(Folio), alignof(Folio)))) {
  for (uint32_t i = 0; i < frames.frames().value(); ++i) {
    auto* folio = new (&array_[i]) Folio();
    folio->pfn_ = Pfn(i);
    folio->folios_ = this;
    poison(*folio);
  }
}

Folios::~Folios() {
  std::size_t bytes = frames_.frames().value() * sizeof(Folio);
  sync::unpoison(array_, bytes);
  for (uint32_t i = 0; i < frames_.frames().value(); ++i) array_[i].~Folio();
  sync::deallocate(array_, bytes, alignof(Folio));
}

base::Result<FolioRef> Folios::alloc(phys::Gfp gfp, Order order) {
  auto pfn = frames_.alloc_pages(gfp, order);
  if (!pfn) return pfn.error();
  return prepare(*pfn, order);
}

FolioRef Folios::prepare(Pfn pfn, Order order) {
  Folio* head = &array_[pfn.value()];
  if (sync::driven()) [[unlikely]]
    for (uint64_t i = 0; i < order.pages().value(); ++i) unpoison(head[i]);
  for (uint64_t i = 0; i < order.pages().value(); ++i) {
    head[i].flags_.init(0);
    head[i].head_distance_ = static_cast<uint16_t>(i);
  }
  head->order_ = order;
  head->refcount_.init(1);
  return FolioRef::adopt(*head);
}

base::Result<FolioRef> Folios::alloc_node(phys::Gfp gfp, Order order, unsigned node) {
  auto pfn = frames_.alloc_pages_node(gfp, order, node);
  if (!pfn) return pfn.error();
  return prepare(*pfn, order);
}

base::Result<FolioRef> Folios::alloc_highest(Pfn pfn) {
  auto highest = frames_.alloc_highest_page(pfn);
  if (!highest) return highest.error();
  return prepare(*highest, Order(0));
}

base::Result<FolioRef> Folios::alloc_device() {
  auto pfn = frames_.alloc_device_page();
  if (!pfn) return pfn.error();
  return prepare(*pfn, Order(0));
}

void Folios::split(Folio& folio, int references) {
  FolioFlag whole =
      folio.flags() & ~(FolioFlag::anon_exclusive | FolioFlag::hwpoison | FolioFlag::lru | FolioFlag::lru_added);
  uint64_t pages = folio.pages().value();
  if (lru_ != nullptr) lru_->split(folio);
  folio.order_ = Order(0);
  for (uint64_t i = 1; i < pages; ++i) {
    Folio& page = array_[folio.pfn().value() + i];
    // Nobody else can have found it yet; and the caller may hold a spin lock.
    bool locked = page.try_lock();
    QUIRE_ASSERT(locked, "a tail page that is locked");
    page.set(whole);
    page.order_ = Order(0);
    page.head_distance_ = 0;
    if (Mapping* mapping = folio.mapping())
      page.set_file(*mapping, folio.index() + PageCount(i));
    else
      page.set_anon(folio.anon_vma(), folio.index() + PageCount(i));
    page.refcount_.store(references);
  }
  folio.refcount_.store(references);
}

void Folios::free(Folio& folio) {
  QUIRE_ASSERT(folio.mapcount_.peek() == 0, "a mapped folio lost its last reference");
  QUIRE_ASSERT(!any(folio.peek_flags() & FolioFlag::swapcache), "a folio in the swap cache lost its last reference");
  QUIRE_ASSERT(folio.writeback_.peek() == 0, "a folio under writeback lost its last reference");
  if (lru_ != nullptr) lru_->free(folio);
  folio.clear_mapping();
  folio.set_swap({});
  Order order = folio.order_;
  Pfn pfn = folio.pfn_;
  if (sync::driven()) [[unlikely]]
    for (uint64_t i = 0; i < order.pages().value(); ++i) poison((&folio)[i]);
  frames_.free_pages(pfn, order);
}

FolioRef Folios::try_get(Pfn pfn) {
  Folio& folio = array_[pfn.value()];
  int32_t seen = folio.refcount_.load(sync::Order::relaxed);
  while (seen > 0)
    if (folio.refcount_.compare_exchange(seen, seen + 1)) return FolioRef::adopt(folio);
  return {};
}

void Folios::poison(Folio& page) const { sync::poison(&page.lock_, sizeof(Folio) - Folio::kPoisonedFrom, kFolio); }

void Folios::unpoison(Folio& page) const { sync::unpoison(&page.lock_, sizeof(Folio) - Folio::kPoisonedFrom); }

void Folios::zero(Folio& folio) {
  for (Pfn pfn : base::Range<Pfn>::of(folio.pfn(), folio.pages())) frames_.zero(pfn);
}

void Folios::check(sync::CheckReport& report) const {
  for (uint32_t i = 0; i < frames_.frames().value(); ++i) {
    const Folio& folio = array_[i];
    report.expect(folio.peek_refcount() >= 0, sync::Failure::bug, "folio I1: folio {} has refcount {}", i,
                  folio.peek_refcount());
    report.expect(folio.peek_mapcount() >= 0 && folio.peek_mapcount() <= folio.peek_refcount(), sync::Failure::bug,
                  "I6: folio {} has mapcount {} and refcount {}", i, folio.peek_mapcount(), folio.peek_refcount());
    report.expect(!folio.peek_locked(), sync::Failure::bug, "I9: folio {} is left locked", i);
    report.expect(!folio.peek_writeback(), sync::Failure::bug, "folio {} is left under writeback", i);
    bool cached = any(folio.peek_flags() & FolioFlag::swapcache);
    report.expect(!cached || !folio.peek_swap().none(), sync::Failure::bug,
                  "folio I4: folio {} is cached without a slot", i);
  }
  if (lru_ != nullptr) lru_->check(report);
}

}  // namespace quire::cache
