// The first and only program of a guest: makes the file systems, loads the modules that its archive has, and plays what
// it is sent over its second serial line. What plays is a process of its own: if that ends, another begins.
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include "oracle/house.h"

namespace {

namespace fs = std::filesystem;

constexpr const char* kLine = "/dev/ttyS1";

void write_text(const char* path, const std::string& text) {
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return;
  if (write(fd, text.data(), text.size()) < 0) std::perror(path);
  close(fd);
}

void mount_all() {
  mount("proc", "/proc", "proc", 0, nullptr);
  mount("sysfs", "/sys", "sysfs", 0, nullptr);
  mount("devtmpfs", "/dev", "devtmpfs", 0, nullptr);
  mount("tmpfs", "/tmp", "tmpfs", 0, nullptr);
  mount("tmpfs", "/var/tmp", "tmpfs", 0, nullptr);
}

bool load_module(const fs::path& path) {
  constexpr int kCompressedFile = 4;  // MODULE_INIT_COMPRESSED_FILE
  int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  bool loaded = syscall(SYS_finit_module, fd, "", path.extension() == ".ko" ? 0 : kCompressedFile) == 0;
  close(fd);
  return loaded;
}

// One that needs another is taken when that one is there: rounds, until a round loads none.
void load_modules() {
  for (bool progress = true; progress;) {
    progress = false;
    for (const fs::directory_entry& entry : fs::directory_iterator("/modules")) {
      if (!load_module(entry.path())) continue;
      fs::remove(entry.path());
      progress = true;
      break;
    }
  }
}

// The file system that the archive has as an image, on a RAM disk; without one files are in memory.
void mount_disk() {
  std::error_code none;
  if (!fs::exists("/disk.img", none)) return;
  std::ifstream image("/disk.img", std::ios::binary);
  std::ofstream disk("/dev/ram0", std::ios::binary);
  disk << image.rdbuf();
  disk.close();
  fs::remove("/disk.img", none);
  if (disk) mount("/dev/ram0", "/var/tmp", "ext4", 0, nullptr);
}

// The port is there a little after its modules.
int open_port() {
  constexpr int kAttempts = 100;
  if (!fs::exists("/sys/class/virtio-ports")) return -1;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    int line = open("/dev/vport0p1", O_RDWR | O_CLOEXEC);
    if (line >= 0) return line;
    usleep(10'000);
  }
  return -1;
}

int open_line() {
  int line = open_port();
  if (line >= 0) return line;
  line = open(kLine, O_RDWR | O_NOCTTY | O_CLOEXEC);
  termios settings{};
  if (line < 0 || tcgetattr(line, &settings) != 0) return line;
  cfmakeraw(&settings);
  cfsetspeed(&settings, B115200);
  tcsetattr(line, TCSANOW, &settings);
  return line;
}

}  // namespace

int main() {
  mount_all();
  load_modules();
  mount_disk();
  write_text("/sys/kernel/mm/transparent_hugepage/enabled", "madvise");
  int line = open_line();
  if (line < 0) std::perror(kLine);
  while (line >= 0) {
    pid_t player = fork();
    if (player == 0) {
      quire::oracle::serve_house(line, {"S"}, true);
      _exit(0);
    }
    int status = 0;
    while (waitpid(player, &status, 0) != player) {
    }
    std::printf("BUG of the player: it ended with status %d\n", status);
    std::fflush(stdout);
    break;  // whoever asks gets no answer, and boots another guest
  }
  sync();
  reboot(RB_POWER_OFF);
  for (;;) pause();
}
