#include "oracle/export_sections.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <set>
#include <vector>

#include "scenario/constants.h"

namespace quire::oracle {
namespace {

using Words = std::set<std::string, std::less<>>;

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

// The identifiers of a C text; those in its comments too, which does no harm.
Words words_of(std::string_view text) {
  Words words;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t end = i;
    while (end < text.size() && is_word(text[end])) ++end;
    if (end > i) words.emplace(text.substr(i, end - i));
    i = std::max(end, i + 1);
  }
  return words;
}

struct Section {
  std::string text;
  Words words;
  bool about_processes = false;
  bool used = false;
};

// What stands between the marks. Source: oracle/kernel/calls.h
void add_sections(std::string_view source, std::vector<Section>& sections) {
  constexpr std::string_view kBegin = "/* [begin]";
  constexpr std::string_view kEnd = "/* [end] */";
  std::size_t processes = source.find("/* [processes] */");
  for (std::size_t at = source.find(kBegin); at != std::string_view::npos; at = source.find(kBegin, at)) {
    std::size_t end = source.find(kEnd, at);
    std::string_view inside = source.substr(at + kBegin.size(), end - at - kBegin.size());
    std::string text = inside.starts_with(" */") ? std::string(inside.substr(4)) : "/*" + std::string(inside);
    if (!text.starts_with("#include")) sections.push_back({text, words_of(text), at > processes, false});
    at = end;
  }
}

std::vector<Section> sections_of(ExportStyle style) {
  std::vector<Section> sections;
  add_sections(calls_source(), sections);
  add_sections(uffd_source(), sections);
  add_sections(paths_source(), sections);
  add_sections(style == ExportStyle::c ? tap_source() : ksft_source(), sections);
  add_sections(machine_source(), sections);
  add_sections(program_source(), sections);
  return sections;
}

// C declares before it uses: a name is of the first section that has it.
void mark_used(std::vector<Section>& sections, const Words& wanted) {
  for (const std::string& word : wanted) {
    if (!word.starts_with("q_") && !word.starts_with("Q_")) continue;
    auto found =
        std::find_if(sections.begin(), sections.end(), [&](const Section& s) { return s.words.contains(word); });
    if (found == sections.end() || found->used) continue;
    found->used = true;
    mark_used(sections, found->words);
  }
}

// Which header declares what: names, or how they begin where a star follows.
struct Header {
  std::string_view name;
  std::string_view declares;
};
constexpr std::array<Header, 26> kHeaders = {{
    {"dirent.h", "opendir"},
    {"errno.h", "errno E*"},
    {"fcntl.h",
     "open fallocate fcntl sync_file_range posix_fadvise readahead SYNC_FILE_RANGE_* POSIX_FADV_* O_* F_DUPFD* "
     "FALLOC_*"},
    {"linux/userfaultfd.h", "UFFD* uffdio_*"},
    {"pthread.h", "pthread_*"},
    {"sched.h", "sched_* CPU_* unshare CLONE_NEWNS"},
    {"setjmp.h", "sigjmp_buf"},
    {"signal.h", "kill signal sigaction siginfo_t sigwait SIG*"},
    {"stddef.h", "offsetof"},
    {"stdint.h", "uint64_t uintptr_t intptr_t"},
    {"stdio.h", "printf snprintf fopen rename"},
    {"stdlib.h", "exit malloc getenv atexit mkdtemp mkstemp"},
    {"string.h", "memset memcpy memcmp strlen strcmp strstr strchr strerror"},
    {"sys/ioctl.h", "ioctl"},
    {"sys/mman.h",
     "mmap munmap madvise mprotect mremap msync mlock* munlock* mincore memfd_create PROT_* MAP_* MADV_*"},
    {"sys/mount.h", "mount umount2 MS_BIND"},
    {"sys/prctl.h", "prctl"},
    {"sys/stat.h", "fstat stat lstat mkdir mknod chmod utimensat umask S_I*"},
    {"sys/swap.h", "swapon swapoff"},
    {"sys/syscall.h", "syscall"},
    {"sys/types.h", "pid_t off_t"},
    {"sys/utsname.h", "utsname"},
    {"sys/vfs.h", "statfs"},
    {"sys/wait.h", "waitpid"},
    {"sys/xattr.h", "setxattr getxattr listxattr removexattr XATTR_*"},
    {"unistd.h",
     "close read pread pwrite usleep fork getpid geteuid access ftruncate truncate fsync fdatasync syncfs setuid "
     "unlink "
     "rmdir link symlink readlink chown lseek write sysconf chroot chdir "
     "_exit R_OK W_OK X_OK F_OK"},
}};

bool declares(const Header& header, const Words& words) {
  std::string_view rest = header.declares;
  while (!rest.empty()) {
    std::string_view name = rest.substr(0, rest.find(' '));
    rest.remove_prefix(std::min(rest.size(), name.size() + 1));
    if (!name.ends_with('*')) {
      if (words.contains(name)) return true;
      continue;
    }
    name.remove_suffix(1);
    auto first = words.lower_bound(name);
    if (first != words.end() && first->starts_with(name)) return true;
  }
  return false;
}

// Constants that are younger than C libraries in use.
std::string young_constants(const Words& words) {
  constexpr std::array<std::string_view, 8> kYoung = {
      "MADV_COLD",          "MADV_POPULATE_READ", "MADV_POPULATE_WRITE", "MADV_DONTNEED_LOCKED",
      "MADV_GUARD_INSTALL", "MADV_GUARD_REMOVE",  "MADV_COLLAPSE",       "MREMAP_DONTUNMAP"};
  std::string text;
  for (std::string_view name : kYoung)
    if (auto value = scenario::constant_value(name); value && words.contains(name))
      text += fmt::format("#ifndef {0}\n#define {0} {1}\n#endif\n", name, *value);
  return text;
}

// Whether the line that this begins with ends in the brace of a function.
bool is_function(std::string_view text) { return text.substr(0, text.find('\n')).ends_with(") {"); }

// As the kernel's sources are written: tabs, stars at the names, and the brace of a function on a line of its own.
std::string kernel_style(std::string_view text) {
  std::string out;
  bool in_signature = false;
  bool indents = true;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    bool starts_line = i == 0 || text[i - 1] == '\n';
    if (starts_line) in_signature = text.substr(i).starts_with("static ") && is_function(text.substr(i));
    bool pair = indents && text.substr(i).starts_with("  ");
    bool cast = i > 0 && text.substr(i).starts_with("*)") && is_word(text[i - 1]);
    bool star = i > 0 && text.substr(i).starts_with("* ") && (is_word(text[i - 1]) || text[i - 1] == '*') &&
                i + 2 < text.size() && (is_word(text[i + 2]) || text[i + 2] == '(');
    if (pair) {
      out += '\t';
      ++i;
    } else if (star) {
      out += " *";
      ++i;
    } else if (cast) {
      out += " *";
    } else if (in_signature && text.substr(i).starts_with(" {\n")) {
      out += "\n{";
      ++i;
    } else {
      out += c;
      indents = c == '\n';
    }
  }
  return out;
}

}  // namespace

bool kernel_sources_have(std::string_view name) {
  static const Words kWords = words_of(calls_source());
  return kWords.contains(name);
}

std::string assemble(const std::string& comment, const std::string& shared, const std::string& body,
                     ExportStyle style) {
  std::vector<Section> sections = sections_of(style);
  mark_used(sections, words_of(body));
  std::string plain;
  std::string processes;
  for (const Section& section : sections)
    if (section.used) (section.about_processes ? processes : plain) += section.text + "\n";
  Words words = words_of(plain + shared + processes + body);
  std::string includes = "#define _GNU_SOURCE\n";
  for (const Header& header : kHeaders)
    if (declares(header, words)) includes += fmt::format("#include <{}>\n", header.name);
  if (style == ExportStyle::kselftest) includes += "\n#include \"../kselftest.h\"\n";
  std::string young = young_constants(words);
  std::string code = (young.empty() ? "" : young + "\n") + plain + shared + processes;
  return comment + includes + "\n" + kernel_style(code) + body;
}

}  // namespace quire::oracle
