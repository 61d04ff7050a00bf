// The contents that go with an operation log of fsx, which has none itself: what each write writes, what the file holds
// then, and a sum of what was read.
//
// As in fsx, a byte tells which operation wrote it: even offsets hold the operation's number modulo 256, odd ones that
// plus a byte that goes with the offset. fsx draws the latter from its seed, which the log does not have; here it is a
// fixed function.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "import/fsx_log.h"

namespace quire::importer {

[[nodiscard]] std::byte fsx_byte(uint64_t operation, uint64_t offset);

/// What an operation writes at its offset.
[[nodiscard]] std::vector<std::byte> fsx_data(const FsxOp& op);

/// The same for the same bytes on every machine.
[[nodiscard]] uint64_t contents_sum(std::span<const std::byte> contents);

/// What the file must hold: as long as it is, zeros where nothing was written.
class FsxModel {
 public:
  /// The operation has been done; `data` is what it wrote.
  void apply(const FsxOp& op, std::span<const std::byte> data);
  [[nodiscard]] uint64_t size() const { return contents_.size(); }
  /// What a read gives: less than asked at the end of the file.
  [[nodiscard]] std::span<const std::byte> read(uint64_t offset, uint64_t length) const;
  [[nodiscard]] std::span<const std::byte> all() const { return contents_; }

 private:
  void extend(uint64_t end);
  void move(uint64_t from, uint64_t to, uint64_t length);

  std::vector<std::byte> contents_;
};

/// A sum of the recording: what the read of that operation returned.
struct FsxSum {
  uint64_t operation = 0;
  uint64_t sum = 0;
};
/// Lines `OPERATION SUM`, which the recorder writes beside the log; by operation.
[[nodiscard]] std::variant<std::vector<FsxSum>, Diagnostic> read_fsx_sums(std::string_view text, std::string_view file);

}  // namespace quire::importer
