#include "fuzz/generator.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "base/random.h"
#include "fuzz/huge_program.h"
#include "fuzz/operands.h"
#include "fuzz/race_generator.h"
#include "fuzz/subject.h"
#include "scenario/parser.h"

namespace quire::fuzz {
namespace {

using scenario::Operation;

constexpr unsigned kMappingsMax = 5;
constexpr unsigned kInodesMax = 3;
constexpr unsigned kPagesMax = 6;
constexpr unsigned kDescriptorsMax = 12;
/// Where mappings are moved to: above what is mapped at the lowest free place, below the end of a small address space.
constexpr unsigned kTargetPage = 34;
constexpr unsigned kTargets = 20;
/// Of the scenarios for several CPUs, each so many'th is a longer one of any calls.
constexpr unsigned kLongerEvery = 16;
/// Of those in one order, each so many'th is of huge pages where there are some: they cost as much as many others.
constexpr unsigned kHugeEvery = 50;

class Generator {
 public:
  Generator(uint64_t seed, const GeneratorOptions& options)
      : options_(options), random_(seed), operands_(random_), subject_(subject_of(seed, options)) {
    for (const Operation& o : scenario::all_operations())
      if (o.weight != 0 && is_about(subject_, o, options_) && (!options_.may || options_.may(o, {}))) {
        operations_.push_back(&o);
        weights_ += o.weight;
      }
    seed_ = seed;
    operands_.paths().use_strange_xattrs(options.strange_xattrs);
    known_.looks_at_files = options.looks_at_files;
    if (subject_ == Subject::names || subject_ == Subject::both) known_.mount = "/tmp";
    if (subject_ == Subject::stack) known_.mount = "/union";
  }

  std::string text() { return options_.cpus == 1 ? in_one_order() : concurrently(); }

 private:
  enum class Place : uint8_t { anywhere, check };

  // --- The whole ---

  std::string mounts() {
    if (subject_ == Subject::stack)
      return !options_.of_a_kernel && operands_.one_in(3) ? " union=1 union_writepage=dirty" : " union=1";
    if (subject_ == Subject::disk) return " disk=32";
    if (subject_ == Subject::memory) return {};
    std::string text = fmt::format(" tmpfs=tmp:{}", operands_.one_in(3) ? 3 + operands_.below(20) : 0);
    if (!operands_.one_in(3) || !options_.xattrs_take_room) return text;
    return text + fmt::format(" nr_inodes=tmp:{}", 3 + operands_.below(8));
  }

  // Some names to begin with, and a file or two; below the stack, what it shows.
  void begin_names() {
    if (subject_ == Subject::stack) begin_lower();
    if (known_.mount.empty()) return;
    for (unsigned i = operands_.below(3); i > 0; --i) {
      constexpr std::array<std::string_view, 4> kFirst = {"mkdir", "mkdir", "symlink", "mknod"};
      (void)plain(0, *scenario::find_operation(kFirst[operands_.below(kFirst.size())]));
    }
    for (unsigned i = 1 + operands_.below(2); i > 0; --i) (void)open_new(0);
  }

  void begin_lower() {
    for (std::string_view name : {"a", "b", "c"}) {
      std::string path = fmt::format("\"/lower/{}\"", name);
      unsigned kind = operands_.below(4);
      if (kind == 0) say(0, {}, fmt::format("mkdir({}, 0755)", path));
      if (kind == 0) say(0, {}, fmt::format("mknod(\"/lower/{}/{}\", S_IFREG|0644)", name, name));
      if (kind == 1) say(0, {}, fmt::format("symlink(\"{}\", {})", operands_.one_in(2) ? "a" : "b/b", path));
      if (kind != 2) continue;
      std::string file = fmt::format("l{}", files_++);
      say(0, file, fmt::format("open({}, O_RDWR|O_CREAT, 0644)", path));
      say(0, {}, fmt::format("pwrite({}, fill('l', {}), 0)", file, Operands::bytes(1 + operands_.below(3))));
    }
  }

