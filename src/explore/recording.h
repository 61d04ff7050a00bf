// What one execution did, in order: the raw material of diagrams and traces.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sync/hook.h"

namespace quire::explore {

struct Event {
  enum class Kind : uint8_t { enter, leave, point, step, plain, choice, fail };
  Kind kind;
  uint8_t task;            ///< kTasksMax: set-up or final check
  uint16_t depth;          ///< decisions taken before, its own included
  uint8_t function_depth;  ///< functions around it
  sync::OpKind op{};       ///< steps
  bool took = true;        ///< a trylock or compare-exchange that succeeded
  std::size_t object = 0;  ///< offset in the arena; 0 if none
  std::size_t bytes = 0;   ///< of memory that is freed
  std::string name;        ///< function, point, lock, field
  std::string detail;
};

struct Recording {
  std::vector<Event> events;
  std::vector<std::string> task_names;
  void clear() { events.clear(); }
};

}  // namespace quire::explore
