#include "swap/compressed_backend.h"

#include <fmt/format.h>
#include <lz4.h>
#include <zstd.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <utility>

#include "phys/bulk.h"
#include "phys/cpu.h"
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

void fill_contents(std::span<std::byte> page, uint64_t word) {
  for (std::size_t at = 0; at < page.size(); at += sizeof(word))
    phys::copy_contents(page.data() + at, reinterpret_cast<const std::byte*>(&word), sizeof(word));
}

/// lz4 needs no context for it. `to` is exactly as large as what was compressed.
bool unpack_lz4(std::span<const std::byte> from, std::span<std::byte> to) {
  return LZ4_decompress_safe(reinterpret_cast<const char*>(from.data()), reinterpret_cast<char*>(to.data()),
                             static_cast<int>(from.size()), static_cast<int>(to.size())) == static_cast<int>(to.size());
}

}  // namespace

/// What one thread at a time needs to compress and to decompress.
class CompressedBackend::CodecContext {
 public:
  explicit CodecContext(Codec codec) {
    if (codec == Codec::lz4) lz4_ = sync::allocate(static_cast<std::size_t>(LZ4_sizeofState()), kPageAlign);
  }
  ~CodecContext() {
    if (lz4_ != nullptr) sync::deallocate(lz4_, static_cast<std::size_t>(LZ4_sizeofState()), kPageAlign);
    drop_zstd();
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
    make_zstd();
    std::size_t n = ZSTD_compressCCtx(compressor_, to.data(), to.size(), from.data(), from.size(), kZstdLevel);
    return ZSTD_isError(n) != 0 ? 0 : n;
  }
  /// With zstd. `to` is exactly as large as what was compressed.
  [[nodiscard]] bool decompress(std::span<const std::byte> from, std::span<std::byte> to) {
    make_zstd();
    return ZSTD_decompressDCtx(decompressor_, to.data(), to.size(), from.data(), from.size()) == to.size();
  }

  /// Made again when they are needed.
  void drop_zstd() {
    ZSTD_freeCCtx(std::exchange(compressor_, nullptr));
    ZSTD_freeDCtx(std::exchange(decompressor_, nullptr));
  }

 private:
  void make_zstd() {
    if (compressor_ == nullptr) compressor_ = ZSTD_createCCtx();
    if (decompressor_ == nullptr) decompressor_ = ZSTD_createDCtx();
    QUIRE_ASSERT(compressor_ != nullptr, "no memory for zstd");
    QUIRE_ASSERT(decompressor_ != nullptr, "no memory for zstd");
  }

  void* lz4_ = nullptr;
  ZSTD_CCtx* compressor_ = nullptr;
  ZSTD_DCtx* decompressor_ = nullptr;
};

/// A context, and the buffers it works in: one thread at a time.
class CompressedBackend::Worker {
 public:
  Worker(Codec codec, uint32_t payload_bytes)
      : context_(codec), page_(payload_bytes / sizeof(uint64_t)), packed_(payload_bytes) {}
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// Copies the page, which may change meanwhile.
  void take(std::span<const std::byte> payload) QUIRE_REQUIRES(lock_) {
    phys::copy_contents(page_bytes().data(), payload.data(), payload.size());
  }
  [[nodiscard]] const sync::Vector<uint64_t>& page() const QUIRE_REQUIRES(lock_) { return page_; }
  [[nodiscard]] std::span<std::byte> page_bytes() { return std::as_writable_bytes(std::span(page_)); }
  /// The page compressed; empty: what would need as many steps as the page itself is not worth its decompression.
  [[nodiscard]] std::span<const std::byte> compress() QUIRE_REQUIRES(lock_) {
    if (packed_.size() <= Slab::kStepBytes) return {};
    std::span<std::byte> room(packed_.data(), packed_.size() - Slab::kStepBytes);
    return room.first(context_.compress(page_bytes(), room));
  }
  [[nodiscard]] bool decompress(std::span<const std::byte> from, std::span<std::byte> to) QUIRE_REQUIRES(lock_) {
    return context_.decompress(from, to);
  }

  void suspend() QUIRE_REQUIRES(lock_) { context_.drop_zstd(); }

  sync::Mutex<sync::LockClass::swap_backend_lock> lock_;

 private:
  CodecContext context_;
  sync::Vector<uint64_t> page_;
  sync::Vector<std::byte> packed_;
};

/// Where some of the slots have their objects.
struct CompressedBackend::Pool {
  [[nodiscard]] std::byte* allocate(uint32_t bytes) QUIRE_REQUIRES(lock) {
    return static_cast<std::byte*>(bytes <= Slab::kObjectBytesMax ? slab.allocate(bytes)
                                                                  : sync::allocate(bytes, kPageAlign));
  }
  void free(std::byte* object, uint32_t bytes) QUIRE_REQUIRES(lock) {
    if (bytes <= Slab::kObjectBytesMax)
      slab.free(object);
    else
      sync::deallocate(object, bytes, kPageAlign);
  }
  /// Counts a slot of `kind`; `sign` is 1 or -1.
  void count(Kind kind, uint32_t bytes, int sign) QUIRE_REQUIRES(lock) {
    auto one = static_cast<uint64_t>(static_cast<int64_t>(sign));
    if (kind == Kind::same) counts.same += one;
    if (kind == Kind::packed) counts.packed += one;
    if (kind == Kind::huge) counts.huge += one;
    counts.bytes_stored += one * bytes;
    if (bytes > Slab::kObjectBytesMax) counts.bytes_held += one * bytes;
  }

