// HostSwap: swap devices of the host itself, to measure the kernel beside the engine. Needs root.
//
// What is set up is taken down by a process that outlives this one, whatever ends it: it is told of each step before it
// is made, and when the pipe to it is closed it undoes them, last first.
//
//   HostSwap host;
//   if (auto device = host.zram("lz4", 64 << 20)) ...   // is swapped on until `host` ends or turn_off()
#pragma once

#include <signal.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "swap/file_backend.h"

namespace quire::bench {

class HostSwap {
 public:
  HostSwap() { start_undoer(); }
  ~HostSwap() { turn_off(); }
  HostSwap(const HostSwap&) = delete;
  HostSwap& operator=(const HostSwap&) = delete;

  /// Undoes everything.
  void turn_off() {
    if (undoer_ <= 0) return;
    close(steps_);
    waitpid(undoer_, nullptr, 0);
    undoer_ = -1;
  }

  /// Empty, or why there is none.
  [[nodiscard]] std::string zram(const std::string& codec, uint64_t bytes) {
    std::string number = read_line("/sys/class/zram-control/hot_add");
    if (number.empty()) return "the host has no zram";
    tell("remove " + number);
    std::string folder = "/sys/block/zram" + number + "/";
    if (!write_line(folder + "comp_algorithm", codec)) return "the host's zram has no " + codec;
    if (!write_line(folder + "disksize", std::to_string(bytes))) return "zram takes no size";
    std::string device = "/dev/zram" + number;
    tell("reset " + number);
    return swap_on(device, base::PageCount(0));
  }
  [[nodiscard]] std::string file(const std::string& path, uint64_t pages) {
    tell("unlink " + path);
    return swap_on(path, base::PageCount(pages));
  }

  /// The folder of a memory cgroup (version 1) of its own; empty: the host has none.
  [[nodiscard]] std::string memory_cgroup() const {
    std::string folder = "/sys/fs/cgroup/memory/quire_bench_" + std::to_string(getpid());
    tell("rmdir " + folder);
    return mkdir(folder.c_str(), 0755) == 0 ? folder : std::string();
  }
  static bool write_line(const std::string& path, const std::string& line) {
    std::FILE* file = std::fopen(path.c_str(), "w");
    if (file == nullptr) return false;
    bool ok = std::fputs(line.c_str(), file) >= 0;
    return std::fclose(file) == 0 && ok;
  }

 private:
  [[nodiscard]] std::string swap_on(const std::string& path, base::PageCount pages) {
    if (swap::FileBackend::mkswap(path, {.pages = pages}) != base::Errno::ok) return "mkswap of " + path;
    tell("swapoff " + path);
    constexpr int kPriority = 32767;
    if (swapon(path.c_str(), SWAP_FLAG_PREFER | kPriority) != 0) return "swapon of " + path;
    return {};
  }

  static std::string read_line(const std::string& path) {
    std::ifstream file(path);
    std::string line;
    std::getline(file, line);
    return line;
  }

  void tell(const std::string& step) const {
    std::string line = step + "\n";
    if (write(steps_, line.data(), line.size()) != static_cast<ssize_t>(line.size())) std::abort();
  }
  void start_undoer() {
    int ends[2];
    if (pipe(ends) != 0) std::abort();
    undoer_ = fork();
    if (undoer_ == 0) {
      setsid();
      for (int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) ::signal(signal, SIG_IGN);
      close(ends[1]);
      undo(ends[0]);
      _exit(0);
    }
    close(ends[0]);
    steps_ = ends[1];
  }
  static void undo(int steps) {
    std::string text;
    char buffer[4096];
    for (ssize_t n = 0; (n = read(steps, buffer, sizeof(buffer))) > 0;) text.append(buffer, static_cast<size_t>(n));
    std::vector<std::string> lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    for (auto line = lines.rbegin(); line != lines.rend(); ++line) {
      auto space = line->find(' ');
      std::string what = line->substr(0, space);
      std::string of = line->substr(space + 1);
      if (what == "swapoff") swapoff(of.c_str());
      if (what == "unlink") unlink(of.c_str());
      if (what == "rmdir") rmdir(of.c_str());
      if (what == "reset") write_line("/sys/block/zram" + of + "/reset", "1");
      if (what == "remove") write_line("/sys/class/zram-control/hot_remove", of);
    }
  }

  pid_t undoer_ = -1;
  int steps_ = -1;
};

}  // namespace quire::bench
