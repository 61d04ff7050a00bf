#include "mm/vma.h"

#include "mm/address_space.h"

namespace quire::mm {

Vma::Vma(AddressSpace& mm, const VmaSpec& spec)
    : MappedRange(mm, spec.span),
      mm_(mm),
      file_(spec.file),
      flags_(spec.flags),
      recency_(has_recency(spec.flags) ? 1 : 0) {}

Vma* Vma::make(AddressSpace& mm, const VmaSpec& spec) {
  if (spec.file != nullptr) spec.file->get();
  Vma* vma = sync::make_object<Vma>(mm, spec);
  if ((spec.flags & VmFlag::locked) != VmFlag::none) vma->set_mlocked(PagesStay::yes);
  return vma;
}

Vma* Vma::make_alike(const Span& span, VmFlag flags) const {
  Vma* vma = make(mm_, {span, flags, file_});
  vma->anon_chains.clone(*vma, anon_chains);
  if (has_copies()) vma->note_copy();
  return vma;
}

// Without a private page there is nothing to inherit. Linux: mm/rmap.c anon_vma_fork()
Vma* Vma::make_forked(AddressSpace& child, VmFlag flags) const {
  Vma* vma = make(child, {span(), flags, file_});
  bool copied = has_copies() && !has(VmFlag::wipe_on_fork);
  if (copied) vma->note_copy();
  if (!is_cow()) return vma;
  rmap::AnonVmas& pool = mm_.env.anon_vmas;
  if (copied) {
    vma->anon_chains.fork(*vma, pool, anon_chains);
  } else {
    vma->anon_chains.begin(*vma, pool.create());
  }
  return vma;
}

void Vma::set_flags(VmFlag flags) {
  if ((flags & VmFlag::locked) != (flags_.get() & VmFlag::locked))
    set_mlocked((flags & VmFlag::locked) != VmFlag::none ? PagesStay::yes : PagesStay::no);
  if (has_recency(flags) != has_recency()) recency_.store(has_recency(flags) ? 1 : 0, sync::Order::relaxed);
  flags_ = flags;
}

void Vma::zap(Range<VirtPage> pages, const rmap::ZapDetails& details) { mm_.zap_range(*this, pages, details); }

void Vma::link() {
  if (file_ != nullptr) rmap::link_file_range(file_->mapping(), *this);
  if (is_cow()) rmap::link_anon_range(*this);
}

void Vma::unlink() {
  if (is_cow()) rmap::unlink_anon_range(mm_.env.anon_vmas, *this);
  if (file_ != nullptr) rmap::unlink_file_range(file_->mapping(), *this);
}

// Linux: mm/vma.c __split_vma()
Vma* Vma::split(VirtPage at) {
  QUIRE_ASSERT(pages().contains(at) && pages().start() != at, "a split outside of a mapping");
  Vma* upper = make_alike({{at, pages().limit()}, index_of(at)}, flags());
  rmap::LockedTrees trees = lock_trees();
  trees.resize(*this, {{pages().start(), at}, first_index()});
  trees.link(*upper);
  return upper;
}

bool Vma::continues_as(const VmaSpec& spec) const {
  return alike(spec) && pages().limit() == spec.span.pages.start() && indexes().limit() == spec.span.first_index;
}

bool Vma::continued_from(const VmaSpec& spec) const {
  return alike(spec) && spec.span.pages.limit() == pages().start() && indexes_of(spec.span).limit() == first_index();
}

// What never could be written has no copies of its own yet. So it may share, as if it got its AnonVma with its first.
bool Vma::lends_anon_vma(const VmaSpec& spec) const {
  constexpr VmFlag kRights = VmFlag::read | VmFlag::write | VmFlag::account;
  VmaSpec same_rights = {spec.span, (spec.flags & ~kRights) | (flags() & kRights), spec.file};
  return is_cow() && !anon_chains.inherited() && (continues_as(same_rights) || continued_from(same_rights));
}

// The references that `upper` had are not the last ones.
void Vma::absorb(Vma* upper) {
  QUIRE_ASSERT(can_absorb(*upper), "mappings that differ cannot be one");
  if (upper->has_copies()) note_copy();
  {
    rmap::LockedTrees trees = lock_trees();
    trees.unlink(*upper);
    trees.resize(*this, {{pages().start(), upper->pages().limit()}, first_index()});
  }
  upper->anon_chains.drop(mm_.env.anon_vmas);
  remove(upper);
}

void Vma::expand(Range<VirtPage> pages) {
  QUIRE_ASSERT(pages.contains(this->pages()), "a mapping that shrinks does not expand");
  PageCount before = this->pages().start() - pages.start();
  QUIRE_ASSERT(before.value() <= first_index().value(), "a mapping of what is before its file");
  rmap::LockedTrees trees = lock_trees();
  trees.resize(*this, {pages, first_index() - before});
}

void Vma::remove(Vma* vma) {
  if (vma->file_ != nullptr) vma->file_->put();
  sync::destroy_object(vma);
}

}  // namespace quire::mm
