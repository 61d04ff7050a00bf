// PrivateData: what programs have stored in private mappings, and whether it is still there (SEMANTICS I13).
//
// A ledger beside the machine's memory: each store to a private mapping that has returned is remembered until something
// that may take it away by right begins: munmap and what replaces a mapping, MADV_DONTNEED and MADV_FREE, mremap,
// truncation of the file below it, exec and exit. Failed memory keeps it in mind as lost: whoever looks must be told.
// Whatever overlaps in time with a store to the same byte, or with such a call, makes the byte unknown, so that only
// what must be there is ever asked for: a store that begins and ends while such a call runs leaves its byte unknown
// too. For the check of explored machines: not for several threads at once.
//   I1  a byte that is known was stored by the last store to it, and nothing since may have taken it
//
//   uint64_t before = data.begin_store(mm, address);
//   data.end_store(mm, address, value, before);
//   data.check(report);                                 // at a quiescent point
#pragma once

#include "mm/address_space.h"
#include "sync/check_report.h"
#include "sync/heap.h"

namespace quire::machine {

class Discarding;

class PrivateData {
 public:
  enum class Keep : uint8_t { no, yes };
  PrivateData(Keep keep, swap::SwapAreas& swap, cache::Folios& folios) : keep_(keep), swap_(swap), folios_(folios) {}
  PrivateData(const PrivateData&) = delete;
  PrivateData& operator=(const PrivateData&) = delete;

  /// The byte is unknown while it is being stored; returns what end_store() wants.
  [[nodiscard]] uint64_t begin_store(mm::AddressSpace& mm, base::VirtAddr address);
  /// The store has succeeded.
  void end_store(mm::AddressSpace& mm, base::VirtAddr address, std::byte value, uint64_t begun);

  /// What is stored there may go by right: from begin() on, until end() has been called. `call` lives as long.
  void begin(Discarding& call);
  void end(Discarding& call);
  /// The same of a whole address space that comes to its end.
  void discard_all(const mm::AddressSpace& mm);
  /// The present moment, for fork(): what changes later is not the child's.
  [[nodiscard]] uint64_t now() const { return clock_; }
  /// The child has what the parent had at `began`, as far as it has not changed since.
  void fork(const mm::AddressSpace& parent, const mm::AddressSpace& child, uint64_t began);
  /// Memory has failed since `began`: what its entries say is lost must be said to be lost.
  void poisoned(uint64_t began);

  /// I13: each known byte is in memory, in a device, or in swap; or its loss is told.
  void check(sync::CheckReport& report) const;

 private:
  enum class State : uint8_t { unknown, known, lost };
  struct Byte {
    const mm::AddressSpace* mm;
    base::VirtAddr address;
    uint64_t changed;            ///< when it was last touched
    const cache::Mapping* file;  ///< what is mapped there, nullptr: anonymous memory
    base::FileIndex index;
    std::byte value;
    State state;
  };
  /// For `factor` times as many bytes as there are, and one at least.
  void make_room(std::size_t factor);
  Byte& push(const Byte& byte);
  [[nodiscard]] Byte& byte_at(const mm::AddressSpace& mm, base::VirtAddr address);
  void touch(Byte& byte) {
    byte.state = State::unknown;
    byte.changed = ++clock_;
  }
  [[nodiscard]] static bool takes(const Discarding& call, const Byte& byte);
  void discard(const Discarding& call);
  /// A call that may take the byte is running.
  [[nodiscard]] bool is_being_discarded(const Byte& byte) const;
  [[nodiscard]] pgtable::Pte entry_of(const Byte& byte) const;
  /// What the machine has there; nullptr: nothing that is private.
  [[nodiscard]] const std::byte* find(const Byte& byte, pgtable::Pte pte) const;
  [[nodiscard]] const std::byte* find_in_swap(base::SwapEntry entry) const;
  /// Whether the page is in the swap cache and its memory has failed: who swaps it in is told.
  [[nodiscard]] bool failed_in_swap_cache(pgtable::Pte pte) const;
  [[nodiscard]] const cache::Folio* cached(base::SwapEntry entry) const;

  const Keep keep_;
  swap::SwapAreas& swap_;
  cache::Folios& folios_;
  uint64_t clock_ = 0;
  sync::Vector<Byte> bytes_;
  Discarding* running_ = nullptr;  ///< the calls that have begun and not ended
};

/// A call that may take away by right what is stored in `pages`, or in private copies of `file` from an index on, while
/// it runs.
class Discarding {
 public:
  Discarding(PrivateData& data, const mm::AddressSpace& mm, base::Range<base::VirtPage> pages)
      : data_(data), mm_(&mm), pages_(pages) {
    data_.begin(*this);
  }
  Discarding(PrivateData& data, const cache::Mapping& file, base::FileIndex from)
      : data_(data), file_(&file), from_(from) {
    data_.begin(*this);
  }
  ~Discarding() { data_.end(*this); }
  Discarding(const Discarding&) = delete;
  Discarding& operator=(const Discarding&) = delete;

 private:
  friend class PrivateData;

  PrivateData& data_;
  const mm::AddressSpace* mm_ = nullptr;  ///< nullptr: of whoever maps the file
  base::Range<base::VirtPage> pages_;
  const cache::Mapping* file_ = nullptr;
  base::FileIndex from_;
  Discarding* next_ = nullptr;  ///< of those that run
};

}  // namespace quire::machine
