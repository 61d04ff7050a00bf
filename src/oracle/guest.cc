#include "oracle/guest.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>

#include "oracle/cpio_archive.h"

namespace quire::oracle {
namespace {

namespace fs = std::filesystem;

std::optional<std::string> read_bytes(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(in), {});
}

// "/x/boot/vmlinuz-6.1.0-56-amd64" -> "6.1.0-56-amd64"
std::string release_in(const std::string& kernel) {
  std::string name = fs::path(kernel).filename();
  std::size_t dash = name.find('-');
  return dash == std::string::npos ? std::string() : name.substr(dash + 1);
}

// Whether the header is there that loaders look for. Linux: Documentation/arch/x86/boot.rst
bool is_image(const std::string& kernel) {
  constexpr std::streamoff kHeader = 0x202;
  std::ifstream in(kernel, std::ios::binary);
  std::string magic(4, '\0');
  return in.seekg(kHeader) && in.read(magic.data(), 4) && magic == "HdrS";
}

// An empty file system, for the disk of a guest; empty if mke2fs(8) is not here.
std::string disk_image() {
  constexpr off_t kBytes = off_t{8} << 20;
  int image = memfd_create("disk", 0);
  if (image < 0 || ftruncate(image, kBytes) != 0) return {};
  pid_t pid = fork();
  if (pid == 0) {
    std::string path = fmt::format("/proc/self/fd/{}", image);
    execlp("mke2fs", "mke2fs", "-q", "-F", "-t", "ext4", "-b", "4096", path.c_str(), nullptr);
    execl("/sbin/mke2fs", "mke2fs", "-q", "-F", "-t", "ext4", "-b", "4096", path.c_str(), nullptr);
    _exit(127);
  }
  int status = -1;
  if (pid > 0) waitpid(pid, &status, 0);
  std::string bytes = status == 0 ? read_bytes(fmt::format("/proc/self/fd/{}", image)).value_or("") : "";
  close(image);
  return bytes;
}

std::string archive_for(const GuestOptions& options, const std::string& program) {
  CpioArchive archive;
  for (const char* directory : {"dev", "proc", "sys", "tmp", "var", "var/tmp", "modules"})
    archive.add_directory(directory);
  archive.add_console();
  archive.add_program("init", program);
  for (const std::string& module : modules_of(options.kernel))
    if (auto contents = read_bytes(module))
      archive.add_file("modules/" + fs::path(module).filename().string(), *contents);
  if (std::string disk = disk_image(); !disk.empty()) archive.add_file("disk.img", disk);
  return archive.finish();
}

int file_in_memory(const char* name, std::string_view contents) {
  int fd = memfd_create(name, 0);
  for (std::size_t at = 0; fd >= 0 && at < contents.size();) {
    ssize_t n = write(fd, contents.data() + at, contents.size() - at);
    if (n <= 0) {
      close(fd);
      return -1;
    }
    at += static_cast<std::size_t>(n);
  }
  return fd;
}

/// What it inherits, by number.
struct Inherited {
  int archive;
  int console;
  int virtio;
};

std::vector<std::string> command_of(const GuestOptions& options, const Inherited& inherited) {
  unsigned half = options.mebibytes / 2;
  return {"qemu-system-x86_64",
          "-accel",
          options.accelerator == "tcg" ? "tcg,thread=multi" : options.accelerator,
          "-cpu",
          "max",
          "-nodefaults",
          "-no-user-config",
          "-display",
          "none",
          "-no-reboot",
          "-smp",
          "2",
          "-m",
          fmt::format("{}M", 2 * half),
          "-object",
          fmt::format("memory-backend-ram,id=m0,size={}M", half),
          "-object",
          fmt::format("memory-backend-ram,id=m1,size={}M", half),
          "-numa",
          "node,nodeid=0,cpus=0,memdev=m0",
          "-numa",
          "node,nodeid=1,cpus=1,memdev=m1",
          "-kernel",
          options.kernel,
          "-initrd",
          fmt::format("/proc/self/fd/{}", inherited.archive),
          "-append",
          "console=ttyS0 quiet loglevel=3 panic=-1 oops=panic random.trust_cpu=on mitigations=off "
          "transparent_hugepage=madvise",
          "-serial",
          fmt::format("file:/proc/self/fd/{}", inherited.console),
          "-serial",
          "stdio",
          "-device",
          "virtio-serial-pci",
          "-chardev",
          fmt::format("socket,id=line,fd={}", inherited.virtio),
          "-device",
          "virtserialport,chardev=line,name=quire"};
}

[[noreturn]] void become_qemu(const std::vector<std::string>& command, int line) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  setpgid(0, 0);  // a Ctrl-C is for this program, which ends it
  dup2(line, STDIN_FILENO);
  dup2(line, STDOUT_FILENO);
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  execvp(arguments[0], arguments.data());
  _exit(127);
}

