// Snapshot: a copy of all pages that a resumed machine would need, made while nothing else runs.
//
//   freeze user tasks -> preallocate -> freeze kernel threads -> other CPUs offline
//     -> drain, count, allocate what lacks, drain again, copy each page -> CPUs online -> thaw
// The copier reads through the direct map. A page that is not there is mapped for its copy and made invalid again: its
// owner may be a task that stopped halfway, and goes on from there, in this machine and in the one that resumes.
//
// P1  from the count to the last copy one CPU runs, so that looking and copying need no lock
// P2  each page of the direct map is afterwards as it was before
// P3  what maps a page for its copy acts whenever what made it invalid did, and tells when it failed
// saveable: a frame that is not free in a zone, no guard, not of the image, and not both reserved and missing in the
// direct map.
// Locks: see phys/running_cpus.h. Sleeps. Linux: kernel/power/hibernate.c create_image(), kernel/power/snapshot.c
//
//   Snapshot snapshot(frames, map, freezer, defects, options);
//   Result<PageCount> pages = snapshot.create();
#pragma once

#include <span>

#include "phys/direct_map.h"
#include "power/freezer.h"

namespace quire::power {

using base::Errno;
using base::PageCount;
using base::Pfn;
using base::Result;

enum class FreezeScope : uint8_t { user, all };
/// Whether P1 is kept.
enum class Quiesce : uint8_t { yes, no };

class Snapshot;

/// What the rest of a machine does around the copy; natively, where it has threads and devices of its own.
class SnapshotStages : public FreezeWitness {
 public:
  /// All tasks are frozen. The machine's own threads end, nothing is deferred any more, and nothing of a device is left
  /// outside the machine's memory. An error ends the snapshot.
  [[nodiscard]] virtual base::Errno suspend() = 0;
  /// Nothing else runs, and all pages are copied: the last moment that a resumed machine remembers.
  [[nodiscard]] virtual base::Errno copied(const Snapshot& snapshot) = 0;
  /// Undoes suspend(), whether that failed or not.
  virtual void resume() = 0;

 protected:
  ~SnapshotStages() = default;
};

struct SnapshotOptions {
  FreezeScope scope = FreezeScope::all;
  Quiesce quiesce = Quiesce::yes;
};

class Snapshot {
 public:
  Snapshot(phys::Frames& frames, phys::DirectMap& map, Freezer& freezer, const base::DefectSet& defects,
           const SnapshotOptions& options);
  /// Frees the image.
  ~Snapshot();
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;

  /// Once, by a task that is in no call (Freezer::leave). How many pages were copied; -EBUSY: a task will not freeze;
  /// -ENOMEM: no room for the image, or for a split; -EFAULT: a page that cannot be mapped.
  [[nodiscard]] Result<PageCount> create();
  /// create() in two halves, for an image that is written: tasks stay frozen until thaw(), and the copies are kept.
  [[nodiscard]] Result<PageCount> freeze_and_copy(SnapshotStages* stages);
  void thaw() { freezer_.thaw(); }
  /// In the machine that goes on where copied() was: CPUs and tasks run again. Linux: where swsusp_arch_suspend()
  /// returns for the second time
  void resumed();

  /// After the copy: which pages, and where their copies are.
  [[nodiscard]] std::span<const Pfn> saved() const { return {saveable_.data(), saveable_.size()}; }
  [[nodiscard]] std::span<const Pfn> copies() const { return {image_.data(), saveable_.size()}; }

 private:
  [[nodiscard]] Errno freeze(SnapshotStages* stages);
  [[nodiscard]] Errno copy_alone(SnapshotStages* stages);
  [[nodiscard]] base::Errno preallocate();
  [[nodiscard]] base::Errno add_image_page(phys::Gfp gfp);
  [[nodiscard]] base::Errno swsusp_save();
  void list_saveable();
  [[nodiscard]] base::Errno copy_data_pages();
  [[nodiscard]] base::Errno safe_copy_page(Pfn to, Pfn from);
  void do_copy_page(Pfn to, Pfn from);
  [[nodiscard]] base::Errno hibernate_map_page(Pfn pfn);
  void hibernate_unmap_page(Pfn pfn);
  void let_others_run();
  void compare(const sync::Vector<phys::Perm>& before);

  phys::Frames& frames_;
  phys::DirectMap& map_;
  Freezer& freezer_;
  const base::DefectSet& defects_;
  const SnapshotOptions options_;
  phys::Cpus cpus_;       ///< how many run while it copies, as far as the copier knows
  bool thawed_ = false;   ///< tasks were not frozen, or run again
  bool stopped_ = false;  ///< whether the others really do not
  sync::Vector<Pfn> image_;
  sync::Vector<Pfn> saveable_;
  sync::Vector<uint8_t> unsaveable_;  ///< per frame, while saveable_ is made
};

}  // namespace quire::power
