#include "fuzz/model_memory.h"

#include <algorithm>

namespace quire::fuzz {

void ModelFile::resize(int64_t bytes_now) {
  size = bytes_now;
  std::erase_if(bytes, [this](const auto& entry) { return !has(entry.first); });
}

void ModelFile::write(int64_t offset, int64_t length, MaybeByte byte) {
  for (int64_t page = (offset + kModelPage - 1) / kModelPage; page * kModelPage < offset + length; ++page)
    bytes[page] = byte;
  size = std::max(size, offset + length);
}

void ModelFile::punch(int64_t offset, int64_t length) {
  for (int64_t page = (offset + kModelPage - 1) / kModelPage; page * kModelPage < offset + length; ++page)
    bytes.erase(page);
}

MaybeByte ModelPage::byte() const {
  if (vague) return std::nullopt;
  if (copied) return copy;
  return file ? file->at(index) : MaybeByte(0);
}

void ModelPage::set(MaybeByte byte) {
  if (shared) {
    file->bytes[index] = byte;
    return;
  }
  copied = true;
  vague = false;
  copy = byte;
}

void ModelPage::set_perhaps() {
  if (shared) file->bytes[index] = std::nullopt;
  copy.reset();
  vague = vague || !shared;
}

void ModelPage::populate_for_write() {
  if (is_private_file() && !copied && file->has(index)) set(byte());
}

ModelSpace ModelSpace::forked() const {
  ModelSpace child = *this;
  child.lock_future = false;
  std::erase_if(child.pages, [](const auto& entry) { return entry.second.dont_fork; });
  for (auto& [number, page] : child.pages) {
    page.locked = false;
    if (page.wiped) page.drop_copy();
    if (page.wiped) page.guard = page.maybe_guard = false;
  }
  return child;
}

}  // namespace quire::fuzz
