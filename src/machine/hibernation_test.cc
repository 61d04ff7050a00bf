// A machine is written to a file and resumed: here within one process, whose memory is given back in between.
#include "machine/hibernation.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <optional>
#include <string>

#include "machine/population.h"
#include "swap/file_backend.h"
#include "sync/task.h"

namespace quire::machine {
namespace {

constexpr uint64_t kPage = base::kPageSize;

class HibernationTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/quire-hibernation-XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    folder_ = name;
    file_ = folder_ + "/machine.img";
  }
  void TearDown() override {
    home_.reset();
    (void)!std::system(("rm -rf " + folder_).c_str());
  }

  Machine& boot(const MachineOptions& options) {
    home_.emplace();
    EXPECT_EQ(home_->boot(options), Errno::ok);
    return home_->machine();
  }
  Errno hibernate(const char* note = "") {
    complaint_ = {};
    return home_->machine().hibernate_to({file_, {power::ImageCodec::lz4, 2}}, note, report_, complaint_);
  }
  Errno resume() {
    home_.reset();
    home_.emplace();
    return home_->resume(file_, 2, complaint_);
  }
  [[nodiscard]] bool is_sound() {
    sync::CheckReport checked;
    home_->machine().check(checked);
    EXPECT_TRUE(checked.ok()) << checked.message();
    return checked.ok();
  }
  [[nodiscard]] std::string said() const { return std::string(complaint_.view()); }

  std::string folder_;
  std::string file_;
  std::optional<Resumable> home_;
  HibernateReport report_;
  power::Complaint complaint_;
};

MachineOptions small_options() {
  PopulationNumbers numbers;
  numbers.ram = 2048;
  numbers.swap = 1024;
  return numbers.options();
}

TEST_F(HibernationTest, EveryByteComesBack) {
  for (SwapBackendKind second : {SwapBackendKind::lz4, SwapBackendKind::zstd, SwapBackendKind::ram}) {
    PopulationNumbers numbers;
    numbers.ram = 4096;
    numbers.swap = 2048;
    numbers.seed = 11 + static_cast<uint64_t>(second);
    numbers.second = second;
    Machine& machine = boot(numbers.options());
    Population population(machine, numbers);
    ASSERT_EQ(population.fill(), Errno::ok);
    ASSERT_EQ(hibernate(numbers.to_text().data()), Errno::ok) << said();
    // The machine goes on where it was.
    EXPECT_TRUE(is_sound());
    ASSERT_EQ(resume(), Errno::ok) << said();
    EXPECT_TRUE(is_sound());
    PopulationNumbers read;
    ASSERT_TRUE(read.from_text(home_->header().note.data()));
    Population::Found found;
    EXPECT_TRUE(Population(home_->machine(), read).verify(found)) << found.mismatch.data();
    EXPECT_GT(found.swapped, 100U);
    EXPECT_TRUE(is_sound());
    EXPECT_EQ(home_->machine().folios_leaked(), 0U);
    home_.reset();
  }
}

TEST_F(HibernationTest, AChangedByteIsSeen) {
  PopulationNumbers numbers;
  numbers.ram = 2048;
  numbers.swap = 1024;
  Machine& machine = boot(numbers.options());
  Population population(machine, numbers);
  ASSERT_EQ(population.fill(), Errno::ok);
  ASSERT_EQ(hibernate(), Errno::ok) << said();
  ASSERT_EQ(resume(), Errno::ok);
  Process& first = *home_->machine().find_process(1);
  uint64_t address = (uint64_t{1} << 32) + 5 * kPage + 77;
  std::byte before = home_->machine().load(first, address).value;
  ASSERT_TRUE(home_->machine().store(first, address, before ^ std::byte{1}).none());
  Population::Found found;
  EXPECT_FALSE(Population(home_->machine(), numbers).verify(found));
  EXPECT_NE(std::string(found.mismatch.data()).find("page 5 of P"), std::string::npos) << found.mismatch.data();
}

TEST_F(HibernationTest, ResumedMachinesHibernateAgain) {
  Machine& machine = boot(small_options());
  Process& process = machine.create_process("A");
  uint64_t at =
      *machine.mmap(process, 0, kPage, abi::kProtRead | abi::kProtWrite, abi::kMapPrivate | abi::kMapAnonymous, -1, 0);
  for (int round = 1; round <= 3; ++round) {
    Process& same = *home_->machine().find_process(1);
    std::byte value{static_cast<unsigned char>(round)};
    ASSERT_TRUE(home_->machine().store(same, at, value).none());
    ASSERT_EQ(hibernate(), Errno::ok) << said();
    ASSERT_EQ(resume(), Errno::ok) << said();
    EXPECT_EQ(home_->machine().load(*home_->machine().find_process(1), at).value, value);
  }
  EXPECT_TRUE(is_sound());
}

