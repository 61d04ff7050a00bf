#include "fs/xattrs.h"

#include <algorithm>

namespace quire::fs {

Errno xattr_resolve_name(std::string_view name) {
  for (std::string_view prefix : {"user.", "trusted.", "security."})
    if (name.starts_with(prefix)) return name.size() > prefix.size() ? Errno::ok : Errno::einval;
  return Errno::eopnotsupp;
}

// Linux: fs/xattr.c simple_xattr_get()
Result<uint64_t> Xattrs::get(std::string_view name, std::span<std::byte> value) const {
  (void)changes_.get();
  auto at = values_.find(name);
  if (at == values_.end()) return Errno::enodata;
  if (!value.empty()) {
    if (value.size() < at->second.size()) return Errno::erange;
    std::copy(at->second.begin(), at->second.end(), value.begin());
  }
  return at->second.size();
}

// Linux: fs/xattr.c simple_xattr_set()
Result<int64_t> Xattrs::growth(std::string_view name, std::size_t value_bytes, XattrSet how) const {
  (void)changes_.get();
  auto at = values_.find(name);
  bool there = at != values_.end();
  if (there && (how == XattrSet::create || how == XattrSet::both)) return Errno::eexist;
  if (!there && (how == XattrSet::replace || how == XattrSet::both)) return Errno::enodata;
  return space(name, value_bytes) - (at == values_.end() ? 0 : space(name, at->second.size()));
}

void Xattrs::set(std::string_view name, std::span<const std::byte> value) {
  ++changes_.mutate();
  values_.insert_or_assign(sync::String(name), Value(value.begin(), value.end()));
}

Result<int64_t> Xattrs::remove(std::string_view name) {
  ++changes_.mutate();
  auto at = values_.find(name);
  if (at == values_.end()) return Errno::enodata;
  int64_t freed = space(name, at->second.size());
  values_.erase(at);
  return freed;
}

void Xattrs::list(XattrVisitor& visitor) const {
  (void)changes_.get();
  for (const auto& [name, value] : values_) visitor.visit(name);
}

int64_t Xattrs::total_space() const {
  int64_t total = 0;
  for (const auto& [name, value] : values_) total += space(name, value.size());
  return total;
}

}  // namespace quire::fs
