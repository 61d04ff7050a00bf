#include "machine/process.h"

#include "sync/trace.h"

namespace quire::machine {

Process::Process(int pid, std::string_view name, mm::AddressSpace* mm, unsigned files_max)
    : pid_(pid), name_(name), mm_(mm), files_(files_max, nullptr) {}

Result<int> Process::install(fs::File& file) {
  sync::Guard guard(files_lock_);
  for (std::size_t fd = 0; fd < files_.size(); ++fd) {
    if (files_[fd] != nullptr) continue;
    ++open_.mutate();
    files_[fd] = &file;
    return static_cast<int>(fd);
  }
  return Errno::emfile;
}

bool Process::is_open(int fd) const {
  (void)open_.get();
  return fd >= 0 && static_cast<std::size_t>(fd) < files_.size() && files_[static_cast<std::size_t>(fd)] != nullptr;
}

FileRef Process::fget(int fd) {
  sync::Guard guard(files_lock_);
  if (!is_open(fd)) return FileRef();
  fs::File* file = files_[static_cast<std::size_t>(fd)];
  file->get();
  return FileRef(file);
}

Errno Process::close(int fd) {
  fs::File* file = nullptr;
  {
    sync::Guard guard(files_lock_);
    if (!is_open(fd)) return Errno::ebadf;
    --open_.mutate();
    std::swap(file, files_[static_cast<std::size_t>(fd)]);
  }
  file->put();
  return Errno::ok;
}

void Process::copy_files(Process& parent) QUIRE_NO_THREAD_SAFETY_ANALYSIS {
  sync::Guard guard(parent.files_lock_);
  open_ = parent.open_.get();
  for (std::size_t fd = 0; fd < files_.size(); ++fd) {
    files_[fd] = parent.files_[fd];
    if (files_[fd] != nullptr) files_[fd]->get();
  }
}

void Process::end() {
  for (int fd = 0;; ++fd) {
    fs::File* file = nullptr;
    {
      sync::Guard guard(files_lock_);
      if (open_ == 0) break;
      if (!is_open(fd)) continue;
      --open_.mutate();
      std::swap(file, files_[static_cast<std::size_t>(fd)]);
    }
    file->put();
  }
  mm_->mmput();
}

}  // namespace quire::machine
