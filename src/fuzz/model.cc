#include "fuzz/model.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "fuzz/model_errno.h"
#include "fuzz/model_memory.h"
#include "fuzz/model_paths.h"

namespace quire::fuzz {
namespace {

using scenario::Call;
using scenario::Operand;
using scenario::Value;

// Of C and Linux, by number: the plan has no names any more.
constexpr int kProtWrite = 2;
constexpr int kMapShared = 1;
constexpr int kMapAnonymous = 0x20;
constexpr int kMapPopulate = 0x8000;
constexpr int kMremapDontunmap = 4;
constexpr int kPunchHole = 2;
constexpr int kKeepSize = 1;
constexpr int kSigbus = 7;
constexpr int kSigsegv = 11;

class Model {
 public:
  explicit Model(const scenario::Program& program)
      : program_(program),
        spaces_(program.processes.size()),
        variables_(program.variables.size(), 0),
        paths_(*program.scenario, [this](ModelFile& f, int64_t bytes) { resize(f, bytes); }) {
    for (std::size_t p = 0; p < spaces_.size(); ++p) spaces_[p].running = !program.processes[p].forked;
  }

  /// What the call must have given, if it is known; afterwards its effects are.
  std::optional<std::string> step(const Call& call, const Value& value) {
    paths_.forget_root();
    space_ = &spaces_[static_cast<std::size_t>(std::max(call.process, 0))];
    std::optional<Value> expected;
    bool done = value.kind != Value::Kind::none;
    if (done && space_->running) {
      auto known =
          std::find_if(kSteps.begin(), kSteps.end(), [&](const Step& s) { return s.name == call.operation->name; });
      if (known != kSteps.end()) expected = (this->*known->make)(call, value);
      if (ModelPaths::knows(call.operation->name)) expected = on_path(call, value);
    }
    if (call.capture >= 0) variables_[static_cast<std::size_t>(call.capture)] = value.number;
    if (!expected) return std::nullopt;
    return observed_text(call, *expected);
  }

  /// Whether the last call was about the root directory.
  [[nodiscard]] bool met_root() const { return paths_.met_root(); }
  /// Memory has failed: what is lost is not followed.
  [[nodiscard]] bool lost() const { return lost_; }

 private:
  using Unknown = std::optional<Value>;

  [[nodiscard]] int64_t number(const Call& c, std::size_t operand, int64_t otherwise = 0) const {
    if (operand >= c.operands.size()) return otherwise;
    const Operand& o = c.operands[operand];
    if (o.kind != Operand::Kind::variable) return o.number;
    return variables_[static_cast<std::size_t>(o.variable)] + o.number;
  }

  struct Span {
    uint64_t first;
    uint64_t last;  ///< one after
    std::size_t next;
  };
  [[nodiscard]] Span span(const Call& c, std::size_t operands_after) const {
    bool spelled = c.operands.size() > 1 + operands_after;
    int64_t length = spelled ? number(c, 1) : c.operands[0].length;
    return {page_of(number(c, 0)), page_of(number(c, 0) + length + kModelPage - 1), spelled ? 2U : 1U};
  }
  static uint64_t page_of(int64_t address) { return static_cast<uint64_t>(address) / kModelPage; }

  template <typename Visit>
  void for_pages(uint64_t first, uint64_t last, Visit visit) {
    for (auto at = space_->pages.lower_bound(first); at != space_->pages.end() && at->first < last; ++at)
      visit(at->second);
  }
  void erase(uint64_t first, uint64_t last) {
    space_->pages.erase(space_->pages.lower_bound(first), space_->pages.lower_bound(last));
  }

  // --- Accesses ---

  /// The signal an access ends with, if any; si_code is not told of guards. Of a page that may have one nothing is
  /// known.
  struct Access {
    ModelPage* page = nullptr;
    Value signal;
    bool code_known = true;
    bool known = true;
  };
  Access access(int64_t address, bool write) {
    auto found = space_->pages.find(page_of(address));
    if (found == space_->pages.end()) return {nullptr, Value::of_signal(kSigsegv, 1)};
    ModelPage& page = found->second;
    if (write ? (page.prot & kProtWrite) == 0 : page.prot == 0) return {&page, Value::of_signal(kSigsegv, 2)};
    if (page.maybe_guard) return {&page, {}, false, false};
    if (page.guard) return {&page, Value::of_signal(kSigsegv, 0), false};
    if (page.file && !page.file->has(page.index)) return {&page, Value::of_signal(kSigbus, 2)};
    if (page.file && !page.copied && page.file->may_lack_room(page.index)) return {&page, {}, false, false};
    return {&page, {}};
  }

