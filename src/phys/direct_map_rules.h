// What an architecture's functions on the direct map do, and when they do nothing: the same names, other rules.
//
// A call that changes the map has a guard: a predicate without which it says success and changes nothing. Where two
// calls that undo each other have different guards, one may act and the other not.
//
//   DirectMapRules rules(options, defects);
//   if (!rules.acts(DirectMapCall::kernel_map_pages)) return;
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/defects.h"
#include "base/types.h"

namespace quire::phys {

enum class Arch : uint8_t { x86, arm64, riscv };

/// Whose guards and whose copier.
enum class DirectMapVersion : uint8_t {
  v5_10,      ///< a guard for each call; the copier maps by kernel_map_pages(), which cannot tell that it failed
  series_v1,  ///< the series that became 5.11 in its first versions: the copier has set_direct_map, guards as before
  current,    ///< one guard for all, can_set_direct_map(); errors are told
};

enum class Leaf : uint8_t { page, pmd, pud };
enum class Switch : uint8_t { off, on };

struct DirectMapOptions {
  std::optional<Arch> arch = {};  ///< without, there is no direct map
  DirectMapVersion version = DirectMapVersion::current;
  Leaf leaf = Leaf::page;       ///< the largest at boot, where nothing demands less
  unsigned shift = 9;           ///< a PMD leaf has 2^shift pages, a PUD leaf as many PMD leaves
  base::PageCount reserved{0};  ///< frames of RAM that are nobody's and in no direct map
  base::PageCount vmalloc{0};   ///< pages of the vmalloc space; 0: four times RAM
  Switch debug_pagealloc = Switch::off;
  unsigned guardpage_minorder = 0;     ///< with debug_pagealloc: see phys/buddy.h. Linux: debug_guardpage_minorder=
  Switch rodata_full = Switch::off;    ///< arm64
  Switch kfence = Switch::off;         ///< arm64: has its part of the map in pages
  Switch set_direct_map = Switch::on;  ///< ARCH_HAS_SET_DIRECT_MAP; off: stubs that say success
};

[[nodiscard]] std::optional<Arch> arch(std::string_view name);
/// "v5_10", "series_v1", "current".
[[nodiscard]] std::optional<DirectMapVersion> direct_map_version(std::string_view name);

enum class DirectMapCall : uint8_t { set_direct_map, kernel_map_pages };

class DirectMapRules {
 public:
  DirectMapRules(const DirectMapOptions& options, const base::DefectSet& defects)
      : options_(options), defects_(defects) {}

  [[nodiscard]] Arch arch() const { return *options_.arch; }
  [[nodiscard]] bool debug_pagealloc() const { return options_.debug_pagealloc == Switch::on; }
  /// Whether `call` changes anything.
  [[nodiscard]] bool acts(DirectMapCall call) const;
  /// Whether kernel_page_present() looks at all; if not, it says true.
  [[nodiscard]] bool present_looks() const;
  /// Whether the map has to be made of pages at boot.
  [[nodiscard]] bool boot_pages_only() const;
  /// Whether a leaf that is larger than what is to change may be split; if not, -EINVAL or the whole leaf.
  [[nodiscard]] bool splits() const;
  [[nodiscard]] bool changes_whole_leaf() const;
  /// Whether kernel_page_present() takes the data behind a large leaf for a table.
  [[nodiscard]] bool present_takes_leaf_for_table() const;
  /// Whether the copier of an image has set_direct_map_default_noflush(), and not kernel_map_pages().
  [[nodiscard]] bool copier_sets_direct_map() const;
  /// Linux: arch/arm64/mm/pageattr.c can_set_direct_map()
  [[nodiscard]] bool can_set_direct_map() const;

 private:
  [[nodiscard]] bool rodata_full() const { return options_.rodata_full == Switch::on; }
  [[nodiscard]] DirectMapVersion guards() const;

  const DirectMapOptions& options_;
  const base::DefectSet& defects_;
};

}  // namespace quire::phys
