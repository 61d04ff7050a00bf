#include "swap/compressed_backend.h"

#include <fmt/core.h>
#include <lz4.h>
#include <zstd.h>

#include <algorithm>
#include <cstring>
#include <iterator>

#include "phys/bulk.h"
#include "swap/slab.h"
#include "sync/lock.h"

namespace quire::swap {
namespace {

constexpr int kZstdLevel = 3;  // zram's
constexpr int kLz4Acceleration = 1;
constexpr std::size_t kPageAlign = 64;

/// Whether the page is one word repeated. Linux: page_same_filled()
bool same_filled(const sync::Vector<uint64_t>& page) {
  if (page.front() != page.back()) return false;
  return std::all_of(page.begin(), page.end(), [&page](uint64_t word) { return word == page.front(); });
}

}  // namespace

/// What one thread at a time needs to compress and to decompress.
class CompressedBackend::CodecContext {
 public:
  explicit CodecContext(Codec codec) {
    if (codec == Codec::lz4) {
      lz4_ = sync::allocate(static_cast<std::size_t>(LZ4_sizeofState()), kPageAlign);
      return;
    }
    compressor_ = ZSTD_createCCtx();
    decompressor_ = ZSTD_createDCtx();
    QUIRE_ASSERT(compressor_ != nullptr, "no memory for zstd");
    QUIRE_ASSERT(decompressor_ != nullptr, "no memory for zstd");
  }
  ~CodecContext() {
    if (lz4_ != nullptr) sync::deallocate(lz4_, static_cast<std::size_t>(LZ4_sizeofState()), kPageAlign);
    ZSTD_freeCCtx(compressor_);
    ZSTD_freeDCtx(decompressor_);
  }
  CodecContext(const CodecContext&) = delete;
  CodecContext& operator=(const CodecContext&) = delete;

  /// Bytes of the result; 0: it does not fit.
  [[nodiscard]] std::size_t compress(std::span<const std::byte> from, std::span<std::byte> to) {
    if (lz4_ != nullptr) {
      int n = LZ4_compress_fast_extState(lz4_, reinterpret_cast<const char*>(from.data()),
                                         reinterpret_cast<char*>(to.data()), static_cast<int>(from.size()),
                                         static_cast<int>(to.size()), kLz4Acceleration);
      return static_cast<std::size_t>(std::max(n, 0));
    }
    std::size_t n = ZSTD_compressCCtx(compressor_, to.data(), to.size(), from.data(), from.size(), kZstdLevel);
    return ZSTD_isError(n) != 0 ? 0 : n;
  }
  /// `to` is exactly as large as what was compressed.
  [[nodiscard]] bool decompress(std::span<const std::byte> from, std::span<std::byte> to) {
    if (lz4_ != nullptr)
      return LZ4_decompress_safe(reinterpret_cast<const char*>(from.data()), reinterpret_cast<char*>(to.data()),
                                 static_cast<int>(from.size()),
                                 static_cast<int>(to.size())) == static_cast<int>(to.size());
    return ZSTD_decompressDCtx(decompressor_, to.data(), to.size(), from.data(), from.size()) == to.size();
  }

 private:
  void* lz4_ = nullptr;
  ZSTD_CCtx* compressor_ = nullptr;
  ZSTD_DCtx* decompressor_ = nullptr;
};

class CompressedBackend::Shard {
 public:
  Shard(const CompressedSettings& settings, std::size_t slots)
      : payload_bytes_(settings.payload_bytes),
        context_(settings.codec),
        page_(settings.payload_bytes / sizeof(uint64_t)),
        packed_(settings.payload_bytes),
        slots_(slots) {}
  ~Shard() {
    for (Slot& slot : slots_) forget(slot);
  }
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  Errno read(std::size_t number, std::span<std::byte> payload) QUIRE_REQUIRES(lock_) {
    const Slot& slot = slots_[number];
    switch (slot.kind) {
      case Kind::empty:
      case Kind::same:
        std::fill(page_.begin(), page_.end(), slot.word);
        break;
      case Kind::packed:
        if (!context_.decompress({slot.object, slot.bytes}, page_bytes())) return Errno::eio;
        break;
      case Kind::huge:
        phys::copy_contents(payload.data(), slot.object, payload_bytes_);
        return Errno::ok;
    }
    phys::copy_contents(payload.data(), page_bytes().data(), payload_bytes_);
    return Errno::ok;
  }