  Unknown load(const Call& c, const Value&) {
    int64_t start = number(c, 0);
    Unknown first;
    for (int64_t offset = 0; offset == 0 || offset < c.operands[0].length; offset += kModelPage) {
      Access a = access(start + offset, false);
      if (!a.known) return std::nullopt;
      bool signal = a.signal.kind == Value::Kind::signal;
      MaybeByte byte = signal ? MaybeByte() : a.page->byte();
      if ((signal && !a.code_known) || (!signal && !byte) || (!signal && start % kModelPage != 0)) return std::nullopt;
      Value value = signal ? a.signal : Value::of(*byte);
      if (first && value != *first) return value;
      first = value;
    }
    return first;
  }

  Unknown store(const Call& c, const Value& v) {
    int64_t start = number(c, 0);
    bool stored_all = v == Value::of(0);
    auto byte = static_cast<uint8_t>(number(c, 1));
    bool known = true;  // whether the store has come so far
    for (int64_t offset = 0; offset == 0 || offset < c.operands[0].length; offset += kModelPage) {
      Access a = access(start + offset, true);
      known = known && a.known;
      if (a.signal.kind == Value::Kind::signal) return known && a.code_known ? Unknown(a.signal) : std::nullopt;
      MaybeByte stored = start % kModelPage == 0 ? MaybeByte(byte) : a.page->byte();
      if (known || stored_all)
        a.page->set(stored);
      else
        a.page->set_perhaps();
    }
    return known ? Unknown(Value::of(0)) : std::nullopt;
  }

  // --- Mappings ---

  void put(uint64_t first, uint64_t count, const ModelPage& like) {
    for (uint64_t i = 0; i < count; ++i) {
      ModelPage page = like;
      page.index += static_cast<int64_t>(i);
      // Populating may have ended before it.
      if (page.locked && page.is_private_file()) page.vague = true;
      space_->pages[first + i] = page;
    }
  }

  Unknown mmap(const Call& c, const Value& v) {
    if (v.number < 0) return std::nullopt;
    int64_t flags = number(c, 3);
    ModelPage page;
    page.prot = static_cast<int>(number(c, 2));
    page.shared = (flags & kMapShared) != 0;
    uint64_t count = page_of(number(c, 1) + kModelPage - 1);
    if ((flags & kMapAnonymous) == 0) {
      page.file = file_of(number(c, 4));
      page.index = number(c, 5) / kModelPage;
    } else if (page.shared) {
      page.file = std::make_shared<ModelFile>();
      page.file->size = static_cast<int64_t>(count) * kModelPage;
    }
    page.locked = space_->lock_future;  // on a fault only, too: nobody asks how
    page.vague = page.is_private_file() && ((flags & kMapPopulate) != 0 || page.locked);
    erase(page_of(v.number), page_of(v.number) + count);
    put(page_of(v.number), count, page);
    return std::nullopt;
  }

  Unknown munmap(const Call& c, const Value& v) {
    Span s = span(c, 0);
    if (v.number == 0) erase(s.first, s.last);
    return std::nullopt;
  }

  Unknown mprotect(const Call& c, const Value& v) {
    if (v.number != 0 && v.number != -kEnomem) return std::nullopt;
    Span s = span(c, 1);
    auto prot = static_cast<int>(number(c, s.next));
    // Up to the first page that is not mapped.
    for (uint64_t at = s.first; at < s.last && space_->pages.contains(at); ++at) {
      ModelPage& page = space_->pages[at];
      page.prot = prot;
      if (page.locked && page.is_private_file() && !page.copied) page.vague = true;
    }
    return std::nullopt;
  }

  Unknown mremap(const Call& c, const Value& v) {
    if (v.number < 0) return std::nullopt;
    uint64_t from = page_of(number(c, 0));
    uint64_t old_count = page_of(number(c, 1) + kModelPage - 1);
    uint64_t new_count = page_of(number(c, 2) + kModelPage - 1);
    uint64_t to = page_of(v.number);
    bool keep = (number(c, 3) & kMremapDontunmap) != 0;
    std::map<uint64_t, ModelPage> moved;
    for (uint64_t i = 0; i < std::min(old_count, new_count); ++i)
      if (auto found = space_->pages.find(from + i); found != space_->pages.end()) moved[to + i] = found->second;
    if (moved.empty()) return std::nullopt;
    if (!keep) erase(from, from + old_count);
    if (keep)
      for_pages(from, from + old_count, [](ModelPage& page) {
        page.drop_copy();
        page.guard = page.maybe_guard = page.locked = false;
      });
    if (to != from) erase(to, to + new_count);
    ModelPage next = moved.rbegin()->second;
    uint64_t end = moved.rbegin()->first + 1;
    for (auto& [at, page] : moved) space_->pages[at] = std::move(page);
    if (new_count <= old_count || to + new_count <= end) return std::nullopt;
    next.drop_copy();
    next.guard = next.maybe_guard = false;
    ++next.index;
    put(end, to + new_count - end, next);
    return std::nullopt;
  }