  std::string in_one_order() {
    std::string mounted = mounts();
    begin_names();
    if (subject_ != Subject::names) begin_mappings();
    unsigned calls = 4 + operands_.below(std::max(1U, options_.calls - 3));
    for (unsigned i = 0; i < calls; ++i) call(process(), Place::check);
    std::string machine =
        options_.fault_around_pages == 1 ? "" : fmt::format(" fault_around_pages={}", options_.fault_around_pages);
    if (options_.synchronous_swap) machine += " synchronous_swap=on";
    machine += mounted;
    return fmt::format(
        "scenario fuzz-{} \"calls in one order\"\nmachine cpus=1 ram=96 swap=S:96 payload=4096 "
        "PTRS_PER_PTE=512{}\n\ncheck {{\n{}}}\n\nexpect {{ "
        "never bug }}\n",
        seed_, machine, lines_);
  }

  std::string concurrently() {
    begin_mappings();
    for (unsigned i = operands_.below(5); i > 0; --i) call(0, Place::anywhere);
    if (operands_.one_in(2)) fork(0);
    std::string text = fmt::format(
        "scenario fuzz-{} \"calls on {} CPUs\"\nmachine cpus={} ram=32 swap=S:32 PTRS_PER_PTE=8\n\nsetup {{\n{}}}\n\n",
        seed_, options_.cpus, options_.cpus, std::exchange(lines_, {}));
    in_block_ = true;
    for (unsigned cpu = 0; cpu < options_.cpus; ++cpu) {
      unsigned actor = process();
      for (unsigned i = 1 + operands_.below(3); i > 0; --i) call(actor, Place::anywhere);
      text += fmt::format("cpu {} as {} {{\n{}}}\n\n", cpu, known_.processes[actor], std::exchange(lines_, {}));
    }
    in_block_ = false;
    for (const Mapped& m : known_.mappings) say(0, {}, fmt::format("load({}[0])", m.name));
    return text + fmt::format("check {{\n{}}}\n\nexpect {{ never bug }}\n", lines_);
  }

  void begin_mappings() {
    for (unsigned i = 1 + operands_.below(3); i > 0; --i) {
      if (operands_.one_in(2)) (void)(subject_ == Subject::memory ? memfd_create(0) : open_new(0));
      mmap(0);
    }
  }

  // --- A call ---

  void say(unsigned process, const std::string& capture, const std::string& call) {
    std::string who = in_block_ ? std::string() : known_.processes[process] + ": ";
    lines_ += fmt::format("  {}{}{}{}\n", who, capture, capture.empty() ? "" : " = ", call);
  }

  unsigned process() {
    unsigned p = operands_.below(known_.processes.size());
    return known_.running[p] ? p : 0;
  }

  const Operation* next(Place place) {
    for (;;) {
      unsigned at = operands_.below(weights_);
      for (const Operation* o : operations_) {
        if (at < o->weight) {
          if (place == Place::check || o->where == Operation::Where::anywhere) return o;
          break;
        }
        at -= o->weight;
      }
    }
  }

  void call(unsigned process, Place place) {
    bool fails = options_.memory_fails && subject_ != Subject::stack;
    if (fails && operands_.one_in(12) && poison(process)) return;
    for (unsigned attempt = 0; attempt < 16; ++attempt) {
      const Operation& o = *next(place);
      auto special = std::find_if(kSpecial.begin(), kSpecial.end(), [&](const Special& s) { return s.name == o.name; });
      if (special == kSpecial.end() ? plain(process, o) : (this->*special->make)(process)) return;
    }
  }

