// What a worker tells its parent over a pipe: how far it is, and last its answer.
//
// A frame is its kind, the length of its body in four bytes, and the body in CBOR, which carries any bytes.
// W1. A reader that is fed garbage or half a frame gives no message; it never reads past what it was fed.
//
//   write_all(fd, pack(Progress{...}));
//   reader.feed(bytes); while (auto message = reader.next()) ...
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "runner/runner.h"

namespace quire::cli {

/// runner::Progress that owns its text.
struct ProgressNote {
  std::string phase;
  uint64_t executions = 0;
  double seconds = 0;
  uint64_t depth = 0;
  double share_done = 0;
};

using Message = std::variant<ProgressNote, runner::CheckResult>;

[[nodiscard]] std::string pack(const runner::Progress& progress);
[[nodiscard]] std::string pack(const runner::CheckResult& result);

class FrameReader {
 public:
  void feed(std::string_view bytes) { buffer_ += bytes; }
  /// The next whole message; a frame that does not make sense is passed over.
  [[nodiscard]] std::optional<Message> next();

 private:
  std::string buffer_;
};

}  // namespace quire::cli