  // --- Locks ---

  void lock(uint64_t first, uint64_t last, bool sure) {
    for_pages(first, last, [sure](ModelPage& page) {
      page.locked = true;
      if (sure && (page.prot & kProtWrite) != 0) page.populate_for_write();
      if (!sure && page.is_private_file() && !page.copied) page.vague = true;
    });
  }
  Unknown mlock(const Call& c, const Value& v) {
    Span s = span(c, 0);
    if (v.number != -kEinval) lock(s.first, s.last, v.number == 0);
    return std::nullopt;
  }
  Unknown mlock2(const Call& c, const Value& v) {
    Span s = span(c, 1);
    bool on_fault = number(c, s.next) != 0;
    if (v.number != -kEinval) lock(s.first, s.last, v.number == 0 && !on_fault);
    return std::nullopt;
  }
  Unknown munlock(const Call& c, const Value& v) {
    Span s = span(c, 0);
    if (v.number == 0) for_pages(s.first, s.last, [](ModelPage& page) { page.locked = false; });
    return std::nullopt;
  }
  Unknown mlockall(const Call& c, const Value& v) {
    if (v.number != 0) return std::nullopt;
    if ((number(c, 0) & 1) != 0) lock(0, UINT64_MAX, false);
    space_->lock_future = (number(c, 0) & 2) != 0;
    return std::nullopt;
  }
  Unknown munlockall(const Call&, const Value&) {
    for_pages(0, UINT64_MAX, [](ModelPage& page) { page.locked = false; });
    space_->lock_future = false;
    return std::nullopt;
  }

  // --- Advice ---

  Unknown madvise(const Call& c, const Value& v) {
    Span s = span(c, 1);
    auto advice = static_cast<Advice>(number(c, s.next));
    bool sure = v.number == 0 || v.number == -kEnomem;
    if (number(c, 0) % kModelPage != 0) return std::nullopt;
    bool refused = false;  // by the first page of a file
    for_pages(s.first, s.last, [&](ModelPage& page) {
      refused = refused || (advice == Advice::wipeonfork && page.file);
      if (!refused) advise(page, advice, sure, v.number == 0);
    });
    return std::nullopt;
  }

  enum class Advice : uint8_t {
    dontneed = 4,
    free = 8,
    remove = 9,
    dontfork = 10,
    dofork = 11,
    wipeonfork = 18,
    keeponfork = 19,
    populate_write = 23,
    dontneed_locked = 24,
    guard_install = 102,
    guard_remove = 103
  };

  // Sure: what is mapped was dealt with; all: and there was nothing else.
  static void advise(ModelPage& page, Advice advice, bool sure, bool all) {
    bool anonymous = !page.file;
    switch (advice) {
      case Advice::dontneed:
      case Advice::dontneed_locked:
        if (page.shared) break;
        if (sure) page.drop_copy();
        if (!sure) page.vague = true;
        break;
      case Advice::free:
        if (anonymous && page.copied) page.copy.reset();
        break;
      case Advice::remove:
        if (page.shared && all) page.file->bytes.erase(page.index);
        if (page.shared && !all) page.file->bytes[page.index] = std::nullopt;
        break;
      case Advice::dontfork:
      case Advice::dofork:
        page.dont_fork = advice == Advice::dontfork;
        break;
      case Advice::wipeonfork:
      case Advice::keeponfork:
        page.wiped = advice == Advice::wipeonfork;
        break;
      case Advice::populate_write:
        if (all) page.populate_for_write();
        if (!all && page.is_private_file() && !page.copied) page.vague = true;
        break;
      case Advice::guard_install:
        if (sure && !page.shared) page.drop_copy();
        if (sure) page.guard = true;
        if (!sure && !page.shared) page.vague = true;
        page.maybe_guard = !sure;
        break;
      case Advice::guard_remove:
        if (sure) page.guard = page.maybe_guard = false;
        break;
    }
  }

  // --- Files ---

  using Open = std::shared_ptr<ModelOpen>;

