// The file-system exerciser: random operations on one file, and a model of the file beside it, in less memory than the
// file needs, so that its pages are reclaimed, swapped out and written back all the time.
//
// Everything follows from the seed. What differs from the model is found again by a replay of the operations alone, so
// that a list of them can be made shorter as long as it still fails (delta debugging), and printed as a scenario.
//
//   Exercise exercise{.on = ExerciseOn::block, .seed = 7, .operations = 1000000};
//   if (auto mismatch = run(exercise, operations_of(exercise))) ...
#pragma once

#include <optional>

#include "machine/stress/stress.h"

namespace quire::machine {

enum class ExerciseOn : uint8_t { tmpfs, block, stacked };
[[nodiscard]] std::optional<ExerciseOn> exercise_on(std::string_view word);

struct Exercise {
  ExerciseOn on = ExerciseOn::tmpfs;
  uint64_t seed = 1;
  uint64_t operations = 1000000;
  uint64_t ram = 48;    ///< pages
  uint64_t swap = 512;  ///< pages
  uint64_t pages = 64;  ///< of the file, at most
  LruPolicy lru = LruPolicy::lists;
  fs::UnionOptions stacked = {};
  base::DefectSet defects = {};
  OnOff flusher = OnOff::off;  ///< writes back meanwhile: then a run need not be like another
  uint32_t readahead = 0;      ///< pages
};

struct FileOperation {
  enum class Kind : uint8_t {
    write,
    read,
    truncate,
    punch,
    allocate,
    allocate_keep_size,
    store,
    load,
    msync,
    fsync,
    pageout,
    reclaim,
    remap,
    look_below,
  };
  Kind kind;
  uint64_t offset;  ///< in bytes
  uint64_t length;  ///< in bytes; of `reclaim`: pages
  char value;       ///< a letter
};

using FileOperations = sync::Vector<FileOperation>;

struct Mismatch {
  std::size_t operation;  ///< the number of the one that showed it
  sync::String what;
};

[[nodiscard]] FileOperations operations_of(const Exercise& exercise);
/// The first mismatch, if there is one: a result, a byte, or an invariant of the machine.
[[nodiscard]] std::optional<Mismatch> run(const Exercise& exercise, const FileOperations& operations);
/// Fewer of them, which still fail; stops after `seconds`.
[[nodiscard]] FileOperations shrink(const Exercise& exercise, FileOperations operations, double seconds);
/// As a scenario, if the language has all of them.
[[nodiscard]] sync::String scenario_of(const Exercise& exercise, const FileOperations& operations,
                                       const Mismatch& mismatch);

/// What `quire_stress fs` does.
int run_exercise(const Exercise& exercise);

}  // namespace quire::machine
