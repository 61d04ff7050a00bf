#include "power/image_format.h"

#include <elf.h>
#include <link.h>

#include <algorithm>

namespace quire::power {
namespace {

constexpr std::array<std::string_view, 3> kCodecNames = {"none", "lz4", "zstd"};

// The build ID in one segment of notes.
void find_build_id(const std::byte* at, std::size_t bytes, BuildIdentity& found) {
  auto padded = [](std::size_t n) { return (n + 3) / 4 * 4; };
  while (bytes >= sizeof(ElfW(Nhdr))) {
    ElfW(Nhdr) note;
    std::memcpy(&note, at, sizeof(note));
    std::size_t whole = sizeof(note) + padded(note.n_namesz) + padded(note.n_descsz);
    if (whole > bytes) return;
    const std::byte* name = at + sizeof(note);
    if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 && std::memcmp(name, "GNU", 4) == 0) {
      found.bytes = static_cast<uint32_t>(std::min<std::size_t>(note.n_descsz, BuildIdentity::kBytesMax));
      std::memcpy(found.id.data(), name + padded(note.n_namesz), found.bytes);
      return;
    }
    at += whole;
    bytes -= whole;
  }
}

}  // namespace

std::string_view name(ImageCodec codec) { return kCodecNames[static_cast<unsigned>(codec)]; }

std::optional<ImageCodec> image_codec(std::string_view name) {
  auto found = std::find(kCodecNames.begin(), kCodecNames.end(), name);
  if (found == kCodecNames.end()) return std::nullopt;
  return static_cast<ImageCodec>(found - kCodecNames.begin());
}

BuildIdentity this_build() {
  BuildIdentity found;
  found.anchor = reinterpret_cast<uint64_t>(&this_build);
  // The first that is visited is the program itself.
  dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* result) {
        for (unsigned i = 0; i < info->dlpi_phnum; ++i) {
          const auto& segment = info->dlpi_phdr[i];
          if (segment.p_type == PT_NOTE)
            find_build_id(reinterpret_cast<const std::byte*>(info->dlpi_addr + segment.p_vaddr), segment.p_memsz,
                          *static_cast<BuildIdentity*>(result));
        }
        return 1;
      },
      &found);
  return found;
}

}  // namespace quire::power
