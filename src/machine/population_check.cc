// Whether a machine still has its population.
#include <fmt/format.h>

#include <cstring>

#include "machine/population.h"

namespace quire::machine {
namespace {

constexpr uint64_t kBytesOfPage = base::kPageSize;

/// Counts the names of a directory.
class NameCounter final : public fs::DirectoryVisitor {
 public:
  [[nodiscard]] bool visit(std::string_view, fs::FileKind, uint64_t, uint64_t) override {
    ++names;
    return true;
  }
  uint64_t names = 0;
};

template <typename... Args>
bool differs(Population::Found& found, fmt::format_string<const Args&...> format, const Args&... args) {
  if (found.mismatch[0] == '\0')
    (void)fmt::format_to_n(found.mismatch.data(), found.mismatch.size() - 1, format, args...);
  return false;
}

}  // namespace

bool Population::same(const Page& wanted, const Page& read, std::string_view what, uint64_t page, Found& found) {
  found.bytes += kBytesOfPage;
  if (wanted == read) return true;
  auto at = std::mismatch(wanted.begin(), wanted.end(), read.begin());
  return differs(found, "page {} of {} has {:#04x} at offset {} and not {:#04x}", page, what,
                 static_cast<unsigned>(*at.second), at.first - wanted.begin(), static_cast<unsigned>(*at.first));
}

bool Population::verify_memory(unsigned number, bool child, Found& found) {
  Process& owner = process(number, child);
  Page wanted;
  Page read;
  for (uint64_t page = 0; page < anon_pages(); ++page) {
    uint64_t address = kAnonAddress + page * kBytesOfPage;
    mm::PagemapKind kind = machine_.pagemap(owner, address);
    if (kind == mm::PagemapKind::swapped) ++found.swapped;
    make(object_of_memory(number, child && childs_own(page)), page, wanted);
    if (!machine_.load(owner, address, read).none())
      return differs(found, "page {} of {} cannot be read", page, owner.name());
    if (!same(wanted, read, owner.name(), page, found)) return false;
  }
  return true;
}

bool Population::verify_shared(Found& found) {
  Page wanted;
  Page read;
  for (unsigned number = 0; number < 2; ++number) {
    Process& owner = process(0, number == 1);
    for (uint64_t page = 0; page < shared_pages(); ++page) {
      make(kObjectShared, page, wanted);
      if (!machine_.load(owner, kSharedAddress + page * kBytesOfPage, read).none())
        return differs(found, "page {} of the shared file cannot be read", page);
      if (!same(wanted, read, "the shared file", page, found)) return false;
    }
  }
  return true;
}

bool Population::verify_files(Found& found) {
  Process& first = process(0, false);
  Page wanted;
  Page read;
  for (unsigned file = 0; file < kFiles; ++file) {
    Name text = path_of(file);
    std::string_view path(text.data());
    auto stat = machine_.stat(first, path, Machine::Follow::yes);
    if (!stat || stat->st_size != file_pages(file) * kBytesOfPage || stat->attributes.mode % 01000 != kModeOfFiles)
      return differs(found, "{} has another size or mode, or is missing", path);
    std::array<char, 64> target;
    auto bytes = machine_.readlink(first, link_of(file).data(), target);
    if (!bytes || std::string_view(target.data(), *bytes) != path) return differs(found, "the symlink to {}", path);
    std::byte mark{0xff};
    auto marked = machine_.getxattr(first, path, "user.mark", {&mark, 1});
    if (!marked || mark != std::byte{static_cast<unsigned char>(file)})
      return differs(found, "the attribute of {}", path);
    auto fd = machine_.open(first, path, abi::kORdonly, 0);
    if (!fd) return differs(found, "{} cannot be opened", path);
    bool whole = true;
    for (uint64_t page = 0; page < file_pages(file) && whole; ++page) {
      make(object_of_file(file), page, wanted);
      if (is_hole(file, page)) wanted.fill(std::byte{0});
      auto n = machine_.pread(first, *fd, read, static_cast<int64_t>(page * kBytesOfPage));
      whole = (n && *n == kBytesOfPage) ? same(wanted, read, path, page, found)
                                        : differs(found, "page {} of {} cannot be read", page, path);
    }
    (void)machine_.close(first, *fd);
    if (!whole) return false;
  }
  NameCounter names;
  if (machine_.getdents(first, "/tmp/d0", names) != Errno::ok || names.names != 2 + 2 * kFiles / 3)
    return differs(found, "/tmp/d0 has {} names", names.names);
  return true;
}

bool Population::verify_areas(Found& found) {
  KernelMemory& kernel = *machine_.kernel();
  std::array<uint64_t, kBytesOfPage / sizeof(uint64_t)> table = {};
  if (!machine_.load(process(0, false), kTableAddress, std::as_writable_bytes(std::span(table))).none())
    return differs(found, "{}", "the table of areas cannot be read");
  Page wanted;
  Page read;
  for (unsigned area = 0; area < kAreas; ++area) {
    Name what = named("area {}", area);
    for (uint64_t page = 0; page < area_pages(area); ++page) {
      make(object_of_area(area), page, wanted);
      if (!kernel.load(table[area] + page * kBytesOfPage, read).none())
        return differs(found, "page {} of {} cannot be read", page, what.data());
      if (!same(wanted, read, what.data(), page, found)) return false;
    }
    bool writable = kernel.store(table[area], read[0] = wanted[0]).none();
    if (area % 3 == 0 && writable) return differs(found, "{} is not read-only any more", what.data());
    auto guard = kernel.load(table[area] + area_pages(area) * kBytesOfPage);
    if (guard.signal.none()) return differs(found, "{} has no guard page behind it", what.data());
  }
  return true;
}

bool Population::verify(Found& found) {
  bool whole = true;
  for (unsigned number = 0; number < numbers_.processes && whole; ++number)
    whole = verify_memory(number, false, found) && verify_memory(number, true, found);
  return whole && verify_shared(found) && verify_files(found) && verify_areas(found);
}

}  // namespace quire::machine
