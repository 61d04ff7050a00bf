// A command file of xfs_io as a scenario. Its writes say what they write, so each read is expected to give that.
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <memory>

#include "import/byte_runs.h"
#include "import/importer.h"
#include "import/strace_files.h"
#include "import/xfs_io_commands.h"
#include "scenario/vocabulary.h"

namespace quire::importer {
namespace {

constexpr int64_t kPageLength = 4096;
/// What is written to files in all.
constexpr int64_t kWrittenMost = int64_t{64} << 20;
constexpr int64_t kLooksPerRead = 6;
constexpr std::size_t kOpenMost = 12;
constexpr uint64_t kSmallMappings = uint64_t{8} << 20;

struct ByteSpan {
  int64_t offset = 0;
  int64_t length = 0;
};

/// What a file holds. Bytes that were stored behind its end, in its last page, may be seen when it grows, or may not:
/// that is up to the file system.
class XfsIoContents {
 public:
  [[nodiscard]] int64_t size() const { return static_cast<int64_t>(bytes_.size()); }
  [[nodiscard]] bool is_doubtful(int64_t at) const { return doubts_.at(static_cast<uint64_t>(at)) != 0; }
  [[nodiscard]] unsigned char at(int64_t at) const { return bytes_.at(static_cast<uint64_t>(at)); }
  void write(ByteSpan where, unsigned char byte) {
    auto [offset, length] = unsigned_of(where);
    bytes_.write(offset, length, byte);
    doubts_.punch(offset, length);
  }
  void store_behind(int64_t at) { doubts_.write(static_cast<uint64_t>(at), 1, 1); }
  void punch(ByteSpan where) {
    auto [offset, length] = unsigned_of(where);
    bytes_.punch(offset, length);
    doubts_.punch(offset, length);
  }
  void resize(int64_t size) {
    if (size < this->size()) doubts_.resize(static_cast<uint64_t>(size));
    bytes_.resize(static_cast<uint64_t>(size));
  }

 private:
  static std::pair<uint64_t, uint64_t> unsigned_of(ByteSpan where) {
    return {static_cast<uint64_t>(where.offset), static_cast<uint64_t>(where.length)};
  }

  ByteRuns bytes_;
  ByteRuns doubts_;
};

struct XfsIoFile {
  std::string path;
  std::string name;
  std::shared_ptr<XfsIoContents> contents;
};

struct XfsIoMapping {
  std::string name;
  std::shared_ptr<XfsIoContents> contents;
  int64_t offset = 0;  ///< in the file
  int64_t length = 0;
};

class XfsIoWriter {
 public:
  XfsIoWriter(const ImportOptions& options, std::size_t commands)
      : options_(options), builder_(scenario_name(options.file), fmt::format("{} commands of xfs_io", commands), 0) {}

  ImportResult write(const std::vector<XfsIoCommand>& commands) {
    for (const XfsIoCommand& command : commands) {
      if (died_ && command.name != "quit") {
        ++skipped_["command after the signal that ends xfs_io"];
        continue;
      }
      this->command(command);
      if (complaint_) return *complaint_;
    }
    if (builder_.size() == 0) return complaint(options_.file, 1, 1, "expected commands that do something, found none");
    auto pages = static_cast<uint64_t>(written_ / kPageLength) * 2 + 256;
    builder_.machine(pages, mapped_ > kSmallMappings ? Builder::Space::real : Builder::Space::small);
    Imported imported;
    imported.calls = builder_.size();
    imported.document = builder_.document();
    for (const auto& [what, count] : skipped_) imported.skipped.push_back(fmt::format("{} x {}", count, what));
    return imported;
  }

