// Playhouse: a kernel that plays scenarios which are sent to it as text: the one that runs here, by a process that is
// started while the program is still small, because what a fork costs grows with the memory that is mapped; or one in a
// guest. While it plays, the caller may go on.
//
//   Playhouse house;
//   if (std::string why = house.open_here({"S"}); !why.empty()) return skip(why);
//   house.send({Request::How::quickly, 1, format(scenario)});
//   Answer answer = house.receive();
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "oracle/guest.h"
#include "oracle/messages.h"

namespace quire::oracle {

class Playhouse {
 public:
  Playhouse() = default;
  ~Playhouse();
  Playhouse(const Playhouse&) = delete;
  Playhouse& operator=(const Playhouse&) = delete;

  /// On this machine, with swap areas of these names from the start. Empty, or why not.
  [[nodiscard]] std::string open_here(const std::vector<std::string>& areas);
  /// Boots a guest. Empty, or why not.
  [[nodiscard]] std::string open_guest(const GuestOptions& options);
  /// Once more what was opened last: after an answer that tells that it has ended.
  [[nodiscard]] std::string reopen();

  [[nodiscard]] const KernelFacts& facts() const { return facts_; }

  /// Answers come in the order of the requests.
  void send(const Request& request);
  [[nodiscard]] Answer receive();

 private:
  [[nodiscard]] std::string are_ready(const Ready& ready);
  void close_all();

  std::vector<std::string> areas_;
  std::unique_ptr<Guest> guest_;
  int socket_ = -1;
  pid_t pid_ = -1;
  LineChannel line_;
  KernelFacts facts_;
};

}  // namespace quire::oracle
