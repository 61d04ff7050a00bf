// The model's memory: files, and spaces of pages that show them or have copies of their own.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>

namespace quire::fuzz {

/// A byte, or nothing where it is not known.
using MaybeByte = std::optional<uint8_t>;

inline constexpr int64_t kModelPage = 4096;

struct ModelFile {
  int64_t size = 0;
  std::map<int64_t, MaybeByte> bytes;  ///< the first of each page that is not a hole
  bool limited = false;                ///< a hole may be one for ever: there may be no room
  std::shared_ptr<void> inode;         ///< what goes with the last that has the file

  [[nodiscard]] bool has(int64_t page) const { return page * kModelPage < size; }
  [[nodiscard]] bool may_lack_room(int64_t page) const {
    auto found = bytes.find(page);
    return limited && (found == bytes.end() || !found->second);
  }
  [[nodiscard]] MaybeByte at(int64_t page) const {
    auto found = bytes.find(page);
    return found == bytes.end() ? MaybeByte(0) : found->second;
  }
  void resize(int64_t bytes_now);
  void write(int64_t offset, int64_t length, MaybeByte byte);
  void punch(int64_t offset, int64_t length);
};

struct ModelPage {
  std::shared_ptr<ModelFile> file;  ///< none: anonymous and private
  int64_t index = 0;                ///< in the file
  int prot = 0;
  bool shared = false;
  bool locked = false;
  bool guard = false;
  bool maybe_guard = false;
  bool dont_fork = false;  ///< a child has it not,
  bool wiped = false;      ///< or has it without contents
  bool copied = false;     ///< has a page of its own
  bool vague = false;      ///< may have one, with or without what the file has
  MaybeByte copy;

  [[nodiscard]] bool is_private_file() const { return file && !shared; }
  [[nodiscard]] MaybeByte byte() const;
  void set(MaybeByte byte);
  /// Something was stored, or not.
  void set_perhaps();
  void drop_copy() {
    copied = vague = false;
    copy = 0;
  }
  /// It is brought in as by a write, and then has a copy if it can have one.
  void populate_for_write();
};

struct ModelOpen;  // fuzz/model_names.h

struct ModelSpace {
  bool running = true;
  int64_t uid = 0;
  bool lock_future = false;
  std::map<uint64_t, ModelPage> pages;                  ///< by address / page size
  std::map<int64_t, std::shared_ptr<ModelOpen>> files;  ///< by descriptor

  [[nodiscard]] ModelSpace forked() const;
};

}  // namespace quire::fuzz
