#include "import/importer.h"

#include <array>
#include <utility>

namespace quire::importer {

namespace {

struct Suffix {
  std::string_view name;
  std::string_view suffix;
  Format format;
};
constexpr std::array kFormats = {Suffix{"fsx", ".fsxops", Format::fsx}, Suffix{"strace", ".strace", Format::strace},
                                 Suffix{"xfs_io", ".xfs_io", Format::xfs_io}};

}  // namespace

std::optional<Format> format_of(std::string_view name) {
  for (const Suffix& f : kFormats)
    if (f.name == name) return f.format;
  return std::nullopt;
}

std::optional<Format> format_of_file(std::string_view path) {
  for (const Suffix& f : kFormats)
    if (path.ends_with(f.suffix)) return f.format;
  return std::nullopt;
}

ImportResult import_log(Format format, std::string_view text, const ImportOptions& options) {
  switch (format) {
    case Format::fsx:
      return import_fsx(text, options);
    case Format::strace:
      return import_strace(text, options);
    case Format::xfs_io:
      break;
  }
  return import_xfs_io(text, options);
}

}  // namespace quire::importer
