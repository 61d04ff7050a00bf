// What a file holds, as ranges of the same byte: exact, and small also for files with large holes.
#pragma once

#include <cstdint>
#include <map>

namespace quire::importer {

class ByteRuns {
 public:
  [[nodiscard]] uint64_t size() const { return size_; }
  /// 0 where nothing was written, and behind the end.
  [[nodiscard]] unsigned char at(uint64_t offset) const {
    auto next = runs_.upper_bound(offset);
    if (next == runs_.begin()) return 0;
    const Run& run = std::prev(next)->second;
    return offset < run.end ? run.byte : 0;
  }
  void write(uint64_t offset, uint64_t bytes, unsigned char byte) {
    uint64_t end = offset + bytes;
    erase(offset, end);
    if (byte != 0 && bytes != 0) runs_[offset] = {end, byte};
    if (end > size_) size_ = end;
  }
  void punch(uint64_t offset, uint64_t bytes) { erase(offset, offset + bytes); }
  void resize(uint64_t bytes) {
    if (bytes < size_) erase(bytes, size_);
    size_ = bytes;
  }

 private:
  struct Run {
    uint64_t end;
    unsigned char byte;
  };
  void erase(uint64_t from, uint64_t to) {
    auto next = runs_.lower_bound(from);
    if (next != runs_.begin() && std::prev(next)->second.end > from) --next;
    while (next != runs_.end() && next->first < to) {
      auto [start, run] = *next;
      next = runs_.erase(next);
      if (start < from) runs_[start] = {from, run.byte};
      if (run.end > to) runs_[to] = {run.end, run.byte};
    }
  }

  uint64_t size_ = 0;
  std::map<uint64_t, Run> runs_;
};

}  // namespace quire::importer
