// Images of plain memory: what is written is read; what is damaged is refused.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include "base/random.h"
#include "power/heap_copy.h"
#include "power/image_codec.h"
#include "power/image_reader.h"
#include "power/image_writer.h"
#include "sync/native_heap.h"

namespace quire::power {
namespace {

constexpr uint64_t kPages = 700;

class ImageTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/quire-image-XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    folder_ = name;
    file_ = folder_ + "/machine.img";
    ASSERT_EQ(sync::NativeHeap::map(), Errno::ok);
  }
  void TearDown() override {
    sync::NativeHeap::unmap();
    (void)!std::system(("rm -rf " + folder_).c_str());
  }

  // Some zero, some compressible, some not.
  void fill(uint64_t seed) {
    sync::NativeHeap::unmap();
    ASSERT_EQ(sync::NativeHeap::map(), Errno::ok);
    memory_ = static_cast<std::byte*>(sync::NativeHeap::reserve(kPages * kImagePage));
    base::Random random(seed);
    for (uint64_t page = 0; page < kPages; ++page) {
      uint64_t kind = random.below(4);
      for (std::size_t at = 0; at < kImagePage; at += 8) {
        uint64_t word = kind == 0 ? 0 : kind == 1 ? page : random.next();
        std::memcpy(memory_ + page * kImagePage + at, &word, 8);
      }
    }
    contents_.assign(memory_, memory_ + kPages * kImagePage);
  }
  [[nodiscard]] ImageHeader header() const {
    ImageHeader made;
    BuildIdentity build = this_build();
    made.build_bytes = build.bytes;
    made.build = build.id;
    made.anchor = build.anchor;
    made.heap_start = sync::NativeHeap::kStart;
    made.heap_end = sync::NativeHeap::used_end();
    return made;
  }
  Errno write(ImageCodec codec = ImageCodec::lz4) {
    HeapCopy copy;
    EXPECT_EQ(copy.take({}), Errno::ok);
    return write_image({file_, {codec, 2}}, header(), copy.runs(), written_, complaint_);
  }
  // Into memory that is zero.
  Errno read(ImageLoad::Into into = ImageLoad::Into::memory) {
    sync::NativeHeap::unmap();
    EXPECT_EQ(sync::NativeHeap::map(), Errno::ok);
    ImageReader reader;
    Errno error = reader.open(file_, complaint_);
    return error == Errno::ok ? reader.load({2, into}, complaint_) : error;
  }
  [[nodiscard]] bool as_written() const { return std::memcmp(memory_, contents_.data(), contents_.size()) == 0; }
  [[nodiscard]] std::vector<char> bytes_of_file() const {
    std::ifstream in(file_, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void replace_file(const std::vector<char>& bytes) const {
    std::ofstream out(file_, std::ios::binary | std::ios::trunc);
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }
  /// The header changed, with a checksum that fits.
  template <typename Change>
  void change_header(Change change) const {
    std::vector<char> bytes = bytes_of_file();
    ImageHeader made;
    std::memcpy(&made, bytes.data(), sizeof(made));
    change(made);
    std::array<std::byte, kImagePage> page = {};
    std::memcpy(page.data(), &made, sizeof(made));
    made.checksum = header_checksum(page);
    std::memcpy(bytes.data(), &made, sizeof(made));
    replace_file(bytes);
  }
  [[nodiscard]] std::string said() const { return std::string(complaint_.view()); }

  std::string folder_;
  std::string file_;
  std::byte* memory_ = nullptr;
  std::vector<std::byte> contents_;
  ImageWritten written_;
  Complaint complaint_;
};

TEST_F(ImageTest, ComesBackWithEachCompression) {
  for (ImageCodec codec : {ImageCodec::none, ImageCodec::lz4, ImageCodec::zstd}) {
    fill(static_cast<uint64_t>(codec) + 1);
    ASSERT_EQ(write(codec), Errno::ok) << said();
    EXPECT_EQ(bytes_of_file().size(), written_.file_bytes);
    ASSERT_EQ(read(), Errno::ok) << said();
    EXPECT_TRUE(as_written()) << name(codec);
  }
}

TEST_F(ImageTest, LooksWithoutPlacing) {
  fill(1);
  ASSERT_EQ(write(), Errno::ok);
  ASSERT_EQ(read(ImageLoad::Into::nowhere), Errno::ok);
  EXPECT_EQ(memory_[kImagePage * 5], std::byte{0});
  EXPECT_FALSE(as_written());
}

TEST_F(ImageTest, AnyFlippedBitIsRefused) {
  fill(2);
  ASSERT_EQ(write(), Errno::ok);
  const std::vector<char> whole = bytes_of_file();
  base::Random random(2);
  for (int i = 0; i < 300; ++i) {
    std::vector<char> bytes = whole;
    std::size_t at = i % 3 == 0 ? random.below(kImagePage) : random.below(bytes.size());
    bytes[at] = static_cast<char>(bytes[at] ^ (1 << random.below(8)));
    replace_file(bytes);
    ASSERT_EQ(read(ImageLoad::Into::nowhere), Errno::einval) << "byte " << at;
    ASSERT_NE(said().find("offset"), std::string::npos) << said();
  }
}

TEST_F(ImageTest, AnyOtherLengthIsRefused) {
  fill(3);
  ASSERT_EQ(write(), Errno::ok);
  const std::vector<char> whole = bytes_of_file();
  base::Random random(3);
  for (int i = 0; i < 100; ++i) {
    std::vector<char> bytes = whole;
    bytes.resize(random.below(bytes.size()));
    replace_file(bytes);
    ASSERT_EQ(read(ImageLoad::Into::nowhere), Errno::einval) << bytes.size();
  }
  std::vector<char> longer = whole;
  longer.push_back(0);
  replace_file(longer);
  EXPECT_EQ(read(), Errno::einval);
  EXPECT_NE(said().find("bytes, and the image"), std::string::npos) << said();
}

TEST_F(ImageTest, ForeignImagesAreRefusedWithTheReason) {
  auto refused_for = [this](auto change, const char* why) {
    fill(4);
    ASSERT_EQ(write(), Errno::ok);
    change_header(change);
    EXPECT_EQ(read(), Errno::einval);
    EXPECT_NE(said().find(why), std::string::npos) << said();
  };
  refused_for([](ImageHeader& h) { h.magic[0] = 'x'; }, "no image of a machine");
  refused_for([](ImageHeader& h) { ++h.version; }, "version 2");
  refused_for([](ImageHeader& h) { h.build[3] ^= 1; }, "another build");
  refused_for([](ImageHeader& h) { h.anchor += 4096; }, "another address");
  refused_for([](ImageHeader& h) { h.heap_start += 4096; }, "other addresses");
  refused_for([](ImageHeader& h) { h.image_id[0] ^= 1; }, "another image");
  refused_for([](ImageHeader& h) { h.blocks -= 1; }, "index");
  refused_for([](ImageHeader& h) { h.heap_end = h.heap_start + 4096; }, "nowhere in the machine");
}

// A block of one image in the place of another's.
TEST_F(ImageTest, MixturesAreRefused) {
  fill(5);
  ASSERT_EQ(write(ImageCodec::none), Errno::ok);
  const std::vector<char> first = bytes_of_file();
  ASSERT_EQ(write(ImageCodec::none), Errno::ok);
  std::vector<char> mixed = bytes_of_file();
  ASSERT_EQ(first.size(), mixed.size());
  std::copy(first.begin() + kImagePage, first.begin() + kImagePage + 100'000, mixed.begin() + kImagePage);
  replace_file(mixed);
  EXPECT_EQ(read(), Errno::einval);
}

TEST_F(ImageTest, WhatIsNotFinishedIsNoImage) {
  fill(6);
  ASSERT_EQ(write(), Errno::ok);
  std::vector<char> bytes = bytes_of_file();
  std::fill_n(bytes.begin(), kImagePage, '\0');
  replace_file(bytes);
  EXPECT_EQ(read(), Errno::einval);
  EXPECT_NE(said().find("its writing did not end"), std::string::npos) << said();
}

TEST_F(ImageTest, AnErrorLeavesTheEarlierImage) {
  fill(7);
  ASSERT_EQ(write(), Errno::ok);
  const std::vector<char> earlier = bytes_of_file();
  // Somebody else writes to it: the lock of FILE.new is taken.
  HostFile other;
  ASSERT_EQ(HostFile::open(sync::String((file_ + ".new").c_str()), O_RDWR | O_CREAT, other), Errno::ok);
  ASSERT_EQ(flock(other.fd(), LOCK_EX), 0);
  EXPECT_EQ(write(), Errno::ebusy);
  EXPECT_NE(said().find("another image is being written"), std::string::npos) << said();
  EXPECT_EQ(bytes_of_file(), earlier);
  other = HostFile();
  EXPECT_EQ(write(), Errno::ok) << said();
  EXPECT_NE(access((file_ + ".new").c_str(), F_OK), 0);
}

TEST_F(ImageTest, WhereNoImageCanBe) {
  fill(8);
  file_ = folder_;
  EXPECT_EQ(write(), Errno::einval);
  file_ = folder_ + "/absent/machine.img";
  EXPECT_EQ(write(), Errno::enoent);
  EXPECT_EQ(read(), Errno::enoent);
  file_ = "/dev/null";
  EXPECT_EQ(read(), Errno::einval);
  file_ = "/dev/full";
  EXPECT_EQ(write(), Errno::einval);
}

}  // namespace
}  // namespace quire::power
