#include "import/fsx_data.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>

namespace quire::importer {

namespace {

constexpr uint64_t kOdd = 0x9e37'79b9'7f4a'7c15;

}  // namespace

std::byte fsx_byte(uint64_t operation, uint64_t offset) {
  uint64_t byte = operation;
  if (offset % 2 != 0) byte += (offset * kOdd) >> 56;
  return static_cast<std::byte>(byte);
}

std::vector<std::byte> fsx_data(const FsxOp& op) {
  std::vector<std::byte> data(op.length);
  for (uint64_t i = 0; i < op.length; ++i) data[i] = fsx_byte(op.number, op.offset + i);
  return data;
}

uint64_t contents_sum(std::span<const std::byte> contents) {
  uint64_t sum = contents.size() + 1;
  while (!contents.empty()) {
    uint64_t word = 0;
    std::size_t part = std::min(contents.size(), sizeof word);
    for (std::size_t i = 0; i < part; ++i) word |= static_cast<uint64_t>(contents[i]) << (8 * i);
    sum = (sum ^ word) * kOdd;
    sum ^= sum >> 32;
    contents = contents.subspan(part);
  }
  return sum;
}

void FsxModel::extend(uint64_t end) {
  if (end > contents_.size()) contents_.resize(end);
}

std::span<const std::byte> FsxModel::read(uint64_t offset, uint64_t length) const {
  std::span<const std::byte> all = contents_;
  if (offset >= all.size()) return {};
  return all.subspan(offset, std::min<uint64_t>(length, all.size() - offset));
}

void FsxModel::move(uint64_t from, uint64_t to, uint64_t length) {
  extend(to + length);
  std::memmove(contents_.data() + to, contents_.data() + from, length);
}

void FsxModel::apply(const FsxOp& op, std::span<const std::byte> data) {
  auto at = [this](uint64_t offset) { return contents_.begin() + static_cast<std::ptrdiff_t>(offset); };
  uint64_t end = op.offset + op.length;
  switch (op.kind) {
    case FsxKind::write:
    case FsxKind::write_dontcache:
    case FsxKind::write_atomic:
    case FsxKind::mapwrite:
      extend(end);
      std::copy(data.begin(), data.end(), at(op.offset));
      break;
    case FsxKind::truncate:
      contents_.resize(op.length);
      break;
    case FsxKind::fallocate:
      if (!op.keep_size) extend(end);
      break;
    case FsxKind::punch_hole:
    case FsxKind::zero_range:
      if (op.kind == FsxKind::zero_range && !op.keep_size) extend(end);
      std::fill(at(std::min(op.offset, size())), at(std::min(end, size())), std::byte{0});
      break;
    case FsxKind::collapse_range:
      contents_.erase(at(std::min(op.offset, size())), at(std::min(end, size())));
      break;
    case FsxKind::insert_range:
      contents_.insert(at(std::min(op.offset, size())), op.length, std::byte{0});
      break;
    case FsxKind::copy_range:
    case FsxKind::clone_range:
      extend(end);
      move(op.offset, op.target, op.length);
      break;
    case FsxKind::exchange_range:
      extend(std::max(end, op.target + op.length));
      std::swap_ranges(at(op.offset), at(end), at(op.target));
      break;
    case FsxKind::read:
    case FsxKind::read_dontcache:
    case FsxKind::mapread:
    case FsxKind::dedupe_range:
    case FsxKind::fsync:
      break;
  }
}

std::variant<std::vector<FsxSum>, Diagnostic> read_fsx_sums(std::string_view text, std::string_view file) {
  if (auto bad = not_text(text, file)) return *bad;
  std::vector<FsxSum> sums;
  for (const TextLine& line : lines_of(text)) {
    std::vector<Word> words = words_of(line.text);
    if (words.empty() || words[0].text[0] == '#') continue;
    std::optional<int64_t> operation = number_of(words[0].text);
    if (!operation || *operation < 1 || (!sums.empty() && static_cast<uint64_t>(*operation) <= sums.back().operation))
      return complaint(file, line.number, words[0].column,
                       fmt::format("expected the number of a later operation, found {}", quoted(words[0].text)));
    // A sum has 64 bits: its halves are read one by one.
    std::string_view sum = words.size() == 2 ? words[1].text : std::string_view();
    std::optional<int64_t> high = sum.size() == 18 ? number_of(sum.substr(0, 10)) : std::nullopt;
    std::optional<int64_t> low = high ? number_of("0x" + std::string(sum.substr(10))) : std::nullopt;
    if (!high || !low)
      return complaint(file, line.number, words.size() > 1 ? words[1].column : static_cast<int>(line.text.size()) + 1,
                       "expected a sum of 16 digits after 0x");
    sums.push_back(
        {static_cast<uint64_t>(*operation), static_cast<uint64_t>(*high) << 32 | static_cast<uint64_t>(*low)});
  }
  return sums;
}

}  // namespace quire::importer
