// What a random scenario knows of itself while it is made, and the operands that are drawn from that.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "fuzz/path_operands.h"
#include "fuzz/usage.h"

namespace quire::fuzz {

/// A mapping by the name it was captured as.
struct Mapped {
  std::string name;
  unsigned pages = 0;
  bool shared = false;
  bool file = false;
  std::string descriptor = {};  ///< of its file
  unsigned first_page = 0;      ///< of the file
  bool given_up = false;        ///< some of it by MADV_FREE: when it is paged out is up to the system
  bool whole = true;            ///< one mapping still, as far as can be told: it may be moved
  bool holes = false;           ///< where other mappings may be by now
  unsigned processes = 0;       ///< that have it, by bit
  unsigned moved_to = 0;        ///< by mremap(), a page; 0: it is at the lowest place
};

struct MemoryFile {
  std::string name;
  unsigned pages = 0;
  bool maps = true;  ///< it is open for reading and writing, for sure
};

struct Known {
  std::vector<std::string> processes = {"A"};  ///< by number
  std::vector<bool> running = {true};
  std::vector<Mapped> mappings;
  std::vector<MemoryFile> files;
  bool looks_at_files = true;  ///< pagemap() and mincore() may be about pages of files
  unsigned inodes = 0;         ///< files, and what shared anonymous mappings are of
  bool locks = false;          ///< something was locked
  std::string mount;           ///< where paths begin; empty: no call is about paths
};

/// An item of a list of choices, and how often it is taken.
struct Choice {
  std::string_view text;
  unsigned weight;
};

class Operands {
 public:
  explicit Operands(base::Random& random) : random_(random), paths_(random) {}

  /// For a word of an operation's usage, as process `process`; nothing where there is none (no file, no mapping).
  [[nodiscard]] std::optional<std::string> make(std::string_view operation, const std::string& word, const Known& known,
                                                unsigned process);
  [[nodiscard]] static bool knows(const std::string& word);
  [[nodiscard]] PathOperands& paths() { return paths_; }

  [[nodiscard]] bool one_in(unsigned count) { return random_.below(count) == 0; }
  [[nodiscard]] unsigned below(std::size_t count) { return static_cast<unsigned>(random_.below(count)); }
  template <class Choices>
  [[nodiscard]] std::string pick(const Choices& choices) {
    unsigned all = 0;
    for (const Choice& c : choices) all += c.weight;
    unsigned at = below(all);
    for (const Choice& c : choices) {
      if (at < c.weight) return std::string(c.text);
      at -= c.weight;
    }
    return {};
  }
  /// One that the process has, most of the time; nullptr: there is none.
  [[nodiscard]] const Mapped* mapping(const Known& known, unsigned process);
  /// `4K`, `3*4K`.
  [[nodiscard]] static std::string bytes(unsigned pages);

 private:
  std::string range(std::string_view operation, const Mapped& mapping);
  std::string length(std::string_view operation);
  unsigned page(const Mapped& mapping);
  std::string offset();

  base::Random& random_;
  PathOperands paths_;
  unsigned letter_ = 0;
  /// What the last calls were about: the next ones often are too.
  std::string focus_;
  unsigned focus_page_ = 0;
};

}  // namespace quire::fuzz