 private:
  using Handler = void (XfsIoWriter::*)(const XfsIoCommand&, const XfsIoOptions&);
  struct Entry {
    std::string_view name;
    std::string_view options;
    Handler handler;
    enum class Needs : uint8_t { nothing, file, mapping } needs;
  };
  static const auto& entries() {
    using W = XfsIoWriter;
    using N = Entry::Needs;
    static constexpr std::array kEntries = {
        Entry{"open", "fdrstnm:TL", &W::open, N::nothing},
        Entry{"close", "", &W::close, N::file},
        Entry{"quit", "", &W::quit, N::nothing},
        Entry{"file", "", &W::file, N::nothing},
        Entry{"pwrite", "b:S:qwWFBOV:D", &W::pwrite, N::file},
        Entry{"pread", "b:qvFBV:", &W::pread, N::file},
        Entry{"truncate", "", &W::truncate, N::file},
        Entry{"falloc", "kp", &W::falloc, N::file},
        Entry{"fpunch", "", &W::fpunch, N::file},
        Entry{"fsync", "", &W::fsync, N::file},
        Entry{"fdatasync", "", &W::fsync, N::file},
        Entry{"sync", "", &W::sync, N::nothing},
        Entry{"stat", "vr", &W::stat, N::file},
        Entry{"mmap", "rwxs:", &W::mmap, N::nothing},
        Entry{"munmap", "", &W::munmap, N::mapping},
        Entry{"mread", "frv", &W::mread, N::mapping},
        Entry{"mwrite", "rS:", &W::mwrite, N::mapping},
        Entry{"msync", "ais", &W::msync, N::mapping},
        Entry{"mremap", "m", &W::mremap, N::mapping},
        Entry{"madvise", "drsw", &W::madvise, N::mapping},
        Entry{"mincore", "", &W::mincore, N::mapping},
    };
    return kEntries;
  }

  void fail(const XfsIoWord& at, std::string message) {
    if (!complaint_) complaint_ = complaint(options_.file, at.line, at.column, std::move(message));
  }

  void command(const XfsIoCommand& c) {
    auto found = std::find_if(entries().begin(), entries().end(), [&](const Entry& e) { return e.name == c.name; });
    if (found == entries().end()) {
      if (options_.unknown == Unknown::skip) return leave_out(c, "no operation of the engine");
      std::vector<std::string_view> names;
      for (const Entry& e : entries()) names.push_back(e.name);
      std::string_view near = scenario::nearest(c.name, names);
      return fail(
          c.as_written,
          fmt::format("expected a command that the engine has an operation for, found {}{}; --skip-unknown "
                      "leaves it out",
                      quoted(c.as_written.text), near.empty() ? "" : fmt::format(" (did you mean '{}'?)", near)));
    }
    auto parsed = xfs_io_options(c, found->options, options_.file);
    if (auto* bad = std::get_if<Diagnostic>(&parsed)) {
      if (options_.unknown == Unknown::skip) return leave_out(c, "an option that the engine cannot follow");
      complaint_ = *bad;
      return;
    }
    if (found->needs != Entry::Needs::nothing && files_.empty())
      return fail(c.as_written, fmt::format("expected an open file before {}, such as `open -f f`", c.name));
    if (found->needs == Entry::Needs::mapping && maps_.empty())
      return fail(c.as_written, fmt::format("expected a mapping before {}, such as `mmap 0 64k`", c.name));
    (this->*found->handler)(c, std::get<XfsIoOptions>(parsed));
  }

  void leave_out(const XfsIoCommand& c, std::string_view why) {
    ++skipped_[fmt::format("{}: {}", c.name, why)];
    std::string text = "left out: " + c.as_written.text;
    for (const XfsIoWord& argument : c.arguments) text += " " + argument.text;
    builder_.comment(text);
  }

  Line add(std::string_view operation, std::vector<Expr> operands) {
    return builder_.add(call(operation, std::move(operands))).in("A");
  }
  XfsIoFile& current() { return files_[file_]; }
  XfsIoMapping& mapping() { return maps_[map_]; }
  Expr fd() { return name(current().name); }

  // --- Numbers -----------------------------------------------------------------------------------------------------