  void write(std::size_t number, std::span<const std::byte> payload) QUIRE_REQUIRES(lock_) {
    Slot& slot = slots_[number];
    forget(slot);
    phys::copy_contents(page_bytes().data(), payload.data(), payload_bytes_);
    if (same_filled(page_)) {
      slot.kind = Kind::same;
      slot.word = page_.front();
      ++counts_.same;
      return;
    }
    std::size_t bytes = payload_bytes_ > Slab::kStepBytes ? context_.compress(page_bytes(), room_to_pack()) : 0;
    if (bytes > 0) {
      slot.kind = Kind::packed;
      slot.bytes = static_cast<uint16_t>(bytes);
      slot.object = static_cast<std::byte*>(slab_.allocate(slot.bytes));
      std::memcpy(slot.object, packed_.data(), bytes);
      ++counts_.packed;
    } else {
      slot.kind = Kind::huge;
      slot.bytes = static_cast<uint16_t>(payload_bytes_);
      slot.object = static_cast<std::byte*>(sync::allocate(payload_bytes_, kPageAlign));
      std::memcpy(slot.object, page_bytes().data(), payload_bytes_);
      ++counts_.huge;
    }
    counts_.bytes_stored += slot.bytes;
  }

  void add_counts(Counts& sum) const QUIRE_REQUIRES(lock_) {
    sum.packed += counts_.packed;
    sum.same += counts_.same;
    sum.huge += counts_.huge;
    sum.bytes_stored += counts_.bytes_stored;
    sum.bytes_held += slab_.bytes_held() + counts_.huge * payload_bytes_;
  }

  sync::Mutex<sync::LockClass::swap_backend_lock> lock_;

 private:
  enum class Kind : uint8_t { empty, same, packed, huge };
  struct Slot {
    Kind kind = Kind::empty;
    uint16_t bytes = 0;  ///< of the object
    union {
      uint64_t word = 0;
      std::byte* object;
    };
  };

  [[nodiscard]] std::span<std::byte> page_bytes() { return std::as_writable_bytes(std::span(page_)); }
  // What would need as many steps as the page itself is not worth its decompression.
  [[nodiscard]] std::span<std::byte> room_to_pack() { return {packed_.data(), payload_bytes_ - Slab::kStepBytes}; }

  void forget(Slot& slot) {
    if (slot.kind == Kind::same) --counts_.same;
    if (slot.kind == Kind::packed) {
      slab_.free(slot.object);
      --counts_.packed;
    }
    if (slot.kind == Kind::huge) {
      sync::deallocate(slot.object, payload_bytes_, kPageAlign);
      --counts_.huge;
    }
    counts_.bytes_stored -= slot.bytes;
    slot = {};
  }

  const uint32_t payload_bytes_;
  CodecContext context_;
  sync::Vector<uint64_t> page_;
  sync::Vector<std::byte> packed_;
  sync::Vector<Slot> slots_;
  Slab slab_;
  Counts counts_;
};

CompressedBackend::CompressedBackend(const CompressedSettings& settings)
    : SwapBackend(settings.name, settings.pages, settings.path), codec_(settings.codec) {
  QUIRE_ASSERT(settings.payload_bytes % sizeof(uint64_t) == 0);
  QUIRE_ASSERT(settings.payload_bytes <= Slab::kObjectBytesMax + Slab::kStepBytes);
  std::size_t slots = (settings.pages.value() + kShards - 1) / kShards;
  for (unsigned i = 0; i < kShards; ++i) shards_.push_back(sync::make_box<Shard>(settings, slots));
}

CompressedBackend::~CompressedBackend() = default;

CompressedBackend::Counts CompressedBackend::counts() const {
  Counts sum;
  for (const sync::Box<Shard>& shard : shards_) {
    sync::Guard guard(shard->lock_);
    shard->add_counts(sum);
  }
  return sum;
}

void CompressedBackend::describe(sync::String& out) const {
  Counts sum = counts();
  fmt::format_to(std::back_inserter(out), "    {}: {} compressed, {} same-filled, {} huge, {} bytes in {}\n",
                 codec_ == Codec::lz4 ? "lz4" : "zstd", sum.packed, sum.same, sum.huge, sum.bytes_stored,
                 sum.bytes_held);
}

Errno CompressedBackend::read(SwapOffset slot, std::span<std::byte> payload) {
  Shard& shard = *shards_[slot.value() % kShards];
  sync::Guard guard(shard.lock_);
  return shard.read(slot.value() / kShards, payload);
}

Errno CompressedBackend::write(SwapOffset slot, std::span<const std::byte> payload) {
  Shard& shard = *shards_[slot.value() % kShards];
  sync::Guard guard(shard.lock_);
  shard.write(slot.value() / kShards, payload);
  return Errno::ok;
}

}  // namespace quire::swap
