// What operations of the language share: operands as numbers, results as values, a buffer.
#pragma once

#include <cstring>

#include "machine/machine.h"
#include "runner/program.h"

namespace quire::runner {

[[nodiscard]] inline Value from(base::Errno e) { return Value::of(e == base::Errno::ok ? 0 : base::as_syscall(e)); }

template <typename T>
[[nodiscard]] Value from(const base::Result<T>& r) {
  return r ? Value::of(static_cast<int64_t>(*r)) : from(r.error());
}

[[nodiscard]] inline Value from(const mm::Signal& s) {
  switch (s.number) {
    case mm::SignalNumber::sigbus:
      return Value::of_signal(7, s.code);
    case mm::SignalNumber::sigkill:
      return Value::of_signal(9, 0);
    default:
      return Value::of_signal(11, s.code);
  }
}

[[nodiscard]] inline uint64_t unsigned_number(Runtime& r, const Call& c, std::size_t operand, int64_t otherwise = 0) {
  return static_cast<uint64_t>(r.number(c, operand, otherwise));
}

[[nodiscard]] inline int int_number(Runtime& r, const Call& c, std::size_t operand, int64_t otherwise = 0) {
  return static_cast<int>(r.number(c, operand, otherwise));
}

/// A buffer of the arena that goes with the call, whatever ends it.
class Buffer {
 public:
  explicit Buffer(uint64_t bytes) : bytes_(bytes) { memory_ = static_cast<std::byte*>(sync::allocate(bytes + 1, 8)); }
  ~Buffer() { sync::deallocate(memory_, bytes_ + 1, 8); }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  [[nodiscard]] std::span<std::byte> bytes() const { return {memory_, bytes_}; }

 private:
  uint64_t bytes_;
  std::byte* memory_;
};

/// What an operand `fill(BYTE, LENGTH)` or `BYTE` stands for.
class FilledBuffer : public Buffer {
 public:
  explicit FilledBuffer(const Operand& what)
      : Buffer(what.kind == Operand::Kind::fill ? static_cast<uint64_t>(what.length) : 1) {
    std::memset(bytes().data(), static_cast<int>(what.number), bytes().size());
  }
};

}  // namespace quire::runner
