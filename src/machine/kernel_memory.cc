#include "machine/kernel_memory.h"

#include "machine/abi.h"
#include "machine/machine.h"
#include "sync/trace.h"

namespace quire::machine {
namespace {

using base::PageCount;
using base::Pfn;
using base::Range;
using base::VirtAddr;
using phys::DirectMap;
using phys::KernelAccess;
using phys::KernelFault;
using phys::KernelTlbs;
using phys::Perm;

constexpr int kProtExec = 4;

PageCount vmalloc_space(const MachineOptions& options) {
  return options.direct_map.vmalloc == PageCount(0) ? options.ram * 4 : options.direct_map.vmalloc;
}

mm::Signal signal_of(KernelFault fault) {
  if (fault == KernelFault::none) return {};
  return {mm::SignalNumber::sigsegv, static_cast<uint8_t>(fault == KernelFault::not_present ? 1 : 2)};
}

Perm perm_of(int prot) {
  if (prot == 0) return Perm::none;
  Perm perm = Perm::present;
  if ((prot & abi::kProtWrite) != 0) perm = perm | Perm::write;
  return (prot & kProtExec) != 0 ? perm | Perm::exec : perm;
}

}  // namespace

KernelMemory::KernelMemory(const MachineOptions& options, phys::Frames& frames)
    : options_(options),
      frames_(frames),
      tlbs_(options.cpus,
            options.tlb == OnOff::on ? KernelTlbs::Remember::translations : KernelTlbs::Remember::nothing),
      map_(options_.direct_map, frames, tlbs_, options_.defects),
      vmalloc_(frames, map_, tlbs_, options_.defects, vmalloc_space(options)) {
  freezer_.set_timeout(options.freeze_timeout_ms);
}

template <typename Touch>
KernelFault KernelMemory::access(uint64_t address, KernelAccess how, Touch touch) {
  base::VirtPage page = base::page_of(VirtAddr(address));
  if (vmalloc_.contains(page)) return vmalloc_.access(page, how, touch);
  auto pfns = frames_of(address, 1);
  return pfns ? map_.access(pfns->start(), how, phys::Cpus::many, touch) : KernelFault::not_present;
}

mm::Loaded KernelMemory::load(uint64_t address) {
  QUIRE_FUNC();
  mm::Loaded result;
  uint32_t offset = frames_.payload_offset(base::offset_in_page(VirtAddr(address)));
  result.signal =
      signal_of(access(address, KernelAccess::read, [&](Pfn pfn) { result.value = frames_.read_byte(pfn, offset); }));
  return result;
}

mm::Signal KernelMemory::store(uint64_t address, std::byte value) {
  QUIRE_FUNC();
  uint32_t offset = frames_.payload_offset(base::offset_in_page(VirtAddr(address)));
  return signal_of(access(address, KernelAccess::write, [&](Pfn pfn) { frames_.write_byte(pfn, offset, value); }));
}

mm::Signal KernelMemory::load(uint64_t address, std::span<std::byte> to) {
  QUIRE_FUNC();
  uint32_t offset = frames_.payload_offset(base::offset_in_page(VirtAddr(address)));
  return signal_of(access(address, KernelAccess::read, [&](Pfn pfn) { frames_.read(pfn, offset, to); }));
}

mm::Signal KernelMemory::store(uint64_t address, std::span<const std::byte> from) {
  QUIRE_FUNC();
  uint32_t offset = frames_.payload_offset(base::offset_in_page(VirtAddr(address)));
  return signal_of(access(address, KernelAccess::write, [&](Pfn pfn) { frames_.write(pfn, offset, from); }));
}

Result<uint64_t> KernelMemory::vmalloc(uint64_t bytes, unsigned flags) {
  auto address = vmalloc_.alloc(base::pages_of(base::ByteCount(bytes)), flags);
  if (!address) return address.error();
  return address->value();
}

Errno KernelMemory::vfree(uint64_t address) { return vmalloc_.vfree(VirtAddr(address)); }

Result<uint64_t> KernelMemory::page_address(uint64_t address) {
  auto pfn = vmalloc_.vmalloc_to_page(VirtAddr(address));
  if (!pfn) return pfn.error();
  return base::address_of(DirectMap::page_of(*pfn)).value();
}

// The frames of a range of the direct map; -EFAULT: it is not all of RAM, or of something else.
Result<Range<Pfn>> KernelMemory::frames_of(uint64_t address, uint64_t bytes) const {
  base::VirtPage first = base::page_of(VirtAddr(address));
  base::VirtPage start = DirectMap::page_of(Pfn(0));
  PageCount pages = base::pages_of(base::ByteCount(bytes));
  if (first < start || (first - start) + pages > frames_.ram()) return Errno::efault;
  return Range<Pfn>::of(Pfn(static_cast<uint32_t>((first - start).value())), pages);
}

Errno KernelMemory::set_memory(uint64_t address, uint64_t bytes, int prot, phys::WholeLeaves leaves) {
  constexpr int kKnown = abi::kProtRead | abi::kProtWrite | kProtExec;
  if ((prot & ~kKnown) != 0 || address % base::kPageSize != 0 || bytes == 0) return Errno::einval;
  if (vmalloc_.contains(base::page_of(VirtAddr(address))))
    return vmalloc_.set_memory(VirtAddr(address), base::pages_of(base::ByteCount(bytes)), perm_of(prot));
  auto pfns = frames_of(address, bytes);
  return pfns ? map_.set_memory(*pfns, perm_of(prot), leaves) : pfns.error();
}

// Linux: kernel/power/hibernate.c hibernate()
Result<uint64_t> KernelMemory::hibernate_snapshot(power::Freezes caller) {
  QUIRE_FUNC();
  freezer_.leave(caller);
  Result<PageCount> pages = Errno::enomem;
  {
    power::Snapshot snapshot(frames_, map_, freezer_, options_.defects, {options_.freeze_scope, options_.quiesce});
    pages = snapshot.create();
  }
  freezer_.enter(caller);
  if (!pages) return pages.error();
  return pages->value();
}

Result<PageCount> KernelMemory::begin_snapshot(power::SnapshotStages& stages) {
  QUIRE_ASSERT(snapshot_ == nullptr, "one image at a time");
  snapshot_ = sync::make_box<power::Snapshot>(frames_, map_, freezer_, options_.defects,
                                              power::SnapshotOptions{options_.freeze_scope, options_.quiesce});
  return snapshot_->freeze_and_copy(&stages);
}

void KernelMemory::end_snapshot() {
  snapshot_->thaw();
  snapshot_.reset();
}

void KernelMemory::end_resumed_snapshot() {
  QUIRE_ASSERT(snapshot_ != nullptr, "this machine is not from an image");
  snapshot_->resumed();
  snapshot_.reset();
}

// Linux: kernel/power/hibernate.c hibernation_available()
Result<uint64_t> Machine::hibernate_snapshot(power::Freezes caller) {
  if (kernel_ == nullptr) return Errno::enosys;
  return hibernation_available() ? kernel_->hibernate_snapshot(caller) : Errno::eperm;
}

void KernelMemory::check(sync::CheckReport& report, PageCount folio_pages) const {
  map_.check(report);
  vmalloc_.check(report);
  uint64_t used = (frames_.ram() - frames_.peek_free() - frames_.peek_guards()).value();
  PageCount known = folio_pages + map_.peek_table_pages() + vmalloc_.peek_pages() + options_.direct_map.reserved;
  report.expect(used == known.value(), sync::Failure::leak, "{} frames are in use, and {} are somebody's", used,
                known.value());
}

}  // namespace quire::machine
