// Kswapd: reclaim in the background, one task for each node.
//
//   sleeping -> wakeup(): a zone fell below `low` -> balance_pgdat() until `high` is free, or nothing can be freed
//   -> sleeping
// A node of which nothing could be freed sixteen times in a row is hopeless: it is woken again only after somebody else
// has freed a page of it. Natively start() makes the tasks; explored, balance_pgdat() is a call of a task that the
// scenario has. Linux: mm/vmscan.c kswapd(), balance_pgdat(), wakeup_kswapd()
//
//   reclaim.kswapd().start();
//   ...
//   reclaim.kswapd().stop();
#pragma once

#include <array>

#include "phys/frames.h"
#include "sync/task.h"
#include "sync/wait.h"

namespace quire::reclaim {

class Reclaim;

class Kswapd {
 public:
  Kswapd(Reclaim& reclaim, phys::Frames& frames) : reclaim_(reclaim), frames_(frames), nodes_(frames.nodes()) {}
  ~Kswapd() { stop(); }
  Kswapd(const Kswapd&) = delete;
  Kswapd& operator=(const Kswapd&) = delete;

  void start();
  /// Returns when no task runs any more. May be called twice.
  void stop();
  /// Between start() and stop().
  [[nodiscard]] bool running() const { return !nodes_.empty() && nodes_.front().task != nullptr; }
  /// Does not sleep.
  void wakeup(unsigned node);
  /// Until the node has `high` free pages, or nothing more can be freed; returns how many were freed. Sleeps.
  base::PageCount balance_pgdat(unsigned node);
  /// Somebody has freed pages of the node, so it is not hopeless.
  void note_progress(unsigned node);

 private:
  struct Node {
    Kswapd* owner = nullptr;
    unsigned number = 0;
    sync::Atomic<uint32_t, "kswapd_order"> wanted{0};
    sync::Atomic<uint32_t, "kswapd_failures"> failures{0};
    sync::WaitQueue wait;
    sync::Box<sync::Task> task;
  };
  void run(Node& node);

  Reclaim& reclaim_;
  phys::Frames& frames_;
  sync::Vector<Node> nodes_;
  sync::Atomic<uint32_t, "kswapd stop"> stop_{0};
};

}  // namespace quire::reclaim