  int64_t number(const XfsIoCommand& c, const XfsIoOptions& o, std::size_t index, std::string_view wanted) {
    if (index >= o.rest.size()) {
      XfsIoWord end = c.arguments.empty() ? c.as_written : c.arguments.back();
      end.column += static_cast<int>(end.text.size());
      fail(end, fmt::format("expected {} of {}, found the end of the command", wanted, c.name));
      return 0;
    }
    std::optional<int64_t> value = xfs_io_number(o.rest[index].text);
    if (!value || *value < 0 || *value > INT64_MAX / 4)
      fail(o.rest[index], fmt::format("expected {} such as 4096 or 64k, found {}", wanted, quoted(o.rest[index].text)));
    return value.value_or(0);
  }
  // OFFSET LENGTH.
  ByteSpan span(const XfsIoCommand& c, const XfsIoOptions& o) {
    ByteSpan result;
    result.offset = number(c, o, 0, "an offset");
    if (!complaint_) result.length = number(c, o, 1, "a length");
    return result;
  }
  // The same within the current mapping; all of it where none is given.
  ByteSpan mapped_span(const XfsIoCommand& c, const XfsIoOptions& o) {
    if (o.rest.empty()) return {mapping().offset, mapping().length};
    ByteSpan result = span(c, o);
    bool inside =
        result.offset >= mapping().offset && result.offset + result.length <= mapping().offset + mapping().length;
    if (!complaint_ && !inside) fail(o.rest[0], "expected a range within the current mapping");
    return result;
  }
  unsigned char seed(const XfsIoOptions& o, unsigned char otherwise) {
    const XfsIoWord* word = o.value('S');
    if (word == nullptr) return otherwise;
    std::optional<int64_t> value = xfs_io_number(word->text);
    if (!value || *value < 0 || *value > 0xff)
      fail(*word, fmt::format("expected a byte such as 0xab, found {}", quoted(word->text)));
    return static_cast<unsigned char>(value.value_or(0));
  }
  void count_written(const XfsIoCommand& c, int64_t length) {
    written_ += length;
    if (written_ > kWrittenMost) fail(c.as_written, "expected at most 64 MiB to be written in all");
  }

  // --- Files -------------------------------------------------------------------------------------------------------

  void open(const XfsIoCommand& c, const XfsIoOptions& o) {
    if (o.rest.empty() && !o.has('T')) return stat(c, o);
    if (files_.size() == kOpenMost) return fail(c.as_written, fmt::format("expected at most {} open files", kOpenMost));
    XfsIoFile opened;
    opened.name = names_.take("fd");
    if (o.has('T')) {
      opened.contents = std::make_shared<XfsIoContents>();
      add("memfd_create", {text("tmpfile"), integer(0)}).as(opened.name);
    } else {
      opened.path = o.rest[0].text;
      std::shared_ptr<XfsIoContents>& contents = contents_[opened.path];
      bool before = contents == nullptr && !o.has('f');
      if (contents == nullptr) contents = std::make_shared<XfsIoContents>();
      opened.contents = contents;
      std::vector<std::string> how = {"O_RDWR"};
      if (before || o.has('f')) how.emplace_back("O_CREAT");
      if (o.has('t')) how.emplace_back("O_TRUNC");
      if (o.has('t')) contents->resize(0);
      Line line = add("open", {text(file_name(opened.path)), flags(how)}).as(opened.name);
      if (before) line.remark("was there before: taken for empty");
    }
    files_.push_back(opened);
    file_ = files_.size() - 1;
  }

  // One of its own for each path.
  std::string file_name(const std::string& path) {
    std::string& made = file_names_[path];
    if (!made.empty()) return made;
    std::string wanted = scenario_name(path);
    bool taken = std::any_of(file_names_.begin(), file_names_.end(), [&](const auto& n) { return n.second == wanted; });
    made = taken ? fmt::format("{}-{}", wanted, file_names_.size()) : wanted;
    return made;
  }

  void close(const XfsIoCommand&, const XfsIoOptions&) {
    add("close", {fd()}).gives(0);
    names_.give_back(current().name);
    files_.erase(files_.begin() + static_cast<std::ptrdiff_t>(file_));
    if (file_ == files_.size() && file_ != 0) --file_;
  }

  void quit(const XfsIoCommand& c, const XfsIoOptions& o) {
    while (!maps_.empty()) munmap(c, o);
    while (!files_.empty()) close(c, o);
    died_ = false;
  }

