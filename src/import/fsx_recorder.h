// Records an operation log of fsx on a real file: draws operations as fsx does, carries them out, compares what it
// reads with a model, and keeps a sum of each read. fsx itself is part of xfstests and not packaged everywhere.
//
//   FsxRecording recording = record_fsx("/dev/shm/f", {.operations = 50'000, .seed = 1});
//   if (recording.trouble.empty()) write(recording.log, recording.sums);
#pragma once

#include <string>

#include "import/fsx_data.h"

namespace quire::importer {

struct FsxRecordOptions {
  uint64_t operations = 1'000;
  uint64_t seed = 1;
  uint64_t file_bytes = 256 * 1024;  ///< the greatest size
  uint64_t op_bytes = 64 * 1024;     ///< the greatest length
  unsigned close_open_one_in = 0;    ///< 0: never
};

struct FsxRecording {
  std::string log;   ///< as fsx --record-ops
  std::string sums;  ///< as read_fsx_sums() reads them; the last is of the whole file
  uint64_t skipped = 0;
  std::string trouble;  ///< what failed, or what the file system read wrongly; empty if all went well
};

/// Makes the file, and removes it.
[[nodiscard]] FsxRecording record_fsx(const std::string& path, const FsxRecordOptions& options);

}  // namespace quire::importer
