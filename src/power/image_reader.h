// Reading a machine's image: what is not exactly as it was written is refused, and said at which offset of the file.
//
//   open(): header and index are sound, and this program can go on with the machine
//   -> load(): each block is read, checked, decompressed, checked again, and put where its pages were
// Only after load() has said ok is there a machine: whoever gets an error throws the memory away that was filled so
// far, and boots. Native only. Linux: kernel/power/swap.c swsusp_check(), swsusp_read()
//
//   ImageReader image;
//   Errno error = image.open("machine.img", complaint);
//   if (error == Errno::ok) error = image.load({2, ImageLoad::Into::memory}, complaint);
#pragma once

#include <string_view>

#include "power/host_file.h"
#include "power/image_format.h"

namespace quire::power {

struct ImageLoad {
  unsigned threads = 2;
  /// `nowhere`: everything is checked and nothing is placed.
  enum class Into : uint8_t { memory, nowhere } into = Into::memory;
};

class ImageReader {
 public:
  ImageReader() = default;
  ImageReader(const ImageReader&) = delete;
  ImageReader& operator=(const ImageReader&) = delete;

  /// -ENOENT and what else open(2) says; -EINVAL: no image, or a damaged one; -ENOEXEC is not used: an image of another
  /// build or version is -EINVAL too, and the complaint tells.
  [[nodiscard]] Errno open(std::string_view file, Complaint& complaint);
  /// After open(), what it names.
  [[nodiscard]] const ImageHeader& header() const { return header_; }
  /// Memory is mapped and zero at all addresses of the header. -EINVAL: damaged; -EIO; -ENOMEM.
  [[nodiscard]] Errno load(const ImageLoad& how, Complaint& complaint);

 private:
  [[nodiscard]] Errno check_header(uint64_t file_bytes, std::span<const std::byte, kImagePage> page,
                                   Complaint& complaint);
  [[nodiscard]] Errno check_build(Complaint& complaint) const;
  [[nodiscard]] Errno read_index(Complaint& complaint);

  sync::String name_;
  HostFile file_;
  ImageHeader header_;
  sync::Vector<IndexEntry> index_;
};

}  // namespace quire::power