  bool plain(unsigned process, const Operation& o) {
    Usage usage = take_apart(o.usage);
    std::string text;
    bool paths = PathOperands::is_about_paths(o);
    for (const UsageOperand& operand : usage.operands) {
      // A range says its length itself.
      if (operand.optional && !paths) continue;
      if (operand.optional && operands_.one_in(2)) break;
      const std::string& word = operand.alternatives[operands_.below(operand.alternatives.size())];
      auto made = operands_.make(o.name, word, known_, process);
      if (!made) return false;
      text += (text.empty() ? "" : ", ") + *made;
    }
    text = fmt::format("{}({})", o.name, text);
    if (!usage.members.empty()) {
      std::string member = usage.members[operands_.below(usage.members.size())];
      if (member == "FIELD" || (o.name == "fstat" && !known_.mount.empty())) member = operands_.paths().field(o.name);
      // When a page gets to the upper layer is up to who writes it back.
      if (subject_ == Subject::stack && options_.of_a_kernel && member == "st_blocks") return false;
      if (options_.may && !options_.may(o, member)) return false;
      text += "." + member;
    }
    if (protected_ && may_wait(text)) return false;
    if (others_ && o.name == "link" && !options_.links_of_others) return false;
    if (options_.may_say && !options_.may_say(text)) return false;
    if (!options_.populates_holes && text.find("MADV_POPULATE") != std::string::npos && may_meet_a_hole()) return false;
    if (text.find("MADV_PAGEOUT") != std::string::npos && may_be_given_up(text)) return false;
    say(process, {}, text);
    after(process, o.name, text);
    return true;
  }

  [[nodiscard]] bool may(std::string_view name, std::string_view member = {}) const {
    return !options_.may || options_.may(*scenario::find_operation(name), member);
  }

  // Whether a page of the range that `text` names may have been given up; where that reaches others, any may be.
  [[nodiscard]] bool may_be_given_up(const std::string& text) const {
    bool any = std::any_of(known_.mappings.begin(), known_.mappings.end(), [](const Mapped& m) { return m.given_up; });
    return std::any_of(known_.mappings.begin(), known_.mappings.end(), [&](const Mapped& m) {
      std::size_t at = text.find("(" + m.name + "[");
      return at != std::string::npos && (m.given_up || (any && may_reach_others(m, text.substr(at))));
    });
  }

  [[nodiscard]] bool may_meet_a_hole() const {
    return std::any_of(known_.mappings.begin(), known_.mappings.end(), [](const Mapped& m) { return m.holes; });
  }

  static void make_holes(Mapped& mapping) {
    mapping.whole = false;
    mapping.holes = true;
  }

  // A range that ends behind its mapping goes on in its neighbours. Where that has holes, they may be others'.
  static bool may_reach_others(const Mapped& mapping, const std::string& range) {
    unsigned last = static_cast<unsigned>(std::atoi(range.c_str() + range.find('[') + 1)) + 1;
    std::size_t end = range.find_first_of(":]");
    if (range[end] == ':') last = static_cast<unsigned>(std::atoi(range.c_str() + end + 1));
    if (range.find("]+") != std::string::npos) ++last;
    return mapping.holes || last > mapping.pages;
  }

  // A part of it may be another mapping now, and where the range reaches others, so may parts of those.
  void not_whole(const Mapped& mapping, const std::string& range, bool unmaps) {
    bool others_too = may_reach_others(mapping, range);
    for (Mapped& m : known_.mappings) {
      if (!others_too && m.name != mapping.name) continue;
      m.whole = false;
      m.holes = m.holes || unmaps;
    }
  }

  void give_up(const std::string& range) {
    bool others_too = std::any_of(known_.mappings.begin(), known_.mappings.end(), [&](const Mapped& m) {
      return range.starts_with(m.name + "[") && may_reach_others(m, range);
    });
    for (Mapped& m : known_.mappings) m.given_up = m.given_up || others_too || range.starts_with(m.name + "[");
  }

  // What may wait for a protected page: MADV_FREE is followed by a store, what is locked comes in with the right to
  // write, and a guard in the place of a marker is tried for ever (docs/fidelity.md, guard-over-marker).
  static bool may_wait(const std::string& text) {
    constexpr std::array<std::string_view, 4> kWords = {"MADV_POPULATE_WRITE", "MADV_FREE", "PROT_WRITE",
                                                        "MADV_GUARD_INSTALL"};
    return std::any_of(kWords.begin(), kWords.end(),
                       [&](std::string_view word) { return text.find(word) != std::string::npos; });
  }

