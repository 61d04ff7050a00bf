// The model's names: directories, links, symlinks, rights and extended attributes as POSIX and the manual pages have
// them, on a tmpfs or a stack of two. Written from those alone: it shares nothing with the file systems of the engine.
//
// A tree is walked name by name from "/"; what a call gives is a number of 0 or more, or an error below 0. Nothing is
// said of what depends on more than names: times, blocks, how many pages are free.
//
//   ModelNames names(mounts);
//   Found found = names.find("/tmp/a", Follow::yes, {0, 0});
//   if (found.error == 0) found.node->mode;
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/model_errno.h"
#include "fuzz/model_memory.h"

namespace quire::fuzz {

struct ModelNode;
using NodePtr = std::shared_ptr<ModelNode>;

struct ModelMount {
  std::string name;         ///< "tmp"; empty: the root
  bool limited = false;     ///< in pages: a write may fail
  bool stacked = false;     ///< shows what another mount has, until it is changed
  bool counts = false;      ///< inodes
  int64_t inodes = 0;       ///< at most, if they are counted
  int64_t inode_space = 0;  ///< that is left, in bytes
  [[nodiscard]] bool take(int64_t bytes);
  void give_back(int64_t bytes) { inode_space += bytes; }
};

/// What an inode takes of its mount, until nobody has it any more: no name, no descriptor, no mapping.
struct ModelSpaceTaken {
  std::shared_ptr<ModelMount> mount;
  int64_t bytes;
  ModelSpaceTaken(std::shared_ptr<ModelMount> of, int64_t taken) : mount(std::move(of)), bytes(taken) {}
  ~ModelSpaceTaken() { mount->give_back(bytes); }
  ModelSpaceTaken(const ModelSpaceTaken&) = delete;
  ModelSpaceTaken& operator=(const ModelSpaceTaken&) = delete;
};

struct ModelXattr {
  int64_t bytes = 0;
  uint8_t first = 0;
};

enum class NodeKind : uint8_t { regular, directory, symlink, whiteout };

inline constexpr unsigned kSetUid = 04000;
inline constexpr unsigned kSetGid = 02000;
inline constexpr unsigned kSticky = 01000;
inline constexpr unsigned kGroupExec = 010;
inline constexpr std::size_t kPathMax = 4096;
inline constexpr int64_t kInodeBytes = 1024;  ///< what an inode, and each further name, takes of nr_inodes

struct ModelNode {
  NodeKind kind = NodeKind::regular;
  unsigned mode = 0;
  int64_t uid = 0;
  int64_t gid = 0;
  int64_t nlink = 1;
  bool below = false;  ///< a directory that a lower layer has too
  std::string target;
  std::map<std::string, NodePtr, std::less<>> names;
  std::weak_ptr<ModelNode> parent;
  std::map<std::string, ModelXattr, std::less<>> xattrs;
  std::shared_ptr<ModelFile> file;
  std::shared_ptr<ModelMount> mount;
  std::shared_ptr<ModelSpaceTaken> space;

  [[nodiscard]] bool is_directory() const { return kind == NodeKind::directory; }
};

/// An open file: descriptors that came of one open() share it.
struct ModelOpen {
  NodePtr node;  ///< nullptr: of a file without names
  std::shared_ptr<ModelFile> file;
  bool reads = true;
  bool writes = true;
  bool appends = false;
  int64_t position = 0;
};

/// On whose behalf.
struct ModelUser {
  int64_t uid = 0;
  int64_t gid = 0;
  [[nodiscard]] bool privileged() const { return uid == 0; }
};

enum class Follow : uint8_t { no, yes };

/// May: read 4, write 2, search or execute 1.
[[nodiscard]] bool may(const ModelNode& node, const ModelUser& who, unsigned wanted);
[[nodiscard]] bool owns(const ModelNode& node, const ModelUser& who);

class ModelNames {
 public:
  explicit ModelNames(const std::vector<ModelMount>& mounts);

  struct Found {
    int64_t error = 0;
    NodePtr node;
  };
  /// The last name of a path, not looked up.
  enum class Last : uint8_t { name, dot, dotdot, root };
  struct Part {
    std::string name;
    bool slash;  ///< stands behind it
  };
  struct Spot {
    int64_t error = 0;
    NodePtr directory;
    std::string name;
    Last last = Last::root;
    bool slash = false;
    unsigned links = 0;
    std::deque<Part> left;
  };

  [[nodiscard]] Spot walk(std::string_view path, const ModelUser& who);
  [[nodiscard]] Found find(std::string_view path, Follow follow, const ModelUser& who);
  /// The last name of `spot`, a symlink, has been found: goes on with its target.
  void go_through(Spot& spot, const ModelNode& link, const ModelUser& who);
  /// A name in a directory: -ENOENT, -ENAMETOOLONG.
  [[nodiscard]] static Found look_up(const ModelNode& directory, const std::string& name);
  [[nodiscard]] NodePtr up(const NodePtr& node) const;
  [[nodiscard]] bool is_root(const NodePtr& node) const { return node == root_; }
  /// Whether a path has led to the root since forget_root(): of that each machine has its own.
  [[nodiscard]] bool met_root() const { return met_root_; }
  void meet(const NodePtr& node) { met_root_ = met_root_ || is_root(node); }
  void forget_root() { met_root_ = false; }

  /// Each gives 0 or an error; `what` has kind, mode and target.
  [[nodiscard]] int64_t make(std::string_view path, const ModelNode& what, const ModelUser& who);
  [[nodiscard]] int64_t link(std::string_view from, std::string_view to, const ModelUser& who);
  [[nodiscard]] int64_t unlink(std::string_view path, const ModelUser& who);
  [[nodiscard]] int64_t rmdir(std::string_view path, const ModelUser& who);
  [[nodiscard]] int64_t rename(std::string_view from, std::string_view to, int64_t flags, const ModelUser& who);
  /// What is created with `mode`, in `directory`; nullptr: it does not fit.
  NodePtr create(const NodePtr& directory, const std::string& name, const ModelNode& what, const ModelUser& who);

 private:
  struct Renaming;

  [[nodiscard]] Found found_at(std::string_view path, Follow follow, const ModelUser& who);
  void go_on(Spot& spot, const ModelUser& who);
  static void put(Spot& spot, std::string_view path);
  void show_lower();
  [[nodiscard]] NodePtr new_node(const std::shared_ptr<ModelMount>& mount, const ModelNode& what, int64_t taken);
  [[nodiscard]] static int64_t may_delete(const ModelNode& directory, const ModelNode& victim, bool as_directory,
                                          const ModelUser& who);
  void remove(ModelNode& directory, const std::string& name);
  [[nodiscard]] int64_t renamed(Renaming& what, const ModelUser& who);
  [[nodiscard]] int64_t may_rename(const Renaming& what, const ModelUser& who) const;
  void move(Renaming& what, const ModelUser& who);
  [[nodiscard]] bool is_above(const NodePtr& upper, NodePtr node) const;

  NodePtr root_;
  bool shown_ = false;
  bool met_root_ = false;
};

}  // namespace quire::fuzz
