// What the program does: loads and stores through what its CPU remembers, then through its page tables, and the fault
// when the entry does not allow it.
#include <algorithm>
#include <span>

#include "mm/address_space.h"
#include "phys/cpu.h"
#include "sync/trace.h"

namespace quire::mm {
namespace {

using pgtable::LeafTable;
using pgtable::LockedPageTable;
using pgtable::LockedPmd;
using pgtable::Pmd;
using pgtable::Tlb;
using pgtable::Translation;

bool allows(Pte pte, Access access) { return access == Access::write ? pte.writable() : pte.readable(); }

// As the CPU's walk leaves an entry that it has used.
Pte used(Pte pte, Access access) {
  if (!pte.is_present()) return pte;
  pte = pte.with(PteBit::accessed);
  return access == Access::write ? pte.with(PteBit::dirty) : pte;
}

// How many of `bytes` at `address` are stored side by side in one page.
std::size_t stretch_bytes(const phys::Frames& frames, VirtAddr address, std::size_t bytes) {
  return std::min<std::size_t>(bytes, frames.payload_bytes() - frames.payload_offset(base::offset_in_page(address)));
}

}  // namespace

Signal AddressSpace::signal_of(FaultEnd end) {
  switch (end) {
    case FaultEnd::maperr:
      return {SignalNumber::sigsegv, 1};
    case FaultEnd::accerr:
      return {SignalNumber::sigsegv, 2};
    case FaultEnd::sigbus:
      return {SignalNumber::sigbus, 2};
    case FaultEnd::hwpoison:
      return {SignalNumber::sigbus, 4};
    case FaultEnd::no_memory:
      return {SignalNumber::sigbus, 0};
    case FaultEnd::killed:
      return {SignalNumber::sigkill, 0};
    case FaultEnd::again:
    case FaultEnd::write_protected:
      break;
  }
  return {};
}

// A translation must go before its page does.
void AddressSpace::check_translation(Pte pte) const {
  if (!sync::driven() || !pte.is_present()) return;
  if (env.folios.of(pte.pfn()).peek_refcount() > 0) return;
  sync::bug(sync::Failure::stale_tlb, "a CPU uses a translation of a page that is free");
}

// An access that this CPU remembers how to do; false: it has to walk.
template <typename Touch>
bool AddressSpace::access_through_tlb(VirtPage page, Access access, Touch touch) {
  if (!env.tlbs.enabled()) return false;
  Tlb::Access cpu(env.tlbs.of(phys::this_cpu(env.folios.frames().cpus())));
  const Translation* translation = cpu.find(tlb, page);
  if (translation == nullptr) return false;
  Pte pte = translation->pte;
  if (!allows(pte, access) || used(pte, access) != pte) {
    // Too few rights, or the entry is to be marked dirty. Linux: flush_tlb_fix_spurious_fault()
    cpu.drop(page);
    return false;
  }
  check_translation(pte);
  touch(pte);
  return true;
}

// The access with an entry whose lock is held; afterwards the CPU remembers it.
template <typename Touch>
void AddressSpace::access_entry(VirtPage page, Pte pte, Touch touch) {
  if (!env.tlbs.enabled()) return touch(pte);
  Tlb::Access cpu(env.tlbs.of(phys::this_cpu(env.folios.frames().cpus())));
  cpu.insert(tlb, page, pte);
  touch(pte);
}

// The walk of the page tables, and the access, under the lock of the entry; false: a fault.
template <typename Touch>
bool AddressSpace::access_through_tables(VirtPage page, Access access, Touch touch) {
  LeafTable* leaf = tables.find(page);
  if (leaf == nullptr) return false;
  {
    LockedPageTable table(*leaf);
    if (table) {
      Pte pte = table.get(page);
      if (!allows(pte, access)) return false;
      Pte now = used(pte, access);
      if (now != pte) table.set(page, now);
      access_entry(page, now, touch);
      return true;
    }
  }
  LockedPmd pmd(*leaf);
  if (!pmd.get().is_huge()) return false;
  Pte whole = pmd.get().entry();
  if (!allows(whole, access)) return false;
  Pte now = used(whole, access);
  if (now != whole) pmd.set(Pmd::huge(now));
  access_entry(page, now.moved_by(page - tables.leaf_range(page).start()), touch);
  return true;
}

template <typename Touch>
Signal AddressSpace::access(VirtAddr address, Access access, Touch touch) {
  VirtPage page = base::page_of(address);
  // What lies beyond is not in the tables: their bits would say another page.
  if (page >= env.geometry.limit()) return signal_of(FaultEnd::maperr);
  for (;;) {
    if (access_through_tlb(page, access, touch) || access_through_tables(page, access, touch)) return {};
    FaultEnd end = handle_mm_fault(address, access);
    // A killed process does not go on with what the fault gave it. Linux: fault_signal_pending()
    if (killed()) return signal_of(FaultEnd::killed);
    if (end != FaultEnd::again) return signal_of(end);
  }
}

// As an access would, but nothing is read or written.
Signal AddressSpace::fault_in(VirtPage page, Access access) {
  return this->access(base::address_of(page), access, [](Pte) {});
}

// One step of a fault after the other, under one lock. Linux: mm/gup.c faultin_page()
Errno AddressSpace::populate_page(VirtPage page, Access access) {
  auto touch = [](Pte) {};
  while (!access_through_tables(page, access, touch)) {
    FaultEnd end = handle_mm_fault_locked(page, access);
    // Nobody can resolve it meanwhile.
    if (end == FaultEnd::write_protected) return Errno::efault;
    if (end != FaultEnd::again) return errno_of(signal_of(end));
  }
  return Errno::ok;
}

Loaded AddressSpace::load(VirtAddr address) {
  Loaded loaded;
  phys::Frames& frames = env.folios.frames();
  loaded.signal = access(address, Access::read, [&](Pte pte) {
    loaded.value = pte.is_present() ? frames.read_byte(pte.pfn(), frames.payload_offset(base::offset_in_page(address)))
                                    : std::byte{0};
  });
  return loaded;
}

Signal AddressSpace::store(VirtAddr address, std::byte value) {
  phys::Frames& frames = env.folios.frames();
  return access(address, Access::write, [&](Pte pte) {
    frames.write_byte(pte.pfn(), frames.payload_offset(base::offset_in_page(address)), value);
  });
}

Signal AddressSpace::load(VirtAddr address, std::span<std::byte> to) {
  phys::Frames& frames = env.folios.frames();
  Signal signal;
  while (!to.empty() && signal.none()) {
    std::span<std::byte> part = to.first(stretch_bytes(frames, address, to.size()));
    signal = access(address, Access::read, [&](Pte pte) {
      if (pte.is_present()) return frames.read(pte.pfn(), frames.payload_offset(base::offset_in_page(address)), part);
      std::fill(part.begin(), part.end(), std::byte{0});
    });
    to = to.subspan(part.size());
    address = VirtAddr(address.value() + part.size());
  }
  return signal;
}

Signal AddressSpace::store(VirtAddr address, std::span<const std::byte> from) {
  phys::Frames& frames = env.folios.frames();
  Signal signal;
  while (!from.empty() && signal.none()) {
    std::span<const std::byte> part = from.first(stretch_bytes(frames, address, from.size()));
    signal = access(address, Access::write, [&](Pte pte) {
      frames.write(pte.pfn(), frames.payload_offset(base::offset_in_page(address)), part);
    });
    from = from.subspan(part.size());
    address = VirtAddr(address.value() + part.size());
  }
  return signal;
}

void AddressSpace::corrupt_pte(VirtAddr to, VirtAddr from) {
  sync::SharedGuard guard(mmap_lock);
  LeafTable* source = tables.find(base::page_of(from));
  LeafTable* target = tables.find_or_create(base::page_of(to));
  if (source == nullptr || target == nullptr) return;
  target->populate();
  Pte entry = LockedPageTable(*source).get(base::page_of(from));
  LockedPageTable(*target).set(base::page_of(to), entry);
}

}  // namespace quire::mm
