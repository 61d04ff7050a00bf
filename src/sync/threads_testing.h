// Real threads for native tests of sync/.
#pragma once

#include <thread>
#include <vector>

namespace quire::sync {

/// Runs body(0..count-1) at the same time and waits for all.
template <typename Body>
void run_threads(unsigned count, Body body) {
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < count; ++i) threads.emplace_back(body, i);
  for (std::thread& thread : threads) thread.join();
}

}  // namespace quire::sync
