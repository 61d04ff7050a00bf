#include "power/image_writer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <iterator>

#include "power/complain.h"
#include "power/host_memory.h"
#include "power/image_codec.h"
#include "power/stopwatch.h"
#include "sync/atomic.h"
#include "sync/task.h"

namespace quire::power {
namespace {

/// FILE.new while it is written; removed unless it has become FILE.
class NewFile {
 public:
  explicit NewFile(std::string_view file) : final_(file), name_(final_ + ".new") {}
  ~NewFile() {
    if (file_.is_open()) ::unlink(name_.c_str());
  }
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  [[nodiscard]] const HostFile& file() const { return file_; }
  [[nodiscard]] const char* name() const { return name_.c_str(); }

  /// Empty, and locked.
  [[nodiscard]] Errno create(Complaint& complaint) {
    struct stat there;
    if (stat(final_.c_str(), &there) == 0 && !S_ISREG(there.st_mode))
      return complain(complaint, Errno::einval, "{} is not a regular file", final_);
    HostFile opened;
    Errno error = HostFile::open(name_, O_RDWR | O_CREAT | O_NOFOLLOW, opened);
    if (error != Errno::ok) return complain(complaint, error, "{}: {}", name_, describe(error));
    // Whoever had the lock may have given the file its final name meanwhile: then it is not ours to overwrite.
    if (flock(opened.fd(), LOCK_EX | LOCK_NB) != 0 || !is_still_named(opened))
      return complain(complaint, Errno::ebusy, "another image is being written to {}", final_);
    if (ftruncate(opened.fd(), 0) != 0)
      return complain(complaint, static_cast<Errno>(errno), "{} cannot be emptied", name_);
    file_ = std::move(opened);
    return Errno::ok;
  }

  /// On the disk, under its final name.
  [[nodiscard]] Errno commit(Complaint& complaint) {
    if (fsync(file_.fd()) != 0 || rename(name_.c_str(), final_.c_str()) != 0)
      return complain(complaint, static_cast<Errno>(errno), "{}: {}", final_, describe(static_cast<Errno>(errno)));
    file_ = HostFile();
    HostFile directory;
    Errno error = HostFile::open(directory_of(final_), O_RDONLY | O_DIRECTORY, directory);
    if (error == Errno::ok && fsync(directory.fd()) != 0) error = static_cast<Errno>(errno);
    return error == Errno::ok ? error : complain(complaint, error, "the directory of {}: {}", final_, describe(error));
  }

 private:
  [[nodiscard]] bool is_still_named(const HostFile& opened) const {
    struct stat mine;
    struct stat named;
    return fstat(opened.fd(), &mine) == 0 && lstat(name_.c_str(), &named) == 0 && mine.st_ino == named.st_ino &&
           mine.st_dev == named.st_dev;
  }

  const sync::String final_;
  const sync::String name_;
  HostFile file_;
};

/// A block while it is made: a page of records, the pages, and what they compress to.
struct BlockRoom {
  HostMemory memory{2 * kBlockBytesMax + sizeof(BlockHeader)};
  [[nodiscard]] std::byte* raw() const { return memory.data(); }
  [[nodiscard]] std::byte* stored() const { return memory.data() + kBlockBytesMax; }
};

/// What the writing threads share.
class BlockWriter {
 public:
  BlockWriter(const HostFile& file, const ImageHeader& header, std::span<const PageRun> runs)
      : file_(file), header_(header), runs_(runs), starts_(runs.size()) {
    for (std::size_t i = 0; i < runs.size(); ++i) {
      starts_[i] = pages_;
      pages_ += runs[i].pages;
    }
    index_.resize((pages_ + kBlockPages - 1) / kBlockPages);
  }

  /// Until all blocks are written, or one cannot be; by each thread.
  void run() {
    BlockCodec codec(header_.codec);
    BlockRoom room;
    if (!room.memory) return fail(Errno::enomem);
    while (error() == Errno::ok) {
      uint64_t block = next_.fetch_add(1);
      if (block >= index_.size()) return;
      Errno written = write_block(static_cast<uint32_t>(block), codec, room);
      if (written != Errno::ok) return fail(written);
    }
  }
  [[nodiscard]] Errno error() const { return static_cast<Errno>(error_.load()); }
  [[nodiscard]] std::span<const IndexEntry> index() const { return index_; }
  [[nodiscard]] uint64_t pages() const { return pages_; }
  [[nodiscard]] uint64_t zero_pages() const { return zero_pages_.load(); }
  [[nodiscard]] uint64_t end() const { return end_.load(); }
  [[nodiscard]] uint64_t raw_bytes() const { return raw_bytes_.load(); }

 private:
  void fail(Errno error) { error_.store(static_cast<uint32_t>(error)); }

