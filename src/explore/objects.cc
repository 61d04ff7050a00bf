#include "explore/objects.h"

#include <sys/mman.h>

#include "base/assert.h"

namespace quire::explore {
namespace {
constexpr std::size_t kObjectsMax = 60'000;
}

Column column_of(sync::OpKind kind) {
  using sync::OpKind;
  switch (kind) {
    case OpKind::store:
    case OpKind::rmw:
    case OpKind::release:
    case OpKind::free:
      return Column::write;
    case OpKind::add:
      return Column::add;
    case OpKind::acquire:
    case OpKind::try_acquire:
      return Column::acquire;
    case OpKind::acquire_shared:
    case OpKind::try_acquire_shared:
      return Column::acquire_shared;
    case OpKind::release_shared:
      return Column::release_shared;
    default:
      return Column::read;
  }
}

ColumnMask seen_by(sync::OpKind kind) {
  using sync::OpKind;
  switch (kind) {
    case OpKind::load:
    case OpKind::await:
    case OpKind::rmw:
      return bit(Column::write) | bit(Column::add) | bit(Column::release_shared);
    case OpKind::acquire:
    case OpKind::try_acquire:
      return bit(Column::write) | bit(Column::release_shared);
    case OpKind::acquire_shared:
    case OpKind::try_acquire_shared:
      return bit(Column::write);
    default:
      return 0;
  }
}

void Objects::Unmap::operator()(uint16_t* p) const { munmap(p, bytes); }

// The tables cover the whole arena; pages of them that are never touched cost nothing.
Objects::Table Objects::map_table(std::size_t entries) {
  std::size_t bytes = entries * sizeof(uint16_t);
  void* p = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  QUIRE_ASSERT(p != MAP_FAILED, "no memory for the object tables");
  return Table(static_cast<uint16_t*>(p), Unmap{bytes});
}

Objects::Objects(std::size_t arena_bytes)
    : object_at_(map_table(arena_bytes)),
      plain_index_(map_table(arena_bytes)),
      extent_at_(map_table(arena_bytes / kGranule)),
      seen_at_(arena_bytes / kGranule) {
  objects_.reserve(kObjectsMax);  // the log keeps pointers into it
  objects_.resize(kFirstRealObject);
  log_.reserve(4096);
}

ObjectIndex Objects::make_object() {
  QUIRE_ASSERT(objects_.size() < kObjectsMax, "too many objects in one exploration");
  objects_.emplace_back();
  return static_cast<ObjectIndex>(objects_.size() - 1);
}

ObjectIndex Objects::make_object_at(std::size_t offset) {
  ObjectIndex made = make_object();
  object_at_[offset] = static_cast<uint16_t>(made);
  seen_at_[offset / kGranule] = true;
  return made;
}

ObjectIndex Objects::make_extent(std::size_t offset, std::size_t bytes) {
  ObjectIndex extent = extent_at_[offset / kGranule];
  if (extent != kNoObject) return extent;
  extent = make_object();
  for (std::size_t at = offset / kGranule; at <= (offset + bytes - 1) / kGranule; ++at)
    extent_at_[at] = static_cast<uint16_t>(extent);
  return extent;
}

PlainShadow& Objects::plain_at(std::size_t offset) {
  uint16_t& index = plain_index_[offset];
  if (index == 0) [[unlikely]] {
    seen_at_[offset / kGranule] = true;
    if (plain_count_ / kBlock >= plains_.size()) plains_.push_back(std::make_unique<std::array<PlainShadow, kBlock>>());
    QUIRE_ASSERT(plain_count_ < kObjectsMax, "too many plain fields in one exploration");
    index = static_cast<uint16_t>(plain_count_++);
    while (index / kBlock >= plains_.size()) plains_.push_back(std::make_unique<std::array<PlainShadow, kBlock>>());
  }
  return (*plains_[index / kBlock])[index % kBlock];
}

void Objects::log(What what, uint64_t where, uint64_t before) {
  Undo& undo = log_.emplace_back();
  undo.where = where | static_cast<uint64_t>(what) << kWhatShift;
  undo.before = before;
}

void Objects::log_lane(uint16_t* where) { log(What::lane, reinterpret_cast<uint64_t>(where), *where); }

void Objects::log_clock(Clock* where) {
  auto address = reinterpret_cast<uint64_t>(where);
  std::array<uint64_t, 2> halves{};
  std::memcpy(halves.data(), where, sizeof(halves));
  log(What::half_clock, address, halves[0]);
  log(What::half_clock, address + sizeof(uint64_t), halves[1]);
}

void Objects::set_released(ObjectIndex index, const Clock& clock) {
  log_clock(&objects_[index].released);
  objects_[index].released = clock;
}

void Objects::set_released_shared(ObjectIndex index, const Clock& clock) {
  log_clock(&objects_[index].released_shared);
  objects_[index].released_shared = clock;
}

void Objects::set_plain_write(PlainShadow& shadow, unsigned task, uint16_t epoch) {
  log_lane(&shadow.write_epoch);
  log_lane(&shadow.writer);
  shadow.write_epoch = epoch;
  shadow.writer = static_cast<uint16_t>(task);
}

void Objects::set_plain_read(PlainShadow& shadow, unsigned task, uint16_t epoch) {
  auto* lane = reinterpret_cast<uint16_t*>(&shadow.read_epochs) + task;
  log_lane(lane);
  *lane = epoch;
}

void Objects::log_alive(uint32_t offset, uint32_t bytes, uint8_t alive) {
  log(What::alive, offset, 2 * uint64_t{bytes} + (alive != 0 ? 0 : 1));
}

}  // namespace quire::explore
