// What an exported program needs of the machine that it runs on, and how it says so.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "oracle/export_c.h"
#include "oracle/export_writer.h"
#include "oracle/kernel_path_operations.h"

namespace quire::oracle {

struct ExportNeeds {
  bool root = false;
  bool swap = false;                   ///< some area
  std::vector<std::string> own_areas;  ///< areas that are switched off and on, or counted
  int64_t nodes = 1;
  bool signals = false;          ///< loads and stores, which may be answered with one
  bool arena = false;            ///< mappings side by side, from a fixed address on
  bool one_page_faults = false;  ///< pages of files that are looked at one by one
  bool uffd = false;             ///< write protection by userfaultfd
  bool uffd_poison = false;      ///< and its poison
  std::set<std::string> files;   ///< of a file system with a disk
  std::vector<MountSpec> mounts;
};

[[nodiscard]] ExportNeeds needs_of(const scenario::Program& program);

/// The lines that ask for it at the beginning of main(), and announce `tests` results.
void add_needs(CWriter& w, const ExportNeeds& needs, int tests);

/// The lines that empty its own areas and turn them on, before each round.
void begin_areas(CWriter& w, const ExportNeeds& needs);

struct HeaderOptions {
  ExportStyle style;
  bool threads;
};
/// The comment that the program begins with.
[[nodiscard]] std::string header_comment(const scenario::Program& program, const ExportNeeds& needs,
                                         const HeaderOptions& options);

}  // namespace quire::oracle
