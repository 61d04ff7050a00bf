// Population: contents for a machine that can be told from a few numbers: processes with memory of their own, shared
// and inherited, files and names of a tmpfs, pages in swap, areas of vmalloc; and a look whether each byte of it is
// there, in this process or in another that has the same numbers.
//
// Everything is at an address or under a name that follows from the numbers, and each byte follows from the seed and
// its place. About two fifths of RAM are filled: an image needs as much again for its copies. Native only, single
// threaded.
//
//   Population population(machine, numbers);
//   Errno error = population.fill();
//   bool whole = population.verify(found);     // found.bytes bytes were looked at
#pragma once

#include <fmt/core.h>

#include <array>

#include "machine/machine.h"

namespace quire::machine {

struct PopulationNumbers {
  uint64_t seed = 1;
  uint64_t ram = 262144;   ///< pages; the machine's
  uint64_t swap = 65536;   ///< pages of each of two devices, one of them compressed; 0: none
  unsigned processes = 4;  ///< each has a child
  unsigned cpus = 2;
  SwapBackendKind second = SwapBackendKind::lz4;  ///< lz4, zstd or ram
  OnOff secret = OnOff::off;                      ///< a process has a page of secret memory

  /// The machine that they are of.
  [[nodiscard]] MachineOptions options() const;
  /// As text for the note of an image, and back; false: the text is no such thing.
  using Text = std::array<char, 200>;
  [[nodiscard]] Text to_text() const;
  [[nodiscard]] bool from_text(std::string_view text);
  /// Whether a machine can be so.
  [[nodiscard]] bool valid() const;
};

class Population {
 public:
  Population(Machine& machine, const PopulationNumbers& numbers) : machine_(machine), numbers_(numbers) {}

  struct Found {
    uint64_t bytes = 0;                   ///< compared
    uint64_t swapped = 0;                 ///< pages that were in swap when it began
    std::array<char, 160> mismatch = {};  ///< the first, as a sentence
  };

  /// The machine is empty. What a call says that fails: -ENOMEM, -ENOSPC, ...
  [[nodiscard]] Errno fill();
  /// Whether every byte is there. Pages that were in swap are read, and so is everything else.
  [[nodiscard]] bool verify(Found& found);

 private:
  using Page = std::array<std::byte, base::kPageSize>;
  using Name = std::array<char, 48>;

  template <typename... Args>
  [[nodiscard]] static Name named(fmt::format_string<const Args&...> format, const Args&... args) {
    Name name = {};
    (void)fmt::format_to_n(name.data(), name.size() - 1, format, args...);
    return name;
  }
  [[nodiscard]] static Name path_of(unsigned file) { return named("/tmp/d{}/f{}", file % 3, file); }
  [[nodiscard]] static Name link_of(unsigned file) { return named("/tmp/d{}/l{}", file % 3, file); }
  [[nodiscard]] static Name directory_of(unsigned directory) { return named("/tmp/d{}", directory); }

  // Objects that pages are of.
  [[nodiscard]] static uint64_t object_of_memory(unsigned number, bool child) {
    return 1000 + 2 * number + (child ? 1 : 0);
  }
  static constexpr uint64_t kObjectShared = 2;
  [[nodiscard]] static uint64_t object_of_file(unsigned file) { return 2000 + file; }
  [[nodiscard]] static uint64_t object_of_area(unsigned area) { return 3000 + area; }

  [[nodiscard]] uint64_t anon_pages() const { return numbers_.ram * 3 / 8 / numbers_.processes; }
  [[nodiscard]] uint64_t shared_pages() const { return numbers_.ram / 32; }
  [[nodiscard]] uint64_t file_pages(unsigned file) const { return 1 + numbers_.ram / 16 / kFiles * (file % 4) / 2; }
  [[nodiscard]] uint64_t area_pages(unsigned area) const { return 1 + numbers_.ram / 64 / kAreas * (area % 3); }
  [[nodiscard]] static bool is_hole(unsigned file, uint64_t page) { return file % 3 == 0 && page % 5 == 1; }
  [[nodiscard]] static bool childs_own(uint64_t page) { return page % 16 == 3; }
  [[nodiscard]] Process& process(unsigned number, bool child) const;
  /// What page `page` of object `object` has. Some are zero, some compress well, some not at all.
  void make(uint64_t object, uint64_t page, Page& contents) const;

  [[nodiscard]] Errno fill_process(unsigned number);
  [[nodiscard]] Errno fill_child(unsigned number);
  [[nodiscard]] Errno fill_shared();
  [[nodiscard]] Errno fill_files();
  [[nodiscard]] Errno fill_areas();
  [[nodiscard]] Errno page_out();
  [[nodiscard]] Errno write_secret();
  [[nodiscard]] bool verify_memory(unsigned number, bool child, Found& found);
  [[nodiscard]] bool verify_shared(Found& found);
  [[nodiscard]] bool verify_files(Found& found);
  [[nodiscard]] bool verify_areas(Found& found);
  [[nodiscard]] bool same(const Page& wanted, const Page& read, std::string_view what, uint64_t page, Found& found);

  static constexpr unsigned kModeOfFiles = 0640;
  static constexpr unsigned kFiles = 24;
  static constexpr unsigned kAreas = 12;
  static constexpr uint64_t kAnonAddress = uint64_t{1} << 32;
  static constexpr uint64_t kSharedAddress = uint64_t{1} << 36;
  static constexpr uint64_t kTableAddress = uint64_t{1} << 38;  ///< of P0: the addresses of the areas

  Machine& machine_;
  const PopulationNumbers numbers_;
};

}  // namespace quire::machine
