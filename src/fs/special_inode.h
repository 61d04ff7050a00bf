// SpecialInode: an inode that has no bytes: a directory, a symlink, a whiteout.
//
// The calls on contents answer what Linux answers for its kind. Nobody maps it, so its mapping stays empty.
// Linux: generic_ro_fops of directories, no_open()
#pragma once

#include "fs/inode.h"

namespace quire::fs {

/// No page is ever asked for.
class NoPages final : public cache::MappingOps {
 public:
  [[nodiscard]] cache::FaultResult fault(Mapping& /*mapping*/, FileIndex /*index*/) override {
    return {cache::FaultOutcome::beyond_end, {}, {}};
  }
  [[nodiscard]] Errno writepage(Mapping& /*mapping*/, Folio& /*folio*/, WritebackControl& /*wbc*/) override {
    return Errno::einval;
  }
  [[nodiscard]] Result<HeldFolio> find_or_create(Mapping& /*mapping*/, FileIndex /*index*/, Gfp /*gfp*/) override {
    return Errno::einval;
  }
  [[nodiscard]] PageCount size_pages(const Mapping& /*mapping*/) const override { return PageCount(0); }
  [[nodiscard]] bool error_remove_folio(Mapping& /*mapping*/, Folio& /*folio*/) override { return false; }
};

class SpecialInode : public Inode {
 public:
  [[nodiscard]] uint64_t st_blocks() override { return 0; }
  [[nodiscard]] Errno ftruncate(uint64_t /*bytes*/) override { return refusal(); }
  [[nodiscard]] Errno fallocate(PunchMode /*mode*/, uint64_t /*offset*/, uint64_t /*bytes*/) override {
    return refusal();
  }
  [[nodiscard]] Result<uint64_t> pread(std::span<std::byte> /*to*/, uint64_t /*offset*/) override { return refusal(); }
  [[nodiscard]] Result<uint64_t> pwrite(std::span<const std::byte> /*from*/, uint64_t /*offset*/) override {
    return refusal();
  }
  [[nodiscard]] Errno fsync(Range<FileIndex> /*range*/) override { return Errno::ok; }
  void check(sync::CheckReport& report) const override { mapping_.check(report); }

 protected:
  SpecialInode(NoPages& ops, SuperBlock& super, uint64_t ino, const Attributes& attributes)
      : Inode(ops, 1, super, ino, attributes),
        refusal_(attributes.kind == FileKind::directory ? Errno::eisdir : Errno::einval) {}
  ~SpecialInode() = default;

 private:
  [[nodiscard]] Errno refusal() const { return refusal_; }
  const Errno refusal_;
};

}  // namespace quire::fs
