#include "import/strace_files.h"

#include <algorithm>

namespace quire::importer {

std::optional<unsigned char> RecordedFile::byte(uint64_t offset) const {
  if (lost_) return std::nullopt;
  for (const auto& [start, end] : unknown_)
    if (offset >= start && offset < end) return std::nullopt;
  auto found = known_.find(offset);
  return found == known_.end() ? 0 : found->second;
}

void RecordedFile::put(uint64_t offset, uint64_t bytes, std::optional<unsigned char> value) {
  uint64_t end = offset + bytes;
  std::vector<std::pair<uint64_t, uint64_t>> left;
  for (const auto& [start, limit] : unknown_) {
    if (start < offset) left.emplace_back(start, std::min(limit, offset));
    if (limit > end) left.emplace_back(std::max(start, end), limit);
  }
  unknown_ = std::move(left);
  known_.erase(known_.lower_bound(offset), known_.lower_bound(end));
  if (!value) unknown_.emplace_back(offset, end);
  if (value && *value != 0)
    for (uint64_t at = offset; at < end; ++at) known_[at] = *value;
  size_ = std::max(size_, end);
}

void RecordedFile::write(uint64_t offset, std::string_view bytes) {
  for (char c : bytes) put(offset++, 1, static_cast<unsigned char>(c));
}

void RecordedFile::write_unknown(uint64_t offset, uint64_t bytes) {
  if (bytes != 0) put(offset, bytes, std::nullopt);
}

void RecordedFile::resize(uint64_t bytes) {
  if (bytes < size_) put(bytes, size_ - bytes, 0);
  size_ = bytes;
  knows_size_ = true;
}

void RecordedFile::punch(uint64_t offset, uint64_t bytes) {
  uint64_t size = size_;
  put(offset, bytes, 0);
  size_ = size;
}

void RecordedFile::learn_size(uint64_t bytes) {
  write_unknown(0, bytes);
  size_ = bytes;
  knows_size_ = true;
}

std::string DescriptorNames::take(const std::string& prefix) {
  for (unsigned i = 0;; ++i) {
    std::string name = prefix + std::to_string(i);
    bool& used = used_[name];
    if (used) continue;
    used = true;
    return name;
  }
}

OpenFile* Descriptors::find(int fd) const {
  auto found = slots.find(fd);
  return found == slots.end() ? nullptr : found->second.open.get();
}

std::size_t Descriptors::count(const OpenFile& open) const {
  return static_cast<std::size_t>(
      std::count_if(slots.begin(), slots.end(), [&](const auto& slot) { return slot.second.open.get() == &open; }));
}

}  // namespace quire::importer