TEST_F(HibernationTest, SecretMemoryForbidsIt) {
  PopulationNumbers numbers;
  numbers.ram = 2048;
  numbers.swap = 1024;
  numbers.secret = OnOff::on;
  Machine& machine = boot(numbers.options());
  ASSERT_EQ(Population(machine, numbers).fill(), Errno::ok);
  EXPECT_EQ(hibernate(), Errno::eperm);
  EXPECT_NE(access(file_.c_str(), F_OK), 0);
  machine.killall();
  EXPECT_EQ(hibernate(), Errno::ok) << said();
}

TEST_F(HibernationTest, TooLittleMemoryForTheCopies) {
  MachineOptions options = small_options();
  options.swap_devices = 0;
  Machine& machine = boot(options);
  Process& process = machine.create_process("A");
  uint64_t bytes = 1400 * kPage;
  uint64_t at =
      *machine.mmap(process, 0, bytes, abi::kProtRead | abi::kProtWrite, abi::kMapPrivate | abi::kMapAnonymous, -1, 0);
  for (uint64_t offset = 0; offset < bytes; offset += kPage)
    ASSERT_TRUE(machine.store(process, at + offset, std::byte{1}).none());
  EXPECT_EQ(hibernate(), Errno::enomem);
  EXPECT_TRUE(is_sound());
  EXPECT_TRUE(machine.load(process, at).signal.none());
}

TEST_F(HibernationTest, WhatIsNotInMemoryCannotBeTakenAlong) {
  std::string swap = folder_ + "/swap";
  ASSERT_EQ(swap::FileBackend::mkswap(swap, {.pages = PageCount(65)}), Errno::ok);
  MachineOptions options = small_options();
  SwapDevice& device = options.add_swap("F", PageCount(64));
  device.backend = SwapBackendKind::file;
  device.location = swap;
  Machine& machine = boot(options);
  EXPECT_EQ(hibernate(), Errno::eopnotsupp);
  EXPECT_NE(said().find("swap device F"), std::string::npos) << said();
  Process& process = machine.create_process("A");
  ASSERT_EQ(machine.swapoff(process, "F"), Errno::ok);
  EXPECT_EQ(hibernate(), Errno::ok) << said();
}

/// How the host has the machine's memory mapped with these rights: "rw-s", "r--s", "---s".
int mappings_of_ram(const std::string& rights) {
  std::ifstream maps("/proc/self/maps");
  int count = 0;
  for (std::string line; std::getline(maps, line);)
    if (line.find("quire-ram") != std::string::npos && line.find(" " + rights + " ") != std::string::npos) ++count;
  return count;
}

TEST_F(HibernationTest, TheHostsMappingIsAsTheTablesSayAgain) {
  Machine& machine = boot(small_options());
  KernelMemory& kernel = *machine.kernel();
  uint64_t at = *kernel.vmalloc(2 * kPage, phys::Vmalloc::kFlushResetPerms);
  ASSERT_EQ(kernel.set_memory(at, kPage, abi::kProtRead, phys::WholeLeaves::split), Errno::ok);
  uint64_t hole = *kernel.page_address(*kernel.vmalloc(kPage, 0));
  ASSERT_EQ(kernel.set_memory(hole, kPage, 0, phys::WholeLeaves::split), Errno::ok);
  EXPECT_EQ(mappings_of_ram("r--s"), 1);
  EXPECT_EQ(mappings_of_ram("---s"), 1);
  ASSERT_EQ(hibernate(), Errno::ok) << said();
  EXPECT_EQ(mappings_of_ram("r--s") + mappings_of_ram("---s"), 2);  // mapped for their copies, and put back
  home_.reset();
  EXPECT_EQ(mappings_of_ram("rw-s"), 0);
  ASSERT_EQ(resume(), Errno::ok) << said();
  EXPECT_EQ(mappings_of_ram("r--s"), 1);
  EXPECT_EQ(mappings_of_ram("---s"), 1);
  KernelMemory& same = *home_->machine().kernel();
  EXPECT_EQ(same.load(hole).signal.number, mm::SignalNumber::sigsegv);
  EXPECT_EQ(same.set_memory(hole, kPage, abi::kProtRead | abi::kProtWrite, phys::WholeLeaves::split), Errno::ok);
  EXPECT_EQ(same.vfree(at), Errno::ok);
  EXPECT_EQ(mappings_of_ram("r--s") + mappings_of_ram("---s"), 0);
  EXPECT_TRUE(is_sound());
}

