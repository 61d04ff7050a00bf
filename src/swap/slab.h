// Slab: memory for objects of 1 to 4032 bytes in classes of 64 bytes each. What zsmalloc is to zram, but objects do not
// move. Native only.
//
// A chunk is 16 KiB, aligned to its size, and holds objects of one class: a header, then as many objects as fit. States
// of a chunk: full (in no list), partial (in the list of its class), empty (kept as the one spare, or given back).
//   I1  a chunk is in the list of its class exactly if it has a free object and an object in use
//   I2  the objects in use and the free ones of a chunk are all of its objects
//
// Locks: none of its own; the caller keeps others away. Not enough memory ends the program, as everywhere.
//
//   Slab slab;
//   void* object = slab.allocate(700);   // 704 bytes
//   slab.free(object);
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace quire::swap {

class Slab {
 public:
  static constexpr uint32_t kStepBytes = 64;
  static constexpr uint32_t kObjectBytesMax = 4032;

  Slab() = default;
  /// Every object has been freed.
  ~Slab();
  Slab(const Slab&) = delete;
  Slab& operator=(const Slab&) = delete;

  [[nodiscard]] void* allocate(uint32_t bytes);
  void free(void* object);
  /// Of all chunks, the spare one included.
  [[nodiscard]] uint64_t bytes_held() const;
  /// I1 and I2 of the chunks that are in lists.
  void check() const;

 private:
  struct Chunk;
  static constexpr std::size_t kChunkBytes = 16384;
  static constexpr uint32_t kClasses = kObjectBytesMax / kStepBytes;

  [[nodiscard]] Chunk* make_chunk(uint32_t size_class);
  void link(Chunk* chunk);
  void unlink(Chunk* chunk);

  std::array<Chunk*, kClasses> partial_ = {};
  Chunk* spare_ = nullptr;
  uint64_t chunks_ = 0;
};

}  // namespace quire::swap
