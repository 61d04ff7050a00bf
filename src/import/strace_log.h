// Logs of strace: `strace -f -e trace=memory,desc,process -o F.strace COMMAND`.
//
// A line is a call with its result, or the first or the second half of one (`<unfinished ...>`, `<... resumed>`), a
// signal, the end of a process, or a remark of strace itself. A process number, with or without `[pid ]`, and a time
// may stand before it. Halves are put together; the call counts where it ended, a fork where it began.
#pragma once

#include <string_view>
#include <variant>
#include <vector>

#include "import/text.h"

namespace quire::importer {

struct StraceArgument {
  std::string text;  ///< without remarks in /* */
  int column = 1;
};

struct StraceRecord {
  enum class Kind : uint8_t { call, ended };  ///< ended: the task is gone
  Kind kind = Kind::call;
  int pid = 0;  ///< 0 where the log names none
  std::string name;
  std::vector<StraceArgument> arguments;
  std::string result;  ///< "0x7f0000000000", "0", "?"
  std::string error;   ///< "ENOMEM"; empty if it succeeded
  int line = 1;
  int column = 1;
};

struct StraceLog {
  std::vector<StraceRecord> records;
  uint64_t signals = 0;     ///< lines that tell of one
  uint64_t unfinished = 0;  ///< calls that never returned
};

[[nodiscard]] std::variant<StraceLog, Diagnostic> read_strace_log(std::string_view text, std::string_view file);

/// fork, vfork, clone, clone3.
[[nodiscard]] bool is_fork(std::string_view call);

/// A number, an address, NULL, a descriptor with or without `<path>` behind it; nullopt: none of these.
[[nodiscard]] std::optional<int64_t> strace_number(std::string_view argument);
/// `A|B|0x40`, each by its name.
[[nodiscard]] std::vector<std::string> strace_flags(std::string_view argument);
/// A string of strace: its bytes, and whether there were more (`"..."...`).
struct StraceString {
  std::string bytes;
  bool cut = false;
};
[[nodiscard]] std::optional<StraceString> strace_string(std::string_view argument);
/// The value of `{..., key=VALUE, ...}` up to the next comma or brace.
[[nodiscard]] std::optional<std::string_view> strace_field(std::string_view structure, std::string_view key);

}  // namespace quire::importer
