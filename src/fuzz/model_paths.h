// What system calls on paths must give, and what they change in the model's names (fuzz/model_names.h).
//
//   ModelPaths paths(scenario);
//   std::optional<int64_t> expected = paths.step({call, number, who, given});   // nothing: any, or not known
#pragma once

#include <functional>
#include <optional>

#include "fuzz/model_names.h"
#include "scenario/program.h"

namespace quire::fuzz {

struct PathCall {
  const scenario::Call& call;
  /// The number that an operand is, or the other one if it was left out.
  std::function<int64_t(std::size_t operand, int64_t otherwise)> number;
  ModelUser who;
  int64_t given;  ///< the result: what is not known is taken from it

  [[nodiscard]] std::string_view text(std::size_t operand) const { return call.operands[operand].symbol; }
};

class ModelPaths {
 public:
  using Resize = std::function<void(ModelFile&, int64_t bytes)>;

  /// `resize` is what gives a file of the model another size.
  ModelPaths(const scenario::Scenario& scenario, Resize resize);

  [[nodiscard]] static bool knows(std::string_view operation);
  /// Of a call that knows() knows.
  std::optional<int64_t> step(const PathCall& c);
  struct Opened {
    int64_t error = 0;
    std::shared_ptr<ModelOpen> file;
  };
  [[nodiscard]] Opened open(const PathCall& c);
  /// Whether a call since forget_root() was about the root directory.
  [[nodiscard]] bool met_root() const { return names_.met_root(); }
  void meet(const NodePtr& node) { names_.meet(node); }
  void forget_root() { names_.forget_root(); }
  /// A field of stat(), if it is known.
  [[nodiscard]] static std::optional<int64_t> field_of(const ModelNode& node, std::string_view field);
  /// Of a file whose bytes or size somebody changes: a file that runs as another does so no more.
  static void drop_privileges(ModelNode& node, const ModelUser& who);

 private:
  using Given = std::optional<int64_t>;
  using Found = ModelNames::Found;
  using Spot = ModelNames::Spot;

  struct How;
  [[nodiscard]] Found open_last(Spot& spot, const How& how, const ModelUser& who, bool& created);
  [[nodiscard]] Found open_flat(std::string_view name, int64_t flags);
  [[nodiscard]] static int64_t may_open(const ModelNode& node, const How& how, const ModelUser& who);
  [[nodiscard]] static int64_t may_set_xattr(const ModelNode& node, std::string_view name, const ModelUser& who);

  Given access(const PathCall& c);
  Given chmod(const PathCall& c);
  Given chown(const PathCall& c);
  Given getdents(const PathCall& c);
  Given getxattr(const PathCall& c);
  Given link(const PathCall& c);
  Given listxattr(const PathCall& c);
  Given lstat(const PathCall& c);
  Given mkdir(const PathCall& c);
  Given mknod(const PathCall& c);
  Given readlink(const PathCall& c);
  Given removexattr(const PathCall& c);
  Given rename(const PathCall& c);
  Given rmdir(const PathCall& c);
  Given setxattr(const PathCall& c);
  Given stat(const PathCall& c);
  Given statfs(const PathCall& c);
  Given symlink(const PathCall& c);
  Given truncate(const PathCall& c);
  Given unlink(const PathCall& c);
  Given utimensat(const PathCall& c);

  struct Step {
    std::string_view name;
    Given (ModelPaths::*make)(const PathCall&);
  };
  static const Step kSteps[];
  [[nodiscard]] static const Step* find_step(std::string_view operation);

  ModelNames names_;
  Resize resize_;
  std::map<std::string, NodePtr, std::less<>> flat_;  ///< files of a file system without directories
};

}  // namespace quire::fuzz
