// Traps: what is said when an instruction touches memory that was made inaccessible on purpose. Native only.
//
// The text goes to stderr, and then the signal does what it would have done: the process ends as by any bad access.
// Whoever had a handler for SIGSEGV before is asked first where the address is nobody's here.
//
//   Trap trap({memory, bytes}, describe, this);   // describe(owner, offset, text) writes a sentence
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace quire::sync {

class Trap {
 public:
  /// Writes a sentence about the byte at `offset` of the memory. Runs in a signal handler: takes no lock, allocates
  /// nothing.
  using Describe = void (*)(const void* owner, std::size_t offset, std::span<char> text);
  static constexpr unsigned kTrapsMax = 16;

  /// At most kTrapsMax at once; what is more has no words.
  Trap(std::span<const std::byte> memory, Describe describe, const void* owner);
  ~Trap();
  Trap(const Trap&) = delete;
  Trap& operator=(const Trap&) = delete;

 private:
  unsigned place_;
};

}  // namespace quire::sync
