// Recorded runs of other tools as scenarios: operation logs of fsx, logs of strace, command files of xfs_io.
//
// Whatever is in the file, the answer is a scenario that parses, or a complaint that says where it stands in the log.
//
//   auto imported = import_log(Format::strace, text, {.file = "a.strace"});
//   if (auto* done = std::get_if<Imported>(&imported)) write(format(done->document));
#pragma once

#include <optional>
#include <string_view>
#include <variant>

#include "import/build.h"
#include "import/text.h"

namespace quire::importer {

enum class Format : uint8_t { fsx, strace, xfs_io };

/// `fsx`, `strace`, `xfs_io`.
[[nodiscard]] std::optional<Format> format_of(std::string_view name);
/// By the end of the file's name: `.fsxops`, `.strace`, `.xfs_io`.
[[nodiscard]] std::optional<Format> format_of_file(std::string_view path);

/// What happens to a command that the engine has no operation for.
enum class Unknown : uint8_t { complain, skip };

struct ImportOptions {
  std::string_view file;                ///< for complaints, and the scenario's name
  Unknown unknown = Unknown::complain;  ///< of xfs_io; what is no memory or file operation of strace is always left out
};

using ImportResult = std::variant<Imported, Diagnostic>;

[[nodiscard]] ImportResult import_log(Format format, std::string_view text, const ImportOptions& options);

[[nodiscard]] ImportResult import_fsx(std::string_view text, const ImportOptions& options);
[[nodiscard]] ImportResult import_strace(std::string_view text, const ImportOptions& options);
[[nodiscard]] ImportResult import_xfs_io(std::string_view text, const ImportOptions& options);

}  // namespace quire::importer
