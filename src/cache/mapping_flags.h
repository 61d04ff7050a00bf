// MappingFlags: what writeback has to tell of a file as flags, and the mask that its pages are allocated with.
//
// The flags say that something could not be written since somebody asked last, whoever that was; wb_err
// (cache/errseq.h) says the same to each observer. The mask may be changed only before the mapping is in use: who needs
// less of an allocation says so where it allocates (Mapping::find_or_create_folio()).
//
// Two forms. `separate`: two words. `one_word`, of 2007: the mask is the low bits of the word of the flags; a flag is
// set atomically, but the mask is replaced by a load and a store, and a flag that is set between is gone.
// Linux: include/linux/pagemap.h; enum mapping_flags
#pragma once

#include "base/result.h"
#include "phys/gfp.h"
#include "sync/atomic.h"

namespace quire::cache {

class MappingFlags {
 public:
  enum class Form : uint8_t { separate, one_word };

  explicit MappingFlags(Form form) : form_(form) {}
  [[nodiscard]] Form form() const { return form_; }

  /// Linux: mapping_set_error(), its flags
  void set_error(base::Errno error) { flags_.fetch_or(error == base::Errno::enospc ? kEnospc : kEio); }
  /// -ENOSPC, -EIO: the last one wins; both are forgotten. Linux: mm/filemap.c filemap_check_errors()
  [[nodiscard]] base::Errno check_errors() {
    if ((flags_.load() & (kEnospc | kEio)) == 0) return base::Errno::ok;
    uint32_t before = flags_.fetch_and(~(kEnospc | kEio));
    if ((before & kEio) != 0) return base::Errno::eio;
    return (before & kEnospc) != 0 ? base::Errno::enospc : base::Errno::ok;
  }

  /// Linux: mapping_gfp_mask()
  [[nodiscard]] phys::Gfp gfp_mask() const {
    return phys::Gfp::from_word(static_cast<uint8_t>(mask_word().load(sync::Order::relaxed)));
  }
  /// Linux: mapping_set_gfp_mask()
  void set_gfp_mask(phys::Gfp gfp) {
    uint32_t word = mask_word().load(sync::Order::relaxed);
    mask_word().store((word & ~kMask) | gfp.word(), sync::Order::relaxed);
  }
  [[nodiscard]] phys::Gfp peek_gfp_mask() const {
    return phys::Gfp::from_word(static_cast<uint8_t>(mask_word().peek()));
  }

 private:
  static constexpr uint32_t kMask = 0xff;
  static constexpr uint32_t kEio = 1U << 8;     // Linux: AS_EIO
  static constexpr uint32_t kEnospc = 1U << 9;  // Linux: AS_ENOSPC
  using Word = sync::Atomic<uint32_t, "mapping->flags">;
  [[nodiscard]] const Word& mask_word() const { return form_ == Form::one_word ? flags_ : gfp_mask_; }
  [[nodiscard]] Word& mask_word() { return form_ == Form::one_word ? flags_ : gfp_mask_; }

  const Form form_;
  Word flags_{phys::Gfp::user().word()};  ///< the mask in it counts in the form of one word only
  Word gfp_mask_{phys::Gfp::user().word()};
};

}  // namespace quire::cache
