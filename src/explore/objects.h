// What the explorer knows of each object of the explored program: who touched it last and how, and what it released.
//
// An object is an address inside the arena. The tables live outside the arena and are exact at every depth: each change
// is logged, and backtracking undoes the log (Objects::undo_to). Plain fields have a shadow of their own for data
// races.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

#include "explore/clock.h"
#include "explore/path.h"

namespace quire::explore {

/// How a step touched its object; two steps in columns that conflict are dependent.
/// `watch` is what a retry point looked at, and `watch_writes` what it looked at without seeing the ends of shared
/// holds (seen_by): only what may end the repetition conflicts with them.
enum class Column : uint8_t { read, write, add, acquire, acquire_shared, release_shared, watch, watch_writes };
inline constexpr unsigned kColumns = 8;
using ColumnMask = uint8_t;
[[nodiscard]] constexpr ColumnMask bit(Column c) { return static_cast<ColumnMask>(1U << static_cast<unsigned>(c)); }
/// The column of a step of that effective kind.
[[nodiscard]] Column column_of(sync::OpKind kind);

/// The columns of the steps whose effect a step of that effective kind sees: all of them depend on it, so that what
/// came after the look is the same in equivalent executions. None for a step that changes without looking.
[[nodiscard]] ColumnMask seen_by(sync::OpKind kind);

struct Object {
  /// Per column and task: the number (Node::clk) of that task's last such step, 0 if none.
  std::array<Clock, kColumns> last;
  Clock released;         ///< what an acquiring access learns
  Clock released_shared;  ///< what the end of shared holds adds to that
  // Of all executions so far, never taken back: what can be skipped without looking.
  TaskMask ever_touched_by = 0;
  ColumnMask ever_touched_in = 0;
};

/// FastTrack-like shadow of one plain field: epochs are steps of the task + 1.
struct PlainShadow {
  uint16_t write_epoch = 0;
  uint16_t writer = 0;
  Clock read_epochs;
};

class Objects {
 public:
  explicit Objects(std::size_t arena_bytes);

  /// The object at that offset of the arena; made when first seen.
  [[nodiscard]] ObjectIndex index_at(std::size_t offset) {
    ObjectIndex known = object_at_[offset];
    return known != kNoObject ? known : make_object_at(offset);
  }
  /// The object there if it was ever seen, else kNoObject.
  [[nodiscard]] ObjectIndex known_at(std::size_t offset) const { return object_at_[offset]; }
  /// The object that stands for a piece of memory around `offset` that was freed at some time, else kNoObject.
  [[nodiscard]] ObjectIndex extent_at(std::size_t offset) const { return extent_at_[offset / kGranule]; }
  /// The object that stands for [offset, +bytes) as a whole; made when first freed. Pieces that are freed as a whole
  /// must not overlap in part.
  [[nodiscard]] ObjectIndex make_extent(std::size_t offset, std::size_t bytes);
  [[nodiscard]] const Object& at(ObjectIndex index) const { return objects_[index]; }
  [[nodiscard]] PlainShadow& plain_at(std::size_t offset);
  /// Objects and shadows of plain fields that were ever seen in [offset, +bytes): calls visit(index), visit(shadow).
  template <typename Visit>
  void for_each_object_in(std::size_t offset, std::size_t bytes, Visit visit) const {
    for_each_seen_in(offset, bytes, [&](std::size_t at) {
      if (object_at_[at] != kNoObject) visit(object_at_[at]);
    });
  }
  template <typename Visit>
  void for_each_plain_in(std::size_t offset, std::size_t bytes, Visit visit) {
    for_each_seen_in(offset, bytes, [&](std::size_t at) {
      if (plain_index_[at] != 0) visit(plain_at(at));
    });
  }
  [[nodiscard]] std::size_t count() const { return objects_.size() - kFirstRealObject; }

  void set_last(ObjectIndex index, Column column, unsigned task, uint16_t clk) {
    Object& o = objects_[index];
    o.ever_touched_by |= bit(task);
    o.ever_touched_in |= bit(column);
    auto* lane = reinterpret_cast<uint16_t*>(&o.last[static_cast<unsigned>(column)]) + task;
    log_lane(lane);
    *lane = clk;
  }
  void set_released(ObjectIndex index, const Clock& clock);
  void set_released_shared(ObjectIndex index, const Clock& clock);
  void set_plain_write(PlainShadow& shadow, unsigned task, uint16_t epoch);
  void set_plain_read(PlainShadow& shadow, unsigned task, uint16_t epoch);
  /// Logs that the live bytes of [offset, +bytes) were set to `alive`.
  void log_alive(uint32_t offset, uint32_t bytes, uint8_t alive);

  [[nodiscard]] uint32_t log_size() const { return static_cast<uint32_t>(log_.size()); }
  /// Takes back every change since the log had `mark` entries; `restore_alive(offset, bytes, alive)` for memory.
  template <typename RestoreAlive>
  void undo_to(uint32_t mark, RestoreAlive restore_alive) {
    while (log_.size() > mark) {
      Undo undo = log_.back();
      log_.pop_back();
      auto what = static_cast<What>(undo.where >> kWhatShift);
      uint64_t where = undo.where & ((uint64_t{1} << kWhatShift) - 1);
      if (what == What::alive)
        restore_alive(where, undo.before >> 1, static_cast<uint16_t>(undo.before & 1));
      else
        take_back(what, reinterpret_cast<std::byte*>(where), undo.before);
    }
  }

 private:
  enum class What : uint8_t { lane, half_clock, alive };
  static constexpr unsigned kWhatShift = 60;
  /// An address (alive: an offset) under its What, and what was there (alive: bytes * 2 + whether it was alive).
  struct Undo {
    uint64_t where;
    uint64_t before;
  };
  static void take_back(What what, std::byte* where, uint64_t before) {
    std::memcpy(where, &before, what == What::lane ? sizeof(uint16_t) : sizeof(uint64_t));
  }
  void log(What what, uint64_t where, uint64_t before);
  void log_lane(uint16_t* where);
  void log_clock(Clock* where);

  struct Unmap {
    std::size_t bytes;
    void operator()(uint16_t* p) const;
  };
  using Table = std::unique_ptr<uint16_t[], Unmap>;
  template <typename Visit>
  void for_each_seen_in(std::size_t offset, std::size_t bytes, Visit visit) const {
    std::size_t end = offset + bytes;
    for (std::size_t at = offset; at < end; at = (at / kGranule + 1) * kGranule) {
      if (!seen_at_[at / kGranule]) continue;
      for (std::size_t each = at; each < std::min(end, (at / kGranule + 1) * kGranule); ++each) visit(each);
    }
  }
  static Table map_table(std::size_t entries);
  ObjectIndex make_object();
  ObjectIndex make_object_at(std::size_t offset);

  static constexpr std::size_t kBlock = 1024;
  static constexpr std::size_t kGranule = 8;
  Table object_at_;            ///< arena offset -> object
  Table plain_index_;          ///< arena offset -> shadow
  Table extent_at_;            ///< arena offset / kGranule -> object of the extent
  std::vector<bool> seen_at_;  ///< arena offset / kGranule -> whether one of the first two knows anything there
  std::vector<Object> objects_;
  std::vector<std::unique_ptr<std::array<PlainShadow, kBlock>>> plains_;
  std::size_t plain_count_ = 1;
  std::vector<Undo> log_;
};

}  // namespace quire::explore
