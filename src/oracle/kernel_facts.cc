#include "oracle/kernel_facts.h"

#include <cstdio>
#include <fstream>
#include <string_view>

#include "oracle/host.h"

namespace quire::oracle {
namespace {

// Lines of "nodev\ttmpfs".
bool has_file_system(std::string_view name) {
  std::ifstream systems("/proc/filesystems");
  for (std::string word; systems >> word;)
    if (word == name) return true;
  return false;
}

}  // namespace

int version_number(const std::string& release) {
  int major = 0;
  int minor = 0;
  return std::sscanf(release.c_str(), "%d.%d", &major, &minor) == 2 ? major * 1'000 + minor : -1;
}

bool KernelFacts::is_since(int major, int minor) const {
  int running = version_number(release);
  return running < 0 || running >= major * 1'000 + minor;
}

KernelFacts kernel_here() {
  KernelFacts facts;
  facts.release = Host::kernel_release();
  facts.nodes = Host::nodes();
  facts.root = Host::is_root();
  facts.overlay = has_file_system("overlay");
  facts.running = true;
  return facts;
}

KernelFacts kernel_somewhere() {
  KernelFacts facts;
  facts.nodes = 1'024;
  facts.overlay = true;
  facts.root = true;
  return facts;
}

}  // namespace quire::oracle
