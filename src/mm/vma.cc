#include "mm/vma.h"

#include "mm/address_space.h"

namespace quire::mm {

Vma::Vma(AddressSpace& mm, const VmaSpec& spec, rmap::AnonVma* anon_vma)
    : MappedRange(mm, spec.span), mm_(mm), file_(spec.file), anon_vma_(anon_vma), flags_(spec.flags) {}

Vma* Vma::make(AddressSpace& mm, const VmaSpec& spec, rmap::AnonVma* anon_vma) {
  if (spec.file != nullptr) spec.file->get();
  if (anon_vma != nullptr) anon_vma->get();
  Vma* vma = sync::make_object<Vma>(mm, spec, anon_vma);
  if ((spec.flags & VmFlag::locked) != VmFlag::none) vma->set_mlocked(PagesStay::yes);
  return vma;
}

Vma* Vma::make_alike(AddressSpace& mm, const Span& span, VmFlag flags) const {
  Vma* vma = make(mm, {span, flags, file_}, anon_vma_);
  if (has_copies()) vma->note_copy();
  return vma;
}

void Vma::set_flags(VmFlag flags) {
  if ((flags & VmFlag::locked) != (flags_.get() & VmFlag::locked))
    set_mlocked((flags & VmFlag::locked) != VmFlag::none ? PagesStay::yes : PagesStay::no);
  flags_ = flags;
}

void Vma::zap(Range<VirtPage> pages, const rmap::ZapDetails& details) { mm_.zap_range(*this, pages, details); }

void Vma::link() {
  if (file_ != nullptr) rmap::link_file_range(file_->mapping(), *this);
  if (anon_vma_ != nullptr) rmap::link_anon_range(*anon_vma_, *this);
}

void Vma::unlink() {
  if (anon_vma_ != nullptr) rmap::unlink_anon_range(mm_.env.anon_vmas, *anon_vma_, *this);
  if (file_ != nullptr) rmap::unlink_file_range(file_->mapping(), *this);
}

// Linux: mm/vma.c __split_vma()
Vma* Vma::split(VirtPage at) {
  QUIRE_ASSERT(pages().contains(at) && pages().start() != at, "a split outside of a mapping");
  Vma* upper = make_alike(mm_, {{at, pages().limit()}, index_of(at)}, flags());
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

// The references that `upper` had are not the last ones.
void Vma::absorb(Vma* upper) {
  QUIRE_ASSERT(can_absorb(*upper), "mappings that differ cannot be one");
  if (upper->has_copies()) note_copy();
  {
    rmap::LockedTrees trees = lock_trees();
    trees.unlink(*upper);
    trees.resize(*this, {{pages().start(), upper->pages().limit()}, first_index()});
  }
  if (anon_vma_ != nullptr) mm_.env.anon_vmas.put(*anon_vma_);
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
