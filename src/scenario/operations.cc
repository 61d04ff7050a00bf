#include "scenario/operations.h"

#include <algorithm>
#include <array>

namespace quire::scenario {
namespace {

constexpr std::array kOperations = {
#define QUIRE_OPERATION(name, usage, summary, least, most, where, judged, gives, weight)                          \
  Operation{                                                                                                      \
      #name, usage, summary, least, most, Operation::Where::where, FailureClass::judged, Operation::Gives::gives, \
      weight},
#include "scenario/operations.def"
#undef QUIRE_OPERATION
};

static_assert(std::is_sorted(kOperations.begin(), kOperations.end(),
                             [](const Operation& a, const Operation& b) { return a.name < b.name; }));

}  // namespace

std::span<const Operation> all_operations() { return kOperations; }

const Operation* find_operation(std::string_view name) {
  auto found = std::lower_bound(kOperations.begin(), kOperations.end(), name,
                                [](const Operation& o, std::string_view wanted) { return o.name < wanted; });
  return found != kOperations.end() && found->name == name ? &*found : nullptr;
}

std::size_t operation_index(const Operation& operation) {
  return static_cast<std::size_t>(&operation - kOperations.data());
}

}  // namespace quire::scenario
