// The constants of C and of Linux (x86-64) that a scenario may name, and the value of expressions made of them.
//
//   constant_value("PROT_READ")   == 1
//   errno_number("ENOMEM")        == 12        errno_name(12) == "ENOMEM"
//   constant_value("p")           == nullopt   // the machine or the runner may know it
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>

#include "scenario/ast.h"

namespace quire::scenario {

// PROT_*, MAP_*, MADV_*, FALLOC_FL_*, MS_*, O_*, SEEK_*, MFD_*, MREMAP_*, MLOCK_*, MCL_*, MPOL_MF_*, PR_MCE_KILL*,
// UFFD*, BUS_*, SEGV_*, the VM_* flags of vmalloc(), and Quire's own PM_*.
[[nodiscard]] std::optional<std::int64_t> constant_value(std::string_view name);

// 2 -> PM_ANON, of what pagemap(ADDRESS) gives.
[[nodiscard]] std::optional<std::string_view> pagemap_kind_name(std::int64_t kind);

// ENOMEM -> 12. Aliases (EWOULDBLOCK, EDEADLOCK, ENOTSUP) have the number of the name they stand for.
[[nodiscard]] std::optional<int> errno_number(std::string_view name);
// 12 -> ENOMEM; never an alias.
[[nodiscard]] std::optional<std::string_view> errno_name(int number);
[[nodiscard]] std::span<const std::string_view> errno_names();

// The value of an expression of numbers, characters, names and operators, where `value_of` knows every name in it;
// nullopt for other names, strings, indices, calls, and what does not fit 64 bits.
using ValueOf = std::function<std::optional<std::int64_t>(std::string_view name)>;
[[nodiscard]] std::optional<std::int64_t> evaluate(const Expr& expr, const ValueOf& value_of);

}  // namespace quire::scenario
