#include "machine/population.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <iterator>

#include "base/random.h"

namespace quire::machine {
namespace {

constexpr uint64_t kPageBytes = base::kPageSize;
constexpr int kReadAndWrite = abi::kProtRead | abi::kProtWrite;

}  // namespace

MachineOptions PopulationNumbers::options() const {
  MachineOptions options;
  options.cpus = cpus;
  options.ram = PageCount(ram);
  options.direct_map.arch = phys::Arch::x86;
  options.direct_map.leaf = phys::Leaf::pmd;
  options.direct_map.vmalloc = PageCount(ram / 8 + 256);
  (void)options.add_tmpfs("tmp", PageCount(0));
  if (swap == 0) return options;
  (void)options.add_swap("S", PageCount(swap));
  options.add_swap("Z", PageCount(swap)).backend = second;
  return options;
}

bool PopulationNumbers::valid() const {
  bool in_memory = second == SwapBackendKind::ram || second == SwapBackendKind::lz4 || second == SwapBackendKind::zstd;
  return ram >= 1024 && ram <= (uint64_t{1} << 23) && swap <= (uint64_t{1} << 23) && (swap == 0 || swap >= 64) &&
         processes >= 1 && processes <= 64 && cpus >= 1 && cpus <= 64 && in_memory;
}

PopulationNumbers::Text PopulationNumbers::to_text() const {
  Text text = {};
  (void)fmt::format_to_n(text.data(), text.size() - 1,
                         "seed={} ram={} swap={} processes={} cpus={} second={} secret={}", seed, ram, swap, processes,
                         cpus, static_cast<unsigned>(second), static_cast<unsigned>(secret));
  return text;
}

bool PopulationNumbers::from_text(std::string_view text) {
  unsigned kind = 0;
  unsigned has_secret = 0;
  sync::String terminated(text);
  int read = std::sscanf(terminated.c_str(), "seed=%lu ram=%lu swap=%lu processes=%u cpus=%u second=%u secret=%u",
                         &seed, &ram, &swap, &processes, &cpus, &kind, &has_secret);
  second = static_cast<SwapBackendKind>(std::min(kind, static_cast<unsigned>(SwapBackendKind::redis)));
  secret = has_secret != 0 ? OnOff::on : OnOff::off;
  return read == 7 && valid();
}

Process& Population::process(unsigned number, bool child) const {
  Process* found = machine_.find_process(static_cast<int>(1 + number + (child ? numbers_.processes : 0)));
  QUIRE_ASSERT(found != nullptr, "a process of the population is missing");
  return *found;
}

void Population::make(uint64_t object, uint64_t page, Page& contents) const {
  base::Random random(numbers_.seed * 0x1'0000'0001 + object * 0x10'0000'0000 + page);
  uint64_t kind = random.next() % 16;
  auto put = [&contents](std::size_t at, uint64_t word) { std::memcpy(contents.data() + at, &word, sizeof(word)); };
  if (kind == 0) return contents.fill(std::byte{0});
  if (kind < 6) {
    for (std::size_t at = 0; at < kPageBytes; at += sizeof(uint64_t)) put(at, random.next());
    return;
  }
  // A record that repeats, with a counter in it.
  std::array<uint64_t, 8> record;
  for (uint64_t& word : record) word = random.next();
  for (std::size_t at = 0; at < kPageBytes; at += sizeof(uint64_t))
    put(at, at % 256 == 0 ? at + page : record[at / sizeof(uint64_t) % record.size()]);
}

Errno Population::fill_process(unsigned number) {
  Process& owner = machine_.create_process("P");
  auto at = machine_.mmap(owner, kAnonAddress, anon_pages() * kPageBytes, kReadAndWrite,
                          abi::kMapPrivate | abi::kMapAnonymous | abi::kMapFixed, -1, 0);
  if (!at) return at.error();
  Page contents;
  for (uint64_t page = 0; page < anon_pages(); ++page) {
    make(object_of_memory(number, false), page, contents);
    if (!machine_.store(owner, *at + page * kPageBytes, contents).none()) return Errno::enomem;
  }
  return Errno::ok;
}

// It has what its parent has, but for the pages that it has written itself.
Errno Population::fill_child(unsigned number) {
  auto forked = machine_.fork(process(number, false));
  if (!forked) return forked.error();
  Process& child = **forked;
  Page contents;
  for (uint64_t page = 0; page < anon_pages(); ++page) {
    if (!childs_own(page)) continue;
    make(object_of_memory(number, true), page, contents);
    if (!machine_.store(child, kAnonAddress + page * kPageBytes, contents).none()) return Errno::enomem;
  }
  return Errno::ok;
}

// A file without a name that all processes map.
Errno Population::fill_shared() {
  Process& first = process(0, false);
  auto fd = machine_.memfd_create(first);
  if (!fd) return fd.error();
  Errno error = machine_.ftruncate(first, *fd, static_cast<int64_t>(shared_pages() * kPageBytes));
  if (error != Errno::ok) return error;
  auto at = machine_.mmap(first, kSharedAddress, shared_pages() * kPageBytes, kReadAndWrite,
                          abi::kMapShared | abi::kMapFixed, *fd, 0);
  if (!at) return at.error();
  Page contents;
  for (uint64_t page = 0; page < shared_pages(); ++page) {
    make(kObjectShared, page, contents);
    bool by_call = page % 2 == 0;
    if (by_call && !machine_.pwrite(first, *fd, contents, static_cast<int64_t>(page * kPageBytes)))
      return Errno::enomem;
    if (!by_call && !machine_.store(first, *at + page * kPageBytes, contents).none()) return Errno::enomem;
  }
  return Errno::ok;
}

Errno Population::fill_files() {
  Process& first = process(0, false);
  Errno error = Errno::ok;
  for (unsigned directory = 0; directory < 3 && error == Errno::ok; ++directory)
    error = machine_.mkdir(first, directory_of(directory).data(), 0755);
  Page contents;
  for (unsigned file = 0; file < kFiles && error == Errno::ok; ++file) {
    auto fd = machine_.open(first, path_of(file).data(), abi::kOCreat | abi::kORdwr, kModeOfFiles);
    if (!fd) return fd.error();
    for (uint64_t page = 0; page < file_pages(file); ++page) {
      if (is_hole(file, page)) continue;
      make(object_of_file(file), page, contents);
      if (!machine_.pwrite(first, *fd, contents, static_cast<int64_t>(page * kPageBytes))) return Errno::enospc;
    }
    error = machine_.ftruncate(first, *fd, static_cast<int64_t>(file_pages(file) * kPageBytes));
    if (error == Errno::ok) error = machine_.close(first, *fd);
    if (error == Errno::ok) error = machine_.symlink(first, path_of(file).data(), link_of(file).data());
    std::byte mark{static_cast<unsigned char>(file)};
    if (error == Errno::ok) error = machine_.setxattr(first, path_of(file).data(), "user.mark", {&mark, 1}, 0);
  }
  return error;
}

// Every third is read-only, and so are its pages in the direct map.
Errno Population::fill_areas() {
  KernelMemory& kernel = *machine_.kernel();
  std::array<uint64_t, kPageBytes / sizeof(uint64_t)> table = {};
  Page contents;
  for (unsigned area = 0; area < kAreas; ++area) {
    uint64_t bytes = area_pages(area) * kPageBytes;
    auto at = kernel.vmalloc(bytes, area % 3 == 0 ? phys::Vmalloc::kFlushResetPerms : 0);
    if (!at) return at.error();
    table[area] = *at;
    for (uint64_t page = 0; page < area_pages(area); ++page) {
      make(object_of_area(area), page, contents);
      if (!kernel.store(*at + page * kPageBytes, contents).none()) return Errno::efault;
    }
    Errno error = area % 3 == 0 ? kernel.set_memory(*at, bytes, abi::kProtRead, phys::WholeLeaves::split) : Errno::ok;
    if (error != Errno::ok) return error;
  }
  Process& first = process(0, false);
  auto at = machine_.mmap(first, kTableAddress, kPageBytes, kReadAndWrite,
                          abi::kMapPrivate | abi::kMapAnonymous | abi::kMapFixed, -1, 0);
  if (!at) return at.error();
  return machine_.store(first, *at, std::as_bytes(std::span(table))).none() ? Errno::ok : Errno::enomem;
}

// Some of what the processes have, and the shared file; what is refused stays in memory, as on any machine.
Errno Population::page_out() {
  if (numbers_.swap == 0) return Errno::ok;
  for (unsigned number = 0; number < numbers_.processes; ++number) {
    for (uint64_t page = 0; page < anon_pages(); page += 64) {
      uint64_t pages = std::min<uint64_t>(24, anon_pages() - page);
      Errno error = machine_.madvise(process(number, false), kAnonAddress + page * kPageBytes, pages * kPageBytes,
                                     abi::kMadvPageout);
      if (error != Errno::ok) return error;
    }
  }
  return machine_.madvise(process(0, false), kSharedAddress, shared_pages() / 2 * kPageBytes, abi::kMadvPageout);
}

Errno Population::write_secret() {
  Process& first = process(0, false);
  auto fd = machine_.memfd_secret(first, 0);
  if (!fd) return fd.error();
  Errno error = machine_.ftruncate(first, *fd, kPageBytes);
  if (error != Errno::ok) return error;
  auto at = machine_.mmap(first, 0, kPageBytes, kReadAndWrite, abi::kMapShared, *fd, 0);
  if (!at) return at.error();
  return machine_.store(first, *at, std::byte{'s'}).none() ? Errno::ok : Errno::enomem;
}

Errno Population::fill() {
  Errno error = Errno::ok;
  for (unsigned number = 0; number < numbers_.processes && error == Errno::ok; ++number) error = fill_process(number);
  if (error == Errno::ok) error = fill_shared();
  if (error == Errno::ok) error = page_out();
  for (unsigned number = 0; number < numbers_.processes && error == Errno::ok; ++number) error = fill_child(number);
  if (error == Errno::ok) error = fill_files();
  if (error == Errno::ok) error = fill_areas();
  if (error == Errno::ok && numbers_.secret == OnOff::on) error = write_secret();
  return error;
}

}  // namespace quire::machine
