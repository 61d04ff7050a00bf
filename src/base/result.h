// Errors that a caller of the engine would see: Linux errno numbers, and a value or an errno.
//
//   Result<SwapEntry> entry = area.allocate();
//   if (!entry) return entry.error();
#pragma once

#include <cstdint>
#include <utility>
#include <variant>

#include "base/assert.h"

namespace quire::base {

/// Linux x86-64 numbers (asm-generic/errno-base.h, errno.h), positive; `ok` is no error. Codes of file systems that are
/// no errors and must not reach a user (cache/writeback_control.h) are below 0, so that as_syscall() of one is
/// positive, as a kernel that lets it out would return it.
enum class [[nodiscard]] Errno : int32_t{
    ok = 0,       eperm = 1,         enoent = 2,   esrch = 3,      eintr = 4,    eio = 5,        enxio = 6,
    e2big = 7,    ebadf = 9,         echild = 10,  eagain = 11,    enomem = 12,  eacces = 13,    efault = 14,
    ebusy = 16,   eexist = 17,       exdev = 18,   enodev = 19,    enotdir = 20, eisdir = 21,    einval = 22,
    enfile = 23,  emfile = 24,       etxtbsy = 26, efbig = 27,     enospc = 28,  espipe = 29,    erofs = 30,
    erange = 34,  enametoolong = 36, enosys = 38,  enotempty = 39, enodata = 61, eoverflow = 75, eopnotsupp = 95,
    estale = 116, ehwpoison = 133,
};

/// What a system call returns: 0 or more, or minus the errno.
[[nodiscard]] constexpr int64_t as_syscall(Errno e) { return -static_cast<int64_t>(e); }

/// A value or the errno that prevented it.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT: implicit by design
  Result(Errno error) : state_(std::in_place_index<1>, error) {          // NOLINT: implicit by design
    QUIRE_ASSERT(error != Errno::ok, "an error that is no error");
  }
  [[nodiscard]] bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }
  [[nodiscard]] Errno error() const { return ok() ? Errno::ok : std::get<1>(state_); }
  T& value() {
    QUIRE_ASSERT(ok());
    return std::get<0>(state_);
  }
  const T& value() const {
    QUIRE_ASSERT(ok());
    return std::get<0>(state_);
  }
  T& operator*() { return value(); }
  const T& operator*() const { return value(); }
  T* operator->() { return &value(); }

 private:
  std::variant<T, Errno> state_;
};

}  // namespace quire::base
