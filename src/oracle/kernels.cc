#include "oracle/kernels.h"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <sstream>

extern char** environ;

namespace quire::oracle {
namespace {

namespace fs = std::filesystem;

// The numbers in a name, to compare versions by: 6.1.0-56 comes after 6.1.0-9.
std::vector<unsigned long> numbers_in(const std::string& name) {
  std::vector<unsigned long> numbers;
  for (std::size_t at = name.find_first_of("0123456789"); at != std::string::npos;) {
    std::size_t end = std::min(name.find_first_not_of("0123456789", at), name.size());
    numbers.push_back(std::strtoul(name.substr(at, end - at).c_str(), nullptr, 10));
    at = name.find_first_of("0123456789", end);
  }
  return numbers;
}

// "6.1" is the version of "6.1.0-56-amd64", and not of "6.12.117".
bool is_of_version(const std::string& release, const std::string& version) {
  if (!release.starts_with(version)) return false;
  return release.size() == version.size() || release.find_first_of("0123456789", version.size()) != version.size();
}

std::string newest(std::vector<std::string> names) {
  auto older = [](const std::string& a, const std::string& b) {
    return std::make_pair(numbers_in(a), b.size()) < std::make_pair(numbers_in(b), a.size());
  };
  auto found = std::max_element(names.begin(), names.end(), older);
  return found == names.end() ? std::string() : *found;
}

struct Ran {
  int status = -1;
  std::string output;
};

// A program with its standard output; in `directory`.
Ran run(const std::vector<std::string>& command, const std::string& directory) {
  Ran ran;
  std::array<int, 2> ends{};
  if (pipe(ends.data()) != 0) return ran;
  pid_t pid = fork();
  if (pid == 0) {
    dup2(ends[1], STDOUT_FILENO);
    close(ends[0]);
    close(ends[1]);
    std::vector<char*> arguments;
    for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    if (chdir(directory.c_str()) == 0) execvp(arguments[0], arguments.data());
    _exit(127);
  }
  close(ends[1]);
  std::array<char, 4'096> bytes;
  for (ssize_t n = 0; (n = read(ends[0], bytes.data(), bytes.size())) > 0;)
    ran.output.append(bytes.data(), static_cast<std::size_t>(n));
  close(ends[0]);
  if (pid > 0) waitpid(pid, &ran.status, 0);
  return ran;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

constexpr std::string_view kImage = "vmlinuz-";
constexpr std::string_view kPackage = "linux-image-";

std::string release_of(const std::string& image) { return fs::path(image).filename().string().substr(kImage.size()); }

// Of the package, what a guest needs (see modules_of()).
void unpack(const std::string& package, const std::string& directory) {
  std::string command = fmt::format(
      "dpkg-deb --fsys-tarfile '{}' | tar -x --wildcards './boot/vmlinuz-*' "
      "'./lib/modules/*/kernel/drivers/block/zram' './lib/modules/*/kernel/drivers/char/virtio*' "
      "'./lib/modules/*/kernel/drivers/virtio' "
      "'./lib/modules/*/kernel/drivers/block/brd*' './lib/modules/*/kernel/mm' './lib/modules/*/kernel/lib' "
      "'./lib/modules/*/kernel/crypto' './lib/modules/*/kernel/fs/ext4' './lib/modules/*/kernel/fs/jbd2' "
      "'./lib/modules/*/kernel/fs/mbcache*' './lib/modules/*/kernel/fs/overlayfs' 2>/dev/null",
      package);
  (void)run({"sh", "-c", command}, directory);
}

}  // namespace

std::string kernels_directory() {
  if (const char* named = std::getenv("QUIRE_KERNELS")) return named;
  if (const char* cache = std::getenv("XDG_CACHE_HOME")) return std::string(cache) + "/quire/kernels";
  const char* home = std::getenv("HOME");
  return std::string(home == nullptr ? "/root" : home) + "/.cache/quire/kernels";
}

std::vector<std::string> kernels() {
  std::vector<std::string> images;
  std::error_code none;
  for (fs::directory_iterator at(kernels_directory() + "/boot", none), end; at != end; at.increment(none))
    if (at->path().filename().string().starts_with(kImage)) images.push_back(at->path());
  std::sort(images.begin(), images.end(), [](const std::string& a, const std::string& b) {
    return numbers_in(release_of(a)) < numbers_in(release_of(b));
  });
  return images;
}

std::string find_kernel(const std::string& what) {
  std::error_code none;
  if (fs::is_regular_file(what, none)) return what;
  std::string found;
  for (const std::string& image : kernels())
    if (is_of_version(release_of(image), what)) found = image;
  return found;
}

std::string choose_package(const std::vector<std::string>& names, const std::string& version) {
  std::vector<std::string> fitting;
  for (const std::string& name : names) {
    if (!name.starts_with(kPackage)) continue;
    std::string release = name.substr(kPackage.size());
    bool generic = release.ends_with("-amd64") || release.ends_with("-amd64-unsigned");
    bool special = release.find("-cloud-") != std::string::npos || release.find("-rt-") != std::string::npos;
    if (generic && !special && is_of_version(release, version)) fitting.push_back(name);
  }
  return newest(fitting);
}

Fetched fetch_kernel(const std::string& version) {
  if (version.empty() || version.find_first_not_of("0123456789.-+deb") != std::string::npos)
    return {{}, fmt::format("expected a version such as 6.1, found '{}'", version)};
  std::string directory = kernels_directory();
  std::error_code error;
  fs::create_directories(directory, error);
  if (error) return {{}, fmt::format("{}: {}", directory, error.message())};
  Ran known = run({"apt-cache", "pkgnames", std::string(kPackage) + version}, directory);
  std::string package = choose_package(lines_of(known.output), version);
  if (known.status != 0) return {{}, "apt-cache does not run here: fetch the package by hand and name its vmlinuz"};
  if (package.empty())
    return {{}, fmt::format("the package manager knows no generic kernel {} (after `apt-get update`?)", version)};
  std::string release = package.substr(kPackage.size());
  if (release.ends_with("-unsigned")) release.resize(release.size() - std::string_view("-unsigned").size());
  std::string image = directory + "/boot/" + std::string(kImage) + release;
  // What an earlier version of this program has fetched may lack a module.
  if (fs::exists(image, error) && fs::exists(directory + "/lib/modules/" + release + "/kernel/fs/overlayfs", error))
    return {image, {}};
  fmt::print(stderr, "quire: fetching {}\n", package);
  std::string download = directory + "/download-XXXXXX";
  if (mkdtemp(download.data()) == nullptr) return {{}, download + " cannot be made"};
  Ran fetched = run({"apt-get", "-q", "download", package}, download);
  for (const fs::directory_entry& entry : fs::directory_iterator(download, error)) unpack(entry.path(), directory);
  fs::remove_all(download, error);
  if (fs::exists(image, error)) return {image, {}};
  if (fetched.status != 0) return {{}, fmt::format("apt-get download {} failed", package)};
  return {{}, fmt::format("{} has no {}", package, image)};
}

}  // namespace quire::oracle
