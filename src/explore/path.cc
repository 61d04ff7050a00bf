#include "explore/path.h"

namespace quire::explore {

Schedule schedule_of(const Path& path) {
  Schedule schedule;
  schedule.reserve(path.size());
  for (const Node& node : path) schedule.push_back(node.decision);
  return schedule;
}

}  // namespace quire::explore
