// Lock classes: an enum, its rules and its names, all made from sync/lock_order.def.
#pragma once

#include <cstdint>
#include <string_view>

namespace quire::sync {

enum class LockClass : uint8_t {
#define QUIRE_LOCK(name, rank, kind, nest, protects) name,
#include "sync/lock_order.def"
#undef QUIRE_LOCK
};

enum class LockKind : uint8_t { sleep, spin };

struct LockRule {
  const char* name;
  uint16_t rank;
  LockKind kind;
  std::string_view nest;  ///< "none", or the key by which two locks of the class are ordered
  const char* protects;
};

inline constexpr LockRule kLockRules[] = {
#define QUIRE_LOCK(name, rank, kind, nest, protects) {#name, rank, LockKind::kind, #nest, protects},
#include "sync/lock_order.def"
#undef QUIRE_LOCK
};

[[nodiscard]] constexpr const LockRule& rule(LockClass c) { return kLockRules[static_cast<unsigned>(c)]; }

}  // namespace quire::sync
