// Names of a stacked file system, in one thread and without a machine around it; and random calls compared with those
// of a plain tmpfs.
#include "fs/union_fs.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/random.h"
#include "fs/namei.h"
#include "fs/setattr.h"
#include "fs/tmpfs.h"
#include "fs/tmpfs_mount.h"

namespace quire::fs {
namespace {

using Follow = Namei::Follow;

class UnionTest : public testing::Test {
 protected:
  static phys::FramesOptions union_frames() {
    phys::FramesOptions options;
    options.ram = PageCount(512);
    return options;
  }
  static swap::SwapOptions union_swap() {
    swap::SwapOptions options;
    options.areas_max = 1;
    return options;
  }
  UnionTest() {
    root_.mount("plain", plain_);
    root_.mount("upper", upper_);
    root_.mount("lower", lower_);
    root_.mount("deep", deep_);
  }
  void TearDown() override {
    sync::CheckReport report;
    upper_.check(report);
    lower_.check(report);
    if (union_ != nullptr) union_->check(report);
    EXPECT_TRUE(report.ok()) << report.message();
  }
  // When the layers have what they are to have.
  void mount() {
    UnionMount layers{&upper_, {&lower_, &deep_}, 2};
    union_ = sync::make_box<UnionFs>(env_, 3U, clock_, layers, UnionOptions{});
    root_.mount("union", *union_);
  }
  Result<InodeRef> open(std::string_view path, uint32_t wanted = kMayRead) {
    OpenHow how;
    how.wanted = wanted;
    Result<Opened> opened = namei_.open(path, how);
    if (!opened) return opened.error();
    if ((wanted & kMayWrite) != 0) {
      Errno error = opened->inode->open_for_write();
      if (error != Errno::ok) return error;
    }
    return std::move(opened->inode);
  }
  Errno create(std::string_view path, std::string_view contents = "") {
    OpenHow how;
    how.create = how.exclusive = true;
    how.mode = 0644;
    Result<Opened> opened = namei_.open(path, how);
    if (!opened || contents.empty()) return opened.error();
    return opened->inode->pwrite(std::as_bytes(std::span(contents)), 0).error();
  }
  Errno mkdir(std::string_view path) { return namei_.make(path, FileKind::directory, 0755); }
  std::string read(std::string_view path) {
    Result<InodeRef> file = open(path);
    if (!file) return "error " + std::to_string(static_cast<int>(file.error()));
    std::string text(64, '\0');
    text.resize(*(*file)->pread(std::as_writable_bytes(std::span(text)), 0));
    return text;
  }
  std::set<std::string> names(std::string_view path) {
    struct Collect final : DirectoryVisitor {
      std::set<std::string> names;
      bool visit(std::string_view name, FileKind, uint64_t, uint64_t) override {
        EXPECT_TRUE(names.insert(std::string(name)).second) << name << " twice";
        return true;
      }
    } collect;
    Result<InodeRef> directory = namei_.lookup(path, Follow::yes);
    if (!directory) return {"error"};
    sync::SharedGuard guard((*directory)->i_rwsem());
    EXPECT_EQ((*directory)->directory()->readdir(0, collect), Errno::ok);
    collect.names.erase(".");
    collect.names.erase("..");
    return collect.names;
  }
  using Names = std::set<std::string>;

