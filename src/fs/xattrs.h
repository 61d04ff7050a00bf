// Xattrs: the extended attributes of one inode, in memory.
//
// Locks: the inode's i_rwsem, shared to look and exclusively to change. Linux: fs/xattr.c struct simple_xattrs
//
//   Result<int64_t> grown = xattrs.set("user.a", value, XattrSet::any);    // bytes of space; below 0: given back
#pragma once

#include <span>
#include <string_view>

#include "fs/attributes.h"
#include "fs/inode.h"
#include "sync/heap.h"
#include "sync/plain.h"

namespace quire::fs {

/// Whether a file system in memory keeps attributes of such names: -EOPNOTSUPP; -EINVAL: nothing is behind the prefix.
/// Each file system says so itself, for a stack copies up first. Linux: fs/xattr.c xattr_resolve_name()
[[nodiscard]] Errno xattr_resolve_name(std::string_view name);

class Xattrs {
 public:
  /// What one takes of the space that a file system allows for. Linux: simple_xattr_space()
  [[nodiscard]] static int64_t space(std::string_view name, std::size_t value_bytes) {
    constexpr std::size_t kHeader = 40;
    return static_cast<int64_t>(kHeader + value_bytes + name.size());
  }
  /// As Inode::getxattr().
  [[nodiscard]] Result<uint64_t> get(std::string_view name, std::span<std::byte> value) const;
  /// How much more space set() would take. -ENODATA, -EEXIST
  [[nodiscard]] Result<int64_t> growth(std::string_view name, std::size_t value_bytes, XattrSet how) const;
  void set(std::string_view name, std::span<const std::byte> value);
  /// The space it had; -ENODATA.
  [[nodiscard]] Result<int64_t> remove(std::string_view name);
  void list(XattrVisitor& visitor) const;
  /// All of it, when the inode goes.
  [[nodiscard]] int64_t total_space() const;

 private:
  using Value = sync::Vector<std::byte>;
  /// Every access to the values announces this field.
  sync::Plain<uint32_t, "simple_xattrs"> changes_{0};
  sync::Map<sync::String, Value, std::less<>> values_;
};

}  // namespace quire::fs
