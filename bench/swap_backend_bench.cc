// Pages per second that each swap back end writes and reads, page by page. QUIRE_REDIS is the address of a server:
//
//   tools/with_redis env QUIRE_REDIS={} build/release/bench/swap_backend_bench
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <random>
#include <string>

#include "swap/compressed_backend.h"
#include "swap/file_backend.h"
#include "swap/redis_backend.h"

namespace quire::swap {
namespace {

constexpr uint32_t kPayload = 4096;
constexpr PageCount kSlots{8193};

/// Every 16th byte is random and the rest is not: it compresses to about a third.
struct alignas(kPayload) Page {
  std::array<std::byte, kPayload> bytes = {};
  Page() {
    std::mt19937 random(1);
    for (std::size_t i = 0; i < kPayload; ++i) bytes[i] = static_cast<std::byte>(i % 16 == 0 ? random() : i / 256);
  }
};

void write_pages(benchmark::State& state, SwapBackend& device) {
  Page page;
  uint64_t n = 0;
  for (auto _ : state) {
    page.bytes[0] = static_cast<std::byte>(n);
    if (device.write_page(SwapOffset(static_cast<uint32_t>(1 + n++ % 8192)), page.bytes) != Errno::ok)
      return state.SkipWithError("write");
  }
  state.SetItemsProcessed(state.iterations());
}

void read_pages(benchmark::State& state, SwapBackend& device) {
  Page page;
  for (uint32_t slot = 1; slot <= 8192; ++slot)
    if (device.write_page(SwapOffset(slot), page.bytes) != Errno::ok) return state.SkipWithError("write");
  uint64_t n = 0;
  for (auto _ : state)
    if (device.read_page(SwapOffset(static_cast<uint32_t>(1 + n++ * 4099 % 8192)), page.bytes) != Errno::ok)
      return state.SkipWithError("read");
  state.SetItemsProcessed(state.iterations());
}

void both(const std::string& name, SwapBackend& device) {
  benchmark::RegisterBenchmark((name + "/write").c_str(), write_pages, std::ref(device))->UseRealTime();
  benchmark::RegisterBenchmark((name + "/read").c_str(), read_pages, std::ref(device))->UseRealTime();
}

int main_of(int argc, char** argv) {
  RamBackend ram("ram", kSlots, kPayload);
  CompressedBackend lz4({"lz4", kSlots, kPayload, Codec::lz4});
  CompressedBackend zstd({"zstd", kSlots, kPayload, Codec::zstd});
  both("ram", ram);
  both("lz4", lz4);
  both("zstd", zstd);
  char path[] = "/var/tmp/quire_bench_XXXXXX";
  int fd = mkstemp(path);
  if (fd < 0 || FileBackend::mkswap(path, {.pages = kSlots}) != Errno::ok) return 1;
  auto file = FileBackend::open({"file", path, kSlots, kPayload});
  unlink(path);
  close(fd);
  if (!file) return 1;
  both("file", **file);
  sync::Box<RedisBackend> redis;
  if (const char* address = std::getenv("QUIRE_REDIS")) {
    auto opened = RedisBackend::open({"redis", address, kSlots, kPayload});
    if (!opened) return 1;
    redis = std::move(*opened);
    both("redis", *redis);
  }
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}

}  // namespace
}  // namespace quire::swap

int main(int argc, char** argv) { return quire::swap::main_of(argc, argv); }