  Open open_file(const Call& c) {
    auto found = space_->files.find(number(c, 0));
    if (found == space_->files.end()) return nullptr;
    paths_.meet(found->second->node);
    return found->second;
  }
  std::shared_ptr<ModelFile> file_of(int64_t descriptor) {
    auto found = space_->files.find(descriptor);
    return found == space_->files.end() ? nullptr : found->second->file;
  }
  [[nodiscard]] ModelUser user() const { return {space_->uid, 0}; }
  [[nodiscard]] PathCall path_call(const Call& c, const Value& v) const {
    return {c, [this, &c](std::size_t operand, int64_t otherwise) { return number(c, operand, otherwise); }, user(),
            v.number};
  }

  Unknown on_path(const Call& c, const Value& v) {
    auto expected = paths_.step(path_call(c, v));
    return expected ? Unknown(Value::of(*expected)) : std::nullopt;
  }
  // Which number it is means nothing.
  Unknown open(const Call& c, const Value& v) {
    if (v.number == -kEmfile) return std::nullopt;
    ModelPaths::Opened opened = paths_.open(path_call(c, v));
    if (opened.error != 0) return Value::of(opened.error);
    if (v.number >= 0) space_->files[v.number] = opened.file;
    return Value::of(std::max<int64_t>(v.number, 0));
  }
  Unknown memfd_create(const Call&, const Value& v) {
    if (v.number < 0) return std::nullopt;
    auto open = std::make_shared<ModelOpen>();
    open->file = std::make_shared<ModelFile>();
    open->node = std::make_shared<ModelNode>();
    open->node->mode = 0777;
    open->node->uid = space_->uid;
    open->node->nlink = 0;
    open->node->file = open->file;
    space_->files[v.number] = open;
    return std::nullopt;
  }
  Unknown close(const Call& c, const Value& v) {
    if (v.number == 0) space_->files.erase(number(c, 0));
    return std::nullopt;
  }

  void resize(ModelFile& f, int64_t bytes) {
    f.resize(bytes);
    for (ModelSpace& space : spaces_)
      for (auto& [at, page] : space.pages)
        if (page.file.get() == &f && !page.shared && !f.has(page.index)) page.drop_copy();
  }
  void drop_privileges(const ModelOpen& open) const {
    if (open.node) ModelPaths::drop_privileges(*open.node, user());
  }

  Unknown ftruncate(const Call& c, const Value& v) {
    Open open = open_file(c);
    if (number(c, 1) < 0) return Value::of(-kEinval);
    if (!open) return Value::of(-kEbadf);
    if (!open->file || !open->writes) return Value::of(-kEinval);
    if (v.number != 0) return Value::of(0);
    drop_privileges(*open);
    resize(*open->file, number(c, 1));
    return Value::of(0);
  }

  Unknown fallocate(const Call& c, const Value& v) {
    Open open = open_file(c);
    if (!open) return Value::of(-kEbadf);
    bool may_not = !open->file || !open->writes;
    if (v.number != 0) return std::nullopt;
    if (may_not) return Value::of(-kEbadf);
    int64_t mode = number(c, 1);
    if ((mode & kPunchHole) != 0) open->file->punch(number(c, 2), number(c, 3));
    if ((mode & (kPunchHole | kKeepSize)) == 0)
      open->file->size = std::max(open->file->size, number(c, 2) + number(c, 3));
    return std::nullopt;
  }

  // How much was written is up to the room there is.
  Unknown pwrite(const Call& c, const Value& v) {
    Open open = open_file(c);
    if (number(c, 2) < 0) return Value::of(-kEinval);
    if (!open || !open->file || !open->writes) return Value::of(-kEbadf);
    if (v.number <= 0) return std::nullopt;
    drop_privileges(*open);
    int64_t at = open->appends ? open->file->size : number(c, 2);
    open->file->write(at, v.number, static_cast<uint8_t>(c.operands[1].number));
    return std::nullopt;
  }

  Unknown pread(const Call& c, const Value&) {
    Open open = open_file(c);
    int64_t at = number(c, 1);
    if (at < 0) return Value::of(-kEinval);
    if (!open || !open->reads) return Value::of(-kEbadf);
    if (at == INT64_MAX) return Value::of(-kEinval);
    if (!open->file) return Value::of(-kEisdir);
    if (at >= open->file->size) return Value::of(-kEnodata);
    MaybeByte byte = open->file->at(at / kModelPage);
    return byte && at % kModelPage == 0 ? Unknown(Value::of(*byte)) : std::nullopt;
  }

