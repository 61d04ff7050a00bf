// Operands of calls on paths. Names come from a small pool, so that calls meet: what one has made another replaces,
// links, removes, walks through. Now and then a path is what a program should not say: too long, through a file, with
// slashes at its end.
//
//   PathOperands paths(random);
//   paths.make("rename", "NEW_PATH", "/tmp")      // "\"/tmp/d/a\""
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "scenario/operations.h"

namespace quire::fuzz {

class PathOperands {
 public:
  explicit PathOperands(base::Random& random) : random_(random) {}

  /// Whether an operation takes a path, or moves about in a file by `WHENCE`.
  [[nodiscard]] static bool is_about_paths(const scenario::Operation& operation);
  /// Whether make() knows the word.
  [[nodiscard]] static bool knows(std::string_view word);
  /// An operand of an operation that is about paths, below `mount`; nothing: the word is not one of paths.
  [[nodiscard]] std::optional<std::string> make(std::string_view operation, std::string_view word,
                                                const std::string& mount);
  /// A member of stat(), lstat(), fstat() or statfs().
  [[nodiscard]] std::string field(std::string_view operation);
  /// Flags of open(), for a path that may be there or not.
  [[nodiscard]] std::string open_flags();
  /// Whether names, values and flags of extended attributes may be wrong by themselves.
  void use_strange_xattrs(bool use) { strange_xattrs_ = use; }
  /// A name is there from now on.
  void add_name(const std::string& name) { names_.push_back(name); }

 private:
  [[nodiscard]] unsigned below(std::size_t count) { return static_cast<unsigned>(random_.below(count)); }
  [[nodiscard]] bool one_in(unsigned count) { return below(count) == 0; }
  [[nodiscard]] std::string name();
  [[nodiscard]] std::string path(const std::string& mount);
  [[nodiscard]] std::string strange_path(const std::string& mount);
  [[nodiscard]] std::string target(const std::string& mount);
  [[nodiscard]] std::string xattr_name();

  base::Random& random_;
  std::vector<std::string> names_ = {"a", "b", "c", "d", "e"};
  std::vector<std::string> recent_;
  bool strange_xattrs_ = true;
};

}  // namespace quire::fuzz
