// From the paths of the command line to parsed scenario files.
//
// L1. Directories give their *.qs files, at any depth, sorted; each file comes once, at its first mention.
// L2. A path that gives nothing (not there, unreadable, no *.qs below it, does not parse) gives one entry with `error`.
//
//   for (const LoadedFile& file : load({"scenarios"})) if (!file.error.empty()) write(err, file.error + "\n");
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "scenario/ast.h"

namespace quire::cli {

struct LoadedFile {
  std::string path;  ///< as on the command line, without "./"; what reports and tokens call the file
  std::string text;
  std::optional<scenario::Document> document;
  std::string error;  ///< one line, `FILE:LINE:COL: MESSAGE` or `FILE: MESSAGE`; empty exactly if there is a document
};

[[nodiscard]] std::vector<LoadedFile> load(std::span<const std::string> paths);

/// One file. `shown` is what it is called in messages.
[[nodiscard]] LoadedFile load_file(const std::string& path, const std::string& shown);

/// The one with that name, or null.
[[nodiscard]] const scenario::Scenario* find_scenario(const scenario::Document& document, std::string_view name);

/// Writes the file; one that exists is replaced as a whole, so that a failure leaves the old text. Empty, or `FILE: why
/// not`.
[[nodiscard]] std::string replace_file(const std::string& path, std::string_view text);

/// " (did you mean 'X'?)", or nothing.
[[nodiscard]] std::string suggestion(std::string_view word, std::span<const std::string> known);

/// A complaint about the first id that no defect has; empty if all are known.
[[nodiscard]] std::string unknown_defect(std::span<const std::string> ids);

}  // namespace quire::cli