  mutable sync::SpinLock<sync::LockClass::swap_object_lock> lock;
  Slab slab QUIRE_GUARDED_BY(lock);
  Counts counts QUIRE_GUARDED_BY(lock);
};

CompressedBackend::CompressedBackend(const CompressedSettings& settings)
    : SwapBackend(settings.name, settings.pages, settings.path),
      codec_(settings.codec),
      payload_bytes_(settings.payload_bytes),
      slots_(settings.pages.value()) {
  QUIRE_ASSERT(settings.payload_bytes % sizeof(uint64_t) == 0);
  QUIRE_ASSERT(settings.payload_bytes <= Slab::kObjectBytesMax + Slab::kStepBytes);
  for (unsigned i = 0; i < kWorkers; ++i) workers_.push_back(sync::make_box<Worker>(codec_, payload_bytes_));
  for (unsigned i = 0; i < kPools; ++i) pools_.push_back(sync::make_box<Pool>());
}

CompressedBackend::~CompressedBackend() {
  for (uint32_t slot = 0; slot < slots_.size(); ++slot) put(SwapOffset(slot), {});
}

CompressedBackend::Counts CompressedBackend::counts() const {
  Counts sum;
  for (const sync::Box<Pool>& pool : pools_) {
    sync::Guard guard(pool->lock);
    sum.packed += pool->counts.packed;
    sum.same += pool->counts.same;
    sum.huge += pool->counts.huge;
    sum.bytes_stored += pool->counts.bytes_stored;
    sum.bytes_held += pool->counts.bytes_held + pool->slab.bytes_held();
  }
  return sum;
}

void CompressedBackend::describe(sync::String& out) const {
  Counts sum = counts();
  fmt::format_to(std::back_inserter(out), "    {}: {} compressed, {} same-filled, {} huge, {} bytes in {}\n",
                 codec_ == Codec::lz4 ? "lz4" : "zstd", sum.packed, sum.same, sum.huge, sum.bytes_stored,
                 sum.bytes_held);
}

// Nobody else has the slot, and nobody has the page yet: it is filled in place and, with lz4, without any lock.
Errno CompressedBackend::read(SwapOffset slot, std::span<std::byte> payload) {
  const Slot& stored = slots_[slot.value()];
  switch (stored.kind) {
    case Kind::empty:
    case Kind::same:
      fill_contents(payload, stored.word);
      return Errno::ok;
    case Kind::packed:
      return unpack({stored.object, stored.bytes}, payload) ? Errno::ok : Errno::eio;
    case Kind::huge:
      phys::copy_contents(payload.data(), stored.object, payload.size());
      return Errno::ok;
  }
  return Errno::eio;
}

bool CompressedBackend::unpack(std::span<const std::byte> from, std::span<std::byte> to) {
  if (codec_ == Codec::lz4) return unpack_lz4(from, to);
  Worker& worker = this_worker();
  sync::Guard guard(worker.lock_);
  return worker.decompress(from, to);
}

Errno CompressedBackend::write(SwapOffset slot, std::span<const std::byte> payload) {
  Worker& worker = this_worker();
  sync::Guard guard(worker.lock_);
  worker.take(payload);
  Slot made;
  std::span<const std::byte> contents;
  if (same_filled(worker.page())) {
    made.kind = Kind::same;
    made.word = worker.page().front();
  } else {
    contents = worker.compress();
    made.kind = contents.empty() ? Kind::huge : Kind::packed;
    if (contents.empty()) contents = worker.page_bytes();
    made.bytes = static_cast<uint16_t>(contents.size());
  }
  put(slot, made);
  if (!contents.empty()) std::memcpy(slots_[slot.value()].object, contents.data(), contents.size());
  return Errno::ok;
}

// The slot's old object goes, and `made` gets one of its size.
void CompressedBackend::put(SwapOffset slot, Slot made) {
  Slot& stored = slots_[slot.value()];
  if (stored.kind == Kind::empty && made.kind == Kind::empty) return;
  Pool& pool = *pools_[slot.value() % kPools];
  {
    sync::Guard guard(pool.lock);
    pool.count(stored.kind, stored.bytes, -1);
    if (stored.bytes > 0) pool.free(stored.object, stored.bytes);
    pool.count(made.kind, made.bytes, 1);
    if (made.bytes > 0) made.object = pool.allocate(made.bytes);
  }
  stored = made;
}

Errno CompressedBackend::suspend() {
  for (sync::Box<Worker>& worker : workers_) {
    sync::Guard guard(worker->lock_);
    worker->suspend();
  }
  return Errno::ok;
}

void CompressedBackend::slots_freed(SwapOffset first, PageCount pages) {
  for (uint64_t i = 0; i < pages.value(); ++i) put(first + PageCount(i), {});
}

CompressedBackend::Worker& CompressedBackend::this_worker() { return *workers_[phys::this_cpu(kWorkers).value()]; }

}  // namespace quire::swap
