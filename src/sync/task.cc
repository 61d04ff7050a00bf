#include "sync/task.h"

#include "base/assert.h"

namespace quire::sync {

Task::Task(const char* name, TaskBody body, void* argument) {
  if (Driver* d = hook())
    explored_ = d->spawn(name, kAnyCpu, body, argument);
  else
    thread_ = std::thread(body, argument);
}

Task::~Task() { QUIRE_ASSERT(state_ == State::joined, "a task must be joined"); }

void Task::join() {
  QUIRE_ASSERT(state_ == State::running, "joined twice");
  if (Driver* d = hook())
    d->join(explored_);
  else
    thread_.join();
  state_ = State::joined;
}

}  // namespace quire::sync
