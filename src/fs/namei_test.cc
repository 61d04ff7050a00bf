// Paths, names and attributes of a tmpfs, in one thread and without a machine around it.
#include "fs/namei.h"

#include <gtest/gtest.h>

#include <string>

#include "fs/setattr.h"
#include "fs/tmpfs.h"
#include "fs/tmpfs_mount.h"

namespace quire::fs {
namespace {

using Follow = Namei::Follow;

class NameiTest : public testing::Test {
 protected:
  static phys::FramesOptions frames_options() {
    phys::FramesOptions options;
    options.ram = PageCount(64);
    return options;
  }
  static swap::SwapOptions swap_options() {
    swap::SwapOptions options;
    options.areas_max = 1;
    return options;
  }
  NameiTest() {
    root_.mount("tmp", mount_);
    root_.mount("other", other_);
  }
  void TearDown() override {
    sync::CheckReport report;
    mount_.check(report);
    EXPECT_TRUE(report.ok()) << report.message();
  }
  Errno create(std::string_view path) {
    OpenHow how;
    how.create = how.exclusive = true;
    how.mode = 0644;
    return namei_.open(path, how).error();
  }
  uint32_t nlink(std::string_view path) { return (*namei_.lookup(path, Follow::no))->getattr().nlink; }

  phys::Frames frames_{frames_options()};
  cache::Folios folios_{frames_};
  rmap::AnonVmas anon_vmas_;
  swap::SwapAreas swap_{swap_options(), folios_, {}};
  pgtable::Tlbs tlbs_{0};
  rmap::Environment env_{folios_, swap_, anon_vmas_, tlbs_, {}, base::Order(0), {2, 3, 3}};
  TmpFs tmpfs_{env_, 3};
  base::Clock clock_{base::Clock::Kind::stands_still};
  TmpfsMount mount_{tmpfs_, clock_, {PageCount(4), 8, 01777}};
  TmpfsMount other_{tmpfs_, clock_, {}};
  RootFs root_{clock_};
  Namei namei_{root_, Credentials{}};
  Namei user_{root_, Credentials{1000, 1000}};
};

TEST_F(NameiTest, DotsAndSlashes) {
  ASSERT_EQ(namei_.make("/tmp/d", FileKind::directory, 0755), Errno::ok);
  ASSERT_EQ(create("/tmp/d/f"), Errno::ok);
  EXPECT_TRUE(namei_.lookup("//tmp/./d/../d//f", Follow::yes));
  EXPECT_EQ(namei_.lookup("/tmp/d/f/", Follow::yes).error(), Errno::enotdir);
  EXPECT_EQ(namei_.lookup("/tmp/d/f/..", Follow::yes).error(), Errno::enotdir);
  EXPECT_TRUE(namei_.lookup("/../tmp/../..", Follow::yes));
  EXPECT_EQ(namei_.lookup("", Follow::yes).error(), Errno::enoent);
  EXPECT_EQ(namei_.lookup("/tmp/" + std::string(255, 'a'), Follow::yes).error(), Errno::enoent);
  EXPECT_EQ(namei_.lookup("/tmp/" + std::string(256, 'a'), Follow::yes).error(), Errno::enametoolong);
  EXPECT_EQ(namei_.lookup(std::string(4096, '/'), Follow::yes).error(), Errno::enametoolong);
  EXPECT_TRUE(namei_.lookup(std::string(4095, '/'), Follow::yes));
  EXPECT_EQ(namei_.rmdir("/tmp/d/."), Errno::einval);
  EXPECT_EQ(namei_.rmdir("/tmp/d/.."), Errno::enotempty);
  EXPECT_EQ(namei_.rmdir("/"), Errno::ebusy);
  EXPECT_EQ(namei_.unlink("/tmp/d/f/"), Errno::enotdir);
  EXPECT_EQ(namei_.make("/tmp/x/", FileKind::regular, 0600), Errno::enoent);
  EXPECT_EQ(namei_.make("/x", FileKind::directory, 0755), Errno::erofs);
}

TEST_F(NameiTest, SymlinksAreFollowedFortyTimes) {
  ASSERT_EQ(namei_.make("/tmp/d", FileKind::directory, 0755), Errno::ok);
  ASSERT_EQ(namei_.symlink("d", "/tmp/l"), Errno::ok);
  ASSERT_EQ(namei_.symlink("/tmp/loop", "/tmp/loop"), Errno::ok);
  EXPECT_EQ(create("/tmp/l/f"), Errno::ok);
  EXPECT_TRUE(namei_.lookup("/tmp/d/f", Follow::no));
  EXPECT_EQ(namei_.lookup("/tmp/loop", Follow::yes).error(), Errno::eloop);
  EXPECT_TRUE(namei_.lookup("/tmp/loop", Follow::no));
  EXPECT_EQ(namei_.rmdir("/tmp/l/"), Errno::enotdir);
  std::string path = "/tmp";
  for (int i = 0; i < 40; ++i) path += "/l/..";
  EXPECT_TRUE(namei_.lookup(path, Follow::yes));
  EXPECT_EQ(namei_.lookup(path + "/l/.", Follow::yes).error(), Errno::eloop);
  ASSERT_EQ(namei_.symlink("gone", "/tmp/dangling"), Errno::ok);
  OpenHow how;
  how.create = true;
  EXPECT_TRUE(namei_.open("/tmp/dangling", how));
  EXPECT_TRUE(namei_.lookup("/tmp/gone", Follow::no));
}

TEST_F(NameiTest, RenamesKeepCountsAndRefuseCycles) {
  ASSERT_EQ(namei_.make("/tmp/a", FileKind::directory, 0755), Errno::ok);
  ASSERT_EQ(namei_.make("/tmp/a/b", FileKind::directory, 0755), Errno::ok);
  ASSERT_EQ(namei_.make("/tmp/c", FileKind::directory, 0755), Errno::ok);
  EXPECT_EQ(nlink("/tmp"), 4U);
  EXPECT_EQ(namei_.rename("/tmp/a", "/tmp/a/b/a", RenameHow::replace), Errno::einval);
  EXPECT_EQ(namei_.rename("/tmp/a/b", "/tmp/a", RenameHow::replace), Errno::enotempty);
  EXPECT_EQ(namei_.rename("/tmp/a/b", "/tmp/a", RenameHow::exchange), Errno::einval);
  EXPECT_EQ(namei_.rename("/tmp/c", "/other/c", RenameHow::replace), Errno::exdev);
  EXPECT_EQ(namei_.rename("/tmp/a/b", "/tmp/c", RenameHow::noreplace), Errno::eexist);
  EXPECT_EQ(namei_.rename("/tmp/a/b", "/tmp/c", RenameHow::replace), Errno::ok);
  EXPECT_EQ(nlink("/tmp/a"), 2U);
  EXPECT_EQ(nlink("/tmp"), 4U);
  EXPECT_TRUE(namei_.lookup("/tmp/c/../a", Follow::yes));
  ASSERT_EQ(create("/tmp/a/f"), Errno::ok);
  EXPECT_EQ(namei_.rename("/tmp/a/f", "/tmp/c", RenameHow::replace), Errno::eisdir);
  EXPECT_EQ(namei_.rename("/tmp/c", "/tmp/a/f", RenameHow::replace), Errno::enotdir);
  EXPECT_EQ(namei_.rename("/tmp/c", "/tmp/a/f", RenameHow::exchange), Errno::ok);
  EXPECT_EQ(nlink("/tmp"), 3U);
  EXPECT_EQ(nlink("/tmp/a"), 3U);
  EXPECT_EQ(namei_.rename("/tmp/c", "/tmp/w", RenameHow::whiteout), Errno::ok);
  EXPECT_EQ((*namei_.lookup("/tmp/c", Follow::no))->getattr().kind, FileKind::whiteout);
}

TEST_F(NameiTest, OthersNeedPermission) {
  ASSERT_EQ(namei_.make("/tmp/d", FileKind::directory, 0711), Errno::ok);
  ASSERT_EQ(create("/tmp/d/f"), Errno::ok);
  EXPECT_TRUE(user_.lookup("/tmp/d/f", Follow::yes));
  EXPECT_EQ(user_.unlink("/tmp/d/f"), Errno::eacces);
  ASSERT_EQ(create("/tmp/f"), Errno::ok);
  EXPECT_EQ(user_.unlink("/tmp/f"), Errno::eperm);
  OpenHow how;
  how.wanted = kMayWrite;
  EXPECT_EQ(user_.open("/tmp/f", how).error(), Errno::eacces);
  how.wanted = kMayRead;
  EXPECT_TRUE(user_.open("/tmp/f", how));
}

TEST_F(NameiTest, InodesAndAttributesHaveTheirLimit) {
  // The root and seven more.
  for (char c = 'a'; c < 'h'; ++c) ASSERT_EQ(create(std::string("/tmp/") + c), Errno::ok);
  EXPECT_EQ(create("/tmp/z"), Errno::enospc);
  EXPECT_EQ(namei_.link("/tmp/a", "/tmp/z", Follow::no), Errno::enospc);
  ASSERT_EQ(namei_.unlink("/tmp/g"), Errno::ok);
  InodeRef a = std::move(*namei_.lookup("/tmp/a", Follow::no));
  std::array<std::byte, 900> value{};
  const Credentials root;
  EXPECT_EQ(setxattr(root, *a, "user.a", value, XattrSet::any), Errno::ok);
  EXPECT_EQ(create("/tmp/g"), Errno::enospc);
  EXPECT_EQ(setxattr(root, *a, "user.b", value, XattrSet::any), Errno::enospc);
  EXPECT_EQ(setxattr(root, *a, "user.a", value, XattrSet::create), Errno::enospc);
  EXPECT_EQ(setxattr(root, *a, "user.a", std::span(value).first(1), XattrSet::create), Errno::eexist);
  EXPECT_EQ(setxattr(root, *a, "none.a", value, XattrSet::any), Errno::eopnotsupp);
  EXPECT_EQ(setxattr(root, *a, "user.", value, XattrSet::any), Errno::einval);
  EXPECT_EQ(*listxattr(root, *a, {}), sizeof("user.a"));
  EXPECT_EQ(removexattr(root, *a, "user.a"), Errno::ok);
  EXPECT_EQ(getxattr(root, *a, "user.a", {}).error(), Errno::enodata);
  EXPECT_EQ(namei_.link("/tmp/a", "/tmp/g", Follow::no), Errno::ok);
}

TEST_F(NameiTest, PagesHaveTheirLimit) {
  ASSERT_EQ(create("/tmp/f"), Errno::ok);
  InodeRef file = std::move(*namei_.lookup("/tmp/f", Follow::no));
  std::array<std::byte, 4096> page{};
  for (uint64_t i = 0; i < 4; ++i) ASSERT_EQ(*file->pwrite(page, i * 4096), 4096U);
  EXPECT_EQ(file->pwrite(page, 4 * 4096UL).error(), Errno::enospc);
  EXPECT_EQ(mount_.statfs().bfree, 0U);
  EXPECT_EQ(file->fallocate(PunchMode::punch_hole, 0, 8192), Errno::ok);
  EXPECT_EQ(*file->seek(Seek::data, 0), 8192U);
  EXPECT_EQ(*file->seek(Seek::hole, 8192), 16384U);
  EXPECT_EQ(file->seek(Seek::data, 16384).error(), Errno::enxio);
  EXPECT_EQ(mount_.statfs().bfree, 2U);
  ASSERT_EQ(namei_.unlink("/tmp/f"), Errno::ok);
  file.reset();
  EXPECT_EQ(mount_.statfs().bfree, 4U);
  EXPECT_EQ(mount_.statfs().ffree, 7U);
}

}  // namespace
}  // namespace quire::fs
