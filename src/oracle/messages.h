// What is said between who wants a scenario played and who plays it: lines of JSON, the same over a socket of this
// machine and over the serial line of a guest.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "oracle/compare.h"
#include "oracle/kernel_facts.h"

namespace quire::oracle {

struct Request {
  enum class How : uint8_t {
    quickly,    ///< SequencePlayer
    carefully,  ///< Player, which takes longer and rules out more
  } how = How::carefully;
  unsigned rounds = 1;  ///< of a scenario of several blocks
  std::string text;     ///< a scenario
};

struct Answer {
  /// What was seen; results that are not compared (is_compared()) are empty.
  Seen seen;
  /// What the kernel said meanwhile that it says only when something is wrong with it: "BUG: Bad rss-counter ..."
  std::vector<std::string> log;
  /// The kernel, or what plays on it, is gone.
  bool ended = false;
};

[[nodiscard]] std::string line_of(const Request& request);
[[nodiscard]] std::string line_of(const Answer& answer);
/// The first line of who plays: what it plays on, or why it cannot.
[[nodiscard]] std::string line_of(const KernelFacts& facts, std::string_view trouble);

/// nullopt: it is none.
[[nodiscard]] std::optional<Request> request_of(std::string_view line);
[[nodiscard]] std::optional<Answer> answer_of(std::string_view line);
struct Ready {
  KernelFacts facts;
  std::string trouble;
};
[[nodiscard]] std::optional<Ready> ready_of(std::string_view line);

/// Lines over a descriptor that is read and written.
class LineChannel {
 public:
  /// Keeps the descriptor; it is the caller's to close.
  explicit LineChannel(int fd = -1) : fd_(fd) {}

  /// Without the newline. False: the other end is gone.
  [[nodiscard]] bool send(std::string_view line) const;
  /// nullopt: the other end is gone, or `milliseconds` have passed (-1: however long it takes).
  [[nodiscard]] std::optional<std::string> receive(int milliseconds = -1);

 private:
  int fd_;
  std::string buffer_;
};

}  // namespace quire::oracle
