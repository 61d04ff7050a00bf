#include "sync/native_heap.h"

#include <sched.h>
#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cerrno>
#include <new>

#include "base/assert.h"

namespace quire::sync {

namespace internal {
constinit bool native_heap_in_use = false;
}

namespace {

constexpr std::size_t kPage = 4096;
constexpr unsigned kClasses = 128;
constexpr std::size_t kStep = 16;
/// Sizes up to kStep * kFirstSteps are multiples of kStep; above, there are four to each doubling.
constexpr unsigned kFirstSteps = 4;
/// Objects of this size and more are taken one by one, and their pages go back when they are freed.
constexpr std::size_t kLarge = 64U << 10;
constexpr std::size_t kChunk = 256U << 10;

constinit bool mapped = false;

constexpr std::size_t round_up(std::size_t value, std::size_t to) { return (value + to - 1) / to * to; }

class Spin {
 public:
  explicit Spin(std::atomic<uint32_t>& word) : word_(word) {
    while (word_.exchange(1, std::memory_order_acquire) != 0) sched_yield();
  }
  ~Spin() { word_.store(0, std::memory_order_release); }
  Spin(const Spin&) = delete;
  Spin& operator=(const Spin&) = delete;

 private:
  std::atomic<uint32_t>& word_;
};

}  // namespace

struct alignas(64) NativeHeap::SizeClass {
  struct FreeObject {
    FreeObject* next;
  };
  std::atomic<uint32_t> lock{0};
  FreeObject* free = nullptr;
  std::byte* fresh = nullptr;  ///< [fresh, fresh_end) was never handed out
  std::byte* fresh_end = nullptr;
};

struct NativeHeap::State {
  std::atomic<uint32_t> lock{0};  ///< of `end`
  uintptr_t end = 0;
  void* root = nullptr;
  SizeClass classes[kClasses];
};

NativeHeap::State& NativeHeap::state() { return *std::launder(reinterpret_cast<State*>(kStart)); }

base::Errno NativeHeap::map() {
  if (mapped) return base::Errno::ebusy;
  void* wanted = reinterpret_cast<void*>(kStart);
  void* got = mmap(wanted, kBytes, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
  if (got == MAP_FAILED) return errno == EEXIST ? base::Errno::ebusy : base::Errno::enomem;
  if (got != wanted) {
    munmap(got, kBytes);
    return base::Errno::ebusy;
  }
  // A child would change what the parent has.
  (void)madvise(got, kBytes, MADV_DONTFORK);
  auto* fresh = new (wanted) State();
  fresh->end = round_up(kStart + sizeof(State), kChunk);
  mapped = true;
  return base::Errno::ok;
}

void NativeHeap::use() {
  QUIRE_ASSERT(mapped, "a heap is used that is not mapped");
  internal::native_heap_in_use = true;
}

void NativeHeap::unmap() {
  internal::native_heap_in_use = false;
  if (mapped) munmap(reinterpret_cast<void*>(kStart), kBytes);
  mapped = false;
}

bool NativeHeap::in_use() { return internal::native_heap_in_use; }

uintptr_t NativeHeap::used_end() { return state().end; }

void NativeHeap::set_root(void* root) { state().root = root; }

void* NativeHeap::root() { return state().root; }

void* NativeHeap::take_above(std::size_t bytes, std::size_t align) {
  State& heap = state();
  Spin spin(heap.lock);
  uintptr_t at = round_up(heap.end, std::max(align, kPage));
  if (bytes > kBytes || at + bytes > kStart + kBytes) throw std::bad_alloc();
  heap.end = round_up(at + bytes, kPage);
  return reinterpret_cast<void*>(at);
}

void* NativeHeap::reserve(std::size_t bytes) { return take_above(round_up(bytes, kPage), kPage); }

// A size that is no multiple of the alignment is rounded up to a power of two, which is.
unsigned NativeHeap::class_of(std::size_t bytes, std::size_t align) {
  bytes = std::max(bytes, kStep);
  if (align > kStep) bytes = round_up(bytes, align);
  if (bytes <= kStep * kFirstSteps && align <= kStep) return static_cast<unsigned>((bytes - 1) / kStep);
  bytes = std::max(bytes, kStep * kFirstSteps + 1);
  auto width = static_cast<unsigned>(std::bit_width(bytes - 1));  // 2^(width-1) < bytes <= 2^width
  std::size_t below = std::size_t{1} << (width - 1);
  std::size_t step = below / 4;
  auto steps = static_cast<unsigned>((bytes - below + step - 1) / step);
  if (align > kStep && (below + steps * step) % align != 0) steps = 4;
  return kFirstSteps + (width - 7) * 4 + (steps - 1);
}

std::size_t NativeHeap::bytes_of(unsigned size_class) {
  if (size_class < kFirstSteps) return (size_class + 1) * kStep;
  unsigned width = 7 + (size_class - kFirstSteps) / 4;
  std::size_t below = std::size_t{1} << (width - 1);
  return below + ((size_class - kFirstSteps) % 4 + 1) * (below / 4);
}

void NativeHeap::refill(SizeClass& size_class, std::size_t bytes) {
  std::size_t chunk = bytes >= kLarge ? round_up(bytes, kPage) : kChunk / bytes * bytes;
  size_class.fresh = static_cast<std::byte*>(take_above(chunk, std::min(std::size_t{1} << 21, kChunk)));
  size_class.fresh_end = size_class.fresh + chunk / bytes * bytes;
}

void* NativeHeap::allocate(std::size_t bytes, std::size_t align) {
  unsigned number = class_of(bytes, align);
  QUIRE_ASSERT(number < kClasses, "an allocation is too large");
  QUIRE_ASSERT(align <= kChunk, "an alignment is too large");
  std::size_t size = bytes_of(number);
  SizeClass& size_class = state().classes[number];
  Spin spin(size_class.lock);
  if (SizeClass::FreeObject* object = size_class.free; object != nullptr) {
    size_class.free = object->next;
    return object;
  }
  if (size_class.fresh == size_class.fresh_end) refill(size_class, size);
  void* memory = size_class.fresh;
  size_class.fresh += size;
  return memory;
}

void NativeHeap::deallocate(void* memory, std::size_t bytes, std::size_t align) {
  unsigned number = class_of(bytes, align);
  std::size_t size = bytes_of(number);
  if (size >= kLarge) (void)madvise(memory, size / kPage * kPage, MADV_DONTNEED);
  SizeClass& size_class = state().classes[number];
  Spin spin(size_class.lock);
  size_class.free = new (memory) SizeClass::FreeObject{size_class.free};
}

}  // namespace quire::sync
