#include "import/strace_space.h"

#include <algorithm>

namespace quire::importer {
namespace {

constexpr uint64_t kHugePage = uint64_t{2} << 20;
/// What is at most so far apart stays so.
constexpr uint64_t kNear = uint64_t{1} << 20;

}  // namespace

AddressPlan::AddressPlan(std::vector<AddressRange> mapped) {
  std::sort(mapped.begin(), mapped.end(),
            [](const AddressRange& a, const AddressRange& b) { return a.start < b.start; });
  for (const AddressRange& range : mapped) {
    if (!stretches_.empty() && range.start <= stretches_.back().from.end + kNear) {
      stretches_.back().from.end = std::max(stretches_.back().from.end, range.end);
    } else {
      stretches_.push_back({range, 0});
    }
  }
  end_ = kHugePage;
  for (Stretch& stretch : stretches_) {
    stretch.to = (end_ + kNear + kHugePage - 1) / kHugePage * kHugePage + stretch.from.start % kHugePage;
    end_ = stretch.to + (stretch.from.end - stretch.from.start);
  }
}

std::optional<uint64_t> AddressPlan::place(uint64_t address) const {
  for (const Stretch& stretch : stretches_)
    if (address >= stretch.from.start && address <= stretch.from.end)
      return stretch.to + (address - stretch.from.start);
  return std::nullopt;
}

void MappedRanges::add(AddressRange range) {
  if (range.start >= range.end) return;
  auto next = ranges_.lower_bound(range.start);
  if (next != ranges_.begin() && std::prev(next)->second >= range.start) --next;
  while (next != ranges_.end() && next->first <= range.end) {
    range = {std::min(range.start, next->first), std::max(range.end, next->second)};
    next = ranges_.erase(next);
  }
  ranges_[range.start] = range.end;
}

void MappedRanges::remove(AddressRange range) {
  auto next = ranges_.lower_bound(range.start);
  if (next != ranges_.begin()) --next;
  while (next != ranges_.end() && next->first < range.end) {
    auto [start, end] = *next;
    if (end <= range.start) {
      ++next;
      continue;
    }
    next = ranges_.erase(next);
    if (start < range.start) ranges_[start] = range.start;
    if (end > range.end) ranges_[range.end] = end;
  }
}

bool MappedRanges::has_all(AddressRange range) const {
  auto next = ranges_.upper_bound(range.start);
  return next != ranges_.begin() && std::prev(next)->second >= range.end;
}

bool MappedRanges::has_some(AddressRange range) const {
  auto next = ranges_.lower_bound(range.end);
  return next != ranges_.begin() && std::prev(next)->second > range.start;
}

uint64_t MappedRanges::bytes() const {
  uint64_t sum = 0;
  for (const auto& [start, end] : ranges_) sum += end - start;
  return sum;
}

}  // namespace quire::importer
