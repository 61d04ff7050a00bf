#include "fuzz/subject.h"

#include <algorithm>
#include <array>

#include "base/random.h"
#include "fuzz/path_operands.h"

namespace quire::fuzz {
namespace {

/// What is done to a file that is open, in a program about names alone.
constexpr std::array<std::string_view, 13> kFileCalls = {
    "close",     "exit",  "fallocate",     "fdatasync", "fork",      "fstat",          "fsync",
    "ftruncate", "pread", "posix_fadvise", "pwrite",    "readahead", "sync_file_range"};

struct SubjectWeight {
  Subject subject;
  unsigned engine;
  unsigned kernel;  ///< beside one, which has no disk of ours
};
constexpr std::array kSubjects = {SubjectWeight{Subject::memory, 3, 5}, SubjectWeight{Subject::names, 4, 4},
                                  SubjectWeight{Subject::both, 2, 3}, SubjectWeight{Subject::stack, 2, 1},
                                  SubjectWeight{Subject::disk, 1, 0}};

}  // namespace

Subject subject_of(uint64_t seed, const GeneratorOptions& options) {
  constexpr uint64_t kOther = 0x9e37'79b9'7f4a'7c15U;  // another number than the first that the program draws
  if (!options.paths || options.cpus != 1) return Subject::memory;
  auto weight = [&](const SubjectWeight& w) {
    if (!options.of_a_kernel) return w.engine;
    return w.subject == Subject::stack && !options.stacks ? 0 : w.kernel;
  };
  unsigned all = 0;
  for (const SubjectWeight& w : kSubjects) all += weight(w);
  auto at = static_cast<unsigned>(base::Random(seed ^ kOther).below(all));
  for (const SubjectWeight& w : kSubjects) {
    if (at < weight(w)) return w.subject;
    at -= weight(w);
  }
  return Subject::memory;
}

bool is_about(Subject subject, const scenario::Operation& operation, const GeneratorOptions& options) {
  // All files without a name are of one file system of the kernel, which is told of failed memory.
  if (options.memory_fails && operation.name == "syncfs") return false;
  // docs/fidelity.md, stacks beside overlayfs.
  constexpr std::array<std::string_view, 3> kOthersOfOverlayfs = {"listxattr", "lseek", "poison"};
  bool overlay = subject == Subject::stack && options.of_a_kernel;
  if (overlay && (operation.name.starts_with("uffd_") || std::find(kOthersOfOverlayfs.begin(), kOthersOfOverlayfs.end(),
                                                                   operation.name) != kOthersOfOverlayfs.end()))
    return false;
  bool paths = PathOperands::is_about_paths(operation);
  bool file = std::find(kFileCalls.begin(), kFileCalls.end(), operation.name) != kFileCalls.end();
  // Who has given his rights up may not do much of the rest, nor find his own pages in swap.
  if (operation.name == "setuid") return subject == Subject::names;
  if (subject == Subject::memory || subject == Subject::disk) return !paths || operation.name == "lseek";
  return subject != Subject::names || paths || file;
}

}  // namespace quire::fuzz
