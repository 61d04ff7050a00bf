#include <fmt/core.h>

#include <charconv>
#include <cstring>
#include <memory>

#include "cli/commands.h"
#include "swap/file_backend.h"
#include "swap/swap_header.h"

namespace quire::cli {
namespace {

constexpr uint64_t kPageBytes = swap::SwapHeader::kBytes;

struct MkswapRequest {
  std::string file;
  std::string size;
  std::vector<uint32_t> bad;
};

// Pages, or bytes with a unit: 1025, 64K, 16M, 1G. 0: it is neither.
uint64_t pages_of(const std::string& text) {
  uint64_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (error != std::errc() || number > (uint64_t{1} << 32)) return 0;
  if (unit.empty()) return number;
  const std::string_view units = "KMG";
  const auto at = unit.size() == 1 ? units.find(unit[0]) : std::string_view::npos;
  return at == std::string_view::npos ? 0 : (number << (10 * (at + 1))) / kPageBytes;
}

ExitCode make(const MkswapRequest& request, const Console& console) {
  swap::MkswapSettings settings;
  if (!request.size.empty()) {
    settings.pages = base::PageCount(pages_of(request.size));
    if (settings.pages < base::PageCount(2) || settings.pages.value() > (uint64_t{1} << 31)) {
      complain(console,
               fmt::format("expected a size of two pages or more, such as 1025 or 16M, found '{}'", request.size));
      return ExitCode::bad_input;
    }
  }
  std::vector<base::SwapOffset> bad(request.bad.begin(), request.bad.end());
  settings.bad_pages = bad;
  const base::Errno error = swap::FileBackend::mkswap(request.file, settings);
  if (error == base::Errno::ok) return ExitCode::as_stated;
  complain(console, fmt::format("{}: {}", request.file, strerrordesc_np(static_cast<int>(error))));
  return error == base::Errno::einval || error == base::Errno::enoent ? ExitCode::bad_input : ExitCode::machine_cannot;
}

}  // namespace

void add_mkswap_command(CLI::App& app, Shell& shell) {
  CLI::App* command = app.add_subcommand("mkswap", "Make a file, or a block device, a swap device");
  auto request = std::make_shared<MkswapRequest>();
  command->add_option("FILE", request->file, "Made if it is not there; what it holds is overwritten")
      ->required()
      ->option_text(" ");
  command->add_option("--size", request->size, "Pages, the header included, or bytes (64K, 16M, 1G); else what it has")
      ->option_text("N");
  command->add_option("--bad", request->bad, "Pages that are never to be used")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->option_text("N,...");
  command->callback([request, &shell] { shell.code = make(*request, shell.console); });
}

}  // namespace quire::cli
