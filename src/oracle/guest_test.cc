// What is around a guest: its archive, the choice of its kernel. That it boots and plays is `./q guest`.
#include "oracle/guest.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "oracle/cpio_archive.h"
#include "oracle/kernels.h"

namespace quire::oracle {
namespace {

namespace fs = std::filesystem;

class Directory : public testing::Test {
 protected:
  Directory() {
    std::string name = testing::TempDir() + "guest-XXXXXX";
    EXPECT_NE(mkdtemp(name.data()), nullptr);
    path_ = name;
  }
  ~Directory() override { fs::remove_all(path_); }
  void touch(const fs::path& name) {
    fs::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name) << "x";
  }
  fs::path path_;
};

// Read back by cpio(1).
TEST_F(Directory, ArchivesHaveWhatWasPutIn) {
  CpioArchive archive;
  archive.add_directory("d");
  archive.add_program("d/init", "#!/bin/true\n");
  archive.add_file("odd", std::string(4'097, 'o'));
  std::ofstream(path_ / "a.cpio", std::ios::binary) << archive.finish();
  if (std::system("command -v cpio >/dev/null") != 0) GTEST_SKIP() << "cpio is not installed";
  std::string command = "cd '" + path_.string() + "' && cpio -i --quiet <a.cpio";
  ASSERT_EQ(std::system(command.c_str()), 0);
  EXPECT_TRUE(fs::is_directory(path_ / "d"));
  EXPECT_EQ(fs::file_size(path_ / "odd"), 4'097U);
  EXPECT_EQ(access((path_ / "d/init").c_str(), X_OK), 0);
}

TEST_F(Directory, ModulesAreThoseOfTheImage) {
  touch("boot/vmlinuz-6.1.0-5-amd64");
  touch("lib/modules/6.1.0-5-amd64/kernel/drivers/block/zram/zram.ko");
  touch("lib/modules/6.1.0-5-amd64/kernel/mm/zsmalloc.ko.xz");
  touch("lib/modules/6.1.0-5-amd64/kernel/mm/hwpoison-inject.ko");
  touch("lib/modules/6.1.0-6-amd64/kernel/drivers/block/zram/zram.ko");
  std::vector<std::string> modules = modules_of((path_ / "boot/vmlinuz-6.1.0-5-amd64").string());
  EXPECT_EQ(modules.size(), 2U);
  for (const std::string& module : modules) EXPECT_NE(module.find("6.1.0-5"), std::string::npos);
  EXPECT_TRUE(modules_of((path_ / "boot/vmlinuz-9").string()).empty());
}

TEST_F(Directory, TheNewestImageOfAVersionIsFound) {
  for (const char* name : {"vmlinuz-6.1.0-9-amd64", "vmlinuz-6.1.0-56-amd64", "vmlinuz-6.12.7+deb12-amd64"})
    touch(fs::path("boot") / name);
  setenv("QUIRE_KERNELS", path_.c_str(), 1);
  EXPECT_EQ(find_kernel("6.1"), (path_ / "boot/vmlinuz-6.1.0-56-amd64").string());
  EXPECT_EQ(find_kernel("6.1.0-9"), (path_ / "boot/vmlinuz-6.1.0-9-amd64").string());
  EXPECT_EQ(find_kernel("6.12"), (path_ / "boot/vmlinuz-6.12.7+deb12-amd64").string());
  EXPECT_EQ(find_kernel("6"), (path_ / "boot/vmlinuz-6.12.7+deb12-amd64").string());
  EXPECT_EQ(find_kernel("6.2"), "");
  EXPECT_EQ(find_kernel((path_ / "boot/vmlinuz-6.1.0-9-amd64").string()),
            (path_ / "boot/vmlinuz-6.1.0-9-amd64").string());
  EXPECT_EQ(kernels().size(), 3U);
  unsetenv("QUIRE_KERNELS");
}

TEST(Kernels, PackagesAreGenericOnesOfTheVersion) {
  const std::vector<std::string> names = {
      "linux-image-6.1.0-9-amd64",           "linux-image-6.1.0-56-amd64",
      "linux-image-6.1.0-56-amd64-unsigned", "linux-image-6.1.0-57-cloud-amd64",
      "linux-image-6.1.0-58-rt-amd64",       "linux-image-6.1.0-59-amd64-dbg",
      "linux-image-6.12.1+deb12-amd64",      "linux-image-6.12-amd64-signed-template"};
  EXPECT_EQ(choose_package(names, "6.1"), "linux-image-6.1.0-56-amd64");
  EXPECT_EQ(choose_package(names, "6.12"), "linux-image-6.12.1+deb12-amd64");
  EXPECT_EQ(choose_package(names, "5.10"), "");
}

TEST_F(Directory, WhatIsNoImageIsNotBooted) {
  std::ofstream(path_ / "notes") << std::string(4096, 'x');
  std::string why = Guest({.kernel = path_ / "notes"}).boot();
  EXPECT_TRUE(why.find("expected the image") != std::string::npos || why.find("quire_guest") != std::string::npos)
      << why;
}

TEST(Guest, SaysWhyItCannotBoot) {
  Guest guest({.kernel = "/nowhere/vmlinuz"});
  std::string why = guest.boot();
  EXPECT_TRUE(why.find("No such file") != std::string::npos || why.find("quire_guest") != std::string::npos) << why;
}

}  // namespace
}  // namespace quire::oracle
