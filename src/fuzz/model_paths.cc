#include "fuzz/model_paths.h"

#include <algorithm>
#include <array>

namespace quire::fuzz {
namespace {

constexpr int64_t kAccessMode = 3;
constexpr int64_t kWriteOnly = 1;
constexpr int64_t kCreat = 0100;
constexpr int64_t kExcl = 0200;
constexpr int64_t kTrunc = 01000;
constexpr int64_t kAppend = 02000;
constexpr int64_t kDirectory = 0200000;
constexpr int64_t kNofollow = 0400000;

constexpr unsigned kTypeMask = 0170000;
constexpr unsigned kTypeRegular = 0100000;
constexpr unsigned kTypeCharacter = 0020000;
constexpr unsigned kTypeDirectory = 0040000;
constexpr unsigned kTypeSymlink = 0120000;
constexpr unsigned kModeBits = 07777;
constexpr std::size_t kShortTarget = 128;  // longer ones take a page
constexpr int64_t kXattrNameMax = 255;
constexpr int64_t kXattrSizeMax = 65536;
constexpr int64_t kXattrBytes = 40;
constexpr int64_t kOmit = 0x3ffffffe;
constexpr int64_t kNow = 0x3fffffff;

std::vector<ModelMount> mounts_of(const scenario::Scenario& scenario) {
  std::vector<ModelMount> mounts;
  if (!scenario.machine) return mounts;
  auto named = [&](const std::string& name) {
    ModelMount mount;
    mount.name = name;
    mounts.push_back(mount);
  };
  for (const scenario::MachineOption& o : scenario.machine->options) {
    for (const scenario::SwapSpec& s : o.swaps) {
      if (o.key == "tmpfs") named(s.name);
      if (o.key == "tmpfs") mounts.back().limited = s.pages.value != 0;
      for (ModelMount& mount : mounts)
        if (o.key == "nr_inodes" && mount.name == s.name) mount.counts = true, mount.inodes = s.pages.value;
    }
    if (o.key != "union") continue;
    for (const char* name : {"upper", "lower", "union"}) named(name);
    mounts.back().stacked = true;
  }
  return mounts;
}

int64_t space_of(std::string_view name, int64_t bytes) {
  return kXattrBytes + static_cast<int64_t>(name.size()) + bytes;
}

// Whether a mode that is set, or a file that is written to, may go on running as its group.
bool drops_group(const ModelNode& node, const ModelUser& who) {
  if ((node.mode & kSetGid) == 0) return false;
  return (node.mode & kGroupExec) != 0 || (!who.privileged() && who.gid != node.gid);
}

}  // namespace

/// What open() asks for.
struct ModelPaths::How {
  int64_t flags;
  unsigned mode;
  [[nodiscard]] bool has(int64_t flag) const { return (flags & flag) != 0; }
  [[nodiscard]] bool reads() const { return (flags & kAccessMode) != kWriteOnly; }
  [[nodiscard]] bool writes() const { return (flags & kAccessMode) != 0; }
};

ModelPaths::ModelPaths(const scenario::Scenario& scenario, Resize resize)
    : names_(mounts_of(scenario)), resize_(std::move(resize)) {}

const ModelPaths::Step ModelPaths::kSteps[] = {
    {"access", &ModelPaths::access},       {"chmod", &ModelPaths::chmod},
    {"chown", &ModelPaths::chown},         {"getdents", &ModelPaths::getdents},
    {"getxattr", &ModelPaths::getxattr},   {"link", &ModelPaths::link},
    {"listxattr", &ModelPaths::listxattr}, {"lstat", &ModelPaths::lstat},
    {"mkdir", &ModelPaths::mkdir},         {"mknod", &ModelPaths::mknod},
    {"readlink", &ModelPaths::readlink},   {"removexattr", &ModelPaths::removexattr},
    {"rename", &ModelPaths::rename},       {"rmdir", &ModelPaths::rmdir},
    {"setxattr", &ModelPaths::setxattr},   {"stat", &ModelPaths::stat},
    {"statfs", &ModelPaths::statfs},       {"symlink", &ModelPaths::symlink},
    {"truncate", &ModelPaths::truncate},   {"unlink", &ModelPaths::unlink},
    {"utimensat", &ModelPaths::utimensat}};

const ModelPaths::Step* ModelPaths::find_step(std::string_view operation) {
  const auto* known =
      std::find_if(std::begin(kSteps), std::end(kSteps), [&](const Step& s) { return s.name == operation; });
  return known == std::end(kSteps) ? nullptr : known;
}

bool ModelPaths::knows(std::string_view operation) { return find_step(operation) != nullptr; }

std::optional<int64_t> ModelPaths::step(const PathCall& c) {
  const Step* known = find_step(c.call.operation->name);
  return known == nullptr ? std::nullopt : (this->*known->make)(c);
}

// --- Open -----------------------------------------------------------------------------------------------------------

int64_t ModelPaths::may_open(const ModelNode& node, const How& how, const ModelUser& who) {
  bool writes = how.writes() || how.has(kTrunc);
  if (node.kind == NodeKind::symlink) return -kEloop;
  if (node.is_directory() && writes) return -kEisdir;
  if (!may(node, who, (how.reads() ? 4U : 0U) | (writes ? 2U : 0U))) return -kEacces;
  return node.kind == NodeKind::whiteout ? -kEnxio : 0;
}

ModelNames::Found ModelPaths::open_last(Spot& spot, const How& how, const ModelUser& who, bool& created) {
  while (spot.error == 0) {
    bool exclusive = how.has(kCreat) && how.has(kExcl);
    if (spot.last != ModelNames::Last::name) {
      if (how.has(kCreat)) return {exclusive ? -kEexist : -kEisdir, nullptr};
      return {0, spot.last == ModelNames::Last::dotdot ? names_.up(spot.directory) : spot.directory};
    }
    if (how.has(kCreat) && spot.slash) return {-kEisdir, nullptr};
    Found found = ModelNames::look_up(*spot.directory, spot.name);
    if (found.error == -kEnoent && how.has(kCreat)) {
      if (names_.is_root(spot.directory)) return {-kErofs, nullptr};
      if (!may(*spot.directory, who, 3)) return {-kEacces, nullptr};
      ModelNode what;
      what.mode = how.mode & kModeBits;
      created = true;
      NodePtr node = names_.create(spot.directory, spot.name, what, who);
      return {node ? 0 : -kEnospc, node};
    }
    if (found.error != 0) return found;
    bool through = spot.slash || (!how.has(kNofollow) && !exclusive);
    if (found.node->kind == NodeKind::symlink && through) {
      names_.go_through(spot, *found.node, who);
      continue;
    }
    if (exclusive) return {-kEexist, nullptr};
    if (how.has(kCreat) && found.node->is_directory()) return {-kEisdir, nullptr};
    // Another's device, where anybody may put one.
    const ModelNode& at = *spot.directory;
    bool anybodys = (at.mode & kSticky) != 0 && (at.mode & 2U) != 0 && found.node->kind == NodeKind::whiteout;
    bool anothers = found.node->uid != at.uid && found.node->uid != who.uid;
    if (how.has(kCreat) && anybodys && anothers) return {-kEacces, nullptr};
    if ((how.has(kDirectory) || spot.slash) && !found.node->is_directory()) return {-kEnotdir, nullptr};
    return found;
  }
  return {spot.error, nullptr};
}

ModelNames::Found ModelPaths::open_flat(std::string_view name, int64_t flags) {
  auto found = flat_.find(name);
  if (found != flat_.end()) return {0, found->second};
  if ((flags & kCreat) == 0) return {-kEnoent, nullptr};
  auto node = std::make_shared<ModelNode>();
  node->file = std::make_shared<ModelFile>();
  node->file->limited = true;
  flat_[std::string(name)] = node;
  return {0, node};
}

ModelPaths::Opened ModelPaths::open(const PathCall& c) {
  How how{c.number(1, 0), static_cast<unsigned>(c.number(2, 0))};
  bool flat = !c.text(0).empty() && !c.text(0).starts_with('/');
  if (how.has(kCreat) && how.has(kDirectory)) return {-kEinval, nullptr};
  bool created = flat;
  Found found;
  if (flat) {
    found = open_flat(c.text(0), how.flags);
  } else {
    Spot spot = names_.walk(c.text(0), c.who);
    found = open_last(spot, how, c.who, created);
  }
  if (found.error == 0 && !created) found.error = may_open(*found.node, how, c.who);
  if (found.error != 0) return {found.error, nullptr};
  ModelNode& node = *found.node;
  meet(found.node);
  if (node.file && !created && how.has(kTrunc)) {
    resize_(*node.file, 0);
    drop_privileges(node, c.who);
  }
  auto open = std::make_shared<ModelOpen>();
  // Of a flat file system only the bytes are followed.
  if (!flat) open->node = found.node;
  open->file = node.file;
  open->reads = how.reads();
  open->writes = how.writes();
  open->appends = how.has(kAppend);
  return {0, open};
}

// --- Attributes -----------------------------------------------------------------------------------------------------

std::optional<int64_t> ModelPaths::field_of(const ModelNode& node, std::string_view field) {
  constexpr int64_t kNameBytes = 20;
  constexpr std::array<unsigned, 4> kTypes = {kTypeRegular, kTypeDirectory, kTypeSymlink, kTypeCharacter};
  bool counts_names = node.is_directory() && (node.mount->stacked || node.mount->name.empty());
  if (field == "st_mode") return node.mode | kTypes[static_cast<std::size_t>(node.kind)];
  if (field == "st_uid") return node.uid;
  if (field == "st_gid") return node.gid;
  if (field == "st_nlink" && !counts_names) return node.nlink;
  if (field != "st_size" || counts_names) return std::nullopt;
  if (node.file) return node.file->size;
  if (node.is_directory()) return kNameBytes * (2 + static_cast<int64_t>(node.names.size()));
  return static_cast<int64_t>(node.target.size());
}

void ModelPaths::drop_privileges(ModelNode& node, const ModelUser& who) {
  if (who.privileged() || node.kind != NodeKind::regular) return;
  if (drops_group(node, who)) node.mode &= ~kSetGid;
  node.mode &= ~kSetUid;
}

std::optional<int64_t> ModelPaths::stat(const PathCall& c) {
  Found found = names_.find(c.text(0), Follow::yes, c.who);
  if (found.error != 0) return found.error;
  return field_of(*found.node, c.call.member);
}

std::optional<int64_t> ModelPaths::lstat(const PathCall& c) {
  Found found = names_.find(c.text(0), Follow::no, c.who);
  if (found.error != 0) return found.error;
  return field_of(*found.node, c.call.member);
}

std::optional<int64_t> ModelPaths::statfs(const PathCall& c) {
  Found found = names_.find(c.text(0), Follow::yes, c.who);
  if (found.error != 0) return found.error;
  const ModelMount& mount = *found.node->mount;
  if (mount.name.empty() || mount.stacked) return std::nullopt;
  if (c.call.member == "f_bsize") return kModelPage;
  if (c.call.member == "f_namelen") return 255;
  if (!mount.counts) return std::nullopt;
  if (c.call.member == "f_files") return mount.inodes;
  if (c.call.member == "f_ffree") return mount.inode_space / kInodeBytes;
  return std::nullopt;
}

std::optional<int64_t> ModelPaths::access(const PathCall& c) {
  auto wanted = static_cast<unsigned>(c.number(1, 0));
  if ((wanted & ~7U) != 0) return -kEinval;
  Found found = names_.find(c.text(0), Follow::yes, c.who);
  if (found.error != 0) return found.error;
  bool contents = found.node->kind == NodeKind::regular || found.node->is_directory();
  if (contents && (wanted & 2) != 0 && names_.is_root(found.node)) return -kErofs;
  return may(*found.node, c.who, wanted) ? 0 : -kEacces;
}

std::optional<int64_t> ModelPaths::chmod(const PathCall& c) {
  Found found = names_.find(c.text(0), Follow::yes, c.who);
  if (found.error != 0) return found.error;
  if (names_.is_root(found.node)) return -kErofs;
  if (!owns(*found.node, c.who)) return -kEperm;
  found.node->mode = static_cast<unsigned>(c.number(1, 0)) & kModeBits;
  if (!c.who.privileged() && c.who.gid != found.node->gid) found.node->mode &= ~kSetGid;
  return 0;
}

std::optional<int64_t> ModelPaths::chown(const PathCall& c) {
  Found found = names_.find(c.text(0), Follow::yes, c.who);
  if (found.error != 0) return found.error;
  if (names_.is_root(found.node)) return -kErofs;
  ModelNode& node = *found.node;
  int64_t uid = c.number(1, -1);
  int64_t gid = c.number(2, -1);
  bool drops_user = !node.is_directory() && (node.mode & kSetUid) != 0;
  bool drops_run = !node.is_directory() && drops_group(node, c.who);
  if (!c.who.privileged()) {
    bool owner = node.uid == c.who.uid;
    if (uid != -1 && (!owner || uid != node.uid)) return -kEperm;
    if (gid != -1 && (!owner || (gid != node.gid && gid != c.who.gid))) return -kEperm;
    if (!owner && (drops_user || drops_run)) return -kEperm;
  }
  if (drops_user) node.mode &= ~kSetUid;
  if (drops_run) node.mode &= ~kSetGid;
  if (uid != -1) node.uid = uid;
  if (gid != -1) node.gid = gid;
  return 0;
}

// Times themselves are not followed.
std::optional<int64_t> ModelPaths::utimensat(const PathCall& c) {
  int64_t atime = c.number(1, 0);
  int64_t mtime = c.number(2, 0);
  if (atime == kOmit && mtime == kOmit) return 0;
  Found found = names_.find(c.text(0), Follow::yes, c.who);
  if (found.error != 0) return found.error;
  if (names_.is_root(found.node)) return -kErofs;
  if (owns(*found.node, c.who)) return 0;
  if (atime != kNow || mtime != kNow) return -kEperm;
  return may(*found.node, c.who, 2) ? 0 : -kEacces;
}

std::optional<int64_t> ModelPaths::truncate(const PathCall& c) {
  int64_t bytes = c.number(1, 0);
  if (bytes < 0) return -kEinval;
  Found found = names_.find(c.text(0), Follow::yes, c.who);
  if (found.error != 0) return found.error;
  if (found.node->is_directory()) return -kEisdir;
  if (found.node->kind != NodeKind::regular) return -kEinval;
  if (!may(*found.node, c.who, 2)) return -kEacces;
  drop_privileges(*found.node, c.who);
  resize_(*found.node->file, bytes);
  return 0;
}

// --- Names ----------------------------------------------------------------------------------------------------------

std::optional<int64_t> ModelPaths::link(const PathCall& c) { return names_.link(c.text(0), c.text(1), c.who); }
std::optional<int64_t> ModelPaths::rename(const PathCall& c) {
  return names_.rename(c.text(0), c.text(1), c.number(2, 0), c.who);
}
std::optional<int64_t> ModelPaths::unlink(const PathCall& c) { return names_.unlink(c.text(0), c.who); }
std::optional<int64_t> ModelPaths::rmdir(const PathCall& c) { return names_.rmdir(c.text(0), c.who); }

std::optional<int64_t> ModelPaths::mkdir(const PathCall& c) {
  ModelNode what;
  what.kind = NodeKind::directory;
  what.mode = static_cast<unsigned>(c.number(1, 0)) & (0777U | kSticky);
  return names_.make(c.text(0), what, c.who);
}

std::optional<int64_t> ModelPaths::mknod(const PathCall& c) {
  auto mode = static_cast<unsigned>(c.number(1, 0));
  unsigned type = mode & kTypeMask;
  if (type != 0 && type != kTypeRegular && type != kTypeCharacter)
    return type == kTypeDirectory ? Given(-kEperm) : Given();
  ModelNode what;
  what.kind = type == kTypeCharacter ? NodeKind::whiteout : NodeKind::regular;
  what.mode = mode & kModeBits;
  return names_.make(c.text(0), what, c.who);
}

std::optional<int64_t> ModelPaths::symlink(const PathCall& c) {
  std::string_view target = c.text(0);
  if (target.empty()) return -kEnoent;
  if (target.size() >= kPathMax) return -kEnametoolong;
  ModelNode what;
  what.kind = NodeKind::symlink;
  what.mode = 0777;
  what.target = target;
  // No page is left for it, perhaps.
  if (target.size() >= kShortTarget && c.given == -kEnospc) return std::nullopt;
  return names_.make(c.text(1), what, c.who);
}

std::optional<int64_t> ModelPaths::readlink(const PathCall& c) {
  Found found = names_.find(c.text(0), Follow::no, c.who);
  if (found.error != 0) return found.error;
  if (found.node->kind != NodeKind::symlink) return -kEinval;
  if (c.call.operands.size() > 1) return found.node->target == c.text(1) ? 1 : 0;
  return static_cast<int64_t>(found.node->target.size());
}

std::optional<int64_t> ModelPaths::getdents(const PathCall& c) {
  Found found = names_.find(c.text(0), Follow::yes, c.who);
  if (found.error != 0) return found.error;
  if (!found.node->is_directory()) return -kEnotdir;
  if (!may(*found.node, c.who, 4)) return -kEacces;
  if (names_.is_root(found.node)) return std::nullopt;
  if (c.call.operands.size() < 2) return static_cast<int64_t>(found.node->names.size());
  bool dots = c.text(1) == "." || c.text(1) == "..";
  return dots || found.node->names.find(c.text(1)) != found.node->names.end() ? 1 : 0;
}

// --- Extended attributes --------------------------------------------------------------------------------------------

namespace {

bool is_of(std::string_view name, std::string_view space) { return name.starts_with(space); }

// Only files and directories have attributes of users.
bool has_user_xattrs(const ModelNode& node) { return node.kind == NodeKind::regular || node.is_directory(); }

bool is_bad_name(std::string_view name) {
  return name.empty() || name.size() > static_cast<std::size_t>(kXattrNameMax);
}

}  // namespace

int64_t ModelPaths::may_set_xattr(const ModelNode& node, std::string_view name, const ModelUser& who) {
  if (is_of(name, "trusted.")) return !who.privileged() ? -kEperm : name.size() == 8 ? -kEinval : 0;
  if (is_of(name, "user.")) {
    if (!has_user_xattrs(node)) return -kEperm;
    if (node.is_directory() && (node.mode & kSticky) != 0 && !owns(node, who)) return -kEperm;
  }
  if (!may(node, who, 2)) return -kEacces;
  if (!is_of(name, "user.")) return -kEopnotsupp;
  return name.size() == 5 ? -kEinval : 0;
}

std::optional<int64_t> ModelPaths::setxattr(const PathCall& c) {
  constexpr int64_t kCreate = 1;
  constexpr int64_t kReplace = 2;
  std::string_view name = c.text(1);
  const scenario::Operand& what = c.call.operands[2];
  int64_t bytes = what.kind == scenario::Operand::Kind::fill ? what.length : 1;
  int64_t flags = c.number(3, 0);
  if ((flags & ~(kCreate | kReplace)) != 0) return -kEinval;
  if (is_bad_name(name)) return -kErange;
  if (bytes > kXattrSizeMax) return -kE2big;
  Found found = names_.find(c.text(0), Follow::yes, c.who);
  if (found.error != 0) return found.error;
  ModelNode& node = *found.node;
  if (names_.is_root(found.node)) return -kErofs;
  if (int64_t error = may_set_xattr(node, name, c.who); error != 0) return error;
  // What it had is given back afterwards.
  int64_t space = space_of(name, bytes);
  if (!node.mount->take(space)) return -kEnospc;
  auto had = node.xattrs.find(name);
  bool there = had != node.xattrs.end();
  if ((there && (flags & kCreate) != 0) || (!there && (flags & kReplace) != 0)) {
    node.mount->give_back(space);
    return there ? -kEexist : -kEnodata;
  }
  int64_t before = there ? space_of(name, had->second.bytes) : 0;
  node.mount->give_back(before);
  if (node.space) node.space->bytes += space - before;
  node.xattrs[std::string(name)] = {bytes, static_cast<uint8_t>(what.number)};
  return 0;
}

std::optional<int64_t> ModelPaths::removexattr(const PathCall& c) {
  std::string_view name = c.text(1);
  if (is_bad_name(name)) return -kErange;
  Found found = names_.find(c.text(0), Follow::yes, c.who);
  if (found.error != 0) return found.error;
  ModelNode& node = *found.node;
  if (names_.is_root(found.node)) return -kErofs;
  if (int64_t error = may_set_xattr(node, name, c.who); error != 0) return error;
  auto had = node.xattrs.find(name);
  if (had == node.xattrs.end()) return -kEnodata;
  int64_t space = space_of(name, had->second.bytes);
  node.mount->give_back(space);
  if (node.space) node.space->bytes -= space;
  node.xattrs.erase(had);
  return 0;
}

std::optional<int64_t> ModelPaths::getxattr(const PathCall& c) {
  std::string_view name = c.text(1);
  if (is_bad_name(name)) return -kErange;
  Found found = names_.find(c.text(0), Follow::yes, c.who);
  if (found.error != 0) return found.error;
  const ModelNode& node = *found.node;
  if (is_of(name, "trusted.") && !c.who.privileged()) return -kEnodata;
  if (is_of(name, "user.") && !has_user_xattrs(node)) return -kEnodata;
  if (!is_of(name, "trusted.")) {
    if (!may(node, c.who, 4)) return -kEacces;
    if (!is_of(name, "user.")) return -kEopnotsupp;
  }
  if (name == "user." || name == "trusted.") return -kEinval;
  auto had = node.xattrs.find(name);
  if (had == node.xattrs.end()) return names_.is_root(found.node) ? Given() : Given(-kEnodata);
  int64_t size = c.number(2, 0);
  if (size == 0) return had->second.bytes;
  if (size < had->second.bytes) return -kErange;
  return had->second.bytes == 0 ? 0 : int64_t{had->second.first};
}

std::optional<int64_t> ModelPaths::listxattr(const PathCall& c) {
  Found found = names_.find(c.text(0), Follow::yes, c.who);
  if (found.error != 0) return found.error;
  if (names_.is_root(found.node)) return std::nullopt;
  int64_t bytes = 0;
  for (const auto& [name, value] : found.node->xattrs)
    if (c.who.privileged() || !is_of(name, "trusted.")) bytes += static_cast<int64_t>(name.size()) + 1;
  int64_t size = c.number(1, 0);
  return size != 0 && size < bytes ? -kErange : bytes;
}

}  // namespace quire::fuzz