  // What a call leaves to be known.
  void after(unsigned process, std::string_view operation, const std::string& text) {
    if (operation == "munmap" || operation == "mprotect" || operation == "mlock" || operation == "mlock2" ||
        operation == "munlock" || operation == "madvise" || operation == "uffd_register")
      for (const Mapped& m : known_.mappings)
        if (std::size_t at = text.find("(" + m.name + "["); at != std::string::npos) {
          // A child has a hole where its parent has said so.
          not_whole(m, text.substr(at), operation == "munmap" || text.find("MADV_DONTFORK") != std::string::npos);
          break;
        }
    known_.locks = known_.locks || operation.starts_with("mlock");
    // What has been given up may be there or not until the next store: no kernel says when.
    if (operation == "madvise" && text.find("MADV_FREE") != std::string::npos) {
      std::string range = text.substr(8, text.rfind(", MADV") - 8);
      give_up(range);
      if (range.find(',') == std::string::npos) say(process, {}, fmt::format("store({}, 'Z')", range));
    }
    others_ = others_ || operation == "setuid";
    if (text.find("MADV_PAGEOUT") != std::string::npos && operands_.one_in(3)) write_to_swapped(process, text);
    if (operation == "swapoff" && !in_block_) say(process, {}, "swapon(S)");
  }

  // A part of a page of a file, and what was there before.
  void write_to_swapped(unsigned process, const std::string& text) {
    if (in_block_ || protected_ || !may("pwrite") || !may("pread")) return;
    for (const Mapped& m : known_.mappings) {
      std::size_t at = text.find("(" + m.name + "[");
      if (at == std::string::npos || !m.file || !m.shared) continue;
      unsigned page = m.first_page + static_cast<unsigned>(std::atoi(text.c_str() + at + m.name.size() + 2));
      say(process, {}, fmt::format("pwrite({}, 'Y', {}*4K+100)", m.descriptor, page));
      say(process, {}, fmt::format("pread({}, {}*4K)", m.descriptor, page));
      return;
    }
  }

  // --- Operations that give or take something ---

  std::string fresh_name() {
    constexpr std::string_view kNames = "pqrstuvw";
    return names_ < kNames.size() ? std::string(1, kNames[names_++]) : fmt::format("p{}", names_++);
  }

  bool memfd_create(unsigned process) {
    if (in_block_ || known_.inodes >= kInodesMax) return false;
    return new_file(process, "memfd_create(\"f\", 0)");
  }

  bool new_file(unsigned process, const std::string& call) {
    MemoryFile file{fmt::format("f{}", files_++), 1 + operands_.below(kPagesMax)};
    file.maps = !others_;
    say(process, file.name, call);
    say(process, {}, fmt::format("ftruncate({}, {})", file.name, Operands::bytes(file.pages)));
    if (operands_.one_in(2))
      say(process, {}, fmt::format("pwrite({}, fill('{}', {}), 0)", file.name, 'F', Operands::bytes(file.pages)));
    known_.files.push_back(std::move(file));
    ++known_.inodes;
    return true;
  }

  bool open(unsigned process) {
    if (in_block_ || known_.mount.empty() || opened_ >= kDescriptorsMax) return false;
    if (operands_.one_in(3)) return open_new(process);
    ++opened_;
    std::string path = *operands_.paths().make("open", "PATH", known_.mount);
    std::string flags = operands_.paths().open_flags();
    if (flags.find("O_CREAT") != std::string::npos)
      flags += ", " + *operands_.paths().make("open", "MODE", known_.mount);
    std::string text = fmt::format("open({}, {})", path, flags);
    if (options_.may_say && !options_.may_say(text)) return false;
    // Without a name it is not used any more.
    bool used = operands_.one_in(3) && flags.find("O_DIRECTORY") == std::string::npos;
    // What is open for reading in overlayfs stays what it was when it is copied up.
    if (subject_ == Subject::stack && options_.of_a_kernel && flags.starts_with("O_RDONLY")) used = false;
    if (!used) {
      say(process, {}, text);
      return true;
    }
    known_.files.push_back({fmt::format("f{}", files_++), 1 + operands_.below(kPagesMax), false});
    say(process, known_.files.back().name, text);
    return true;
  }

