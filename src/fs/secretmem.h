// SecretMem: files without a name whose pages nobody but the processes that map them can read: not the kernel either.
//
// A page leaves the kernel's direct map when a fault makes it, and comes back when the file ends, wiped. Until then it
// is on no LRU list: it is neither reclaimed nor moved. The size is set once. While such a file exists there is no
// hibernation, since an image would have its pages.
// Locks: as of any file; the direct map's inside the folio lock. Linux: mm/secretmem.c
//
//   SecretInode& file = secretmem.create_inode();   // one reference
//   file.ftruncate(4096);
#pragma once

#include "fs/inode.h"
#include "phys/direct_map.h"

namespace quire::fs {

class SecretMem;

class SecretInode final : public Inode {
 public:
  explicit SecretInode(SecretMem& fs);

  // Inode
  [[nodiscard]] uint64_t st_blocks() override { return 0; }
  /// -EINVAL: it has a size already. Linux: secretmem_setattr()
  [[nodiscard]] Errno ftruncate(uint64_t bytes) override;
  [[nodiscard]] Errno fallocate(PunchMode, uint64_t, uint64_t) override { return Errno::eopnotsupp; }
  [[nodiscard]] Result<uint64_t> pread(std::span<std::byte>, uint64_t) override { return Errno::espipe; }
  [[nodiscard]] Result<uint64_t> pwrite(std::span<const std::byte>, uint64_t) override { return Errno::espipe; }
  [[nodiscard]] Errno fsync(Range<FileIndex>) override { return Errno::einval; }
  [[nodiscard]] bool shared_only() const override { return true; }
  void check(sync::CheckReport& report) const override { mapping_.check(report); }

  /// List of all inodes: SecretMem's.
  SecretInode* next_inode = nullptr;

 private:
  friend class SecretMem;
  void evict() override;

  SecretMem& fs_;
};

class SecretMem final : public cache::MappingOps {
 public:
  /// `map`: nullptr where there is none, and no such file then.
  SecretMem(rmap::Environment& env, phys::DirectMap* map, unsigned index_bits)
      : env_(env), map_(map), index_bits_(index_bits) {}
  SecretMem(const SecretMem&) = delete;
  SecretMem& operator=(const SecretMem&) = delete;

  /// Whether pages can be taken out of the direct map. Linux: can_set_direct_map()
  [[nodiscard]] bool available() const { return map_ != nullptr && map_->rules().can_set_direct_map(); }
  /// Whether there are such files. Linux: secretmem_active()
  [[nodiscard]] bool active() const { return users_.load() != 0; }
  /// An empty file with one reference; only where available().
  [[nodiscard]] SecretInode& create_inode();

  // MappingOps
  [[nodiscard]] cache::FaultResult fault(Mapping& mapping, FileIndex index) override;
  /// Nowhere to write to: it stays.
  [[nodiscard]] Errno writepage(Mapping& mapping, Folio& folio, WritebackControl& wbc) override;
  /// -EIO: nothing is stacked on a file without a name.
  [[nodiscard]] Result<HeldFolio> find_or_create(Mapping&, FileIndex, Gfp) override { return Errno::eio; }
  [[nodiscard]] PageCount size_pages(const Mapping& mapping) const override;
  [[nodiscard]] bool can_writeback() const override { return false; }
  [[nodiscard]] bool error_remove_folio(Mapping&, Folio&) override { return false; }

  /// Calls visit(const SecretInode&) for each: at quiescent points.
  template <typename Visit>
  void peek_inodes(Visit visit) const QUIRE_NO_THREAD_SAFETY_ANALYSIS {
    for (const SecretInode* inode = inodes_.peek(); inode != nullptr; inode = inode->next_inode) visit(*inode);
  }

 private:
  friend class SecretInode;
  [[nodiscard]] Errno take_out(Folio& folio);
  void put_back(Folio& folio);

  rmap::Environment& env_;
  phys::DirectMap* const map_;
  const unsigned index_bits_;
  sync::Atomic<uint32_t, "secretmem_users"> users_{0};
  sync::SpinLock<sync::LockClass::i_lock> inodes_lock_;
  sync::Plain<SecretInode*, "s_inodes"> inodes_ QUIRE_GUARDED_BY(inodes_lock_){nullptr};
};

}  // namespace quire::fs
