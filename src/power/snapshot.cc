#include "power/snapshot.h"

#include <algorithm>

#include "phys/bulk.h"
#include "sync/trace.h"

namespace quire::power {

using base::Defect;
using base::Errno;
using base::Order;
using phys::Cpus;
using phys::KernelAccess;
using phys::Perm;

Snapshot::Snapshot(phys::Frames& frames, phys::DirectMap& map, Freezer& freezer, const base::DefectSet& defects,
                   const SnapshotOptions& options)
    : frames_(frames),
      map_(map),
      freezer_(freezer),
      defects_(defects),
      options_(options),
      cpus_(options.quiesce == Quiesce::yes ? Cpus::one : Cpus::many),
      unsaveable_(frames.ram().value()) {
  image_.reserve(frames.ram().value());
  saveable_.reserve(frames.ram().value());
}

Snapshot::~Snapshot() {
  for (Pfn pfn : image_) frames_.free_pages(pfn, Order(0));
}

Result<PageCount> Snapshot::create() {
  QUIRE_FUNC();
  Result<PageCount> pages = freeze_and_copy(nullptr);
  if (!thawed_) thaw();
  return pages;
}

// User tasks first, and kernel threads after the memory for the image is there: reclaim may need them.
// Linux: kernel/power/hibernate.c hibernation_snapshot()
Errno Snapshot::freeze(SnapshotStages* stages) {
  Errno error = freezer_.freeze(Freezes::user, stages);
  thawed_ = error != Errno::ok;
  if (thawed_) return error;
  error = preallocate();
  if (error == Errno::ok && options_.scope == FreezeScope::all && !defects_.has(Defect::D4_15))
    error = freezer_.freeze(Freezes::kthread, stages);
  return error;
}

// Linux: kernel/power/hibernate.c hibernation_snapshot(), create_image()
Result<PageCount> Snapshot::freeze_and_copy(SnapshotStages* stages) {
  Errno error = freeze(stages);
  if (thawed_) return error;
  if (error == Errno::ok && stages != nullptr) error = stages->suspend();
  if (error == Errno::ok) error = copy_alone(stages);
  if (stages != nullptr) stages->resume();
  if (error != Errno::ok) return error;
  return PageCount(saveable_.size());
}

// Linux: kernel/power/hibernate.c create_image()
Errno Snapshot::copy_alone(SnapshotStages* stages) {
  stopped_ = cpus_ == Cpus::one && !defects_.has(Defect::D4_15);
  if (stopped_) map_.running_cpus().stop_others();
  Errno error = swsusp_save();
  if (error == Errno::ok && stages != nullptr) error = stages->copied(*this);
  if (stopped_) map_.running_cpus().start_others();
  return error;
}

void Snapshot::resumed() {
  if (stopped_) phys::RunningCpus::take_over();
  if (stopped_) map_.running_cpus().start_others();
  thaw();
}

Errno Snapshot::add_image_page(phys::Gfp gfp) {
  auto pfn = frames_.alloc_pages(gfp, Order(0));
  if (!pfn) return pfn.error();
  image_.push_back(*pfn);
  return Errno::ok;
}

// While allocating may still sleep. Linux: hibernate_preallocate_memory()
Errno Snapshot::preallocate() {
  QUIRE_FUNC();
  frames_.drain_all_pages();
  list_saveable();
  Errno error = Errno::ok;
  while (error == Errno::ok && image_.size() < saveable_.size()) error = add_image_page(phys::Gfp::kernel());
  return error;
}

// Linux: kernel/power/snapshot.c mark_free_pages(), saveable_page()
void Snapshot::list_saveable() {
  std::fill(unsaveable_.begin(), unsaveable_.end(), uint8_t{0});
  saveable_.clear();
  frames_.mark_free_pages([&](Pfn pfn, phys::FrameState state) {
    bool saved = state == phys::FrameState::guard && defects_.has(Defect::D4_16);
    unsaveable_[pfn.value()] = saved ? 0 : 1;
  });
  for (Pfn pfn : image_) unsaveable_[pfn.value()] = 1;
  for (uint32_t frame = 0; frame < frames_.ram().value(); ++frame) {
    if (unsaveable_[frame] != 0) continue;
    Pfn pfn(frame);
    bool missing = map_.is_reserved(pfn) && !map_.kernel_page_present(pfn);
    if (!missing || defects_.has(Defect::D4_16)) saveable_.push_back(pfn);
  }
}

// Pages that are free in a per-CPU list look used: they are given back before each look. Linux: swsusp_save()
Errno Snapshot::swsusp_save() {
  QUIRE_FUNC();
  frames_.drain_all_pages(cpus_);
  list_saveable();
  std::size_t counted = saveable_.size();
  phys::Gfp gfp = cpus_ == Cpus::one ? phys::Gfp::atomic().alone() : phys::Gfp::kernel();
  while (image_.size() < counted) {
    QUIRE_REACHED("more pages are to be saved than when memory for the image was allocated");
    Errno error = add_image_page(gfp);
    if (error != Errno::ok) return error;
  }
  if (!defects_.has(Defect::D4_14)) frames_.drain_all_pages(cpus_);
  list_saveable();
  if (stopped_ && saveable_.size() > counted)
    sync::bug(sync::Failure::bug, "more pages are to be copied than were counted");
  return copy_data_pages();
}

Errno Snapshot::copy_data_pages() {
  QUIRE_FUNC();
  sync::Vector<Perm> before;
  before.reserve(saveable_.size());
  for (Pfn pfn : saveable_) before.push_back(map_.peek_perm(pfn));
  for (std::size_t i = 0; i < saveable_.size() && i < image_.size(); ++i) {
    Errno error = safe_copy_page(image_[i], saveable_[i]);
    if (error != Errno::ok) return error;
  }
  QUIRE_POINT("copied", "{} pages", saveable_.size());
  if (stopped_) compare(before);
  return Errno::ok;
}

// P2, and that each page is in the image.
void Snapshot::compare(const sync::Vector<Perm>& before) {
  for (std::size_t i = 0; i < saveable_.size(); ++i) {
    auto from = frames_.payload(saveable_[i]);
    if (!std::equal(from.begin(), from.end(), frames_.payload(image_[i]).begin()))
      sync::bug(sync::Failure::lost_store, "the image lacks the contents of a page");
    if (map_.peek_perm(saveable_[i]) != before[i])
      sync::bug(sync::Failure::bug, "I10: the copier has not left a page of the direct map as it was");
  }
}

void Snapshot::do_copy_page(Pfn to, Pfn from) {
  map_.use(from, KernelAccess::read, cpus_);
  map_.use(to, KernelAccess::write, cpus_);
  sync::region_read(frames_.payload(from).data(), "page");
  sync::region_write(frames_.payload(to).data(), "page");
  phys::copy_contents(frames_.kernel_payload(to).data(), frames_.kernel_payload(from).data(), frames_.payload_bytes());
}

// Before 5.11 nobody could tell that it failed. Linux: hibernate_map_page()
Errno Snapshot::hibernate_map_page(Pfn pfn) {
  if (map_.rules().copier_sets_direct_map()) return map_.set_direct_map_default_noflush(pfn, cpus_);
  map_.kernel_map_pages(pfn, PageCount(1), phys::Mapped::yes, cpus_);
  return Errno::ok;
}

void Snapshot::hibernate_unmap_page(Pfn pfn) {
  if (!map_.rules().copier_sets_direct_map()) return map_.kernel_map_pages(pfn, PageCount(1), phys::Mapped::no, cpus_);
  if (map_.set_direct_map_invalid_noflush(pfn, cpus_) != Errno::ok) QUIRE_POINT("page stays mapped");
  map_.flush_tlb_kernel_range(phys::DirectMap::pages_of({pfn, pfn.next()}));
}

// Only where a defect has the copier not alone.
void Snapshot::let_others_run() {
  if (!stopped_) return;
  map_.running_cpus().start_others();
  map_.running_cpus().stop_others();
}

Errno Snapshot::safe_copy_page(Pfn to, Pfn from) {
  QUIRE_FUNC();
  bool present = map_.kernel_page_present(from);
  if (defects_.has(Defect::D4_3)) let_others_run();
  if (!present) {
    QUIRE_REACHED("a page is mapped for its copy");
    if (defects_.has(Defect::D4_6a)) return Errno::ok;
    Errno error = hibernate_map_page(from);
    if (error != Errno::ok && !defects_.has(Defect::D4_1)) return error;
  }
  do_copy_page(to, from);
  if (defects_.has(Defect::D4_5)) let_others_run();
  bool unmap = !present && !defects_.has(Defect::D4_6b);
  if (unmap || defects_.has(Defect::D4_6c)) hibernate_unmap_page(from);
  return Errno::ok;
}

}  // namespace quire::power
