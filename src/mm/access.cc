// What the program does: loads and stores through its page tables, and the fault when the entry does not allow it.
#include "mm/address_space.h"
#include "sync/trace.h"

namespace quire::mm {
namespace {
using pgtable::LockedPageTable;
}

Signal AddressSpace::signal_of(FaultEnd end) {
  switch (end) {
    case FaultEnd::maperr:
      return {SignalNumber::sigsegv, 1};
    case FaultEnd::accerr:
      return {SignalNumber::sigsegv, 2};
    case FaultEnd::sigbus:
      return {SignalNumber::sigbus, 2};
    case FaultEnd::no_memory:
      return {SignalNumber::sigbus, 0};
    case FaultEnd::again:
      break;
  }
  return {};
}

// Access and translation are one step under the page-table lock, which stands for the TLB flush that an unmapping waits
// for.
Loaded AddressSpace::load(VirtAddr address) {
  VirtPage page = base::page_of(address);
  for (;;) {
    if (pgtable::LeafTable* leaf = tables.find(page)) {
      LockedPageTable table(*leaf);
      Pte pte = table.get(page);
      if (pte.kind() == PteKind::zero_page) return {};
      if (pte.is_present()) {
        if (!pte.has(PteBit::accessed)) table.set(page, pte.with(PteBit::accessed));
        phys::Frames& frames = env.folios.frames();
        return {frames.read_byte(pte.pfn(), frames.payload_offset(base::offset_in_page(address))), {}};
      }
    }
    FaultEnd end = handle_mm_fault(address, Access::read);
    if (end != FaultEnd::again) return {std::byte{0}, signal_of(end)};
  }
}

Signal AddressSpace::store(VirtAddr address, std::byte value) {
  VirtPage page = base::page_of(address);
  for (;;) {
    if (pgtable::LeafTable* leaf = tables.find(page)) {
      LockedPageTable table(*leaf);
      Pte pte = table.get(page);
      if (pte.writable()) {
        Pte used = pte.with(PteBit::accessed).with(PteBit::dirty);
        if (used != pte) table.set(page, used);
        phys::Frames& frames = env.folios.frames();
        frames.write_byte(pte.pfn(), frames.payload_offset(base::offset_in_page(address)), value);
        return {};
      }
    }
    FaultEnd end = handle_mm_fault(address, Access::write);
    if (end != FaultEnd::again) return signal_of(end);
  }
}

void AddressSpace::corrupt_pte(VirtAddr to, VirtAddr from) {
  sync::SharedGuard guard(mmap_lock);
  pgtable::LeafTable* source = tables.find(base::page_of(from));
  pgtable::LeafTable* target = tables.find_or_create(base::page_of(to));
  if (source == nullptr || target == nullptr) return;
  Pte entry = pgtable::LockedPageTable(*source).get(base::page_of(from));
  pgtable::LockedPageTable(*target).set(base::page_of(to), entry);
}

}  // namespace quire::mm
