// Names of a union: looking through the layers, and what a merged directory has.
#include "fs/union_fs.h"
#include "sync/trace.h"

namespace quire::fs {
namespace {

FileKind layer_kind(Inode& inode) { return inode.getattr().kind; }

// Linux: fs/overlayfs/namei.c ovl_is_opaquedir()
bool is_opaque(Inode& directory) {
  std::byte value{0};
  sync::SharedGuard guard(directory.i_rwsem());
  Result<uint64_t> bytes = directory.getxattr(kOpaqueXattr, {&value, 1});
  return bytes.ok() && *bytes == 1 && value == std::byte{'y'};
}

Result<InodeRef> lookup_in(Inode& directory, std::string_view name) {
  sync::SharedGuard guard(directory.i_rwsem());
  return directory.directory()->lookup(name);
}

}  // namespace

// `last`: nothing below counts. Linux: fs/overlayfs/namei.c ovl_lookup_single()
Errno UnionInode::find_upper(std::string_view name, UnionLayers& found, bool& last) const {
  last = false;
  Inode* up = upper();
  if (up == nullptr) return Errno::ok;
  Result<InodeRef> there = lookup_in(*up, name);
  if (!there && there.error() == Errno::enoent) return Errno::ok;
  if (!there) return there.error();
  FileKind kind = layer_kind(**there);
  if (kind == FileKind::whiteout) return Errno::enoent;
  last = kind != FileKind::directory || is_opaque(**there);
  found.upper = std::move(*there);
  return Errno::ok;
}

// Linux: fs/overlayfs/namei.c ovl_lookup()
Errno UnionInode::find(std::string_view name, UnionLayers& found) const {
  bool last = false;
  Errno error = find_upper(name, found, last);
  if (error != Errno::ok) return error;
  for (unsigned i = 0; i < count_ && !last; ++i) {
    Result<InodeRef> there = lookup_in(*lowers_[i], name);
    if (!there && there.error() == Errno::enoent) continue;
    if (!there) return there.error();
    FileKind kind = layer_kind(**there);
    // A whiteout hides what is below, and a file below a directory is hidden by it.
    if (kind == FileKind::whiteout || (found.any() && kind != FileKind::directory)) break;
    last = kind != FileKind::directory || is_opaque(**there);
    found.lowers[found.count++] = std::move(*there);
  }
  return found.any() ? Errno::ok : Errno::enoent;
}

Result<InodeRef> UnionInode::lookup(std::string_view name) {
  QUIRE_FUNC();
  UnionLayers found;
  Errno error = find(name, found);
  if (error != Errno::ok) return error;
  return fs_.inode_for(std::move(found), *this, name);
}

// Whether the name would show if the upper directory did not have it.
bool UnionInode::lower_has(std::string_view name) const {
  for (unsigned i = 0; i < count_; ++i)
    if (Result<InodeRef> there = lookup_in(*lowers_[i], name)) return layer_kind(**there) != FileKind::whiteout;
  return false;
}

namespace {

constexpr unsigned kCookieShift = 48;

/// The directories that are one, all of them locked shared: topmost first.
struct MergedLayers {
  std::array<Inode*, kLowersMax + 1> directories = {};
  unsigned count = 0;

  explicit MergedLayers(Inode* upper, std::span<Inode* const> lowers) QUIRE_NO_THREAD_SAFETY_ANALYSIS {
    if (upper != nullptr) directories[count++] = upper;
    for (Inode* lower : lowers) directories[count++] = lower;
    for (unsigned i = 0; i < count; ++i) directories[i]->i_rwsem().lock_shared();
  }
  ~MergedLayers() QUIRE_NO_THREAD_SAFETY_ANALYSIS {
    for (unsigned i = count; i > 0; --i) directories[i - 1]->i_rwsem().unlock_shared();
  }
  MergedLayers(const MergedLayers&) = delete;
  MergedLayers& operator=(const MergedLayers&) = delete;
};

/// Of the names of one layer those that show. Linux: fs/overlayfs/readdir.c ovl_fill_merge()
class MergeVisitor : public DirectoryVisitor {
 public:
  MergeVisitor(const MergedLayers& layers, unsigned layer) : layers_(layers), layer_(layer) {}
  [[nodiscard]] bool visit(std::string_view name, FileKind kind, uint64_t ino, uint64_t cookie) override {
    bool dots = name == "." || name == "..";
    if (dots ? layer_ != 0 : kind == FileKind::whiteout || hidden(name)) return true;
    return shown(name, kind, ino, cookie | uint64_t{layer_} << kCookieShift);
  }

