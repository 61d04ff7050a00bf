// Files and descriptors of recorded programs, as far as a log explains them: what is in a file, where a descriptor
// stands in it, and what the scenario calls it.
//
// A byte of a file is known if the log has the write that put it there. A file that was there before the log, or that a
// program can store to through a mapping, has bytes that are not.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace quire::importer {

class RecordedFile {
 public:
  enum class Birth : uint8_t { in_log, before };
  explicit RecordedFile(Birth birth) : knows_size_(birth == Birth::in_log) {}

  [[nodiscard]] uint64_t size() const { return size_; }
  [[nodiscard]] bool knows_size() const { return knows_size_; }
  /// The byte at an offset below the size; nullopt: not known.
  [[nodiscard]] std::optional<unsigned char> byte(uint64_t offset) const;

  void write(uint64_t offset, std::string_view bytes);
  /// Of what the log does not have.
  void write_unknown(uint64_t offset, uint64_t bytes);
  void resize(uint64_t bytes);
  void punch(uint64_t offset, uint64_t bytes);
  /// The log told the size of a file that was there before.
  void learn_size(uint64_t bytes);
  /// From now on its contents change without the log.
  void lose() { lost_ = true; }

 private:
  void put(uint64_t offset, uint64_t bytes, std::optional<unsigned char> value);

  uint64_t size_ = 0;
  bool knows_size_;
  bool lost_ = false;
  std::map<uint64_t, unsigned char> known_;             ///< what is known and not zero
  std::vector<std::pair<uint64_t, uint64_t>> unknown_;  ///< ranges, may overlap
};

/// Names for descriptors: one is free again when all processes have closed it.
class DescriptorNames {
 public:
  [[nodiscard]] std::string take(const std::string& prefix);
  void give_back(const std::string& name) { used_[name] = false; }

 private:
  std::map<std::string, bool> used_;
};

/// Linux: struct file
struct OpenFile {
  OpenFile(std::shared_ptr<RecordedFile> opened, DescriptorNames& pool, const std::string& prefix)
      : file(std::move(opened)), names(pool), name(pool.take(prefix)) {}
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  ~OpenFile() { names.give_back(name); }

  std::shared_ptr<RecordedFile> file;
  DescriptorNames& names;
  const std::string name;
  uint64_t position = 0;
  bool append = false;
};

/// The descriptors of a process that the log explains. Linux: struct files_struct
struct Descriptors {
  struct Slot {
    std::shared_ptr<OpenFile> open;
    bool close_on_exec = false;
  };
  std::map<int, Slot> slots;

  [[nodiscard]] OpenFile* find(int fd) const;
  /// How many descriptors lead to it.
  [[nodiscard]] std::size_t count(const OpenFile& open) const;
};

}  // namespace quire::importer
