// Addresses of recorded programs, brought together: a program's mappings lie terabytes apart, a machine's address space
// is small. What is near each other stays at its distance, what is far comes nearer; the place in a huge page is kept.
//
//   AddressPlan plan(ranges);
//   plan.place(0x7f12'3456'7000)   == 0x40'3000
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace quire::importer {

struct AddressRange {
  uint64_t start = 0;
  uint64_t end = 0;
};

class AddressPlan {
 public:
  /// All memory that is mapped at any time; in any order.
  explicit AddressPlan(std::vector<AddressRange> mapped);
  /// nullopt: in no stretch of memory that was ever mapped.
  [[nodiscard]] std::optional<uint64_t> place(uint64_t address) const;
  /// The first address above all of them.
  [[nodiscard]] uint64_t end() const { return end_; }

 private:
  struct Stretch {
    AddressRange from;
    uint64_t to = 0;
  };
  std::vector<Stretch> stretches_;
  uint64_t end_ = 0;
};

/// What a process has mapped, as far as the log told.
class MappedRanges {
 public:
  void add(AddressRange range);
  void remove(AddressRange range);
  [[nodiscard]] bool has_all(AddressRange range) const;
  [[nodiscard]] bool has_some(AddressRange range) const;
  [[nodiscard]] bool has(uint64_t address) const { return has_some({address, address + 1}); }
  [[nodiscard]] uint64_t bytes() const;

 private:
  std::map<uint64_t, uint64_t> ranges_;  ///< start -> end; none touches another
};

}  // namespace quire::importer
