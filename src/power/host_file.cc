#include "power/host_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace quire::power {

HostFile::~HostFile() {
  if (fd_ >= 0) ::close(fd_);
}

Errno HostFile::open(const sync::String& path, int flags, HostFile& opened) {
  HostFile file(::open(path.c_str(), flags | O_CLOEXEC, 0600));
  if (!file.is_open()) return static_cast<Errno>(errno);
  opened = std::move(file);
  return Errno::ok;
}

Errno HostFile::read_at(uint64_t offset, std::span<std::byte> to) const {
  while (!to.empty()) {
    ssize_t n = ::pread(fd_, to.data(), to.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return static_cast<Errno>(errno);
    if (n == 0) return Errno::eio;
    to = to.subspan(static_cast<std::size_t>(n));
    offset += static_cast<uint64_t>(n);
  }
  return Errno::ok;
}

Errno HostFile::write_at(uint64_t offset, std::span<const std::byte> from) const {
  while (!from.empty()) {
    ssize_t n = ::pwrite(fd_, from.data(), from.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return static_cast<Errno>(errno);
    if (n == 0) return Errno::eio;
    from = from.subspan(static_cast<std::size_t>(n));
    offset += static_cast<uint64_t>(n);
  }
  return Errno::ok;
}

base::Result<uint64_t> HostFile::size() const {
  struct stat status;
  if (fstat(fd_, &status) != 0) return static_cast<Errno>(errno);
  if (!S_ISREG(status.st_mode)) return Errno::einval;
  return static_cast<uint64_t>(status.st_size);
}

sync::String directory_of(const sync::String& path) {
  auto slash = path.rfind('/');
  if (slash == sync::String::npos) return ".";
  return slash == 0 ? sync::String("/") : path.substr(0, slash);
}

const char* describe(Errno error) { return strerrordesc_np(static_cast<int>(error)); }

}  // namespace quire::power
