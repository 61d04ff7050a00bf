#include "swap/swap_header.h"

#include <sys/random.h>

#include <algorithm>
#include <cstring>
#include <string_view>

namespace quire::swap {
namespace {

constexpr std::string_view kSignature = "SWAPSPACE2";
constexpr std::size_t kSignatureAt = SwapHeader::kBytes - kSignature.size();
constexpr std::size_t kVersionAt = 1024;
constexpr std::size_t kLastPageAt = 1028;
constexpr std::size_t kBadPagesCountAt = 1032;
constexpr std::size_t kUuidAt = 1036;
constexpr std::size_t kUuidBytes = 16;
constexpr std::size_t kBadPagesAt = 1536;
constexpr uint32_t kVersion = 1;

static_assert(SwapHeader::kBadPagesMax == (kSignatureAt - kBadPagesAt) / sizeof(uint32_t));

enum class ByteOrder : uint8_t { own, other };

uint32_t word_at(ConstHeaderPage page, std::size_t at, ByteOrder order) {
  uint32_t word = 0;
  std::memcpy(&word, page.data() + at, sizeof(word));
  return order == ByteOrder::own ? word : __builtin_bswap32(word);
}

void put_word(HeaderPage page, std::size_t at, uint32_t word) { std::memcpy(page.data() + at, &word, sizeof(word)); }

ReadHeader refuse(const char* reason) { return {Errno::einval, reason, {}}; }

/// Nothing is wrong: nullptr. Linux: mm/swapfile.c setup_swap_map_and_extents()
const char* complaint_about_bad_pages(const SwapHeader& header) {
  sync::Vector<SwapOffset> sorted = header.bad_pages;
  std::sort(sorted.begin(), sorted.end());
  for (SwapOffset bad : sorted)
    if (bad == SwapOffset(0) || bad.value() > header.last_page) return "a bad page is none of the device's";
  auto different = static_cast<std::size_t>(std::unique(sorted.begin(), sorted.end()) - sorted.begin());
  return different == header.last_page ? "every page is bad" : nullptr;
}

}  // namespace

// Linux: mm/swapfile.c read_swap_header()
ReadHeader read_swap_header(ConstHeaderPage page, PageCount device) {
  if (std::memcmp(page.data() + kSignatureAt, kSignature.data(), kSignature.size()) != 0)
    return refuse("no swap signature");
  ByteOrder order = word_at(page, kVersionAt, ByteOrder::other) == kVersion ? ByteOrder::other : ByteOrder::own;
  if (word_at(page, kVersionAt, order) != kVersion) return refuse("a header of another version");
  SwapHeader header;
  header.last_page = word_at(page, kLastPageAt, order);
  if (header.last_page == 0) return refuse("a device without pages");
  if (header.last_page >= device.value()) return refuse("the device is shorter than its header says");
  uint32_t bad_pages = word_at(page, kBadPagesCountAt, order);
  if (bad_pages > SwapHeader::kBadPagesMax) return refuse("more bad pages than fit into a header");
  for (uint32_t i = 0; i < bad_pages; ++i)
    header.bad_pages.emplace_back(word_at(page, kBadPagesAt + i * sizeof(uint32_t), order));
  if (const char* complaint = complaint_about_bad_pages(header)) return refuse(complaint);
  return {Errno::ok, "", std::move(header)};
}

Errno write_swap_header(HeaderPage page, const SwapHeader& header) {
  if (header.last_page == 0 || header.bad_pages.size() > SwapHeader::kBadPagesMax) return Errno::einval;
  if (complaint_about_bad_pages(header) != nullptr) return Errno::einval;
  std::fill(page.begin(), page.end(), std::byte{0});
  put_word(page, kVersionAt, kVersion);
  put_word(page, kLastPageAt, header.last_page);
  put_word(page, kBadPagesCountAt, static_cast<uint32_t>(header.bad_pages.size()));
  for (std::size_t i = 0; i < header.bad_pages.size(); ++i)
    put_word(page, kBadPagesAt + i * sizeof(uint32_t), header.bad_pages[i].value());
  if (getrandom(page.data() + kUuidAt, kUuidBytes, 0) != static_cast<ssize_t>(kUuidBytes)) return Errno::eio;
  std::memcpy(page.data() + kSignatureAt, kSignature.data(), kSignature.size());
  return Errno::ok;
}

}  // namespace quire::swap
