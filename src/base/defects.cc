#include "base/defects.h"

#include "base/assert.h"

namespace quire::base {
namespace {
constexpr DefectInfo kDefects[] = {
#define QUIRE_DEFECT(name, id, mail, summary) {Defect::name, id, mail, summary},
#include "base/defects.def"
#undef QUIRE_DEFECT
};
static_assert(sizeof(kDefects) / sizeof(kDefects[0]) <= 128, "DefectSet has two words");
}  // namespace

std::span<const DefectInfo> all_defects() { return kDefects; }

std::optional<Defect> find_defect(std::string_view id) {
  for (const DefectInfo& d : kDefects)
    if (d.id == id) return d.defect;
  return std::nullopt;
}

const DefectInfo& info(Defect defect) {
  auto i = static_cast<unsigned>(defect);
  QUIRE_ASSERT(i < all_defects().size());
  return kDefects[i];
}

}  // namespace quire::base
