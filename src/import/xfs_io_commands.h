// Command files of xfs_io: one command a line, or shell lines of `xfs_io -f -c COMMAND -c COMMAND FILE`.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "import/text.h"

namespace quire::importer {

struct XfsIoWord {
  std::string text;
  int line = 1;
  int column = 1;
};

/// A command by its long name, with what stands behind it.
struct XfsIoCommand {
  std::string name;
  XfsIoWord as_written;
  std::vector<XfsIoWord> arguments;
};

/// What a shell line gives is framed by `open` of its file and `quit`.
[[nodiscard]] std::variant<std::vector<XfsIoCommand>, Diagnostic> read_xfs_io(std::string_view text,
                                                                              std::string_view file);

/// 4096, 0x1000, 4k, 1m, 2b (blocks of 4096 bytes), 3s (sectors of 512); nullopt: none of these.
[[nodiscard]] std::optional<int64_t> xfs_io_number(std::string_view text);

/// The options of a command: `-k`, `-S 0xab`, `-S0xab`, `-rw`.
struct XfsIoOptions {
  std::string flags;  ///< letters, in their order
  std::vector<std::pair<char, XfsIoWord>> values;
  std::vector<XfsIoWord> rest;
  [[nodiscard]] bool has(char flag) const { return flags.find(flag) != std::string::npos; }
  [[nodiscard]] const XfsIoWord* value(char flag) const;
};

/// `known`: letters, with a colon behind those that have a value.
[[nodiscard]] std::variant<XfsIoOptions, Diagnostic> xfs_io_options(const XfsIoCommand& command, std::string_view known,
                                                                    std::string_view file);

}  // namespace quire::importer