bool is_on_path(std::string_view program) {
  const char* path = std::getenv("PATH");
  std::string_view rest = path == nullptr ? "" : path;
  while (!rest.empty()) {
    std::size_t colon = std::min(rest.find(':'), rest.size());
    if (access((fs::path(rest.substr(0, colon)) / program).c_str(), X_OK) == 0) return true;
    rest.remove_prefix(std::min(colon + 1, rest.size()));
  }
  return false;
}

}  // namespace

std::vector<std::string> modules_of(const std::string& kernel) {
  constexpr std::array<std::string_view, 14> kNames = {"zram",    "zsmalloc", "lz4",    "lzo",    "zstd",
                                                       "842",     "xxhash",   "brd",    "ext4",   "jbd2",
                                                       "mbcache", "crc",      "virtio", "overlay"};
  std::vector<std::string> modules;
  fs::path root = fs::absolute(kernel).parent_path().parent_path() / "lib/modules" / release_in(kernel) / "kernel";
  std::error_code none;
  for (const char* folder : {"drivers/block", "drivers/char", "drivers/virtio", "mm", "lib", "crypto", "fs"})
    for (fs::recursive_directory_iterator at(root / folder, none), end; at != end; at.increment(none)) {
      std::string name = at->path().filename();
      bool wanted = std::any_of(kNames.begin(), kNames.end(), [&](std::string_view n) { return name.starts_with(n); });
      if (wanted && name.find(".ko") != std::string::npos) modules.push_back(at->path());
    }
  return modules;
}

std::string guest_program() {
  if (const char* named = std::getenv("QUIRE_GUEST")) return named;
  std::error_code none;
  fs::path here = fs::read_symlink("/proc/self/exe", none).parent_path();
  for (const fs::path& path : {here / "quire_guest", here.parent_path() / "quire_guest"})
    if (fs::exists(path, none)) return path;
  return {};
}

Guest::~Guest() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  for (int fd : {serial_, virtio_, archive_, console_})
    if (fd >= 0) close(fd);
}

std::string Guest::boot() {
  std::string path = guest_program();
  std::optional<std::string> program = path.empty() ? std::nullopt : read_bytes(path);
  if (!program) return "the program that plays in guests, quire_guest, is not beside this one";
  if (access(options_.kernel.c_str(), R_OK) != 0) return fmt::format("{}: {}", options_.kernel, std::strerror(errno));
  if (!is_image(options_.kernel)) return fmt::format("{}: expected the image of a kernel (bzImage)", options_.kernel);
  if (!is_on_path("qemu-system-x86_64")) return "qemu-system-x86_64 is not installed";
  archive_ = file_in_memory("archive", archive_for(options_, *program));
  console_ = file_in_memory("console", {});
  std::array<int, 2> serial{};
  std::array<int, 2> virtio{};
  if (archive_ < 0 || console_ < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, serial.data()) != 0 ||
      socketpair(AF_UNIX, SOCK_STREAM, 0, virtio.data()) != 0)
    return fmt::format("for the guest: {}", std::strerror(errno));
  std::vector<std::string> command = command_of(options_, {archive_, console_, virtio[1]});
  fcntl(virtio[0], F_SETFD, FD_CLOEXEC);
  pid_ = fork();
  if (pid_ == 0) become_qemu(command, serial[1]);
  close(serial[1]);
  close(virtio[1]);
  serial_ = serial[0];
  virtio_ = virtio[0];
  return pid_ < 0 ? fmt::format("fork: {}", std::strerror(errno)) : std::string();
}

bool Guest::runs() const {
  siginfo_t info{};
  return pid_ > 0 && waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         info.si_pid == 0;
}

std::string Guest::last_words() const {
  constexpr off_t kTailBytes = 16'384;
  off_t size = console_ < 0 ? 0 : lseek(console_, 0, SEEK_END);
  std::string text(static_cast<std::size_t>(std::min(size, kTailBytes)), '\0');
  ssize_t n = text.empty() ? 0 : pread(console_, text.data(), text.size(), std::max<off_t>(0, size - kTailBytes));
  text.resize(static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
  for (std::string_view word : {"BUG", "Kernel panic", "Oops", "Unable to handle", "general protection"})
    if (std::size_t at = text.find(word); at != std::string::npos)
      return text.substr(at, text.find_first_of("\r\n", at) - at);
  std::size_t last = text.find_last_not_of("\r\n");
  if (last == std::string::npos) return "nothing was heard of it";
  std::size_t start = text.find_last_of("\r\n", last);
  return text.substr(start == std::string::npos ? 0 : start + 1, last - start);
}

}  // namespace quire::oracle
