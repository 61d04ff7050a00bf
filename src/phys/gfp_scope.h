// GFP scopes: a stretch of a task in which no allocation may enter a file system, or start I/O, whatever mask it names.
//
// Who holds a lock that a file system's writepage takes says so once, instead of passing a mask down through all that
// it calls: every allocation of the task combines its mask with the scope (alloc_pages()). Reclaim that enters a file
// system inside of a NOFS scope with a mask of its own would wait for who waits for it; it is reported as a bug.
// Linux: include/linux/sched/mm.h memalloc_nofs_save(), current_gfp_context()
//
//   GfpScope nofs(kMemallocNofs);
//   frames.alloc_pages(Gfp::kernel(), Order(0));   // as GFP_NOFS
#pragma once

#include "phys/gfp.h"
#include "sync/task_flags.h"

namespace quire::phys {

/// Linux: PF_MEMALLOC_NOFS, PF_MEMALLOC_NOIO
inline constexpr uint32_t kMemallocNofs = 0x40000;
inline constexpr uint32_t kMemallocNoio = 0x80000;

/// Sets `flags`; what of them was not set before, for memalloc_flags_restore(). Linux: memalloc_flags_save()
[[nodiscard]] inline uint32_t memalloc_flags_save(uint32_t flags) {
  uint32_t& current = sync::task_flags();
  uint32_t added = ~current & flags;
  current |= added;
  return added;
}
/// Linux: memalloc_flags_restore()
inline void memalloc_flags_restore(uint32_t added) { sync::task_flags() &= ~added; }

/// What is left of `gfp` in the scope of the task. Linux: current_gfp_context()
[[nodiscard]] inline Gfp current_gfp_context(Gfp gfp) {
  uint32_t flags = sync::task_flags();
  if ((flags & kMemallocNoio) != 0) return gfp.without_io();
  return (flags & kMemallocNofs) != 0 ? gfp.without_fs() : gfp;
}

/// A scope that ends with the object. Scopes nest.
class GfpScope {
 public:
  explicit GfpScope(uint32_t flags) : added_(memalloc_flags_save(flags)) {}
  ~GfpScope() { memalloc_flags_restore(added_); }
  GfpScope(const GfpScope&) = delete;
  GfpScope& operator=(const GfpScope&) = delete;

 private:
  const uint32_t added_;
};

}  // namespace quire::phys
