// Guest: a kernel in QEMU whose only program plays scenarios (guest/init_main.cc). What is asked and answered (see
// messages.h) goes over a virtio port if its modules have that, else over its second serial line, which is several
// times slower; the first one is its console, of which the end is kept.
//
// It has two CPUs, two NUMA nodes, swap on compressed RAM if its modules have it, and no disk. Nothing of it is left on
// the machine: the archive that it boots from is in memory, and it ends with this process.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace quire::oracle {

struct GuestOptions {
  /// The image to boot. Modules are looked for where its package has them: beside `boot` in `lib/modules/RELEASE`.
  std::string kernel;
  std::string accelerator = "tcg";  ///< or kvm
  unsigned mebibytes = 1'536;
};

class Guest {
 public:
  explicit Guest(GuestOptions options) : options_(std::move(options)) {}
  ~Guest();
  Guest(const Guest&) = delete;
  Guest& operator=(const Guest&) = delete;

  /// Starts it; whether it comes up is seen on its line. Empty, or why it could not be started.
  [[nodiscard]] std::string boot();
  /// The ends of its lines here: it speaks on one of them.
  [[nodiscard]] int serial_line() const { return serial_; }
  [[nodiscard]] int virtio_line() const { return virtio_; }
  /// Whether it has not ended.
  [[nodiscard]] bool runs() const;
  [[nodiscard]] const GuestOptions& options() const { return options_; }
  /// Of the console: what it said last that is about an error, else the last line.
  [[nodiscard]] std::string last_words() const;

 private:
  GuestOptions options_;
  int serial_ = -1;
  int virtio_ = -1;
  int archive_ = -1;  ///< files in memory
  int console_ = -1;
  pid_t pid_ = -1;
};

/// The modules that swap on compressed RAM, a file system on a RAM disk and a virtio port may need, of the package of
/// this image: paths, in no order.
[[nodiscard]] std::vector<std::string> modules_of(const std::string& kernel);
/// The program that plays in guests: beside this program, or where QUIRE_GUEST says. Empty: there is none.
[[nodiscard]] std::string guest_program();

}  // namespace quire::oracle