  // Where data and holes are is up to what was allocated.
  Unknown lseek(const Call& c, const Value& v) {
    constexpr int64_t kSeekData = 3;
    Open open = open_file(c);
    if (!open) return Value::of(-kEbadf);
    int64_t whence = number(c, 2);
    if (!open->file || whence < 0) return std::nullopt;
    if (whence >= kSeekData) {
      if (v.number >= 0) open->position = v.number;
      return std::nullopt;
    }
    int64_t from = whence == 0 ? 0 : whence == 1 ? open->position : open->file->size;
    int64_t to = 0;
    if (__builtin_add_overflow(from, number(c, 1), &to) || to < 0) return Value::of(-kEinval);
    open->position = to;
    return Value::of(to);
  }

  Unknown fstat(const Call& c, const Value&) {
    Open open = open_file(c);
    if (!open) return Value::of(-kEbadf);
    if (open->file && c.member == "st_size") return Value::of(open->file->size);
    auto field = open->node ? ModelPaths::field_of(*open->node, c.member) : std::nullopt;
    return field ? Unknown(Value::of(*field)) : std::nullopt;
  }

  // What a file system tells who writes its pages is not for programs: they are given 0 or an error.
  Unknown sync(const Call&, const Value& v) { return v.number > 0 ? Unknown(Value::of(0)) : std::nullopt; }

  Unknown setuid(const Call& c, const Value& v) {
    int64_t uid = number(c, 0);
    if (v.number == 0) space_->uid = uid;
    return std::nullopt;
  }

  // --- Processes, and memory that fails ---

  Unknown fork(const Call& c, const Value& v) {
    if (v.number <= 0 || c.capture < 0) return std::nullopt;
    for (std::size_t p = 0; p < spaces_.size(); ++p)
      if (program_.processes[p].forked &&
          program_.processes[p].name == program_.variables[static_cast<std::size_t>(c.capture)].name)
        spaces_[p] = space_->forked();
    return std::nullopt;
  }
  Unknown exit(const Call&, const Value&) {
    *space_ = {};
    space_->running = false;
    return std::nullopt;
  }
  Unknown poison(const Call&, const Value&) {
    lost_ = true;
    return std::nullopt;
  }

  struct Step {
    std::string_view name;
    Unknown (Model::*make)(const Call&, const Value&);
  };
  static constexpr std::array<Step, 32> kSteps = {{{"close", &Model::close},
                                                   {"exit", &Model::exit},
                                                   {"fallocate", &Model::fallocate},
                                                   {"fdatasync", &Model::sync},
                                                   {"fork", &Model::fork},
                                                   {"fstat", &Model::fstat},
                                                   {"fsync", &Model::sync},
                                                   {"ftruncate", &Model::ftruncate},
                                                   {"load", &Model::load},
                                                   {"lseek", &Model::lseek},
                                                   {"madvise", &Model::madvise},
                                                   {"memfd_create", &Model::memfd_create},
                                                   {"mlock", &Model::mlock},
                                                   {"mlock2", &Model::mlock2},
                                                   {"mlockall", &Model::mlockall},
                                                   {"mmap", &Model::mmap},
                                                   {"mprotect", &Model::mprotect},
                                                   {"mremap", &Model::mremap},
                                                   {"msync", &Model::sync},
                                                   {"munlock", &Model::munlock},
                                                   {"munlockall", &Model::munlockall},
                                                   {"munmap", &Model::munmap},
                                                   {"open", &Model::open},
                                                   {"poison", &Model::poison},
                                                   {"posix_fadvise", &Model::sync},
                                                   {"pread", &Model::pread},
                                                   {"pwrite", &Model::pwrite},
                                                   {"readahead", &Model::sync},
                                                   {"setuid", &Model::setuid},
                                                   {"store", &Model::store},
                                                   {"sync_file_range", &Model::sync},
                                                   {"syncfs", &Model::sync}}};

  const scenario::Program& program_;
  std::vector<ModelSpace> spaces_;
  std::vector<int64_t> variables_;
  ModelPaths paths_;
  ModelSpace* space_ = nullptr;
  bool lost_ = false;
};

}  // namespace

bool is_about_root(const scenario::Program& program, std::span<const CallResult> results, std::size_t index) {
  Model model(program);
  for (std::size_t i = 0; i <= index; ++i) (void)model.step(*results[i].call, results[i].value);
  return model.met_root();
}

std::optional<Mismatch> first_mismatch(const scenario::Program& program, std::span<const CallResult> results) {
  Model model(program);
  for (std::size_t i = 0; i < results.size() && !model.lost(); ++i) {
    auto expected = model.step(*results[i].call, results[i].value);
    if (expected && *expected != results[i].text) return Mismatch{i, *expected};
  }
  return std::nullopt;
}

}  // namespace quire::fuzz
