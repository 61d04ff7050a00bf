#include "power/image_reader.h"

#include <fcntl.h>

#include <algorithm>

#include "power/complain.h"
#include "power/host_memory.h"
#include "power/image_codec.h"
#include "sync/atomic.h"
#include "sync/native_heap.h"
#include "sync/task.h"

namespace quire::power {
namespace {

bool ram_is_inside(const ImageHeader& header) {
  auto inside = [&header](uint64_t start) {
    return start >= header.heap_start && start <= header.heap_end && header.ram_bytes <= header.heap_end - start;
  };
  if (header.kernel_start == 0) return true;
  return inside(header.ram_start) && inside(header.kernel_start);
}

/// What the reading threads share.
class BlockReader {
 public:
  BlockReader(const HostFile& file, const sync::String& name, const ImageHeader& header,
              std::span<const IndexEntry> index, ImageLoad::Into into)
      : file_(file), name_(name), header_(header), index_(index), into_(into) {}

  /// Until all blocks are placed, or one is found damaged; by each thread.
  void run() {
    BlockCodec codec(header_.codec);
    HostMemory room(2 * kBlockBytesMax + sizeof(BlockHeader));
    Complaint complaint;
    if (!room) return fail(Errno::enomem, complaint);
    while (error_.load() == 0) {
      uint64_t block = next_.fetch_add(1);
      if (block >= index_.size()) return;
      Errno error = read_block(block, codec, room, complaint);
      if (error != Errno::ok) return fail(error, complaint);
    }
  }
  /// When no thread runs any more.
  [[nodiscard]] Errno error(Complaint& complaint) const {
    complaint = complaint_;
    return static_cast<Errno>(error_.load());
  }

 private:
  // The first to fail speaks.
  void fail(Errno error, const Complaint& complaint) {
    if (failed_.fetch_add(1) != 0) return;
    complaint_ = complaint;
    error_.store(static_cast<uint32_t>(error));
  }

  [[nodiscard]] Errno read_block(uint64_t block, BlockCodec& codec, const HostMemory& room, Complaint& complaint) {
    const IndexEntry& entry = index_[block];
    std::span<std::byte> whole(room.data() + kBlockBytesMax, entry.bytes);
    Errno error = file_.read_at(entry.offset, whole);
    auto refuse = [&](std::string_view why) {
      return complain(complaint, error == Errno::ok ? Errno::einval : error, "{}: block {} at offset {}: {}", name_,
                      block, entry.offset, why);
    };
    if (error != Errno::ok) return refuse(describe(error));
    BlockHeader made;
    std::memcpy(&made, whole.data(), sizeof(made));
    std::span<const std::byte> stored = whole.subspan(sizeof(made));
    if (made.magic != BlockHeader::kMagic) return refuse("this is no block");
    if (made.image_id != header_.image_id) return refuse("it is of another image");
    if (made.checksum != entry.checksum || checksum(made, stored) != made.checksum)
      return refuse("its checksum does not fit");
    if (made.index != block || made.stored_bytes != stored.size() || made.pages > kBlockPages ||
        made.runs > kBlockPages)
      return refuse("its header says what cannot be");
    std::span<std::byte> raw(room.data(), (std::size_t{1} + made.pages) * kImagePage);
    if (made.codec == ImageCodec::none) {
      if (stored.size() != raw.size()) return refuse("it is not as long as its pages");
      std::copy(stored.begin(), stored.end(), raw.begin());
    } else if (made.codec != header_.codec || !codec.decompress(stored, raw)) {
      return refuse("it does not decompress");
    }
    if (checksum(raw) != made.raw_checksum) return refuse("its contents have another checksum than when it was made");
    return place(made, raw) ? Errno::ok : refuse("a page is nowhere in the machine");
  }

  [[nodiscard]] bool is_machines(const RunRecord& run) const {
    auto inside = [&run](uint64_t start, uint64_t end) {
      return run.address >= start && run.address < end && run.pages <= (end - run.address) / kImagePage;
    };
    return run.address % kImagePage == 0 && run.pages != 0 && inside(header_.heap_start, header_.heap_end);
  }

  [[nodiscard]] bool place(const BlockHeader& made, std::span<const std::byte> raw) const {
    const auto* records = reinterpret_cast<const RunRecord*>(raw.data());
    const std::byte* from = raw.data() + kImagePage;
    const std::byte* end = raw.data() + raw.size();
    for (uint32_t i = 0; i < made.runs; ++i) {
      const RunRecord& run = records[i];
      if (!is_machines(run) || run.pages > static_cast<uint64_t>(end - from) / kImagePage) return false;
      if (into_ == ImageLoad::Into::memory)
        std::memcpy(reinterpret_cast<void*>(run.address), from, run.pages * kImagePage);
      from += run.pages * kImagePage;
    }
    return from == end;
  }