  // `file N`: another of the open files.
  void file(const XfsIoCommand& c, const XfsIoOptions& o) {
    if (o.rest.empty()) return;
    auto index = static_cast<std::size_t>(number(c, o, 0, "the number of a file"));
    if (!complaint_ && index >= files_.size())
      fail(o.rest[0], fmt::format("expected one of {} open files", files_.size()));
    if (!complaint_) file_ = index;
  }

  void pwrite(const XfsIoCommand& c, const XfsIoOptions& o) {
    ByteSpan where = span(c, o);
    unsigned char byte = seed(o, 0xcd);
    if (!complaint_) count_written(c, where.length);
    if (complaint_ || where.length == 0) return;
    add("pwrite", {fd(), fill(byte, where.length), bytes(where.offset)}).gives(bytes(where.length));
    current().contents->write(where, byte);
    if (o.has('w') || o.has('W')) fsync(c, o);
  }

  void pread(const XfsIoCommand& c, const XfsIoOptions& o) {
    ByteSpan where = span(c, o);
    if (complaint_ || where.length == 0) return;
    int64_t size = current().contents->size();
    if (where.offset >= size) {
      add("pread", {fd(), bytes(where.offset)}).fails("ENODATA");
      return;
    }
    for (int64_t at : looks({where.offset, std::min(where.length, size - where.offset)}))
      look(add("pread", {fd(), bytes(at)}), *current().contents, at);
  }
  static void look(Line line, const XfsIoContents& contents, int64_t at) {
    if (contents.is_doubtful(at)) {
      line.anything();
    } else {
      line.gives(character(contents.at(at)));
    }
  }

  // The first byte, the last, and first bytes of pages in between.
  static std::vector<int64_t> looks(ByteSpan where) {
    std::vector<int64_t> all = {where.offset};
    int64_t end = where.offset + where.length;
    int64_t step = std::max<int64_t>(1, (where.length / kPageLength + 1) / kLooksPerRead) * kPageLength;
    for (int64_t at = where.offset / kPageLength * kPageLength + step; at < end; at += step) all.push_back(at);
    if (all.back() != end - 1) all.push_back(end - 1);
    return all;
  }

  void truncate(const XfsIoCommand& c, const XfsIoOptions& o) {
    int64_t length = number(c, o, 0, "a size");
    if (complaint_) return;
    add("ftruncate", {fd(), bytes(length)}).gives(0);
    current().contents->resize(length);
  }

  void falloc(const XfsIoCommand& c, const XfsIoOptions& o) {
    if (o.has('p')) return fpunch(c, o);
    ByteSpan where = span(c, o);
    if (!complaint_) count_written(c, where.length);
    if (complaint_) return;
    Line line =
        add("fallocate",
            {fd(), flags(o.has('k') ? std::vector<std::string>{"FALLOC_FL_KEEP_SIZE"} : std::vector<std::string>{}),
             bytes(where.offset), bytes(where.length)});
    if (where.length == 0) {
      line.fails("EINVAL");
      return;
    }
    line.gives(0);
    int64_t end = where.offset + where.length;
    if (!o.has('k') && end > current().contents->size()) current().contents->resize(end);
  }

  void fpunch(const XfsIoCommand& c, const XfsIoOptions& o) {
    ByteSpan where = span(c, o);
    if (complaint_) return;
    Line line = add("fallocate", {fd(), flags({"FALLOC_FL_PUNCH_HOLE", "FALLOC_FL_KEEP_SIZE"}), bytes(where.offset),
                                  bytes(where.length)});
    if (where.length == 0) {
      line.fails("EINVAL");
      return;
    }
    line.gives(0);
    current().contents->punch(where);
  }

  void fsync(const XfsIoCommand&, const XfsIoOptions&) { add("fsync", {fd()}).gives(0); }
  void sync(const XfsIoCommand&, const XfsIoOptions&) {
    for (const XfsIoFile& file : files_) add("fsync", {name(file.name)}).gives(0);
  }
  void stat(const XfsIoCommand&, const XfsIoOptions&) {
    if (files_.empty()) return;
    builder_.add(call("fstat", {fd()}, "st_size")).in("A").gives(bytes(current().contents->size()));
  }

