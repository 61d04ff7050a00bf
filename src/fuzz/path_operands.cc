#include "fuzz/path_operands.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <span>

#include "fuzz/operands.h"

namespace quire::fuzz {
namespace {

constexpr std::array kPermissions = {Choice{"0755", 6}, Choice{"0700", 2},  Choice{"0644", 3},
                                     Choice{"0600", 3}, Choice{"0", 2},     Choice{"01777", 2},
                                     Choice{"0777", 2}, Choice{"02775", 2}, Choice{"04755", 1}};
constexpr std::array kFiles = {Choice{"S_IFREG|0644", 6}, Choice{"S_IFCHR|0600", 2}, Choice{"0600", 1},
                               Choice{"S_IFREG|06755", 1}, Choice{"S_IFDIR|0755", 1}};
constexpr std::array kAccess = {Choice{"F_OK", 2}, Choice{"R_OK", 2},      Choice{"W_OK", 2},
                                Choice{"X_OK", 2}, Choice{"R_OK|W_OK", 1}, Choice{"8", 1}};
constexpr std::array kOwners = {Choice{"0", 3}, Choice{"1000", 4}, Choice{"-1", 3}};
constexpr std::array kUsers = {Choice{"1000", 5}, Choice{"1001", 1}, Choice{"0", 1}};
constexpr std::array kSizes = {Choice{"0", 2}, Choice{"1", 2}, Choice{"7", 2}, Choice{"100", 2}, Choice{"1000", 2}};
constexpr std::array kTimes = {Choice{"UTIME_NOW", 3}, Choice{"UTIME_OMIT", 3}, Choice{"5", 2}, Choice{"7", 2}};
constexpr std::array kWhences = {Choice{"SEEK_SET", 2},  Choice{"SEEK_CUR", 2},  Choice{"SEEK_END", 2},
                                 Choice{"SEEK_DATA", 4}, Choice{"SEEK_HOLE", 4}, Choice{"9", 1}};
constexpr std::array kRenames = {Choice{"0", 6},
                                 Choice{"RENAME_NOREPLACE", 4},
                                 Choice{"RENAME_EXCHANGE", 8},
                                 Choice{"RENAME_WHITEOUT", 4},
                                 Choice{"RENAME_NOREPLACE|RENAME_WHITEOUT", 1},
                                 Choice{"RENAME_NOREPLACE|RENAME_EXCHANGE", 1},
                                 Choice{"8", 1}};
constexpr std::array kXattrFlags = {Choice{"0", 6}, Choice{"XATTR_CREATE", 3}, Choice{"XATTR_REPLACE", 3},
                                    Choice{"XATTR_CREATE|XATTR_REPLACE", 1}, Choice{"4", 1}};
constexpr std::array kXattrValues = {Choice{"'v'", 5},
                                     Choice{"fill('w', 0)", 1},
                                     Choice{"fill('x', 10)", 4},
                                     Choice{"fill('y', 900)", 3},
                                     Choice{"fill('z', 65536)", 1},
                                     Choice{"fill('z', 65537)", 1}};
constexpr std::array kOpenFlags = {Choice{"O_RDONLY", 4},
                                   Choice{"O_RDWR", 3},
                                   Choice{"O_WRONLY", 2},
                                   Choice{"O_RDWR|O_CREAT", 6},
                                   Choice{"O_RDWR|O_CREAT|O_EXCL", 4},
                                   Choice{"O_RDONLY|O_CREAT", 1},
                                   Choice{"O_RDWR|O_TRUNC", 3},
                                   Choice{"O_RDONLY|O_TRUNC", 1},
                                   Choice{"O_WRONLY|O_CREAT|O_TRUNC", 2},
                                   Choice{"O_RDONLY|O_DIRECTORY", 3},
                                   Choice{"O_RDONLY|O_NOFOLLOW", 2},
                                   Choice{"O_RDWR|O_CREAT|O_NOFOLLOW", 1},
                                   Choice{"O_RDONLY|O_NOFOLLOW|O_DIRECTORY", 1},
                                   Choice{"O_RDWR|O_EXCL", 1}};
constexpr std::array kFields = {Choice{"st_size", 4},  Choice{"st_nlink", 4}, Choice{"st_mode", 4},
                                Choice{"st_uid", 1},   Choice{"st_gid", 1},   Choice{"st_mtime", 1},
                                Choice{"st_ctime", 1}, Choice{"st_blocks", 1}};
constexpr std::array kTotals = {Choice{"f_bsize", 1}, Choice{"f_blocks", 1}, Choice{"f_bfree", 4},
                                Choice{"f_files", 1}, Choice{"f_ffree", 6},  Choice{"f_namelen", 1}};

/// What a word stands for, in all operations or in one.
struct PathWords {
  std::string_view word;
  std::string_view operation;  ///< empty: any
  std::span<const Choice> choices;
};
constexpr std::array kPathWords = {PathWords{"MODE", "access", kAccess},
                                   PathWords{"MODE", "mknod", kFiles},
                                   PathWords{"MODE", "mkdir", kPermissions},
                                   PathWords{"MODE", "chmod", kPermissions},
                                   PathWords{"MODE", "open", kPermissions},
                                   PathWords{"UID", "setuid", kUsers},
                                   PathWords{"UID", "chown", kOwners},
                                   PathWords{"GID", "", kOwners},
                                   PathWords{"SIZE", "", kSizes},
                                   PathWords{"ATIME", "", kTimes},
                                   PathWords{"MTIME", "", kTimes},
                                   PathWords{"WHENCE", "", kWhences},
                                   PathWords{"FLAGS", "rename", kRenames},
                                   PathWords{"FLAGS", "setxattr", kXattrFlags},
                                   PathWords{"BYTE", "setxattr", kXattrValues},
                                   PathWords{"fill(BYTE, LENGTH)", "setxattr", kXattrValues}};
constexpr std::array<std::string_view, 4> kMadeOfNames = {"PATH", "NEW_PATH", "TARGET", "NAME"};

std::string quoted(const std::string& text) { return "\"" + text + "\""; }

std::string picked(base::Random& random, std::span<const Choice> choices) {
  unsigned all = 0;
  for (const Choice& c : choices) all += c.weight;
  auto at = static_cast<unsigned>(random.below(all));
  for (const Choice& c : choices) {
    if (at < c.weight) return std::string(c.text);
    at -= c.weight;
  }
  return {};
}

}  // namespace

bool PathOperands::is_about_paths(const scenario::Operation& operation) {
  return operation.usage.find("PATH") != std::string_view::npos || operation.name == "lseek" ||
         operation.name == "setuid" || operation.name == "open";
}

bool PathOperands::knows(std::string_view word) {
  return std::find(kMadeOfNames.begin(), kMadeOfNames.end(), word) != kMadeOfNames.end() ||
         std::any_of(kPathWords.begin(), kPathWords.end(), [&](const PathWords& w) { return w.word == word; });
}

std::string PathOperands::name() { return names_[below(names_.size())]; }

// Where something may not be, or not so: the mount, a name or a path of any length, dots, slashes.
std::string PathOperands::strange_path(const std::string& mount) {
  switch (below(12)) {
    case 0:
      return quoted(mount);
    case 1:
      return quoted(mount + "/" + name() + "/..");
    case 2:
      return quoted(mount + "/" + name() + "/.");
    case 3:
      return quoted(mount + "/" + name() + "/");
    case 4:
      return quoted(mount + "/" + name() + "/../" + name());
    case 5:
      return quoted(mount + "//./" + name());
    case 6:
      return fmt::format("\"{}/\"+fill('n', {})", mount, 254 + below(3));
    case 7:
      return fmt::format("\"{}/{}\"+fill('/', {})+\"{}\"", mount, name(), 4085 + below(6), name());
    case 8:
      return quoted(below(4) == 0 ? "" : mount + "/../" + mount.substr(1) + "/" + name());
    case 9:
      return quoted(below(4) == 0 ? "/" : mount + "/..");
    case 10:
      return quoted(fmt::format("{0}/{1}/{1}/{2}", mount, name(), name()));
    default: {
      std::string deep = mount;
      for (unsigned i = 3 + below(4); i > 0; --i) deep += "/" + name();
      return quoted(deep);
    }
  }
}

std::string PathOperands::path(const std::string& mount) {
  if (one_in(10)) return strange_path(mount);
  if (!recent_.empty() && one_in(2)) return quoted(recent_[below(recent_.size())]);
  constexpr std::size_t kRecent = 6;
  std::string made = mount + "/" + name();
  for (unsigned more = below(8); more < 3; ++more) made += "/" + name();
  if (recent_.size() == kRecent) recent_.erase(recent_.begin());
  recent_.push_back(made);
  return quoted(made);
}

// Of a symlink: beside it, above it, itself, nowhere; long ones take a page.
std::string PathOperands::target(const std::string& mount) {
  switch (below(16)) {
    case 0:
      return quoted(one_in(3) ? "" : "..");
    case 1:
      return quoted(".");
    case 2:
      return fmt::format("fill('t', {})", 127 + below(3));
    case 3:
      return fmt::format("fill('t', {})", 4094 + below(3));
    case 4:
      return quoted("../" + name());
    case 5:
    case 6:
      return quoted(name() + "/" + name());
    case 7:
      return quoted(name() + "/");
    case 8:
    case 9:
    case 10:
      return path(mount);
    default:
      return quoted(name());
  }
}

std::string PathOperands::xattr_name() {
  switch (strange_xattrs_ ? below(12) : 3 + below(9)) {
    case 0:
      return quoted("none.a");
    case 1:
      return quoted(one_in(2) ? "user." : "");
    case 2:
      return fmt::format("\"user.\"+fill('n', {})", 249 + below(3));
    case 3:
    case 4:
      return quoted("trusted.a");
    default:
      return quoted(one_in(2) ? "user.a" : "user.b");
  }
}

std::optional<std::string> PathOperands::make(std::string_view operation, std::string_view word,
                                              const std::string& mount) {
  for (const PathWords& w : kPathWords)
    if (w.word == word && (w.operation.empty() || w.operation == operation)) {
      std::string made = picked(random_, w.choices);
      bool strange = operation == "setxattr" && (made == "4" || made.find("65537") != std::string::npos);
      return strange && !strange_xattrs_ ? "0" : made;
    }
  if (word == "PATH" || word == "NEW_PATH") return path(mount);
  if (word == "TARGET") return target(mount);
  if (word != "NAME") return std::nullopt;
  return operation == "getdents" ? quoted(one_in(8) ? "." : name()) : xattr_name();
}

std::string PathOperands::field(std::string_view operation) {
  return operation == "statfs" ? picked(random_, kTotals) : picked(random_, kFields);
}

std::string PathOperands::open_flags() { return picked(random_, kOpenFlags); }

}  // namespace quire::fuzz
