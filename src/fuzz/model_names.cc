#include "fuzz/model_names.h"

#include <algorithm>

namespace quire::fuzz {
namespace {

constexpr std::size_t kNameMax = 255;
constexpr unsigned kLinksMax = 40;
constexpr int64_t kNoReplace = 1;
constexpr int64_t kExchange = 2;
constexpr int64_t kWhiteout = 4;

// The same tree, whose files are others.
NodePtr copy_of(const ModelNode& node, const std::shared_ptr<ModelMount>& mount, const NodePtr& parent) {
  auto copy = std::make_shared<ModelNode>(node);
  copy->mount = mount;
  copy->parent = parent;
  copy->below = node.is_directory();
  copy->space.reset();
  if (node.file) copy->file = std::make_shared<ModelFile>(*node.file);
  for (auto& [name, child] : copy->names) child = copy_of(*child, mount, copy);
  return copy;
}

}  // namespace

bool ModelMount::take(int64_t bytes) {
  if (counts && inode_space < bytes) return false;
  inode_space -= bytes;
  return true;
}

bool owns(const ModelNode& node, const ModelUser& who) { return who.privileged() || node.uid == who.uid; }

bool may(const ModelNode& node, const ModelUser& who, unsigned wanted) {
  constexpr unsigned kAnyExec = 0111;
  if (who.privileged()) return (wanted & 1) == 0 || node.is_directory() || (node.mode & kAnyExec) != 0;
  unsigned bits = node.uid == who.uid ? node.mode >> 6 : node.gid == who.gid ? node.mode >> 3 : node.mode;
  return (bits & wanted) == wanted;
}

ModelNames::ModelNames(const std::vector<ModelMount>& mounts) : root_(std::make_shared<ModelNode>()) {
  root_->kind = NodeKind::directory;
  root_->mode = 0755;
  root_->mount = std::make_shared<ModelMount>();
  for (const ModelMount& of : mounts) {
    auto mount = std::make_shared<ModelMount>(of);
    mount->inode_space = of.inodes * kInodeBytes;
    ModelNode what;
    what.kind = NodeKind::directory;
    what.mode = 01777;
    NodePtr node = new_node(mount, what, kInodeBytes);
    node->parent = root_;
    root_->names[of.name] = node;
  }
}

// --- Walks ----------------------------------------------------------------------------------------------------------

// The stack shows the lower layer as it is when somebody looks first.
void ModelNames::show_lower() {
  auto stack = root_->names.find("union");
  if (shown_ || stack == root_->names.end() || !stack->second->mount->stacked) return;
  shown_ = true;
  NodePtr shown = copy_of(*root_->names["lower"], stack->second->mount, root_);
  shown->mode = stack->second->mode;
  stack->second = shown;
}

void ModelNames::put(Spot& spot, std::string_view path) {
  std::vector<Part> parts;
  for (std::size_t at = 0; at < path.size();) {
    std::size_t end = std::min(path.find('/', at), path.size());
    if (end > at) parts.push_back({std::string(path.substr(at, end - at)), end < path.size()});
    at = end + 1;
  }
  spot.left.insert(spot.left.begin(), parts.begin(), parts.end());
}

NodePtr ModelNames::up(const NodePtr& node) const {
  NodePtr parent = node->parent.lock();
  return parent ? parent : root_;
}

ModelNames::Found ModelNames::look_up(const ModelNode& directory, const std::string& name) {
  if (name.size() > kNameMax) return {-kEnametoolong, nullptr};
  auto found = directory.names.find(name);
  if (found == directory.names.end()) return {-kEnoent, nullptr};
  return {0, found->second};
}

ModelNames::Spot ModelNames::walk(std::string_view path, const ModelUser& who) {
  if (path.starts_with("/union")) show_lower();
  Spot spot;
  spot.directory = root_;
  if (path.size() >= kPathMax) spot.error = -kEnametoolong;
  if (path.empty()) spot.error = -kEnoent;
  if (spot.error != 0) return spot;
  put(spot, path);
  go_on(spot, who);
  return spot;
}

void ModelNames::go_on(Spot& spot, const ModelUser& who) {
  while (spot.error == 0 && !spot.left.empty()) {
    if (!may(*spot.directory, who, 1)) {
      spot.error = -kEacces;
      return;
    }
    Part part = spot.left.front();
    spot.left.pop_front();
    spot.name = part.name;
    spot.slash = part.slash;
    spot.last = part.name == "." ? Last::dot : part.name == ".." ? Last::dotdot : Last::name;
    if (spot.left.empty()) return;
    if (spot.last == Last::dotdot) spot.directory = up(spot.directory);
    if (spot.last != Last::name) continue;
    Found found = look_up(*spot.directory, spot.name);
    spot.error = found.error;
    if (found.error != 0) return;
    if (found.node->kind == NodeKind::symlink) {
      go_through(spot, *found.node, who);
      return;
    }
    if (!found.node->is_directory()) spot.error = -kEnotdir;
    spot.directory = found.node;
  }
}

void ModelNames::go_through(Spot& spot, const ModelNode& link, const ModelUser& who) {
  if (spot.links++ >= kLinksMax) {
    spot.error = -kEloop;
    return;
  }
  bool slash = spot.slash;
  std::size_t before = spot.left.size();
  put(spot, link.target);
  // What stood behind the name stands behind the last name of the target now.
  std::size_t count = spot.left.size() - before;
  if (count != 0 && slash) spot.left[count - 1].slash = true;
  if (link.target.starts_with('/')) {
    spot.directory = root_;
    spot.last = Last::root;
  }
  go_on(spot, who);
}

ModelNames::Found ModelNames::find(std::string_view path, Follow follow, const ModelUser& who) {
  Found found = found_at(path, follow, who);
  meet(found.node);
  return found;
}

ModelNames::Found ModelNames::found_at(std::string_view path, Follow follow, const ModelUser& who) {
  Spot spot = walk(path, who);
  while (spot.error == 0) {
    if (spot.last == Last::dotdot) return {0, up(spot.directory)};
    if (spot.last != Last::name) return {0, spot.directory};
    Found found = look_up(*spot.directory, spot.name);
    if (found.error != 0) return found;
    if (found.node->kind == NodeKind::symlink && (follow == Follow::yes || spot.slash)) {
      go_through(spot, *found.node, who);
      continue;
    }
    if (spot.slash && !found.node->is_directory()) return {-kEnotdir, nullptr};
    return found;
  }
  return {spot.error, nullptr};
}

// --- What is made ---------------------------------------------------------------------------------------------------

NodePtr ModelNames::new_node(const std::shared_ptr<ModelMount>& mount, const ModelNode& what, int64_t taken) {
  if (!mount->take(taken)) return nullptr;
  auto node = std::make_shared<ModelNode>(what);
  node->mount = mount;
  node->space = std::make_shared<ModelSpaceTaken>(mount, taken);
  if (node->is_directory()) node->nlink = 2;
  if (node->kind != NodeKind::regular) return node;
  node->file = std::make_shared<ModelFile>();
  node->file->limited = mount->limited;
  node->file->inode = node->space;
  return node;
}

NodePtr ModelNames::create(const NodePtr& directory, const std::string& name, const ModelNode& what,
                           const ModelUser& who) {
  NodePtr node = new_node(directory->mount, what, kInodeBytes);
  if (!node) return nullptr;
  node->uid = who.uid;
  node->gid = who.gid;
  if ((directory->mode & kSetGid) != 0) {
    bool runs = (node->mode & (kSetGid | kGroupExec)) == (kSetGid | kGroupExec);
    node->gid = directory->gid;
    if (node->is_directory()) node->mode |= kSetGid;
    if (!node->is_directory() && runs && !who.privileged() && who.gid != directory->gid) node->mode &= ~kSetGid;
  }
  node->parent = directory;
  if (node->is_directory()) ++directory->nlink;
  directory->names[name] = node;
  return node;
}

int64_t ModelNames::make(std::string_view path, const ModelNode& what, const ModelUser& who) {
  Spot spot = walk(path, who);
  if (spot.error != 0) return spot.error;
  if (spot.last != Last::name) return -kEexist;
  Found found = look_up(*spot.directory, spot.name);
  if (found.error == 0) return -kEexist;
  if (found.error != -kEnoent) return found.error;
  if (spot.slash && what.kind != NodeKind::directory) return -kEnoent;
  if (is_root(spot.directory)) return -kErofs;
  if (!may(*spot.directory, who, 3)) return -kEacces;
  if (what.kind == NodeKind::whiteout && spot.directory->mount->stacked) return -kEperm;
  return create(spot.directory, spot.name, what, who) ? 0 : -kEnospc;
}

int64_t ModelNames::link(std::string_view from, std::string_view to, const ModelUser& who) {
  Found old = find(from, Follow::no, who);
  if (old.error != 0) return old.error;
  Spot spot = walk(to, who);
  if (spot.error != 0) return spot.error;
  if (spot.last != Last::name) return -kEexist;
  Found found = look_up(*spot.directory, spot.name);
  if (found.error == 0) return -kEexist;
  if (found.error != -kEnoent) return found.error;
  if (spot.slash) return -kEnoent;
  if (is_root(spot.directory)) return -kErofs;
  if (old.node->mount != spot.directory->mount) return -kExdev;
  if (!may(*spot.directory, who, 3)) return -kEacces;
  if (old.node->is_directory()) return -kEperm;
  if (!spot.directory->mount->take(kInodeBytes)) return -kEnospc;
  ++old.node->nlink;
  spot.directory->names[spot.name] = old.node;
  return 0;
}

// --- What goes ------------------------------------------------------------------------------------------------------

int64_t ModelNames::may_delete(const ModelNode& directory, const ModelNode& victim, bool as_directory,
                               const ModelUser& who) {
  if (!may(directory, who, 3)) return -kEacces;
  bool sticky = (directory.mode & kSticky) != 0 && !who.privileged();
  if (sticky && victim.uid != who.uid && directory.uid != who.uid) return -kEperm;
  if (as_directory && !victim.is_directory()) return -kEnotdir;
  if (!as_directory && victim.is_directory()) return -kEisdir;
  return 0;
}

void ModelNames::remove(ModelNode& directory, const std::string& name) {
  auto found = directory.names.find(name);
  ModelNode& node = *found->second;
  if (node.is_directory()) {
    node.nlink = 0;
    --directory.nlink;
  } else {
    if (node.nlink > 1) node.mount->give_back(kInodeBytes);
    --node.nlink;
  }
  directory.names.erase(found);
}

int64_t ModelNames::unlink(std::string_view path, const ModelUser& who) {
  Spot spot = walk(path, who);
  if (spot.error != 0) return spot.error;
  if (spot.last != Last::name) return -kEisdir;
  if (is_root(spot.directory)) return -kErofs;
  Found found = look_up(*spot.directory, spot.name);
  if (found.error != 0) return found.error;
  if (spot.slash) return found.node->is_directory() ? -kEisdir : -kEnotdir;
  int64_t error = may_delete(*spot.directory, *found.node, false, who);
  if (error == 0) remove(*spot.directory, spot.name);
  return error;
}

int64_t ModelNames::rmdir(std::string_view path, const ModelUser& who) {
  Spot spot = walk(path, who);
  if (spot.error != 0) return spot.error;
  if (spot.last == Last::dotdot) return -kEnotempty;
  if (spot.last == Last::dot) return -kEinval;
  if (spot.last == Last::root) return -kEbusy;
  if (is_root(spot.directory)) return -kErofs;
  Found found = look_up(*spot.directory, spot.name);
  if (found.error != 0) return found.error;
  int64_t error = may_delete(*spot.directory, *found.node, true, who);
  if (error != 0) return error;
  if (!found.node->names.empty()) return -kEnotempty;
  remove(*spot.directory, spot.name);
  return 0;
}

// --- Renames --------------------------------------------------------------------------------------------------------

struct ModelNames::Renaming {
  Spot from;
  Spot to;
  int64_t flags;
  NodePtr moved = nullptr;
  NodePtr replaced = nullptr;
  [[nodiscard]] bool exchanges() const { return (flags & kExchange) != 0; }
};

bool ModelNames::is_above(const NodePtr& upper, NodePtr node) const {
  while (node != upper && !is_root(node)) node = up(node);
  return node == upper;
}

int64_t ModelNames::rename(std::string_view from, std::string_view to, int64_t flags, const ModelUser& who) {
  if ((flags & ~(kNoReplace | kExchange | kWhiteout)) != 0) return -kEinval;
  if ((flags & kExchange) != 0 && flags != kExchange) return -kEinval;
  Renaming what{walk(from, who), {}, flags};
  if (what.from.error != 0) return what.from.error;
  what.to = walk(to, who);
  if (what.to.error != 0) return what.to.error;
  if (what.from.directory->mount != what.to.directory->mount) return -kExdev;
  if (what.from.last != Last::name) return -kEbusy;
  if (what.to.last != Last::name) return (flags & kNoReplace) != 0 ? -kEexist : -kEbusy;
  if (is_root(what.from.directory)) return -kErofs;
  Found moved = look_up(*what.from.directory, what.from.name);
  if (moved.error != 0) return moved.error;
  Found replaced = look_up(*what.to.directory, what.to.name);
  if (replaced.error != 0 && replaced.error != -kEnoent) return replaced.error;
  if (replaced.node && (flags & kNoReplace) != 0) return -kEexist;
  if (!replaced.node && what.exchanges()) return -kEnoent;
  what.moved = moved.node;
  what.replaced = replaced.node;
  return renamed(what, who);
}

int64_t ModelNames::renamed(Renaming& what, const ModelUser& who) {
  if (what.exchanges() && !what.replaced->is_directory() && what.to.slash) return -kEnotdir;
  if (!what.moved->is_directory() && (what.from.slash || (!what.exchanges() && what.to.slash))) return -kEnotdir;
  bool into_itself = what.moved->is_directory() && is_above(what.moved, what.to.directory);
  if (into_itself) return -kEinval;
  bool over_above = what.replaced && what.replaced->is_directory() && is_above(what.replaced, what.from.directory);
  if (over_above) return what.exchanges() ? -kEinval : -kEnotempty;
  if (what.moved == what.replaced) return 0;
  if (int64_t error = may_rename(what, who); error != 0) return error;
  bool stacked = what.from.directory->mount->stacked;
  if (stacked && (what.flags & kWhiteout) != 0) return -kEinval;
  if (stacked && what.moved->below) return -kExdev;
  if (stacked && what.exchanges() && what.replaced->below) return -kExdev;
  if (!what.exchanges() && what.replaced && !what.replaced->names.empty()) return -kEnotempty;
  bool leaves = (what.flags & kWhiteout) != 0;
  std::shared_ptr<ModelMount> mount = what.from.directory->mount;
  if (leaves && mount->counts && mount->inode_space < kInodeBytes) return -kEnospc;
  move(what, who);
  return 0;
}

int64_t ModelNames::may_rename(const Renaming& what, const ModelUser& who) const {
  bool directory = what.moved->is_directory();
  if (int64_t error = may_delete(*what.from.directory, *what.moved, directory, who); error != 0) return error;
  if (!what.replaced && !may(*what.to.directory, who, 3)) return -kEacces;
  if (what.replaced) {
    bool as = what.exchanges() ? what.replaced->is_directory() : directory;
    if (int64_t error = may_delete(*what.to.directory, *what.replaced, as, who); error != 0) return error;
  }
  if (what.from.directory == what.to.directory) return 0;
  if (directory && !may(*what.moved, who, 2)) return -kEacces;
  bool other_too = what.exchanges() && what.replaced->is_directory();
  return other_too && !may(*what.replaced, who, 2) ? -kEacces : 0;
}

void ModelNames::move(Renaming& what, const ModelUser& who) {
  ModelNode& from = *what.from.directory;
  ModelNode& to = *what.to.directory;
  ModelNode whiteout;
  whiteout.kind = NodeKind::whiteout;
  NodePtr left = (what.flags & kWhiteout) != 0 ? new_node(from.mount, whiteout, kInodeBytes) : nullptr;
  if (left) left->uid = who.uid;
  if (left) left->gid = (from.mode & kSetGid) != 0 ? from.gid : who.gid;
  if (what.replaced && !what.exchanges()) remove(to, what.to.name);
  from.names.erase(what.from.name);
  to.names[what.to.name] = what.moved;
  if (what.moved->is_directory()) --from.nlink, ++to.nlink;
  what.moved->parent = what.to.directory;
  if (left) from.names[what.from.name] = left;
  if (!what.exchanges()) return;
  from.names[what.from.name] = what.replaced;
  if (what.replaced->is_directory()) --to.nlink, ++from.nlink;
  what.replaced->parent = what.from.directory;
}

}  // namespace quire::fuzz