  // --- Mappings ----------------------------------------------------------------------------------------------------

  void mmap(const XfsIoCommand& c, const XfsIoOptions& o) {
    if (o.rest.empty()) return;
    if (o.rest.size() == 1) {
      auto index = static_cast<std::size_t>(number(c, o, 0, "the number of a mapping"));
      if (!complaint_ && index >= maps_.size())
        fail(o.rest[0], fmt::format("expected one of {} mappings", maps_.size()));
      if (!complaint_) map_ = index;
      return;
    }
    if (files_.empty()) return fail(c.as_written, "expected an open file before mmap, such as `open -f f`");
    if (maps_.size() == kOpenMost) return fail(c.as_written, fmt::format("expected at most {} mappings", kOpenMost));
    ByteSpan where = span(c, o);
    if (!complaint_ && where.length > kWrittenMost) fail(o.rest[1], "expected a mapping of at most 64 MiB");
    if (complaint_) return;
    bool all = !o.has('r') && !o.has('w') && !o.has('x');
    std::vector<std::string> prot;
    if (all || o.has('r')) prot.emplace_back("PROT_READ");
    if (all || o.has('w')) prot.emplace_back("PROT_WRITE");
    if (all || o.has('x')) prot.emplace_back("PROT_EXEC");
    Line line =
        add("mmap", {integer(0), bytes(where.length), flags(prot), name("MAP_SHARED"), fd(), bytes(where.offset)});
    if (where.length == 0 || where.offset % kPageLength != 0) {
      line.fails("EINVAL");
      return;
    }
    maps_.push_back({names_.take("m"), current().contents, where.offset, where.length});
    map_ = maps_.size() - 1;
    line.as(mapping().name);
    mapped_ += static_cast<uint64_t>(where.length);
  }

  void munmap(const XfsIoCommand&, const XfsIoOptions&) {
    add("munmap", {name(mapping().name), bytes(mapping().length)}).gives(0);
    names_.give_back(mapping().name);
    maps_.erase(maps_.begin() + static_cast<std::ptrdiff_t>(map_));
    if (map_ == maps_.size() && map_ != 0) --map_;
  }

  Expr mapped(int64_t offset) { return inside(mapping().name, static_cast<uint64_t>(offset - mapping().offset)); }
  // Behind the last page of the file.
  bool is_behind(int64_t offset) {
    int64_t size = mapping().contents->size();
    return offset / kPageLength >= (size + kPageLength - 1) / kPageLength;
  }

  void mread(const XfsIoCommand& c, const XfsIoOptions& o) {
    ByteSpan where = mapped_span(c, o);
    if (complaint_ || where.length == 0) return;
    for (int64_t at : looks(where)) {
      Line line = add("load", {mapped(at)});
      if (is_behind(at)) {
        line.dies("SIGBUS");
        died_ = true;
        return;
      }
      look(line, *mapping().contents, at);
    }
  }

  // A byte into each page through the mapping; the rest of what lies in the file by a write, which the mapping shows.
  void mwrite(const XfsIoCommand& c, const XfsIoOptions& o) {
    ByteSpan where = mapped_span(c, o);
    unsigned char byte = seed(o, 'X');
    if (!complaint_) count_written(c, where.length);
    if (complaint_ || where.length == 0) return;
    int64_t size = mapping().contents->size();
    int64_t in_file = std::clamp<int64_t>(size - where.offset, 0, where.length);
    if (const std::string* open = name_of(mapping().contents); in_file != 0 && open != nullptr) {
      add("pwrite", {name(*open), fill(byte, in_file), bytes(where.offset)}).gives(bytes(in_file)).remark("mwrite");
      mapping().contents->write({where.offset, in_file}, byte);
    }
    for (int64_t at = where.offset; at < where.offset + where.length;
         at = at / kPageLength * kPageLength + kPageLength) {
      Line line = add("store", {mapped(at), character(byte)});
      if (is_behind(at)) {
        line.dies("SIGBUS");
        died_ = true;
        return;
      }
      line.gives(0);
      store_behind(at, where.offset + where.length, byte);
    }
  }
  // A byte behind the end of the file, in its last page: in no write.
  void store_behind(int64_t at, int64_t end, unsigned char byte) {
    int64_t size = mapping().contents->size();
    if (at >= size) mapping().contents->store_behind(at);
    if (at >= size || size >= end || size % kPageLength == 0 || !is_same_page(at, size)) return;
    add("store", {mapped(size), character(byte)}).gives(0);
    mapping().contents->store_behind(size);
  }
  static bool is_same_page(int64_t a, int64_t b) { return a / kPageLength == b / kPageLength; }

