// Byte ranges of a user page (0..4095) on the bytes that a machine stores for it.
//
// Natively both are the same. An explored page stores P < 4096 bytes. Reading byte o gives stored byte o % P. A range
// that is written or zeroed touches the stored bytes below P that lie in it; one that lies wholly above P is written to
// o % P and not zeroed. So programs that look at single bytes of explored pages use offsets below P; filled pages look
// right anywhere.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>

#include "phys/frames.h"

namespace quire::fs {

inline constexpr uint32_t kSmallPayload = 256;

inline void read_user(const phys::Frames& frames, base::Pfn page, uint32_t from, std::span<std::byte> to) {
  uint32_t stored = frames.payload_bytes();
  if (from + to.size() <= stored) return frames.read(page, from, to);
  QUIRE_ASSERT(stored <= kSmallPayload, "a small page is copied on the stack");
  std::byte buffer[kSmallPayload];
  frames.read(page, 0, {buffer, stored});
  for (std::size_t i = 0; i < to.size(); ++i) to[i] = buffer[frames.payload_offset(from + i)];
}

inline void write_user(phys::Frames& frames, base::Pfn page, uint32_t to, std::span<const std::byte> from) {
  uint32_t at = frames.payload_offset(to);
  frames.write(page, at, from.first(std::min<std::size_t>(from.size(), frames.payload_bytes() - at)));
}

inline void zero_user(phys::Frames& frames, base::Pfn page, uint32_t from, uint32_t to) {
  uint32_t end = std::min(to, frames.payload_bytes());
  if (from < end) frames.zero_range(page, from, end - from);
}

}  // namespace quire::fs
