// Operation logs of fsx, as `fsx --record-ops` (xfstests, LTP) writes them: one operation a line,
//
//   [skip ]NAME 0xOFFSET 0xLENGTH [0xTARGET] 0xSIZE [keep_size] [close_open] [unshare] [*]
//
// where SIZE is that of the file before the operation, TARGET the second offset of copies and exchanges, `skip` what
// fsx drew and did not do, and `*` marks what touches the byte that was wrong. Contents are not in the log: see
// fsx_data.h.
#pragma once

#include <array>
#include <string_view>
#include <variant>
#include <vector>

#include "import/text.h"

namespace quire::importer {

enum class FsxKind : uint8_t {
  read,
  read_dontcache,
  write,
  write_dontcache,
  write_atomic,
  mapread,
  mapwrite,
  truncate,
  fallocate,
  punch_hole,
  zero_range,
  collapse_range,
  insert_range,
  clone_range,
  dedupe_range,
  copy_range,
  fsync,
  exchange_range,
};

[[nodiscard]] std::string_view fsx_name(FsxKind kind);

struct FsxOp {
  uint64_t number = 0;  ///< from 1, skipped operations too
  FsxKind kind = FsxKind::read;
  uint64_t offset = 0;
  uint64_t length = 0;  ///< of a truncation: the new size
  uint64_t target = 0;
  uint64_t size_before = 0;
  bool skipped = false;
  bool keep_size = false;
  bool close_open = false;
  int line = 1;
};

/// Bytes; no offset, length or size in a log is greater.
inline constexpr uint64_t kFsxBytesMax = uint64_t{256} << 20;

using FsxLog = std::vector<FsxOp>;
[[nodiscard]] std::variant<FsxLog, Diagnostic> read_fsx_log(std::string_view text, std::string_view file);

/// What the recorder or fsx would write for it, with its line break.
[[nodiscard]] std::string fsx_line(const FsxOp& op);

/// Empty, or why no file of `size` bytes can have it done to it.
[[nodiscard]] std::string why_not(const FsxOp& op, uint64_t size);

/// The highest byte of the file that any of these looks at or makes.
[[nodiscard]] uint64_t fsx_end(const FsxLog& log);

}  // namespace quire::importer
