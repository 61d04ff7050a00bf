// Playhouse: a process that plays scenarios which are sent to it as text. It is started while the program is still
// small, because what a fork costs grows with the memory that is mapped; and while it plays one, the caller may go on.
//
//   Playhouse house;
//   if (std::string why = house.open({"S"}); !why.empty()) return skip(why);
//   house.send(format(scenario), Playhouse::How::quickly);
//   Played played = house.receive();
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

namespace quire::oracle {

/// What was seen; or why it could not be played.
struct Played {
  std::vector<std::string> row;  ///< of calls_of(), as scenario::observed_text() prints them; empty: not compared
  std::string trouble;
};

class Playhouse {
 public:
  enum class How : uint8_t {
    quickly,    ///< SequencePlayer
    carefully,  ///< Player, which takes longer and rules out more
  };

  Playhouse() = default;
  ~Playhouse();
  Playhouse(const Playhouse&) = delete;
  Playhouse& operator=(const Playhouse&) = delete;

  /// Starts it, with swap areas of these names. Empty, or why it could not.
  [[nodiscard]] std::string open(const std::vector<std::string>& areas);
  /// One scenario in one order; its answer is to be received before the next is sent.
  void send(std::string_view text, How how) const;
  [[nodiscard]] Played receive() const;
  /// Host::fault_around_pages(), after open().
  [[nodiscard]] unsigned fault_around_pages() const { return fault_around_pages_; }

 private:
  unsigned fault_around_pages_ = 1;
  int socket_ = -1;
  pid_t pid_ = -1;
};

}  // namespace quire::oracle
