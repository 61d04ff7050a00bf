// House: plays the scenarios that are sent to it over a line, for as long as the line is there. It is the same on this
// machine, where it is a process (see Playhouse), and in a guest, where it is all there is.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "oracle/host.h"
#include "oracle/kernel_path_operations.h"
#include "oracle/messages.h"
#include "oracle/sequence_player.h"

namespace quire::oracle {

class House {
 public:
  /// `host` has its areas set up as scenarios ask for them.
  House(Host& host, const KernelFacts& facts);
  ~House();
  House(const House&) = delete;
  House& operator=(const House&) = delete;

  [[nodiscard]] Answer answer(const Request& request);

 private:
  Seen play(const Request& request);
  Seen play_quickly(const Program& program);
  [[nodiscard]] std::vector<std::string> new_log() const;

  Host& host_;
  KernelFacts facts_;
  SequencePlayer player_;
  StageMounts mounts_;
  int log_ = -1;  ///< /dev/kmsg
};

/// Sets up areas of these names, says what it plays on, and answers until the other end is gone.
void serve_house(int line, const std::vector<std::string>& areas, bool guest);

}  // namespace quire::oracle
