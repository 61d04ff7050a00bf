#include "fuzz/race_setup.h"

#include <fmt/core.h>

#include <algorithm>

namespace quire::fuzz {

RaceSetup::RaceSetup(base::Random& random, const GeneratorOptions& options) : random_(random), options_(options) {
  draw_machine();
  unsigned mappings = one_in(scarce() ? 16 : 5) ? 2 : 1;
  for (unsigned i = 0; i < mappings; ++i) map(i);
  if (filler_ != 0) fill_swap();
  for (const RaceObject& object : objects) {
    if (scarce() && !one_in(4))
      bring_into_swap(object);
    else
      bring_into_a_state(object);
  }
}

std::string RaceSetup::bytes(unsigned pages) { return pages == 1 ? "4K" : fmt::format("{}*4K", pages); }

std::string RaceSetup::part_of(const RaceObject& object) {
  if (object.pages > 1 && one_in(2)) return fmt::format("{}[0:{}]", object.name, object.pages);
  return fmt::format("{}[{}]", object.name, below(object.pages));
}

std::string RaceSetup::letter() { return fmt::format("'{}'", static_cast<char>('a' + letters_++ % 26)); }

void RaceSetup::say(std::string_view process, const std::string& call) {
  std::string_view name = std::string_view(call).substr(0, call.find('('));
  const scenario::Operation* operation = scenario::find_operation(name.substr(name.rfind(' ') + 1));
  if (operation != nullptr && !may(*operation)) return;
  lines += fmt::format("  {}: {}\n", process, call);
}

// --- The machine ----------------------------------------------------------------------------------------------------

unsigned RaceSetup::draw_slots() {
  constexpr unsigned kAmple = 8;
  // A kernel's areas are as large as they are.
  if (of_a_kernel()) return kAmple;
  switch (below(6)) {
    case 0:
      room = SwapRoom::nearly_full;
      filler_ = 1 + below(3);
      return filler_ + 1 + below(3);
    case 1:
      room = SwapRoom::tiny;
      return one_in(3) ? 2 : 1;
    default:
      return kAmple;
  }
}

void RaceSetup::draw_machine() {
  unsigned slots = draw_slots();
  nodes = one_in(2) ? std::min(2U, options_.nodes_max) : 1;
  machine = fmt::format("ram=24 swap=S:{}", slots);
  if (nodes == 2) machine += " nodes=2";
  if (!of_a_kernel()) draw_switches();
}

void RaceSetup::draw_switches() {
  huge_pages_ = one_in(scarce() ? 6 : 3);
  device = one_in(8);
  discards = !huge_pages_ && one_in(16);
  auto option = [this](bool there, std::string_view text) {
    if (there) machine += fmt::format(" {}", text);
  };
  option(device, "device=2");
  option(huge_pages_, "thp=2 PTRS_PER_PTE=2");
  if (huge_pages_) option(true, one_in(2) ? "SWAPFILE_CLUSTER=2 thp_swap=pmd" : "SWAPFILE_CLUSTER=2");
  option(discards, "SWAPFILE_CLUSTER=1 swap_discard=pages");
  option(one_in(scarce() ? 2 : 6), "synchronous_swap=on");
  option(one_in(8), "slot_cache=on");
  option(one_in(5), "rcu_spinlock_is_reader=off");
  option(one_in(12), one_in(2) ? "SWAP_MAP_MAX=1" : "SWAP_MAP_MAX=2");
  option(one_in(12), "lru=lists");
  option(one_in(16), "page_cluster=1");
  option(one_in(16), "fault_around_pages=2");
}

// --- Mappings -------------------------------------------------------------------------------------------------------

unsigned RaceSetup::draw_kind() {
  if (scarce() && one_in(2)) return 1 + below(4);  // private memory has a slot of its own
  // Beside a kernel no file on a device: it would be there for the next program, and it takes a kernel long.
  return below(of_a_kernel() ? 10 : 14);
}

void RaceSetup::map(unsigned number) {
  RaceObject o;
  o.name = number == 0 ? "p" : "q";
  o.huge = huge_pages_ && !one_in(4);
  o.pages = o.huge ? 2 : number == 0 && one_in(scarce() ? 6 : 3) ? 2 : 1;
  unsigned kind = draw_kind();
  bool file = kind >= 5;
  bool block = kind >= 10;
  o.shared = file ? kind % 2 == 0 : kind == 0;
  if (file) {
    // The second mapping is of the same file now and then.
    bool same = number != 0 && !objects[0].file.empty() && one_in(2);
    o.file = same ? objects[0].file : fmt::format("f{}", number);
    if (!same) {
      say("A",
          o.file + (block ? fmt::format(" = open(\"g{}\", O_RDWR|O_CREAT)", number) : " = memfd_create(\"f\", 0)"));
      say("A", fmt::format("ftruncate({}, {})", o.file, bytes(o.pages)));
      if (!one_in(4)) say("A", fmt::format("pwrite({}, fill('f', {}), 0)", o.file, bytes(o.pages)));
      if (block && one_in(2)) say("A", fmt::format("fsync({})", o.file));
    }
  }
  say("A", fmt::format("{} = mmap({}, {}, PROT_READ|PROT_WRITE, {}{}{}, {}, 0)", o.name,
                       o.huge ? bytes(2 + 4 * number) : "0", bytes(o.pages), o.shared ? "MAP_SHARED" : "MAP_PRIVATE",
                       file ? "" : "|MAP_ANONYMOUS", o.huge ? "|MAP_FIXED" : "", file ? o.file : "-1"));
  if (o.huge && !one_in(6)) say("A", fmt::format("madvise({}, {}, MADV_HUGEPAGE)", o.name, bytes(2)));
  objects.push_back(std::move(o));
}

void RaceSetup::fill_swap() {
  say("K", fmt::format("z = mmap(0, {}, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)", bytes(filler_ + 1)));
  say("K", fmt::format("store(z[0:{}], 'z')", filler_ + 1));
  say("K", fmt::format("madvise(z, {}, MADV_PAGEOUT)", bytes(filler_)));
}

// --- States ---------------------------------------------------------------------------------------------------------

void RaceSetup::bring_into_a_state(const RaceObject& o) {
  touch(o, "A");
  if (o.huge && one_in(o.file.empty() ? 4 : 1)) {
    say("K", fmt::format("collapse(A, {}[0])", o.name));
    if (one_in(2)) say("A", fmt::format("load({}[0])", o.name));
  }
  if (!forked && one_in(3)) {
    fork();
    if (one_in(2)) touch(o, "B");
  }
  if (one_in(2)) page_out(o);
  if (!forked && one_in(3)) fork();
  if (one_in(2)) touch(o, who());
  if ((o.pages > 1 || forked) && one_in(4)) give_up_parts(o);
  if (one_in(3)) change(o);
}

// Stored, out, and perhaps looked at again; a fork at any time.
void RaceSetup::bring_into_swap(const RaceObject& o) {
  unsigned fork_step = forked ? 0 : below(6);
  auto fork_at = [&](unsigned step) {
    if (fork_step == step) fork();
  };
  for (unsigned page = 0; page < o.pages; ++page) say("A", fmt::format("store({}[{}], {})", o.name, page, letter()));
  fork_at(1);
  page_out(o);
  fork_at(2);
  if (one_in(2)) say(who(), fmt::format("load({}[{}])", o.name, below(o.pages)));
  fork_at(3);
  if (one_in(6)) change(o);
}

void RaceSetup::touch(const RaceObject& o, std::string_view process) {
  unsigned how = below(8);
  if (how == 0) return;
  if (how <= 3) return say(process, fmt::format("load({}[{}])", o.name, below(o.pages)));
  for (unsigned page = 0; page < o.pages; ++page)
    if (how != 4 || page != 0) say(process, fmt::format("store({}[{}], {})", o.name, page, letter()));
}

void RaceSetup::fork() {
  say("A", "B = fork()");
  forked = true;
}

void RaceSetup::page_out(const RaceObject& o) {
  std::string part = one_in(4) ? part_of(o) : fmt::format("{}[0:{}]", o.name, o.pages);
  say(who(),
      fmt::format("madvise({}, MADV_PAGEOUT){}", part, !of_a_kernel() && one_in(2) ? "   [keep_swapcache]" : ""));
}

void RaceSetup::give_up_parts(const RaceObject& o) {
  unsigned page = below(o.pages);
  std::string_view how = one_in(2) ? "munmap({}[{}])" : "madvise({}[{}], MADV_DONTNEED)";
  say("A", fmt::format(fmt::runtime(how), o.name, page));
  // The other process keeps what this one gave up.
  if (forked && o.pages > 1 && !one_in(3)) say("B", fmt::format(fmt::runtime(how), o.name, 1 - page));
}

void RaceSetup::change(const RaceObject& o) {
  std::string p = who();
  std::string part = part_of(o);
  std::string page = fmt::format("{}[{}]", o.name, below(o.pages));
  switch (below(11)) {
    case 0:
      return say("K", fmt::format("poison({}, {})", p, page));
    case 1:
      if (device) say("K", fmt::format("device_private({}, {})", p, page));
      return;
    case 2:
      if (device) say("K", fmt::format("device_exclusive({}, {})", p, page));
      return;
    case 3:
      say(p, fmt::format("uffd_register({}[0:{}])", o.name, o.pages));
      return say(p, fmt::format("uffd_writeprotect({}, 1)", part));
    case 4:
      return say(p, fmt::format("mlock({})", part));
    case 5:
      return say(p, fmt::format("mprotect({}, PROT_READ)", part));
    case 6:
      // When such a page goes is up to a kernel.
      return of_a_kernel() ? page_out(o) : say(p, fmt::format("madvise({}, MADV_FREE)", part));
    case 7:
      if (nodes > 1) say("K", fmt::format("move_pages({}, {}, {})", p, page, below(2)));
      return;
    case 8:
      return say(p, fmt::format("madvise({}[0:{}], MADV_NOHUGEPAGE)", o.name, o.pages));
    default:
      return page_out(o);
  }
}

}  // namespace quire::fuzz
