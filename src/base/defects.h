// Known wrong behaviours as switches (base/defects.def): an enum, a set of them, and their texts.
//
// A machine holds one DefectSet, empty unless an expectation switches something on. The engine asks
// `machine_defects.has(Defect::D2_1)` at the one place where the behaviour would differ.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string_view>

namespace quire::base {

enum class Defect : uint8_t {
#define QUIRE_DEFECT(name, id, mail, summary) name,
#include "base/defects.def"
#undef QUIRE_DEFECT
};

struct DefectInfo {
  Defect defect;
  std::string_view id;       ///< as written in scenarios: "D2-1"
  std::string_view mail;     ///< "S0".."S4"
  std::string_view summary;  ///< one line
};

/// All defects, in the order of base/defects.def.
[[nodiscard]] std::span<const DefectInfo> all_defects();

/// The defect with that id ("D2-1"), or nothing.
[[nodiscard]] std::optional<Defect> find_defect(std::string_view id);

[[nodiscard]] const DefectInfo& info(Defect defect);

/// A set of switched-on defects; at most 128 exist.
class DefectSet {
 public:
  constexpr DefectSet() = default;
  constexpr DefectSet(std::initializer_list<Defect> list) {
    for (Defect d : list) add(d);
  }
  constexpr void add(Defect d) { words_[index(d) / 64] |= bit(d); }
  [[nodiscard]] constexpr bool has(Defect d) const { return (words_[index(d) / 64] & bit(d)) != 0; }
  [[nodiscard]] constexpr bool empty() const { return (words_[0] | words_[1]) == 0; }
  constexpr bool operator==(const DefectSet&) const = default;

 private:
  static constexpr unsigned index(Defect d) { return static_cast<unsigned>(d); }
  static constexpr uint64_t bit(Defect d) { return uint64_t{1} << (index(d) % 64); }
  uint64_t words_[2] = {0, 0};
};

}  // namespace quire::base