 protected:
  ~MergeVisitor() = default;
  [[nodiscard]] virtual bool shown(std::string_view name, FileKind kind, uint64_t ino, uint64_t cookie) = 0;
  [[nodiscard]] Directory& layer() const { return *layers_.directories[layer_]->directory(); }

 private:
  [[nodiscard]] bool hidden(std::string_view name) const {
    for (unsigned i = 0; i < layer_; ++i)
      if (layers_.directories[i]->directory()->lookup(name)) return true;
    return false;
  }

  const MergedLayers& layers_;
  const unsigned layer_;
};

/// Calls read(layer, cookie) for each layer from that of `cookie` on until one says that it was enough.
template <typename Read>
Errno for_each_layer(const MergedLayers& layers, uint64_t cookie, Read read) {
  auto first = static_cast<unsigned>(cookie >> kCookieShift);
  uint64_t in_layer = cookie & ((uint64_t{1} << kCookieShift) - 1);
  for (unsigned i = first; i < layers.count; ++i, in_layer = 0) {
    bool enough = false;
    Errno error = read(i, in_layer, enough);
    if (error != Errno::ok || enough) return error;
  }
  return Errno::ok;
}

/// Stops at the first name that is not "." or "..".
class AnyName final : public MergeVisitor {
 public:
  using MergeVisitor::MergeVisitor;
  bool any = false;

 private:
  [[nodiscard]] bool shown(std::string_view name, FileKind, uint64_t, uint64_t) override {
    any = name != "." && name != "..";
    return !any;
  }
};

}  // namespace

// Linux: fs/overlayfs/readdir.c ovl_check_empty_dir()
Errno UnionInode::check_empty() {
  MergedLayers layers(upper(), {lowers_.data(), count_});
  return for_each_layer(layers, 0, [&](unsigned i, uint64_t, bool& enough) {
    AnyName visitor(layers, i);
    Errno error = layers.directories[i]->directory()->readdir(0, visitor);
    enough = visitor.any;
    return error == Errno::ok && visitor.any ? Errno::enotempty : error;
  });
}

// Linux: fs/overlayfs/readdir.c ovl_iterate()
Errno UnionInode::readdir(uint64_t cookie, DirectoryVisitor& visitor) {
  QUIRE_FUNC();
  class Names final : public MergeVisitor {
   public:
    Names(const MergedLayers& layers, unsigned layer, UnionInode& of, DirectoryVisitor& to)
        : MergeVisitor(layers, layer), of_(of), to_(to) {}
    bool enough = false;

   private:
    [[nodiscard]] bool shown(std::string_view name, FileKind kind, uint64_t ino, uint64_t cookie) override {
      if (name == ".") {
        ino = of_.ino();
      } else if (name == "..") {
        ino = of_.parent().ino();
      } else if (Result<InodeRef> real = layer().lookup(name)) {
        ino = of_.fs_.ino_of(**real);
      }
      enough = !to_.visit(name, kind, ino, cookie);
      return !enough;
    }
    UnionInode& of_;
    DirectoryVisitor& to_;
  };
  MergedLayers layers(upper(), {lowers_.data(), count_});
  return for_each_layer(layers, cookie, [&](unsigned i, uint64_t from, bool& enough) {
    Names names(layers, i, *this, visitor);
    Errno error = layers.directories[i]->directory()->readdir(from, names);
    enough = names.enough;
    return error;
  });
}

}  // namespace quire::fs
