#include "mm/vma.h"

#include "mm/address_space.h"

namespace quire::mm {

Vma::Vma(AddressSpace& mm, const VmaSpec& spec, rmap::FileBacking* file, rmap::AnonVma* anon_vma)
    : MappedRange(mm, spec.pages, spec.first_index), mm_(mm), file_(file), anon_vma_(anon_vma), flags_(spec.flags) {}

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
  if (file_ != nullptr) file_->get();
  if (anon_vma_ != nullptr) anon_vma_->get();
  VmaSpec spec{Range<VirtPage>(at, pages().limit()), index_of(at), flags()};
  Vma* upper = sync::make_object<Vma>(mm_, spec, file_, anon_vma_);
  if (has_copies()) upper->note_copy();
  split_links(at, *upper, mapping(), anon_vma_);
  return upper;
}

void Vma::remove(Vma* vma) {
  if (vma->file_ != nullptr) vma->file_->put();
  sync::destroy_object(vma);
}

}  // namespace quire::mm
