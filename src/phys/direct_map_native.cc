// The direct map as a mapping of the host, natively: protections that follow the tables, and what a trap says.
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <string_view>

#include "phys/direct_map_table.h"

namespace quire::phys {

Errno DirectMap::protect(Range<Pfn> pfns, Perm perm) const {
  Errno error = frames_.protect(pfns, perm);
  if (error == Errno::ok || !rules_.debug_pagealloc()) return error;
  // Nobody could be told. What stays accessible is not caught; what has to be accessible is, with everything else.
  if (has(perm, Perm::present)) error = frames_.protect(Range<Pfn>::of(Pfn(0), frames_.ram()), Perm::rw);
  return has(perm, Perm::present) ? error : Errno::ok;
}

void DirectMap::note_taker(Range<Pfn> pfns, Perm perm, Taker taker) {
  if (taken_out_.empty()) return;
  int thread = gettid();
  for (Pfn pfn : pfns) taken_out_[pfn.value()] = {has(perm, Perm::write) ? Taker::nobody : taker, thread};
}

// What is at no address, and with debug_pagealloc everything that is free.
void DirectMap::protect_at_boot() {
  if (!frames_.ram_memory().is_twice()) return;
  Range<Pfn> all = Range<Pfn>::of(Pfn(0), frames_.ram());
  taken_out_.resize(frames_.ram().value());
  Pfn first = rules_.debug_pagealloc() ? Pfn(0) : Pfn(static_cast<uint32_t>(first_reserved_));
  if (first < all.limit()) {
    note_taker({first, all.limit()}, Perm::none, Taker::boot);
    QUIRE_ASSERT(frames_.protect({first, all.limit()}, Perm::none) == Errno::ok, "the host cannot protect memory");
  }
  set_trap();
}

void DirectMap::set_trap() {
  trap_.emplace(std::span<const std::byte>(frames_.ram_memory().kernel(), frames_.ram_memory().bytes()),
                &DirectMap::describe_trap, this);
}

// Neighbours with the same rights at once. The object of the trap is of the process that the image is from.
Errno DirectMap::resumed() {
  if (!frames_.ram_memory().is_twice()) return Errno::ok;
  new (&trap_) std::optional<sync::Trap>();
  set_trap();
  auto rights = [this](uint64_t frame) { return peek_perm(Pfn(static_cast<uint32_t>(frame))); };
  uint64_t end = frames_.ram().value();
  for (uint64_t start = 0; start < end;) {
    Perm perm = rights(start);
    uint64_t limit = start + 1;
    while (limit < end && rights(limit) == perm) ++limit;
    Range<Pfn> same(Pfn(static_cast<uint32_t>(start)), Pfn(static_cast<uint32_t>(limit)));
    Errno error = perm == Perm::rw ? Errno::ok : protect(same, perm);
    if (error != Errno::ok) {
      trap_.reset();
      return error;
    }
    start = limit;
  }
  return Errno::ok;
}

// In a signal handler.
void DirectMap::describe_trap(const void* map, std::size_t offset, std::span<char> text) {
  constexpr std::array<std::string_view, 6> kTakers = {
      "nobody", "boot", "set_direct_map_invalid", "kernel_map_pages", "set_memory", "set_memory of a vmalloc area"};
  const auto& own = *static_cast<const DirectMap*>(map);
  std::size_t frame = offset / own.frames_.payload_bytes();
  if (frame >= own.taken_out_.size()) return;
  const TakenOut& taken = own.taken_out_[frame];
  auto end =
      fmt::format_to_n(text.data(), text.size() - 1,
                       "the kernel touches frame {} at offset {:#x}, which is {} in the direct map: {} by thread {}",
                       frame, offset % own.frames_.payload_bytes(),
                       own.peek_perm(Pfn(static_cast<uint32_t>(frame))) == Perm::none ? "not present" : "read-only",
                       kTakers[static_cast<unsigned>(taken.by)], taken.thread);
  *end.out = '\0';
}

}  // namespace quire::phys