  // Under a name that nobody has used, so that it is there.
  bool open_new(unsigned process) {
    if (in_block_ || known_.inodes >= kInodesMax) return false;
    if (subject_ == Subject::memory) return memfd_create(process);
    if (known_.mount.empty()) return new_file(process, fmt::format("open(\"file{}\", O_RDWR|O_CREAT)", files_));
    std::string name = fmt::format("f{}", files_);
    std::string_view flags = operands_.one_in(6) ? "O_RDWR|O_CREAT|O_APPEND" : "O_RDWR|O_CREAT";
    bool made = new_file(process, fmt::format("open(\"{}/{}\", {}, 0644)", known_.mount, name, flags));
    operands_.paths().add_name(name);
    return made;
  }

  // Its name is another file's when it is opened again.
  bool close(unsigned process) {
    if (in_block_ || known_.files.empty()) return false;
    std::size_t at = operands_.below(known_.files.size());
    say(process, {}, fmt::format("close({})", known_.files[at].name));
    known_.files.erase(known_.files.begin() + static_cast<std::ptrdiff_t>(at));
    return true;
  }

  bool mmap(unsigned process) {
    if (in_block_ || known_.mappings.size() >= kMappingsMax) return false;
    Mapped m{fresh_name(), 1 + operands_.below(kPagesMax), operands_.one_in(3)};
    const MemoryFile* mapped = known_.files.empty() ? nullptr : &known_.files[operands_.below(known_.files.size())];
    bool file = m.file = mapped != nullptr && mapped->maps && operands_.one_in(2);
    m.processes = 1U << process;
    if (!file && m.shared && ++known_.inodes > kInodesMax) m.shared = false;
    std::string flags = m.shared ? "MAP_SHARED" : "MAP_PRIVATE";
    if (!file) flags += "|MAP_ANONYMOUS";
    if (operands_.one_in(8)) flags += "|MAP_POPULATE";
    std::string rest = "-1, 0";
    if (file) {
      const MemoryFile& f = *mapped;
      m.descriptor = f.name;
      m.first_page = operands_.one_in(4) ? 1 : 0;
      rest = f.name + ", " + (m.first_page == 1 ? "4K" : "0");
    }
    say(process, m.name,
        fmt::format("mmap(0, {}, {}, {}, {})", Operands::bytes(m.pages),
                    operands_.one_in(8) ? "PROT_READ" : "PROT_READ|PROT_WRITE", flags, rest));
    known_.mappings.push_back(std::move(m));
    return true;
  }

  bool mremap(unsigned process) {
    const Mapped* found = in_block_ ? nullptr : operands_.mapping(known_, process);
    if (found == nullptr) return false;
    auto& m = known_.mappings[static_cast<std::size_t>(found - known_.mappings.data())];
    unsigned pages = 1 + operands_.below(kPagesMax);
    // A failed move would leave a name that is no address; and more than one mapping at once moves since 6.17 only.
    if (m.whole && m.processes == 1U << process && known_.mappings.size() < kMappingsMax && operands_.one_in(2)) {
      bool keep = !m.shared && operands_.one_in(4) && (options_.unlocks_what_stays || !known_.locks);
      Mapped moved = m;
      moved.name = fresh_name();
      moved.pages = keep ? m.pages : pages;
      moved.moved_to = kTargetPage + operands_.below(kTargets);
      say(process, moved.name,
          fmt::format("mremap({}, {}, {}, MREMAP_MAYMOVE|MREMAP_FIXED{}, {}*4K)", m.name, Operands::bytes(m.pages),
                      Operands::bytes(moved.pages), keep ? "|MREMAP_DONTUNMAP" : "", moved.moved_to));
      // What was there is gone, or some of it.
      for (Mapped& other : known_.mappings)
        if (other.moved_to < moved.moved_to + moved.pages && moved.moved_to < other.moved_to + other.pages)
          make_holes(other);
      if (!keep) known_.mappings.erase(known_.mappings.begin() + (found - known_.mappings.data()));
      known_.mappings.push_back(std::move(moved));
      return true;
    }
    if (!m.whole) pages = std::min(pages, m.pages);
    say(process, {}, fmt::format("mremap({}, {}, {}, 0)", m.name, Operands::bytes(m.pages), Operands::bytes(pages)));
    if (m.holes && pages < m.pages)
      for (Mapped& other : known_.mappings) make_holes(other);
    if (pages != m.pages) make_holes(m);
    m.pages = std::max(m.pages, pages);
    return true;
  }