  // Pages of zeros are left out.
  void gather(uint32_t block, BlockHeader& made, std::byte* raw) {
    std::fill_n(raw, kImagePage, std::byte{0});
    auto* records = reinterpret_cast<RunRecord*>(raw);
    uint64_t at = uint64_t{block} * kBlockPages;
    uint64_t end = std::min(at + kBlockPages, pages_);
    auto run = static_cast<std::size_t>(std::upper_bound(starts_.begin(), starts_.end(), at) - starts_.begin() - 1);
    for (; at < end; ++at) {
      while (at >= starts_[run] + runs_[run].pages) ++run;
      uint64_t offset = (at - starts_[run]) * kImagePage;
      const std::byte* from = runs_[run].from + offset;
      uint64_t address = runs_[run].address + offset;
      if (is_zero_page(from)) continue;
      if (made.runs == 0 || records[made.runs - 1].address + records[made.runs - 1].pages * kImagePage != address)
        records[made.runs++] = {address, 0};
      ++records[made.runs - 1].pages;
      std::memcpy(raw + (std::size_t{1} + made.pages++) * kImagePage, from, kImagePage);
    }
    zero_pages_.add(end - uint64_t{block} * kBlockPages - made.pages);
  }

  [[nodiscard]] Errno write_block(uint32_t block, BlockCodec& codec, const BlockRoom& room) {
    BlockHeader made;
    made.index = block;
    made.image_id = header_.image_id;
    gather(block, made, room.raw());
    std::span<const std::byte> raw(room.raw(), (std::size_t{1} + made.pages) * kImagePage);
    made.raw_checksum = checksum(raw);
    std::byte* stored = room.stored() + sizeof(BlockHeader);
    std::size_t bytes = codec.compress(raw, {stored, raw.size() - 1});
    made.codec = bytes == 0 ? ImageCodec::none : header_.codec;
    if (bytes == 0) std::memcpy(stored, raw.data(), bytes = raw.size());
    made.stored_bytes = static_cast<uint32_t>(bytes);
    made.checksum = checksum(made, {stored, bytes});
    std::memcpy(room.stored(), &made, sizeof(made));
    uint64_t whole = sizeof(made) + bytes;
    uint64_t offset = end_.fetch_add(whole);
    index_[block] = {offset, whole, made.checksum};
    raw_bytes_.add(raw.size());
    return file_.write_at(offset, {room.stored(), whole});
  }

  const HostFile& file_;
  const ImageHeader& header_;
  std::span<const PageRun> runs_;
  sync::Vector<uint64_t> starts_;  ///< the number of the first page of each run
  uint64_t pages_ = 0;
  sync::Vector<IndexEntry> index_;
  sync::Atomic<uint64_t, "next block"> next_{0};
  sync::Atomic<uint64_t, "end of the image"> end_{kImagePage};
  sync::Atomic<uint64_t, "zero pages"> zero_pages_{0};
  sync::Atomic<uint64_t, "raw bytes"> raw_bytes_{0};
  sync::Atomic<uint32_t, "error of the image"> error_{0};
};

void write_blocks(BlockWriter& writer, unsigned threads) {
  sync::Vector<sync::Box<sync::Task>> tasks;
  for (unsigned i = 1; i < threads; ++i)
    tasks.push_back(sync::make_box<sync::Task>(
        "image", [](void* argument) { static_cast<BlockWriter*>(argument)->run(); }, &writer));
  writer.run();
  for (auto& task : tasks) task->join();
}

Errno write_index_and_header(const HostFile& file, ImageHeader& header, const BlockWriter& writer) {
  auto index = std::as_bytes(writer.index());
  header.frames_saved = std::min(header.frames_saved, writer.pages());
  header.zero_pages = writer.zero_pages();
  header.raw_bytes = writer.raw_bytes();
  header.blocks = writer.index().size();
  header.index_offset = writer.end();
  header.index_checksum = checksum(index);
  header.file_bytes = header.index_offset + index.size();
  std::array<std::byte, kImagePage> page = {};
  std::memcpy(page.data(), &header, sizeof(header));
  header.checksum = header_checksum(page);
  std::memcpy(page.data(), &header, sizeof(header));
  Errno error = file.write_at(header.index_offset, index);
  return error == Errno::ok ? file.write_at(0, page) : error;
}

}  // namespace

Errno write_image(const ImageRequest& request, ImageHeader header, std::span<const PageRun> runs, ImageWritten& written,
                  Complaint& complaint) {
  NewFile made(request.file);
  Errno error = made.create(complaint);
  if (error != Errno::ok) return error;
  header.codec = request.options.codec;
  header.written_at = std::time(nullptr);
  if (getrandom(header.image_id.data(), sizeof(header.image_id), 0) != sizeof(header.image_id)) return Errno::eio;
  Stopwatch watch;
  BlockWriter writer(made.file(), header, runs);
  write_blocks(writer, std::max(1U, request.options.threads));
  error = writer.error();
  if (error == Errno::ok) error = write_index_and_header(made.file(), header, writer);
  if (error != Errno::ok) return complain(complaint, error, "{}: {}", made.name(), describe(error));
  written.write_seconds = watch.lap();
  error = made.commit(complaint);
  written.sync_seconds = watch.lap();
  written.pages = writer.pages();
  written.zero_pages = header.zero_pages;
  written.raw_bytes = header.raw_bytes;
  written.file_bytes = header.file_bytes;
  return error;
}

}  // namespace quire::power