  const HostFile& file_;
  const sync::String& name_;
  const ImageHeader& header_;
  std::span<const IndexEntry> index_;
  const ImageLoad::Into into_;
  sync::Atomic<uint64_t, "next block"> next_{0};
  sync::Atomic<uint32_t, "failed readers"> failed_{0};
  sync::Atomic<uint32_t, "error of the image"> error_{0};
  Complaint complaint_;
};

}  // namespace

Errno ImageReader::open(std::string_view file, Complaint& complaint) {
  name_ = sync::String(file);
  Errno error = HostFile::open(name_, O_RDONLY, file_);
  if (error != Errno::ok) return complain(complaint, error, "{}: {}", name_, describe(error));
  auto bytes = file_.size();
  if (!bytes) return complain(complaint, bytes.error(), "{} is not a regular file", name_);
  if (*bytes < kImagePage)
    return complain(complaint, Errno::einval, "{}: {} bytes are too few for the header of an image", name_, *bytes);
  std::array<std::byte, kImagePage> page;
  error = file_.read_at(0, page);
  if (error != Errno::ok) return complain(complaint, error, "{}: {}", name_, describe(error));
  error = check_header(*bytes, page, complaint);
  return error == Errno::ok ? read_index(complaint) : error;
}

Errno ImageReader::check_header(uint64_t file_bytes, std::span<const std::byte, kImagePage> page,
                                Complaint& complaint) {
  std::memcpy(&header_, page.data(), sizeof(header_));
  if (header_.magic != ImageHeader::kMagic)
    return complain(complaint, Errno::einval, "{}: offset 0: this is no image of a machine, or its writing did not end",
                    name_);
  if (header_.version != ImageHeader::kVersion)
    return complain(complaint, Errno::einval, "{}: offset {}: an image of version {}, and this program reads {}", name_,
                    offsetof(ImageHeader, version), header_.version, ImageHeader::kVersion);
  if (header_.checksum != header_checksum(page))
    return complain(complaint, Errno::einval, "{}: offset 0: the checksum of the header does not fit", name_);
  if (header_.file_bytes != file_bytes)
    return complain(complaint, Errno::einval, "{}: offset {}: the file has {} bytes, and the image {}", name_,
                    std::min(file_bytes, header_.file_bytes), file_bytes, header_.file_bytes);
  return check_build(complaint);
}

// The machine points to code, tables and constants of the program that made it.
Errno ImageReader::check_build(Complaint& complaint) const {
  BuildIdentity mine = this_build();
  if (mine.bytes == 0)
    return complain(complaint, Errno::einval, "{}: this program has no build ID that an image could be told by", name_);
  if (header_.build_bytes != mine.bytes || header_.build != mine.id)
    return complain(complaint, Errno::einval, "{}: offset {}: the image is of another build of this program", name_,
                    offsetof(ImageHeader, build));
  if (header_.anchor != mine.anchor)
    return complain(complaint, Errno::einval,
                    "{}: offset {}: the program was loaded at another address when the image was made", name_,
                    offsetof(ImageHeader, anchor));
  if (header_.heap_start != sync::NativeHeap::kStart || header_.heap_end < header_.heap_start ||
      header_.heap_end - header_.heap_start > sync::NativeHeap::kBytes || !ram_is_inside(header_))
    return complain(complaint, Errno::einval, "{}: offset {}: the machine was at other addresses", name_,
                    offsetof(ImageHeader, heap_start));
  return Errno::ok;
}

Errno ImageReader::read_index(Complaint& complaint) {
  if (header_.index_offset < kImagePage || header_.index_offset > header_.file_bytes ||
      header_.file_bytes - header_.index_offset != header_.blocks * sizeof(IndexEntry))
    return complain(complaint, Errno::einval, "{}: offset {}: the index is not where the header says", name_,
                    header_.index_offset);
  index_.resize(header_.blocks);
  Errno error = file_.read_at(header_.index_offset, std::as_writable_bytes(std::span(index_)));
  if (error != Errno::ok) return complain(complaint, error, "{}: {}", name_, describe(error));
  if (checksum(std::as_bytes(std::span(index_))) != header_.index_checksum)
    return complain(complaint, Errno::einval, "{}: offset {}: the checksum of the index does not fit", name_,
                    header_.index_offset);
  uint64_t bytes = kImagePage;
  for (const IndexEntry& entry : index_) {
    if (entry.bytes < sizeof(BlockHeader) || entry.bytes > kBlockBytesMax + sizeof(BlockHeader) ||
        entry.offset < kImagePage || entry.offset > header_.index_offset - entry.bytes)
      return complain(complaint, Errno::einval, "{}: offset {}: the index says what cannot be", name_,
                      header_.index_offset);
    bytes += entry.bytes;
  }
  if (bytes != header_.index_offset)
    return complain(complaint, Errno::einval, "{}: offset {}: the blocks of the index are not all of the file", name_,
                    header_.index_offset);
  return Errno::ok;
}

Errno ImageReader::load(const ImageLoad& how, Complaint& complaint) {
  BlockReader reader(file_, name_, header_, index_, how.into);
  sync::Vector<sync::Box<sync::Task>> tasks;
  for (unsigned i = 1; i < how.threads; ++i)
    tasks.push_back(sync::make_box<sync::Task>(
        "image", [](void* argument) { static_cast<BlockReader*>(argument)->run(); }, &reader));
  reader.run();
  for (auto& task : tasks) task->join();
  return reader.error(complaint);
}

}  // namespace quire::power
