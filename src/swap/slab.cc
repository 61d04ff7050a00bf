#include "swap/slab.h"

#include <new>

#include "base/assert.h"
#include "sync/heap.h"

namespace quire::swap {

/// At the start of its 16 KiB; the objects follow.
struct Slab::Chunk {
  struct FreeObject {
    FreeObject* next;
  };
  static constexpr std::size_t kHeaderBytes = 64;

  [[nodiscard]] uint32_t object_bytes() const { return (size_class + 1) * kStepBytes; }
  [[nodiscard]] uint32_t capacity() const { return static_cast<uint32_t>(kChunkBytes - kHeaderBytes) / object_bytes(); }
  [[nodiscard]] bool full() const { return used == capacity(); }

  Chunk* next = nullptr;
  Chunk* previous = nullptr;
  FreeObject* free = nullptr;
  uint32_t size_class = 0;
  uint32_t used = 0;
};

Slab::~Slab() {
  if (spare_ != nullptr) {
    sync::deallocate(spare_, kChunkBytes, kChunkBytes);
    --chunks_;
  }
  QUIRE_ASSERT(chunks_ == 0, "a slab ends with objects in use");
}

void* Slab::allocate(uint32_t bytes) {
  QUIRE_ASSERT(bytes > 0);
  QUIRE_ASSERT(bytes <= kObjectBytesMax);
  uint32_t size_class = (bytes - 1) / kStepBytes;
  Chunk* chunk = partial_[size_class];
  if (chunk == nullptr) {
    chunk = make_chunk(size_class);
    link(chunk);
  }
  Chunk::FreeObject* object = chunk->free;  // BY I1
  chunk->free = object->next;
  ++chunk->used;
  if (chunk->full()) unlink(chunk);
  return object;
}

void Slab::free(void* object) {
  auto address = reinterpret_cast<uintptr_t>(object);
  auto* chunk = reinterpret_cast<Chunk*>(address & ~(kChunkBytes - 1));
  QUIRE_ASSERT(chunk->used > 0, "an object is freed twice");
  QUIRE_ASSERT((address % kChunkBytes - Chunk::kHeaderBytes) % chunk->object_bytes() == 0, "not an object of a slab");
  if (chunk->full()) link(chunk);
  chunk->free = new (object) Chunk::FreeObject{chunk->free};
  if (--chunk->used > 0) return;
  unlink(chunk);
  if (spare_ == nullptr) {
    spare_ = chunk;
    return;
  }
  sync::deallocate(chunk, kChunkBytes, kChunkBytes);
  --chunks_;
}

uint64_t Slab::bytes_held() const { return chunks_ * kChunkBytes; }

void Slab::check() const {
  for (uint32_t size_class = 0; size_class < kClasses; ++size_class) {
    for (const Chunk* chunk = partial_[size_class]; chunk != nullptr; chunk = chunk->next) {
      uint32_t free = 0;
      for (const Chunk::FreeObject* object = chunk->free; object != nullptr; object = object->next) ++free;
      QUIRE_ASSERT(chunk->size_class == size_class);
      QUIRE_ASSERT(chunk->used > 0, "slab I1");
      QUIRE_ASSERT(free > 0, "slab I1");
      QUIRE_ASSERT(free + chunk->used == chunk->capacity(), "slab I2");
    }
  }
}

Slab::Chunk* Slab::make_chunk(uint32_t size_class) {
  void* memory = spare_;
  spare_ = nullptr;
  if (memory == nullptr) {
    memory = sync::allocate(kChunkBytes, kChunkBytes);
    ++chunks_;
  }
  auto* chunk = new (memory) Chunk();
  chunk->size_class = size_class;
  auto* objects = static_cast<std::byte*>(memory) + Chunk::kHeaderBytes;
  // The first object comes first: the list is made from its end.
  for (uint32_t i = chunk->capacity(); i-- > 0;)
    chunk->free = new (objects + std::size_t{i} * chunk->object_bytes()) Chunk::FreeObject{chunk->free};
  return chunk;
}

void Slab::link(Chunk* chunk) {
  Chunk*& head = partial_[chunk->size_class];
  chunk->previous = nullptr;
  chunk->next = head;
  if (head != nullptr) head->previous = chunk;
  head = chunk;
}

void Slab::unlink(Chunk* chunk) {
  if (chunk->previous != nullptr)
    chunk->previous->next = chunk->next;
  else
    partial_[chunk->size_class] = chunk->next;
  if (chunk->next != nullptr) chunk->next->previous = chunk->previous;
}

}  // namespace quire::swap
