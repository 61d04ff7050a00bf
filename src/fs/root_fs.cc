#include "fs/root_fs.h"

#include <algorithm>

namespace quire::fs {

class RootDirectory final : public SpecialInode, public Directory {
 public:
  RootDirectory(RootFs& fs, const Attributes& attributes) : SpecialInode(fs.no_pages_, fs, 1, attributes), fs_(fs) {}

  [[nodiscard]] Directory* directory() override { return this; }
  [[nodiscard]] Inode& inode() override { return *this; }
  [[nodiscard]] Inode& parent() override { return *this; }
  [[nodiscard]] bool dead() override { return false; }
  [[nodiscard]] Result<InodeRef> lookup(std::string_view name) override {
    SuperBlock* super = fs_.find(name);
    if (super == nullptr) return Errno::enoent;
    return InodeRef::of(super->root());
  }
  [[nodiscard]] Errno readdir(uint64_t cookie, DirectoryVisitor& visitor) override {
    if (cookie < 1 && !visitor.visit(".", FileKind::directory, 1, 1)) return Errno::ok;
    if (cookie < 2 && !visitor.visit("..", FileKind::directory, 1, 2)) return Errno::ok;
    for (uint64_t at = std::max<uint64_t>(cookie, 2) - 2; at < fs_.mounts_.size(); ++at)
      if (!visitor.visit(fs_.mounts_[at].name, FileKind::directory, at + 2, at + 3)) break;
    return Errno::ok;
  }
  // Nobody asks before the file system is known not to be read-only.
  [[nodiscard]] Result<InodeRef> create(std::string_view /*name*/, const NewInode& /*what*/) override {
    return Errno::erofs;
  }
  [[nodiscard]] Errno link(std::string_view /*name*/, Inode& /*inode*/) override { return Errno::erofs; }
  [[nodiscard]] Errno unlink(std::string_view /*name*/, Inode& /*victim*/) override { return Errno::erofs; }
  [[nodiscard]] Errno rmdir(std::string_view /*name*/, Inode& /*victim*/) override { return Errno::erofs; }
  [[nodiscard]] Errno rename(const Rename& /*rename*/) override { return Errno::erofs; }

 private:
  void evict() override { sync::destroy_object(this); }
  RootFs& fs_;
};

RootFs::RootFs(base::Clock clock) : SuperBlock(clock, ReadOnly::yes) {
  constexpr uint32_t kMode = 0755;
  Attributes attributes;
  attributes.kind = FileKind::directory;
  attributes.mode = kMode;
  attributes.nlink = 2;
  attributes.atime = attributes.mtime = attributes.ctime = now();
  root_ = sync::make_object<RootDirectory>(*this, attributes);
}

RootFs::~RootFs() { root_->put(); }

Inode& RootFs::root() { return *root_; }

void RootFs::mount(std::string_view name, SuperBlock& super) { mounts_.push_back({sync::String(name), &super}); }

SuperBlock* RootFs::find(std::string_view name) const {
  auto at = std::find_if(mounts_.begin(), mounts_.end(), [&](const Mount& m) { return m.name == name; });
  return at == mounts_.end() ? nullptr : at->super;
}

}  // namespace quire::fs