  bool fork(unsigned process) {
    if (in_block_ || known_.processes.size() >= 2) return false;
    say(process, "C", "fork()");
    known_.processes.emplace_back("C");
    known_.running.push_back(true);
    for (Mapped& m : known_.mappings) m.processes |= (m.processes >> process & 1) << 1;
    return true;
  }

  bool exit(unsigned process) {
    // Names would be left without a meaning if the first one ended.
    if (in_block_ || process == 0) return false;
    say(process, {}, "exit()");
    known_.running[process] = false;
    return true;
  }

  bool swapon(unsigned) { return false; }  // follows each swapoff()

  // A page that is its process' own most of the time, and then calls about what is left of it.
  bool poison(unsigned process) {
    if (in_block_) return plain(process, *scenario::find_operation("poison"));
    const Mapped* found = operands_.mapping(known_, process);
    if (found == nullptr || (found->processes >> process & 1) == 0) return false;
    Mapped mapping = *found;
    unsigned number = operands_.below(mapping.pages);
    std::string page = fmt::format("{}[{}]", mapping.name, number);
    if (may("store") && !operands_.one_in(4)) say(process, {}, fmt::format("store({}, 'Z')", page));
    say(process, {}, fmt::format("poison({}, {})", known_.processes[process], page));
    for (unsigned i = operands_.below(4); i > 0; --i) after_failure(process, mapping, number);
    return true;
  }

  void after_failure(unsigned process, const Mapped& mapping, unsigned number) {
    std::string page = fmt::format("{}[{}]", mapping.name, number);
    unsigned choice = operands_.below(5);
    if (choice == 0 && may("madvise")) {
      std::string_view advice = operands_.one_in(2) ? "MADV_FREE" : "MADV_DONTNEED";
      say(process, {}, fmt::format("madvise({}, {})", page, advice));
    } else if (choice == 1 && mapping.file && may("fallocate")) {
      unsigned at = mapping.first_page + number;
      say(process, {},
          fmt::format("fallocate({}, FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE, {}, 4K)", mapping.descriptor,
                      at == 0 ? "0" : Operands::bytes(at)));
    } else if (choice == 2 && may("pagemap") && (!mapping.shared || known_.looks_at_files)) {
      say(process, {}, fmt::format("pagemap({})", page));
    } else if (choice == 3 && options_.cpus == 1 && may("rss", "anon")) {
      say(process, {}, fmt::format("rss({}).anon", known_.processes[process]));
    } else if (may("load")) {
      say(process, {}, fmt::format("load({})", page));
    }
  }

  // A write to what is protected would wait for ever: only calls that write nothing come before it is resolved, and
  // none that changes what the range is.
  bool uffd_writeprotect(unsigned process) {
    const Mapped* found = in_block_ ? nullptr : operands_.mapping(known_, process);
    if (found == nullptr || (found->processes >> process & 1) == 0) return false;
    if (!options_.protects_several && !found->whole) return false;
    Mapped mapping = *found;
    unsigned first = operands_.below(mapping.pages);
    std::string range =
        fmt::format("{}[{}:{}]", mapping.name, first, first + 1 + operands_.below(mapping.pages - first));
    if (!operands_.one_in(8)) {
      say(process, {}, fmt::format("uffd_register({})", range));
      after(process, "uffd_register", fmt::format("uffd_register({})", range));
    }
    say(process, {}, fmt::format("uffd_writeprotect({}, 1)", range));
    if (operands_.one_in(2)) give_up_protected(process, mapping, range, first);
    for (unsigned i = operands_.below(4); i > 0; --i) write_nothing(process);
    say(process, {}, fmt::format("uffd_writeprotect({}, 0)", range));
    return true;
  }

