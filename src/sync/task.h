// Task: a thread of the kernel. Natively a std::thread, explored a fiber.
//
//   Task kswapd("kswapd", [](void* node) { ... }, node);
//   kswapd.join();
#pragma once

#include <thread>

#include "sync/hook.h"

namespace quire::sync {

class Task {
 public:
  Task(const char* name, TaskBody body, void* argument);
  ~Task();
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;
  /// Waits until the body has returned; sleeps. At most once, before the destructor.
  void join();

 private:
  std::thread thread_;
  unsigned explored_ = 0;
  enum class State { running, joined } state_ = State::running;
};

}  // namespace quire::sync