struct Stuck {
  Machine& machine;
  Process& process;
  sync::Atomic<uint32_t, "in the call"> inside{0};
  sync::Atomic<uint32_t, "may leave"> leave{0};
};

TEST_F(HibernationTest, ATaskThatDoesNotFreezeIsNamed) {
  MachineOptions options = small_options();
  options.freeze_timeout_ms = 50;
  Machine& machine = boot(options);
  Stuck stuck{machine, machine.create_process("stubborn")};
  sync::Task task(
      "stubborn",
      [](void* argument) {
        auto& own = *static_cast<Stuck*>(argument);
        Machine::FreezableCall call(own.machine, own.process);
        own.inside.store(1);
        own.inside.wake_all();
        own.leave.await_equal(1);
      },
      &stuck);
  stuck.inside.await_equal(1);
  EXPECT_EQ(hibernate(), Errno::ebusy);
  EXPECT_NE(said().find("stubborn (pid 1)"), std::string::npos) << said();
  { Machine::FreezableCall runs_again(machine, stuck.process); }
  stuck.leave.store(1);
  stuck.leave.wake_all();
  task.join();
  EXPECT_EQ(hibernate(), Errno::ok) << said();
}

// A task that stores to one page and then to another is copied between two of its calls.
struct Counting {
  Machine& machine;
  Process& process;
  uint64_t at;
  sync::Atomic<uint32_t, "stop"> stop{0};
  sync::Atomic<uint64_t, "counted"> counted{0};
};

TEST_F(HibernationTest, RunningTasksAreCopiedAtOneMoment) {
  MachineOptions options = small_options();
  options.watermarks = {64, 80, 96};
  options.kswapd = OnOff::on;
  options.dirty = {20, 10};
  options.flusher = OnOff::on;
  Machine& machine = boot(options);
  Process& process = machine.create_process("A");
  uint64_t at = *machine.mmap(process, 0, 2 * kPage, abi::kProtRead | abi::kProtWrite,
                              abi::kMapPrivate | abi::kMapAnonymous, -1, 0);
  Counting counting{machine, process, at};
  sync::Task task(
      "counter",
      [](void* argument) {
        auto& own = *static_cast<Counting*>(argument);
        for (uint64_t count = 1; own.stop.load() == 0; ++count) {
          for (uint64_t page = 0; page < 2; ++page) {
            Machine::FreezableCall call(own.machine, own.process);
            (void)own.machine.store(own.process, own.at + page * kPage, std::as_bytes(std::span(&count, 1)));
          }
          own.counted.store(count);
          own.counted.wake_all();
        }
      },
      &counting);
  for (int round = 0; round < 5; ++round) {
    counting.counted.await_change(counting.counted.load());
    ASSERT_EQ(hibernate(), Errno::ok) << said();
  }
  counting.stop.store(1);
  task.join();
  ASSERT_EQ(resume(), Errno::ok) << said();
  uint64_t counts[2] = {};
  Process& same = *home_->machine().find_process(1);
  for (unsigned page = 0; page < 2; ++page)
    ASSERT_TRUE(
        home_->machine().load(same, at + page * kPage, std::as_writable_bytes(std::span(&counts[page], 1))).none());
  EXPECT_GT(counts[0], 0U);
  EXPECT_TRUE(counts[0] == counts[1] || counts[0] == counts[1] + 1) << counts[0] << " " << counts[1];
  { Machine::FreezableCall runs(home_->machine(), same); }
  home_->machine().stop_kswapd();
  home_->machine().stop_flusher();
  EXPECT_TRUE(is_sound());
}

TEST_F(HibernationTest, ARefusedImageLeavesRoomForAFreshMachine) {
  boot(small_options());
  ASSERT_EQ(hibernate(), Errno::ok) << said();
  std::fstream file(file_, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(5000);
  file.put('\x55');
  file.close();
  EXPECT_EQ(resume(), Errno::einval);
  EXPECT_NE(said().find("block"), std::string::npos) << said();
  EXPECT_EQ(home_->boot(small_options()), Errno::ok);
  EXPECT_EQ(home_->machine().tasks(), 0U);
}

}  // namespace
}  // namespace quire::machine
