// PrivateData: what programs have stored in private mappings, and whether it is still there (SEMANTICS I13).
//
// A ledger beside the machine's memory: each store to a private mapping that has returned is remembered until something
// that may take it away by right begins: munmap and what replaces a mapping, MADV_DONTNEED and MADV_FREE, mremap,
// truncation of the file below it, exec and exit. Failed memory keeps it in mind as lost: whoever looks must be told.
// Whatever overlaps in time with a store to the same byte, or with such a call, makes the byte unknown, so that only
// what must be there is ever asked for. For the check of explored machines: not for several threads at once.
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

  /// What is stored in `pages` may go by right from now on: before the call that takes it and after it.
  void discard(const mm::AddressSpace& mm, base::Range<base::VirtPage> pages);
  void discard_all(const mm::AddressSpace& mm);
  /// The same of what is mapped from index `from` of the file on.
  void discard_file(const cache::Mapping& mapping, base::FileIndex from);
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
};

/// A call that may take away by right what is stored in `pages`, while it runs.
class Discarding {
 public:
  Discarding(PrivateData& data, const mm::AddressSpace& mm, base::Range<base::VirtPage> pages)
      : data_(data), mm_(mm), pages_(pages) {
    data_.discard(mm_, pages_);
  }
  ~Discarding() { data_.discard(mm_, pages_); }
  Discarding(const Discarding&) = delete;
  Discarding& operator=(const Discarding&) = delete;

 private:
  PrivateData& data_;
  const mm::AddressSpace& mm_;
  const base::Range<base::VirtPage> pages_;
};

}  // namespace quire::machine
