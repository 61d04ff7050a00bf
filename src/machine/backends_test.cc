// Machines with each kind of swap device: what swapon says, and that pages come back.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "machine/machine.h"
#include "swap/file_backend.h"

namespace quire::machine {
namespace {

constexpr int kReadWriteProt = abi::kProtRead | abi::kProtWrite;
constexpr uint64_t kBytesOfPage = 4096;

Errno swapon_error(SwapBackendKind kind, std::string_view location) {
  MachineOptions options;
  options.ram = PageCount(64);
  SwapDevice& device = options.add_swap("S", PageCount(64));
  device.backend = kind;
  device.location = location;
  Machine machine(options);
  return machine.swapon(machine.create_process("A"), "S");
}

/// Swaps pages out to a device of `kind` and in again.
sync::String pages_go_and_come(SwapBackendKind kind, std::string_view location) {
  MachineOptions options;
  options.ram = PageCount(128);
  SwapDevice& device = options.add_swap("S", PageCount(64));
  device.backend = kind;
  device.location = location;
  Machine machine(options);
  Process& a = machine.create_process("A");
  uint64_t p = *machine.mmap(a, 0, 32 * kBytesOfPage, kReadWriteProt, abi::kMapPrivate | abi::kMapAnonymous, -1, 0);
  for (uint64_t i = 0; i < 32; ++i)
    EXPECT_TRUE(machine.store(a, p + i * kBytesOfPage + i, static_cast<std::byte>(i + 1)).none());
  EXPECT_EQ(machine.madvise(a, p, 32 * kBytesOfPage, abi::kMadvPageout), Errno::ok);
  EXPECT_EQ(machine.swap_used("S"), 32U);
  sync::String dump = machine.dump();
  for (uint64_t i = 0; i < 16; ++i)
    EXPECT_EQ(machine.load(a, p + i * kBytesOfPage + i).value, static_cast<std::byte>(i + 1));
  EXPECT_EQ(machine.swapoff(a, "S"), Errno::ok);
  for (uint64_t i = 0; i < 32; ++i)
    EXPECT_EQ(machine.load(a, p + i * kBytesOfPage + i).value, static_cast<std::byte>(i + 1));
  EXPECT_EQ(machine.swapon(a, "S"), Errno::ok);
  return dump;
}

TEST(SwapBackends, PagesGoAndCome) {
  std::string file = "/var/tmp/quire_backends_" + std::to_string(getpid());
  ASSERT_EQ(swap::FileBackend::mkswap(file, {.pages = PageCount(65)}), Errno::ok);
  EXPECT_EQ(pages_go_and_come(SwapBackendKind::ram, "").find("compressed"), sync::String::npos);
  EXPECT_NE(pages_go_and_come(SwapBackendKind::file, file).find("file by "), sync::String::npos);
  EXPECT_NE(pages_go_and_come(SwapBackendKind::lz4, "").find("lz4: 32 compressed"), sync::String::npos);
  EXPECT_NE(pages_go_and_come(SwapBackendKind::zstd, "").find("zstd: 32 compressed"), sync::String::npos);
  std::filesystem::remove(file);
}

TEST(SwapBackends, SwaponTellsWhyADeviceIsNotThere) {
  EXPECT_EQ(swapon_error(SwapBackendKind::ram, ""), Errno::ebusy);  // since the machine started
  EXPECT_EQ(swapon_error(SwapBackendKind::lz4, ""), Errno::ebusy);
  EXPECT_EQ(swapon_error(SwapBackendKind::file, "/var/tmp/quire_no_such_file"), Errno::enoent);
  EXPECT_EQ(swapon_error(SwapBackendKind::file, "/var/tmp"), Errno::einval);
  EXPECT_EQ(swapon_error(SwapBackendKind::redis, "nowhere"), Errno::einval);
  EXPECT_EQ(swapon_error(SwapBackendKind::redis, "/var/tmp/quire_no_such_socket"), Errno::enxio);
}

TEST(SwapBackends, NamesOfKinds) {
  for (auto kind : {SwapBackendKind::ram, SwapBackendKind::file, SwapBackendKind::lz4, SwapBackendKind::zstd,
                    SwapBackendKind::redis})
    EXPECT_EQ(swap_backend_kind(name(kind)), kind);
  EXPECT_EQ(swap_backend_kind("disk"), std::nullopt);
}

}  // namespace
}  // namespace quire::machine
