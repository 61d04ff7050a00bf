#include "swap/swap_users.h"

#include "sync/trace.h"

namespace quire::swap {

void SwapUsers::add(SwapUser& user) {
  if (user.on_list_.load(sync::Order::relaxed) != 0) return;
  QUIRE_FUNC();
  sync::Guard guard(lock_);
  if (user.on_list_.load(sync::Order::relaxed) != 0) return;
  SwapUser*& first = first_.mutate();
  user.previous_ = last_;
  user.next_ = nullptr;
  (last_ != nullptr ? last_->next_ : first) = &user;
  last_ = &user;
  user.on_list_.store(1, sync::Order::relaxed);
}

void SwapUsers::remove(SwapUser& user) {
  if (user.on_list_.load(sync::Order::relaxed) == 0) return;
  sync::Guard guard(lock_);
  SwapUser*& first = first_.mutate();
  (user.previous_ != nullptr ? user.previous_->next_ : first) = user.next_;
  (user.next_ != nullptr ? user.next_->previous_ : last_) = user.previous_;
  user.on_list_.store(0, sync::Order::relaxed);
}

SwapUser* SwapUsers::next_locked(const SwapUser& user) {
  (void)first_.get();
  return user.next_;
}

}  // namespace quire::swap