  const std::string* name_of(const std::shared_ptr<XfsIoContents>& contents) const {
    for (const XfsIoFile& file : files_)
      if (file.contents == contents) return &file.name;
    return nullptr;
  }

  void range_call(std::string_view operation, ByteSpan where, Expr how) {
    Line line = add(operation, {mapped(where.offset), bytes(where.length), std::move(how)});
    if (where.offset % kPageLength != 0) {
      line.fails("EINVAL");
    } else {
      line.gives(0);
    }
  }

  void msync(const XfsIoCommand& c, const XfsIoOptions& o) {
    ByteSpan where = mapped_span(c, o);
    if (o.has('a') && o.has('s')) fail(c.as_written, "expected -a or -s, found both");
    if (complaint_) return;
    std::vector<std::string> how;
    if (o.has('a')) how.emplace_back("MS_ASYNC");
    if (o.has('i')) how.emplace_back("MS_INVALIDATE");
    if (o.has('s')) how.emplace_back("MS_SYNC");
    range_call("msync", where, flags(how));
  }

  void madvise(const XfsIoCommand& c, const XfsIoOptions& o) {
    ByteSpan where = mapped_span(c, o);
    if (complaint_) return;
    std::string_view advice = "MADV_NORMAL";
    if (o.has('d')) advice = "MADV_DONTNEED";
    if (o.has('r')) advice = "MADV_RANDOM";
    if (o.has('s')) advice = "MADV_SEQUENTIAL";
    if (o.has('w')) advice = "MADV_WILLNEED";
    range_call("madvise", where, name(advice));
  }

  void mincore(const XfsIoCommand& c, const XfsIoOptions& o) {
    ByteSpan where = mapped_span(c, o);
    if (complaint_ || where.length == 0) return;
    for (int64_t at : looks(where)) add("mincore", {mapped(at / kPageLength * kPageLength)}).anything();
  }

  void mremap(const XfsIoCommand& c, const XfsIoOptions& o) {
    int64_t length = number(c, o, 0, "a size");
    if (!complaint_ && (length == 0 || length > kWrittenMost)) fail(o.rest[0], "expected a size of 1 byte to 64 MiB");
    if (complaint_) return;
    std::vector<std::string> how;
    if (o.has('m')) how.emplace_back("MREMAP_MAYMOVE");
    const std::string mapping_name = mapping().name;
    add("mremap", {name(mapping_name), bytes(mapping().length), bytes(length), flags(how)}).as(mapping_name);
    mapping().length = length;
    mapped_ += static_cast<uint64_t>(length);
  }

  const ImportOptions& options_;
  Builder builder_;
  DescriptorNames names_;
  std::map<std::string, std::shared_ptr<XfsIoContents>> contents_;  ///< by path
  std::map<std::string, std::string> file_names_;                   ///< path -> name in the scenario
  std::vector<XfsIoFile> files_;
  std::size_t file_ = 0;  ///< the current one
  std::vector<XfsIoMapping> maps_;
  std::size_t map_ = 0;
  std::map<std::string, uint64_t> skipped_;
  int64_t written_ = 0;
  uint64_t mapped_ = 0;
  bool died_ = false;
  std::optional<Diagnostic> complaint_;
};

}  // namespace

ImportResult import_xfs_io(std::string_view text, const ImportOptions& options) {
  auto read = read_xfs_io(text, options.file);
  if (auto* bad = std::get_if<Diagnostic>(&read)) return *bad;
  const auto& commands = std::get<std::vector<XfsIoCommand>>(read);
  return XfsIoWriter(options, commands.size()).write(commands);
}

}  // namespace quire::importer
