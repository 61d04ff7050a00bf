// Replays an operation log of fsx on a machine of the engine, natively and with real contents: each read is compared
// with what the file must hold, and with the sums of a recording where there are some.
//
// The file is one of tmpfs. fallocate's modes that tmpfs does not have are carried out by reads and writes, and so are
// copies. close_open closes the descriptor while another process has the file open. Where the machine has less memory
// than the file, its pages go to swap and come back.
//
//   auto replayed = replay_fsx(log, {.file = "f.fsxops", .sums = sums});
//   if (!replayed.difference.empty()) print(replayed.difference);
#pragma once

#include <string>

#include "import/fsx_data.h"

namespace quire::importer {

struct FsxReplayOptions {
  std::string file;          ///< for messages
  std::vector<FsxSum> sums;  ///< of the recording; empty: none
  uint64_t ram_pages = 0;    ///< 0: as many as the file needs, and some
  uint64_t swap_pages = 0;
};

struct FsxReplay {
  uint64_t operations = 0;  ///< carried out
  uint64_t skipped = 0;
  uint64_t reads = 0;          ///< compared with the model
  uint64_t sums_compared = 0;  ///< of those, with the recording too
  uint64_t bytes_read = 0;
  uint64_t bytes_written = 0;
  uint64_t swapped_most = 0;  ///< slots of swap in use at once
  double seconds = 0;
  std::string difference;  ///< `FILE:LINE: what is not as recorded`, which ended it; empty if there is none
};

[[nodiscard]] FsxReplay replay_fsx(const FsxLog& log, const FsxReplayOptions& options);

}  // namespace quire::importer
