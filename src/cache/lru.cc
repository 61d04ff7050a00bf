#include "cache/lru.h"

#include "cache/folios.h"
#include "phys/cpu.h"
#include "sync/trace.h"

namespace quire::cache {
namespace {

LruType type_of(FolioFlag flags) { return any(flags & FolioFlag::swapbacked) ? LruType::anon : LruType::file; }

/// Pages of a gibibyte, of 4 KiB each.
constexpr uint64_t kPagesPerGiB = 1 << 18;

uint64_t isqrt(uint64_t n) {
  uint64_t root = 0;
  while ((root + 1) * (root + 1) <= n) ++root;
  return root;
}

uint64_t mix(uint64_t key) {
  key *= 0x9e37'79b9'7f4a'7c15;
  return key ^ (key >> 29);
}

}  // namespace

Lru::Lru(phys::Frames& frames, Folio* folios, const LruOptions& options)
    : frames_(frames),
      folios_(folios),
      options_(options),
      first_head_(static_cast<uint32_t>(frames.ram().value())),
      links_(first_head_ + frames.nodes() * kLruLists),
      nodes_(frames.nodes()),
      batches_(frames.cpus()),
      shadows_(options.workingset == LruOptions::Workingset::on ? frames.ram().value() : 0) {
  QUIRE_ASSERT(options.batch > 0 && options.batch <= kBatchMax);
  for (uint32_t h = first_head_; h < links_.size(); ++h) links_[h] = {h, h, 0, LruList::inactive_anon};
}

LruList Lru::list_of(FolioFlag flags) {
  if (any(flags & FolioFlag::unevictable)) return LruList::unevictable;
  LruType type = type_of(flags);
  return any(flags & FolioFlag::active) ? active_list(type) : inactive_list(type);
}

// At the head, where what was used last is. Linux: include/linux/mm_inline.h lruvec_add_folio()
void Lru::link(unsigned node, uint32_t frame, LruList list, uint32_t pages) {
  (void)nodes_[node].lists.mutate();
  uint32_t h = head(node, list);
  links_[frame] = {links_[h].next, h, pages, list};
  links_[links_[h].next].previous = frame;
  links_[h].next = frame;
  nodes_[node].nr(list).add(pages);
}

void Lru::link(unsigned node, const Folio& folio) {
  link(node, folio.pfn().value(), list_of(folio.flags()), static_cast<uint32_t>(folio.pages().value()));
}

// Linux: include/linux/mm_inline.h lruvec_del_folio()
void Lru::unlink(unsigned node, uint32_t frame) {
  (void)nodes_[node].lists.mutate();
  Link& at = links_[frame];
  links_[at.previous].next = at.next;
  links_[at.next].previous = at.previous;
  nodes_[node].nr(at.list).sub(at.pages);
  at.pages = 0;
}

void Lru::split(const Folio& folio) {
  unsigned node = node_of(folio);
  sync::Guard guard(nodes_[node].lock);
  (void)nodes_[node].lists.mutate();
  Link& at = links_[folio.pfn().value()];
  if (at.pages == 0) return;
  nodes_[node].nr(at.list).sub(at.pages - 1);
  at.pages = 1;
}

// Linux: mm/swap.c folio_add_lru()
void Lru::add(Folio& folio) {
  if (frames_.is_device(folio.pfn()) || folio.test_and_set(FolioFlag::lru_added)) return;
  folio.get();
  std::array<Folio*, kBatchMax> full;
  std::size_t n = 0;
  {
    Batch& batch = batches_[phys::this_cpu(frames_.cpus()).value()];
    sync::Guard guard(batch.lock);
    uint32_t& count = batch.count.mutate();
    batch.folios[count++] = &folio;
    if (count < options_.batch && !folio.is_large()) return;
    n = std::exchange(count, 0U);
    std::copy_n(batch.folios.begin(), n, full.begin());
  }
  move_batch(std::span(full.data(), n));
}

// Linux: mm/swap.c folio_batch_move_lru()
void Lru::move_batch(std::span<Folio* const> folios) {
  for (std::size_t i = 0; i < folios.size();) {
    unsigned node = node_of(*folios[i]);
    sync::Guard guard(nodes_[node].lock);
    for (; i < folios.size() && node_of(*folios[i]) == node; ++i) {
      link(node, *folios[i]);
      folios[i]->set(FolioFlag::lru);
    }
  }
  for (Folio* folio : folios) folio->put();
}

void Lru::drain(Batch& batch) {
  std::array<Folio*, kBatchMax> taken;
  std::size_t n = 0;
  {
    sync::Guard guard(batch.lock);
    if (batch.count == 0) return;
    n = std::exchange(batch.count.mutate(), 0U);
    std::copy_n(batch.folios.begin(), n, taken.begin());
  }
  move_batch(std::span(taken.data(), n));
}

void Lru::drain() { drain(batches_[phys::this_cpu(frames_.cpus()).value()]); }

void Lru::drain_all() {
  for (Batch& batch : batches_) drain(batch);
}

// Who clears the flag takes it off; until then it stays linked. Linux: mm/vmscan.c folio_isolate_lru()
bool Lru::isolate(Folio& folio) {
  if (!folio.test_and_clear(FolioFlag::lru)) return false;
  if (frames_.is_device(folio.pfn())) return true;
  unsigned node = node_of(folio);
  sync::Guard guard(nodes_[node].lock);
  unlink(node, folio.pfn().value());
  return true;
}

// Linux: mm/vmscan.c folio_putback_lru(), move_folios_to_lru()
void Lru::putback(Folio& folio) {
  if (frames_.is_device(folio.pfn())) return;
  {
    unsigned node = node_of(folio);
    sync::Guard guard(nodes_[node].lock);
    link(node, folio);
    folio.set(FolioFlag::lru | FolioFlag::lru_added);
    // Who unlocked it before the flag was set could not take it off the list.
    FolioFlag flags = folio.flags();
    if (!any(flags & FolioFlag::unevictable) || any(flags & FolioFlag::mlocked)) return;
  }
  QUIRE_REACHED("putback: unlocked while it was isolated");
  rescue(folio);
}

// Nobody else has it, but a scan may look at it. Linux: mm/swap.c __page_cache_release()
void Lru::free(Folio& folio) {
  if (!folio.test(FolioFlag::lru) || frames_.is_device(folio.pfn())) return;
  unsigned node = node_of(folio);
  sync::Guard guard(nodes_[node].lock);
  unlink(node, folio.pfn().value());
  folio.clear(FolioFlag::lru);
}

void Lru::rescue(Folio& folio) {
  if (!folio.test(FolioFlag::unevictable) || !isolate(folio)) return;
  folio.clear(FolioFlag::unevictable);
  putback(folio);
}

// inactive -> referenced -> active. One in a batch goes to its list as active. Linux: mm/swap.c folio_mark_accessed()
void Lru::mark_accessed(Folio& folio) {
  FolioFlag flags = folio.flags();
  if (!any(flags & FolioFlag::referenced)) return folio.set(FolioFlag::referenced);
  if (any(flags & (FolioFlag::active | FolioFlag::unevictable))) return;
  unsigned node = node_of(folio);
  sync::Guard guard(nodes_[node].lock);
  bool listed = folio.test(FolioFlag::lru);
  if (listed) unlink(node, folio.pfn().value());
  folio.clear(FolioFlag::referenced);
  folio.set(FolioFlag::active);
  if (listed) link(node, folio);
  nodes_[node].age.add(static_cast<uint32_t>(folio.pages().value()));
}

// Linux: mm/swap.c folio_deactivate()
void Lru::deactivate(Folio& folio) {
  if (frames_.is_device(folio.pfn())) return;
  unsigned node = node_of(folio);
  sync::Guard guard(nodes_[node].lock);
  bool listed = folio.test(FolioFlag::lru);
  if (listed) unlink(node, folio.pfn().value());
  folio.clear(FolioFlag::referenced | FolioFlag::active);
  if (listed) link(node, folio);
}

// One that has no reference left, or that somebody isolates, goes to the other end. Linux: mm/vmscan.c
// isolate_lru_folios()
std::size_t Lru::isolate_folios(unsigned node, LruList list, std::span<Folio*> into) {
  std::size_t taken = 0;
  std::size_t skipped = 0;
  uint32_t h = head(node, list);
  sync::Guard guard(nodes_[node].lock);
  (void)nodes_[node].lists.mutate();
  while (taken < into.size() && skipped < into.size() && links_[h].previous != h) {
    uint32_t frame = links_[h].previous;
    Folio& folio = folios_[frame];
    bool referenced = folio.try_get();
    if (referenced && folio.test_and_clear(FolioFlag::lru)) {
      unlink(node, frame);
      into[taken++] = &folio;
      continue;
    }
    QUIRE_REACHED("isolate_lru_folios: it is being freed or isolated");
    if (referenced) folio.put();  // not the last: who isolates it has another
    uint32_t pages = links_[frame].pages;
    unlink(node, frame);
    link(node, frame, list, pages);
    ++skipped;
  }
  return taken;
}

// Linux: mm/vmscan.c inactive_is_low()
bool Lru::inactive_is_low(unsigned node, LruType type) const {
  uint64_t inactive = size(node, inactive_list(type));
  uint64_t active = size(node, active_list(type));
  uint64_t gib = (inactive + active) / kPagesPerGiB;
  uint64_t ratio = gib != 0 ? isqrt(10 * gib) : 1;
  return inactive * ratio < active;
}

// --- workingset -----------------------------------------------------------------------------------------------------

// Linux: mm/workingset.c workingset_eviction(), pack_shadow()
void Lru::evicted(const Folio& folio, uint64_t key) {
  if (shadows_.empty()) return;
  uint64_t hash = mix(key);
  uint32_t age = nodes_[node_of(folio)].age.fetch_add(static_cast<uint32_t>(folio.pages().value()));
  shadow(hash).store((hash & ~uint64_t{0xffff'ffff}) | age, sync::Order::relaxed);
}

// A distance not greater than what is active means that with a little less active it would not have gone. Linux:
// mm/workingset.c workingset_test_recent(), workingset_refault()
void Lru::refault(Folio& folio, uint64_t key) {
  if (shadows_.empty()) return;
  uint64_t hash = mix(key);
  uint64_t record = shadow(hash).load(sync::Order::relaxed);
  if (record == 0 || (record >> 32) != (hash >> 32)) return;
  unsigned node = node_of(folio);
  Node& n = nodes_[node];
  uint32_t distance = n.age.load(sync::Order::relaxed) - static_cast<uint32_t>(record);
  LruType type = type_of(folio.flags());
  LruType other = type == LruType::anon ? LruType::file : LruType::anon;
  uint64_t workingset =
      size(node, active_list(type)) + size(node, active_list(other)) + size(node, inactive_list(other));
  if (distance > workingset) return;
  folio.set(FolioFlag::active | FolioFlag::workingset);
  n.age.add(static_cast<uint32_t>(folio.pages().value()));
  refaults_.add(1);
}

// --- check ----------------------------------------------------------------------------------------------------------

void Lru::check(sync::CheckReport& report) const {
  using sync::Failure;
  uint64_t linked = 0;
  for (unsigned node = 0; node < nodes_.size(); ++node)
    for (unsigned l = 0; l < kLruLists; ++l) {
      auto list = static_cast<LruList>(l);
      uint64_t pages = 0;
      uint32_t h = head(node, list);
      for (uint32_t at = links_[h].next; at != h && linked <= first_head_; at = links_[at].next) {
        const Folio& folio = folios_[at];
        ++linked;
        bool right = folio.peek_refcount() > 0 && any(folio.peek_flags() & FolioFlag::lru) && links_[at].list == list &&
                     frames_.node_of(Pfn(at)) == node;
        report.expect(right, Failure::bug, "lru I1: folio {} is on list {} of node {} and should not be", at, l, node);
        if (right) pages += folio.pages().value();
      }
      report.expect(pages == nodes_[node].nr(list).peek(), Failure::bug,
                    "lru I2: list {} of node {} has {} pages, not {}", l, node, pages, nodes_[node].nr(list).peek());
    }
  uint64_t flagged = 0;
  for (uint32_t i = 0; i < first_head_; ++i)
    if (folios_[i].peek_refcount() > 0 && any(folios_[i].peek_flags() & FolioFlag::lru)) ++flagged;
  report.expect(flagged == linked, Failure::bug, "lru I1: {} folios have the flag lru and {} are on lists", flagged,
                linked);
}

}  // namespace quire::cache
