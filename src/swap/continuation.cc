#include "swap/continuation.h"

#include "sync/trace.h"

namespace quire::swap {
namespace {
constexpr sync::PlainField kDigitField{"continuation digit", 1};
constexpr uint8_t kDigitBits = Continuations::kDigitMax;
}  // namespace

Continuations::Continuations(cache::Folios& folios, const Options& options)
    : folios_(folios),
      slots_per_page_(folios.frames().payload_bytes()),
      map_max_(options.map_max),
      digit_max_(options.digit_max),
      chains_((options.slots - 1) / slots_per_page_ + 1) {
  QUIRE_ASSERT(map_max_ > 0 && map_max_ <= CountByte::kMax);
  QUIRE_ASSERT(digit_max_ > 0 && digit_max_ <= kDigitMax);
}

std::byte& Continuations::place(const Chain& chain, unsigned page, SwapOffset slot) const {
  QUIRE_ASSERT(page < chain.length.peek(), "a swap count has more digits than there are pages for them");
  return folios_.frames().payload(chain.pages[page]->pfn())[slot.value() % slots_per_page_];
}

uint8_t Continuations::read(const Chain& chain, unsigned page, SwapOffset slot) const {
  const std::byte& digit = place(chain, page, slot);
  if (sync::driven()) [[unlikely]]
    sync::announce_read(&digit, kDigitField);
  return std::to_integer<uint8_t>(digit);
}

void Continuations::write(const Chain& chain, unsigned page, SwapOffset slot, unsigned digit) {
  std::byte& stored = place(chain, page, slot);
  if (sync::driven()) [[unlikely]]
    sync::announce_write(&stored, kDigitField);
  stored = static_cast<std::byte>(digit);
}

// As 1 is added to 999. Linux: mm/swapfile.c swap_count_continued(), the increment
base::Errno Continuations::carry(SwapOffset slot, CountByte byte) {
  QUIRE_FUNC();
  sync::Guard guard(cont_lock_);
  Chain& chain = chain_of(slot);
  uint32_t length = chain.length;
  if (length == 0) return base::Errno::enomem;
  unsigned at = 0;
  unsigned digit = 0;
  if (byte.continued()) {
    while ((digit = read(chain, at, slot)) == (digit_max_ | kMore)) ++at;
    if (digit == digit_max_) {
      if (at + 1 == length) return base::Errno::enomem;
      ++at;
      digit = 0;
    }
  }
  write(chain, at, slot, digit + 1);
  QUIRE_POINT("carry", "slot {} digit {}", slot.value(), at + 1);
  while (at-- > 0) write(chain, at, slot, kMore);
  return base::Errno::ok;
}

// As 1 is taken from 1000. Linux: mm/swapfile.c swap_count_continued(), the decrement
HigherDigits Continuations::borrow(SwapOffset slot) {
  QUIRE_FUNC();
  sync::Guard guard(cont_lock_);
  Chain& chain = chain_of(slot);
  (void)chain.length.get();
  unsigned at = 0;
  unsigned digit = 0;
  while ((digit = read(chain, at, slot)) == kMore) ++at;
  QUIRE_ASSERT(digit != 0, "the last digit of a swap count is 0");
  write(chain, at, slot, --digit);
  QUIRE_POINT("borrow", "slot {} digit {}", slot.value(), at + 1);
  unsigned more = digit == 0 ? 0 : kMore;
  while (at-- > 0) {
    write(chain, at, slot, digit_max_ | more);
    more = kMore;
  }
  return more == 0 ? HigherDigits::none : HigherDigits::some;
}

// Linux: mm/swapfile.c add_swap_count_continuation(), under cont_lock
Continuations::Added Continuations::add_page(SwapOffset slot, CountByte byte, cache::FolioRef& page) {
  sync::Guard guard(cont_lock_);
  Chain& chain = chain_of(slot);
  uint32_t length = chain.length;
  bool more = byte.continued();
  for (unsigned at = 0; at < length; ++at) {
    if (!more) return Added::has_room;
    unsigned digit = read(chain, at, slot);
    if ((digit & kDigitBits) != digit_max_) return Added::has_room;
    more = (digit & kMore) != 0;
  }
  if (length == kPagesMax) return Added::too_long;
  chain.length = length + 1;
  chain.pages[length] = std::move(page);
  QUIRE_POINT("continuation page added", "slot {} page {}", slot.value(), length + 1);
  return Added::taken;
}

template <typename Read>
uint64_t Continuations::sum(CountByte byte, Read read) const {
  if (!byte.continued()) return byte.references();
  uint64_t count = byte.low_digit();
  uint64_t weight = map_max_ + 1;
  for (unsigned at = 0, more = kMore; more != 0; ++at) {
    unsigned digit = read(at);
    count += weight * (digit & kDigitBits);
    weight *= digit_max_ + 1;
    more = digit & kMore;
  }
  return count;
}

uint64_t Continuations::references(SwapOffset slot, CountByte byte) {
  sync::Guard guard(cont_lock_);
  const Chain& chain = chain_of(slot);
  (void)chain.length.get();
  return sum(byte, [&](unsigned at) { return read(chain, at, slot); });
}

uint64_t Continuations::peek_references(SwapOffset slot, CountByte byte) const {
  const Chain& chain = chain_of(slot);
  return sum(byte, [&](unsigned at) { return std::to_integer<uint8_t>(place(chain, at, slot)); });
}

void Continuations::check(sync::CheckReport& report, SwapOffset slot, CountByte byte) const {
  if (!byte.continued()) return;
  const Chain& chain = chain_of(slot);
  unsigned digit = kMore;
  for (unsigned at = 0; (digit & kMore) != 0; ++at) {
    report.expect(at < chain.length.peek(), sync::Failure::swap_count, "digits I1: slot {} has digit {} of {} pages",
                  slot.value(), at + 1, chain.length.peek());
    if (at >= chain.length.peek()) return;
    digit = std::to_integer<uint8_t>(place(chain, at, slot));
    report.expect((digit & kDigitBits) <= digit_max_, sync::Failure::swap_count, "slot {} has digit {:#x}",
                  slot.value(), digit);
  }
  report.expect(digit != 0, sync::Failure::swap_count, "digits I2: the last digit of slot {} is 0", slot.value());
}

}  // namespace quire::swap
