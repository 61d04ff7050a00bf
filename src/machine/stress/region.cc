#include "machine/stress/region.h"

#include <algorithm>
#include <array>

namespace quire::machine {
namespace {

constexpr int kPoisonsMax = 64;  // each costs a page for good
constexpr uint64_t kChildPages = 64;

int flags_of(RegionKind kind) {
  switch (kind) {
    case RegionKind::anonymous:
      return abi::kMapPrivate | abi::kMapAnonymous;
    case RegionKind::private_file:
      return abi::kMapPrivate;
    case RegionKind::shared_file:
      break;
  }
  return abi::kMapShared;
}

}  // namespace

Region::Region(Machine& machine, Process& process, RegionKind kind, uint64_t window, uint64_t seed,
               MemoryCounts& counts)
    : machine_(machine),
      process_(process),
      kind_(kind),
      window_(window),
      base_(window),
      random_(seed),
      counts_(counts),
      pages_(kPages) {
  if (has_file()) {
    fd_ = *machine_.memfd_create(process_);
    must(machine_.ftruncate(process_, fd_, static_cast<int64_t>(kPages * kPage)), "ftruncate");
  }
  map();
}

void Region::map() {
  auto mapped = machine_.mmap(process_, base_, kPages * kPage, kReadWrite, flags_of(kind_) | abi::kMapFixed, fd_, 0);
  must(mapped ? Errno::ok : mapped.error(), "mmap");
}

Region::Span Region::some(uint64_t pages_max) {
  uint64_t first = random_.below(kPages);
  return {first, 1 + random_.below(std::min(pages_max, kPages - first))};
}

void Region::mismatch(std::string_view what, uint64_t page, int seen, int wanted) {
  ++counts_.mismatches;
  if (counts_.mismatches.load() <= 10)
    fmt::print(stderr, "MISMATCH in {}: region {:#x} page {} has {:#x}, not {:#x}\n", what, base_, page, seen, wanted);
}

void Region::must(Errno error, std::string_view what) {
  if (error == Errno::ok) return;
  if (error == Errno::enomem) {
    ++counts_.no_memory;
    return;
  }
  fmt::print(stderr, "{} failed: errno {}\n", what, static_cast<int>(error));
  ++counts_.mismatches;
}

void Region::store(uint64_t page) {
  ++counts_.stores;
  int value = static_cast<int>(1 + random_.below(255));
  mm::Signal signal = machine_.store(process_, address(page) + offset(page), static_cast<std::byte>(value));
  Page& p = pages_[page];
  if (signal == mm::Signal{mm::SignalNumber::sigbus, 0}) {
    ++counts_.no_memory;
  } else if (!signal.none()) {
    if (!p.poisoned || signal.code != 4) mismatch("a store", page, signal.code, 0);
  } else if (kind_ == RegionKind::shared_file) {
    p.file = value;
  } else {
    p = {p.file, value, false, false};
  }
}

void Region::look(Process& process, const Page& page, uint64_t number, std::string_view what) {
  ++counts_.loads;
  mm::Loaded loaded = machine_.load(process, address(number) + offset(number));
  int wanted = page.copy >= 0 ? page.copy : page.file;
  if (loaded.signal.none()) {
    int seen = static_cast<int>(loaded.value);
    if (seen != wanted && !(page.lazy && seen == 0)) mismatch(what, number, seen, wanted);
  } else if (loaded.signal == mm::Signal{mm::SignalNumber::sigbus, 0}) {
    ++counts_.no_memory;
  } else if (!page.poisoned || loaded.signal.code != 4) {
    mismatch(what, number, 0x1000 + loaded.signal.code, wanted);
  }
}

void Region::look_at_own(uint64_t page, std::string_view what) { look(process_, pages_[page], page, what); }

void Region::verify(std::string_view when) {
  for (uint64_t page = 0; page < kPages; ++page) look_at_own(page, when);
}

void Region::forget(Span span) {
  for (uint64_t i = span.first; i < span.first + span.pages; ++i) pages_[i] = {pages_[i].file, -1, false, false};
}

void Region::forget_file(Span span) {
  for (uint64_t i = span.first; i < span.first + span.pages; ++i) pages_[i].file = 0;
}

void Region::step() {
  Span stored = some(64);
  for (uint64_t i = stored.first; i < stored.first + stored.pages; ++i) store(i);
  ++counts_.operations;
  Span span = some(256);
  switch (random_.below(16)) {
    case 0:
      discard(span);
      break;
    case 1:
      if (has_file()) change_file(span);
      break;
    case 2:
      protect(span);
      break;
    case 3:
      move();
      break;
    case 4:
      map_again();
      break;
    case 5:
    case 6:
      fork(span);
      break;
    case 7:
      lock(some(8));
      break;
    case 8:
      write_protect(span);
      break;
    case 9:
      poison(span);
      break;
    case 10:
      collapse(span);
      break;
    default:
      advise(span);
  }
  Span looked = some(128);
  for (uint64_t i = looked.first; i < looked.first + looked.pages; ++i) look_at_own(i, "a step");
}

// What changes nothing that a program can see.
void Region::advise(Span span) {
  constexpr std::array kAdvice = {abi::kMadvPageout,  abi::kMadvPageout,    abi::kMadvCold,
                                  abi::kMadvHugepage, abi::kMadvNohugepage, abi::kMadvWillneed};
  int advice = kAdvice[random_.below(kAdvice.size())];
  bool keep = random_.below(2) == 0;
  must(machine_.madvise(process_, address(span.first), span.pages * kPage, advice,
                        keep ? PageoutKeep::swapcache : PageoutKeep::nothing),
       "madvise");
}

void Region::discard(Span span) {
  bool free = kind_ == RegionKind::anonymous && random_.below(2) == 0;
  must(machine_.madvise(process_, address(span.first), span.pages * kPage, free ? abi::kMadvFree : abi::kMadvDontneed),
       "MADV_DONTNEED");
  if (!free) return forget(span);
  for (uint64_t i = span.first; i < span.first + span.pages; ++i) {
    Page& page = pages_[i];
    page.lazy = page.lazy || page.copy >= 0;
    page.poisoned = false;  // the entry is gone; or swap had the page too, and it was only let go
  }
}

// Hole punch keeps private copies, truncation does not.
void Region::change_file(Span span) {
  if (random_.below(2) == 0) {
    must(machine_.fallocate(process_, fd_, abi::kFallocPunchHole | abi::kFallocKeepSize,
                            static_cast<int64_t>(span.first * kPage), static_cast<int64_t>(span.pages * kPage)),
         "hole punch");
    return forget_file(span);
  }
  must(machine_.ftruncate(process_, fd_, static_cast<int64_t>(span.first * kPage)), "truncate");
  must(machine_.ftruncate(process_, fd_, static_cast<int64_t>(kPages * kPage)), "extend");
  Span beyond{span.first, kPages - span.first};
  forget(beyond);
  forget_file(beyond);
}

void Region::protect(Span span) {
  Errno error = machine_.mprotect(process_, address(span.first), span.pages * kPage, abi::kProtRead);
  must(error, "mprotect");
  if (error == Errno::ok) {
    mm::Signal signal = machine_.store(process_, address(span.first), std::byte{1});
    if (signal != mm::Signal{mm::SignalNumber::sigsegv, 2}) mismatch("a store to read-only memory", span.first, 0, 2);
    look_at_own(span.first, "read-only memory");
  }
  do error = machine_.mprotect(process_, address(span.first), span.pages * kPage, kReadWrite);
  while (error == Errno::enomem);
  must(error, "mprotect");
}

void Region::move() {
  // One mapping again, if it was in pieces of different flags.
  must(machine_.madvise(process_, base_, kPages * kPage, abi::kMadvHugepage), "madvise");
  uint64_t target = base_ == window_ ? window_ + 2 * kPages * kPage : window_;
  auto moved =
      machine_.mremap(process_, base_, kPages * kPage, kPages * kPage, abi::kMremapMaymove | abi::kMremapFixed, target);
  if (!moved) return must(moved.error() == Errno::efault ? Errno::ok : moved.error(), "mremap");
  uint64_t before = std::exchange(base_, target);
  mm::Loaded loaded = machine_.load(process_, before);
  if (loaded.signal != mm::Signal{mm::SignalNumber::sigsegv, 1}) mismatch("memory that was moved away", 0, 0, 1);
}

void Region::map_again() {
  if (random_.below(4) != 0) return;
  must(machine_.munmap(process_, base_, kPages * kPage), "munmap");
  forget({0, kPages});
  map();
}

// The child has what this thread had; the two go different ways from there.
void Region::fork(Span span) {
  auto forked = machine_.fork(process_);
  if (!forked) {
    if (forked.error() != Errno::ebusy) must(forked.error(), "fork");
    return;
  }
  ++counts_.forks;
  Process& child = **forked;
  span.pages = std::min(span.pages, kChildPages);
  for (uint64_t i = span.first; i < span.first + span.pages; ++i) {
    Page page = pages_[i];
    if (kind_ != RegionKind::shared_file && random_.below(4) == 0 &&
        machine_.store(child, address(i) + offset(i), std::byte{0xc5}).none())
      page = {page.file, 0xc5, false, false};
    look(child, page, i, "a child");
    look_at_own(i, "a parent");
  }
  machine_.exit(child);
}

void Region::lock(Span span) {
  Errno error = machine_.mlock(process_, address(span.first), span.pages * kPage);
  if (error != Errno::eagain && error != Errno::efault && error != Errno::ehwpoison) must(error, "mlock");
  for (uint64_t i = span.first; i < span.first + span.pages; ++i) look_at_own(i, "locked memory");
  must(machine_.munlock(process_, address(span.first), span.pages * kPage), "munlock");
}

void Region::write_protect(Span span) {
  uint64_t bytes = span.pages * kPage;
  must(machine_.uffd_register(process_, base_, kPages * kPage), "uffd_register");
  must(machine_.uffd_writeprotect(process_, address(span.first), bytes, mm::UffdWp::protect), "uffd_writeprotect");
  for (uint64_t i = span.first; i < span.first + span.pages; ++i) look_at_own(i, "write-protected memory");
  Errno error = Errno::ok;
  do error = machine_.uffd_writeprotect(process_, address(span.first), bytes, mm::UffdWp::resolve);
  while (error == Errno::enomem);
  must(error, "uffd_writeprotect");
}

void Region::poison(Span span) {
  if (kind_ != RegionKind::anonymous || counts_.poisons.load() >= kPoisonsMax) return;
  Errno error = machine_.poison(process_.pid(), address(span.first));
  if (error == Errno::ebusy || error == Errno::efault || error == Errno::ehwpoison) return;
  must(error, "poison");
  ++counts_.poisons;
  pages_[span.first].poisoned = true;
  look_at_own(span.first, "failed memory");
  if (random_.below(2) == 0) discard({span.first, 1});
}

void Region::collapse(Span span) {
  Errno error = machine_.collapse(process_.pid(), address(span.first));
  if (error == Errno::ok) ++counts_.collapses;
  if (error != Errno::eagain && error != Errno::einval) must(error, "collapse");
}

}  // namespace quire::machine
