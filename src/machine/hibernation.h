// Resumable: a machine in memory of its own, which can be written to a file and gone on with in another process.
//
//   boot() -> hibernate(): frozen, copied, written to the file -> (the process ends)
//   resume(), in another process of the same program -> the machine where it was frozen; its tasks run again
// The memory is sync::NativeHeap, at addresses that are the same in every process: an image is that memory without what
// is free, and the machine has no part of it elsewhere. So processes, page tables, files of tmpfs, swapped pages in
// devices in memory and areas of vmalloc are all there again, whatever state they are in. What a machine has outside of
// its memory (a swap file, a server, the file of a disk) cannot be taken along: -EOPNOTSUPP.
//
// One in a process. Native only, of pages of 4096 bytes, with an architecture (MachineOptions::direct_map).
// Linux: kernel/power/hibernate.c hibernate(), software_resume()
//
//   Resumable home;
//   Errno error = home.boot(options);
//   error = home.hibernate({"machine.img", {}}, "seed=1", report, complaint);
//   // elsewhere
//   error = home.resume("machine.img", 2, complaint);
#pragma once

#include <string_view>

#include "machine/machine.h"
#include "power/image_reader.h"
#include "power/image_writer.h"

namespace quire::machine {

struct HibernateReport {
  uint64_t frames = 0;      ///< pages of RAM that were saved
  uint64_t heap_pages = 0;  ///< pages of the engine's own
  power::ImageWritten image;
  double freeze_seconds = 0;  ///< from the call until all was copied
};

class Resumable {
 public:
  Resumable() = default;
  /// Ends the machine.
  ~Resumable();
  Resumable(const Resumable&) = delete;
  Resumable& operator=(const Resumable&) = delete;

  /// -EBUSY: there is one in this process; -ENOMEM; -EINVAL: options that do not fit.
  [[nodiscard]] Errno boot(const MachineOptions& options);
  /// As power::ImageReader; without one the process has no machine, and may boot() one.
  [[nodiscard]] Errno resume(std::string_view file, unsigned threads, power::Complaint& complaint);
  /// Instead of boot(): the memory alone, in use; the machine is made in it by the caller, and given to keep().
  [[nodiscard]] Errno prepare();
  /// `companion`: what else is in that memory and has to be found again; may be nullptr.
  void keep(Machine& machine, void* companion);
  [[nodiscard]] Machine& machine() { return *machine_; }
  [[nodiscard]] void* companion() const { return companion_; }
  /// Of the image that it was resumed from.
  [[nodiscard]] const power::ImageHeader& header() const { return header_; }

 private:
  [[nodiscard]] Errno load(power::ImageReader& image, unsigned threads, power::Complaint& complaint);

  /// What an image is found by.
  struct Root {
    Machine* machine;
    void* companion;
  };
  Machine* machine_ = nullptr;
  void* companion_ = nullptr;
  power::ImageHeader header_;
};

}  // namespace quire::machine