  phys::Frames frames_{union_frames()};
  cache::Folios folios_{frames_};
  rmap::AnonVmas anon_vmas_;
  swap::SwapAreas swap_{union_swap(), folios_, {}};
  pgtable::Tlbs tlbs_{0};
  rmap::Environment env_{folios_, swap_, anon_vmas_, tlbs_, {}, base::Order(0), {2, 3, 3}};
  TmpFs tmpfs_{env_, 3};
  base::Clock clock_{base::Clock::Kind::stands_still};
  TmpfsMount plain_{tmpfs_, clock_, {}};
  TmpfsMount upper_{tmpfs_, clock_, {}};
  TmpfsMount lower_{tmpfs_, clock_, {}};
  TmpfsMount deep_{tmpfs_, clock_, {}};
  sync::Box<UnionFs> union_;
  RootFs root_{clock_};
  Namei namei_{root_, Credentials{}};
};

TEST_F(UnionTest, TheTopmostLayerThatHasANameDecides) {
  ASSERT_EQ(create("/upper/a", "upper"), Errno::ok);
  ASSERT_EQ(create("/lower/a", "lower"), Errno::ok);
  ASSERT_EQ(create("/lower/b", "lower"), Errno::ok);
  ASSERT_EQ(create("/deep/b", "deep"), Errno::ok);
  ASSERT_EQ(create("/deep/c", "deep"), Errno::ok);
  mount();
  EXPECT_EQ(read("/union/a"), "upper");
  EXPECT_EQ(read("/union/b"), "lower");
  EXPECT_EQ(read("/union/c"), "deep");
  EXPECT_EQ(names("/union"), (Names{"a", "b", "c"}));
}

TEST_F(UnionTest, DirectoriesAreMerged) {
  ASSERT_EQ(mkdir("/upper/d"), Errno::ok);
  ASSERT_EQ(mkdir("/lower/d"), Errno::ok);
  ASSERT_EQ(mkdir("/deep/d"), Errno::ok);
  ASSERT_EQ(create("/upper/d/u"), Errno::ok);
  ASSERT_EQ(create("/lower/d/l"), Errno::ok);
  ASSERT_EQ(create("/deep/d/x"), Errno::ok);
  mount();
  EXPECT_EQ(names("/union/d"), (Names{"u", "l", "x"}));
  EXPECT_EQ(namei_.rmdir("/union/d"), Errno::enotempty);
  EXPECT_EQ(namei_.unlink("/union/d/u"), Errno::ok);
  EXPECT_EQ(namei_.unlink("/union/d/l"), Errno::ok);
  EXPECT_EQ(namei_.rmdir("/union/d"), Errno::enotempty);
  EXPECT_EQ(namei_.unlink("/union/d/x"), Errno::ok);
  EXPECT_EQ(names("/union/d"), Names{});
  EXPECT_EQ(names("/upper/d"), (Names{"l", "x"}));
  EXPECT_EQ(namei_.rmdir("/union/d"), Errno::ok);
  EXPECT_EQ(names("/union"), Names{});
  EXPECT_EQ(names("/lower/d"), Names{"l"});
}

TEST_F(UnionTest, AWhiteoutHidesWhatIsBelow) {
  ASSERT_EQ(create("/lower/f", "lower"), Errno::ok);
  mount();
  ASSERT_EQ(namei_.unlink("/union/f"), Errno::ok);
  EXPECT_EQ(open("/union/f").error(), Errno::enoent);
  EXPECT_EQ((*namei_.lookup("/upper/f", Follow::no))->getattr().kind, FileKind::whiteout);
  EXPECT_EQ(create("/union/f", "new"), Errno::ok);
  EXPECT_EQ(read("/union/f"), "new");
  EXPECT_EQ(read("/lower/f"), "lower");
  EXPECT_EQ(namei_.unlink("/union/f"), Errno::ok);
  EXPECT_EQ(names("/union"), Names{});
}

TEST_F(UnionTest, ADirectoryInThePlaceOfAWhiteoutIsOpaque) {
  ASSERT_EQ(mkdir("/lower/d"), Errno::ok);
  ASSERT_EQ(create("/lower/d/f"), Errno::ok);
  mount();
  ASSERT_EQ(namei_.unlink("/union/d/f"), Errno::ok);
  ASSERT_EQ(namei_.rmdir("/union/d"), Errno::ok);
  ASSERT_EQ(mkdir("/union/d"), Errno::ok);
  EXPECT_EQ(names("/union/d"), Names{});
  std::byte value{};
  Result<InodeRef> shown = namei_.lookup("/union/d", Follow::no);
  EXPECT_EQ((*shown)->getxattr(kOpaqueXattr, {&value, 1}).error(), Errno::enodata);
  EXPECT_EQ(create("/union/d/f", "new"), Errno::ok);
  EXPECT_EQ(read("/union/d/f"), "new");
}

TEST_F(UnionTest, WritingCopiesUp) {
  ASSERT_EQ(mkdir("/lower/d"), Errno::ok);
  ASSERT_EQ(create("/lower/d/f", "0123456789"), Errno::ok);
  {
    Result<InodeRef> lower = namei_.lookup("/lower/d/f", Follow::no);
    constexpr std::byte kValue{'v'};
    sync::Guard guard((*lower)->i_rwsem());
    SetAttributes times;
    times.set_mtime = times.set_mode = true;
    times.mode = 0600;
    times.mtime = {77, 5};
    ASSERT_EQ((*lower)->setattr(times), Errno::ok);
    ASSERT_EQ((*lower)->setxattr("user.x", {&kValue, 1}, XattrSet::any), Errno::ok);
  }
  mount();
  Result<InodeRef> before = open("/union/d/f");
  EXPECT_EQ(names("/upper"), Names{});
  Result<InodeRef> file = open("/union/d/f", kMayWrite);
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(before->get(), file->get());
  Attributes copied = (*namei_.lookup("/upper/d/f", Follow::no))->getattr();
  EXPECT_EQ(copied.mode, 0600U);
  EXPECT_EQ(copied.mtime, (Timestamp{77, 5}));
  std::byte value{};
  EXPECT_EQ(*(*namei_.lookup("/upper/d/f", Follow::no))->getxattr("user.x", {&value, 1}), 1U);
  std::string_view text = "abc";
  ASSERT_TRUE((*file)->pwrite(std::as_bytes(std::span(text)), 2).ok());
  EXPECT_EQ((*file)->fsync({FileIndex(0), kNoEnd}), Errno::ok);
  EXPECT_EQ(read("/union/d/f"), "01abc56789");
  EXPECT_EQ(read("/upper/d/f"), "01abc56789");
  EXPECT_EQ(read("/lower/d/f"), "0123456789");
  EXPECT_EQ((*file)->ino(), (*before)->ino());
}

TEST_F(UnionTest, WhatIsBelowIsNotRenamedWithItsContents) {
  ASSERT_EQ(mkdir("/lower/d"), Errno::ok);
  ASSERT_EQ(create("/lower/f", "f"), Errno::ok);
  ASSERT_EQ(create("/lower/g", "g"), Errno::ok);
  mount();
  EXPECT_EQ(namei_.rename("/union/d", "/union/e", RenameHow::replace), Errno::exdev);
  EXPECT_EQ(namei_.rename("/union/f", "/union/h", RenameHow::whiteout), Errno::einval);
  EXPECT_EQ(namei_.rename("/union/f", "/union/g", RenameHow::replace), Errno::ok);
  EXPECT_EQ(names("/union"), (Names{"d", "g"}));
  EXPECT_EQ(read("/union/g"), "f");
  ASSERT_EQ(mkdir("/union/new"), Errno::ok);
  ASSERT_EQ(create("/union/new/x", "x"), Errno::ok);
  ASSERT_EQ(namei_.rename("/union/new", "/union/f", RenameHow::replace), Errno::ok);
  EXPECT_EQ(read("/union/f/x"), "x");
  EXPECT_EQ(names("/union"), (Names{"d", "f", "g"}));
  ASSERT_EQ(namei_.rename("/union/f", "/union/d", RenameHow::replace), Errno::ok);
  EXPECT_EQ(names("/union/d"), Names{"x"});
  EXPECT_EQ(names("/union"), (Names{"d", "g"}));
}

TEST_F(UnionTest, LinksOfALowerFileStayOneFile) {
  ASSERT_EQ(create("/lower/a", "0"), Errno::ok);
  ASSERT_EQ(namei_.link("/lower/a", "/lower/b", Follow::no), Errno::ok);
  mount();
  Result<InodeRef> a = open("/union/a", kMayWrite);
  std::string_view text = "1";
  ASSERT_TRUE((*a)->pwrite(std::as_bytes(std::span(text)), 0).ok());
  EXPECT_EQ(read("/union/b"), "1");
  EXPECT_EQ((*a)->getattr().nlink, 2U);
  ASSERT_EQ(namei_.link("/union/b", "/union/c", Follow::no), Errno::ok);
  EXPECT_EQ((*a)->getattr().nlink, 3U);
  EXPECT_EQ(namei_.rename("/union/b", "/union/e", RenameHow::replace), Errno::ok);
  EXPECT_EQ(names("/union"), (Names{"a", "c", "e"}));
  for (const char* name : {"/union/a", "/union/c", "/union/e"}) EXPECT_EQ(namei_.unlink(name), Errno::ok);
  EXPECT_EQ(names("/union"), Names{});
  EXPECT_EQ((*a)->getattr().nlink, 0U);
}

// The same random calls on a union and on a tmpfs that began with what the union shows: the same results and names, but
// for the directories that cannot be renamed.
class UnionRandom : public UnionTest, public testing::WithParamInterface<uint64_t> {
 protected:
  std::string random_path(base::Random& random) {
    std::string path = "/" + std::string(1, static_cast<char>('a' + random.below(4)));
    if (random.below(2) == 0) path += "/" + std::string(1, static_cast<char>('a' + random.below(4)));
    return path;
  }
  // In `where`, and in "/plain" if it shows.
  void make(const std::string& where, const std::string& path, uint64_t kind) {
    auto one = [&](const std::string& at) { return kind == 0 ? mkdir(at) : create(at, "in the beginning"); };
    if (one(where + path) == Errno::ok) (void)one("/plain" + path);
  }
  Errno call(const std::string& at, uint64_t what, const std::string& a, const std::string& b) {
    switch (what) {
      case 0:
        return create(at + a, "new");
      case 1:
        return mkdir(at + a);
      case 2:
        return namei_.unlink(at + a);
      case 3:
        return namei_.rmdir(at + a);
      case 4:
        return namei_.rename(at + a, at + b, RenameHow::replace);
      case 5:
        return namei_.link(at + a, at + b, Follow::no);
      case 6:
        return namei_.rename(at + a, at + b, RenameHow::noreplace);
      default:
        return namei_.rename(at + a, at + b, RenameHow::exchange);
    }
  }
  void compare(const std::string& below) {
    Names shown = names("/union" + below);
    ASSERT_EQ(shown, names("/plain" + below)) << below;
    for (const std::string& name : shown) {
      std::string path = below + "/" + name;
      Result<InodeRef> one = namei_.lookup("/union" + path, Follow::no);
      Result<InodeRef> other = namei_.lookup("/plain" + path, Follow::no);
      ASSERT_TRUE(one.ok() && other.ok()) << path;
      ASSERT_EQ((*one)->getattr().kind, (*other)->getattr().kind) << path;
      if ((*one)->directory() != nullptr) {
        compare(path);
        if (HasFatalFailure()) return;
      } else {
        ASSERT_EQ((*one)->getattr().nlink, (*other)->getattr().nlink) << path;
        ASSERT_EQ(read("/union" + path), read("/plain" + path)) << path;
      }
    }
  }
};

TEST_P(UnionRandom, IsLikeATmpfs) {
  base::Random random(GetParam());
  // No file below a directory, so that what shows in the beginning can be made in the plain one, too.
  for (int i = 0; i < 12; ++i) {
    std::string path = random_path(random);
    make(random.below(2) == 0 ? "/lower" : "/upper", path, path.size() == 2 ? 0 : 1);
  }
  mount();
  compare("");
  for (int step = 0; step < 400 && !HasFatalFailure(); ++step) {
    uint64_t what = random.below(8);
    std::string a = random_path(random);
    std::string b = random_path(random);
    Errno on_union = call("/union", what, a, b);
    if (on_union == Errno::exdev) continue;
    ASSERT_EQ(on_union, call("/plain", what, a, b)) << step << ": " << what << " " << a << " " << b;
    compare("");
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, UnionRandom, testing::Range<uint64_t>(1, 30));

}  // namespace
}  // namespace quire::fs