  // What is protected is so without a page too: a marker stands for it. A read of it maps no neighbours.
  void give_up_protected(unsigned process, const Mapped& mapping, const std::string& range, unsigned first) {
    if (!may("madvise") || !may("pagemap") || may_be_given_up("(" + range)) return;
    say(process, {}, fmt::format("madvise({}, {})", range, operands_.one_in(3) ? "MADV_PAGEOUT" : "MADV_DONTNEED"));
    say(process, {}, fmt::format("pagemap({}[{}])", mapping.name, first));
  }

  void write_nothing(unsigned process) {
    // From `madvise` on: may make several mappings of one.
    constexpr std::array<std::string_view, 9> kWritesNothing = {
        "load", "mincore", "msync", "pagemap", "ftruncate", "fallocate", "madvise", "mprotect", "munmap"};
    constexpr unsigned kSplitNothing = 6;
    unsigned count = options_.protects_several ? kWritesNothing.size() : kSplitNothing;
    const Operation& o = *scenario::find_operation(kWritesNothing[operands_.below(count)]);
    if (o.weight == 0 || !may(o.name)) return;
    protected_ = true;
    (void)plain(process, o);
    protected_ = false;
  }

  struct Special {
    std::string_view name;
    bool (Generator::*make)(unsigned process);
  };
  static constexpr std::array<Special, 10> kSpecial = {{{"memfd_create", &Generator::memfd_create},
                                                        {"open", &Generator::open},
                                                        {"close", &Generator::close},
                                                        {"mmap", &Generator::mmap},
                                                        {"mremap", &Generator::mremap},
                                                        {"fork", &Generator::fork},
                                                        {"exit", &Generator::exit},
                                                        {"poison", &Generator::poison},
                                                        {"swapon", &Generator::swapon},
                                                        {"uffd_writeprotect", &Generator::uffd_writeprotect}}};

 public:
  static bool is_special(std::string_view name) {
    return std::any_of(kSpecial.begin(), kSpecial.end(), [name](const Special& s) { return s.name == name; });
  }

 private:
  const GeneratorOptions& options_;
  uint64_t seed_ = 0;
  base::Random random_;
  Operands operands_;
  Subject subject_;
  std::vector<const Operation*> operations_;
  unsigned weights_ = 0;
  Known known_;
  std::string lines_;
  unsigned names_ = 0;
  unsigned files_ = 0;
  unsigned opened_ = 0;  ///< descriptors
  bool others_ = false;  ///< somebody has given his rights up
  bool in_block_ = false;
  bool protected_ = false;  ///< a range is write-protected
};

}  // namespace

namespace {

scenario::Scenario scenario_of(const std::string& text) {
  scenario::ParseResult parsed = scenario::parse(text, "fuzz.qs");
  if (!parsed.ok()) {
    fmt::print(stderr, "{}\n{}\n", to_string(parsed.error()), text);
    std::abort();
  }
  return parsed.document().scenarios.front();
}

scenario::Scenario race_scenario(uint64_t seed, const GeneratorOptions& options) {
  constexpr unsigned kDrawsMax = 64;
  constexpr unsigned kDrawShift = 40;  // beyond the seeds that count from 1
  scenario::Scenario scenario = scenario_of(race_program(seed, options));
  for (uint64_t draw = 1; options.may_race && !options.may_race(scenario) && draw < kDrawsMax; ++draw)
    scenario = scenario_of(race_program(seed + (draw << kDrawShift), options));
  if (scenario.name.starts_with("race-")) scenario.name = fmt::format("race-{}", seed);
  return scenario;
}

}  // namespace

scenario::Scenario generate(uint64_t seed, const GeneratorOptions& options) {
  if (options.cpus > 1 && (options.may_race || seed % kLongerEvery != 0)) return race_scenario(seed, options);
  bool huge = options.huge_pages && options.cpus == 1 && seed % kHugeEvery == 0;
  return scenario_of(huge ? huge_program(seed) : Generator(seed, options).text());
}

std::string unknown_operand(const scenario::Operation& operation) {
  if (Generator::is_special(operation.name)) return {};
  for (const UsageOperand& operand : take_apart(operation.usage).operands)
    for (const std::string& word : operand.alternatives)
      if (!operand.optional && !Operands::knows(word)) return word;
  return {};
}

}  // namespace quire::fuzz
