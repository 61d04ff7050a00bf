// Ram: the memory that the frames of a machine are.
//
// Once mapped it is one piece of the heap, and the kernel's accesses and the users' are to the same addresses. Twice
// mapped, natively for machines with a direct map, it is pages of the host that have two addresses: one that users'
// page tables and devices lead to, always accessible, and one that is the direct map, where pages are as accessible as
// the kernel's own mapping has them: PROT_NONE, read-only, or both. A touch of what is not traps (sync/trap.h).
//
//   Ram ram(bytes, 4096, Ram::Mapped::twice);
//   Errno error = ram.protect(4096, 4096, Perm::none);   // -ENOMEM: the host cannot split its mapping any more
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/result.h"
#include "phys/kernel_tlb.h"

namespace quire::phys {

class Ram {
 public:
  enum class Mapped : uint8_t { once, twice };
  /// Where the host has no memory for twice, once.
  Ram(std::size_t bytes, std::size_t align, Mapped mapped);
  ~Ram();
  Ram(const Ram&) = delete;
  Ram& operator=(const Ram&) = delete;

  /// As users' page tables and devices have it.
  [[nodiscard]] std::byte* data() const { return data_; }
  /// As the kernel has it.
  [[nodiscard]] std::byte* kernel() const { return kernel_; }
  [[nodiscard]] bool is_twice() const { return data_ != kernel_; }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

  /// Of the kernel's addresses; nothing, if there are no others. What is executable is not told apart. -ENOMEM: the
  /// host's limit of mappings of one process (vm.max_map_count); then nothing has changed.
  [[nodiscard]] base::Errno protect(std::size_t offset, std::size_t bytes, Perm perm) const;

  /// Zeros at the addresses where another process had it twice. -ENOMEM.
  [[nodiscard]] static base::Errno map_twice_at(void* data, void* kernel, std::size_t bytes);

 private:
  [[nodiscard]] bool map_twice();

  const std::size_t bytes_;
  const std::size_t align_;
  std::byte* data_ = nullptr;
  std::byte* kernel_ = nullptr;
};

}  // namespace quire::phys
