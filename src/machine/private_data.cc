#include "machine/private_data.h"

#include <utility>

namespace quire::machine {
namespace {

using base::FileIndex;
using base::Range;
using base::VirtAddr;
using base::VirtPage;
using cache::FolioFlag;
using pgtable::Pte;
using pgtable::PteKind;

const mm::Vma* find_vma(const mm::AddressSpace& mm, VirtPage page) {
  const mm::Vma* found = nullptr;
  mm.peek_vmas([&](const mm::Vma& vma) {
    if (vma.peek_pages().contains(page)) found = &vma;
  });
  return found;
}

}  // namespace

// Memory that comes or goes is a step of an explored task: another may be here meanwhile, and never sees the vector
// half moved.
void PrivateData::make_room(std::size_t factor) {
  while (bytes_.capacity() < factor * bytes_.size() + 1) {
    sync::Vector<Byte> grown;
    grown.reserve(2 * factor * bytes_.size() + 4);
    if (grown.capacity() <= bytes_.size()) continue;
    grown.insert(grown.end(), bytes_.begin(), bytes_.end());
    bytes_.swap(grown);
  }
}

bool PrivateData::takes(const Discarding& call, const Byte& byte) {
  if (call.mm_ == nullptr) return byte.file == call.file_ && byte.index >= call.from_;
  return byte.mm == call.mm_ && call.pages_.contains(base::page_of(byte.address));
}

PrivateData::Byte& PrivateData::push(const Byte& byte) {
  make_room(1);
  bytes_.push_back(byte);
  return bytes_.back();
}

PrivateData::Byte& PrivateData::byte_at(const mm::AddressSpace& mm, VirtAddr address) {
  for (Byte& byte : bytes_)
    if (byte.mm == &mm && byte.address == address) return byte;
  return push({&mm, address, 0, nullptr, FileIndex(0), std::byte{0}, State::unknown});
}

uint64_t PrivateData::begin_store(mm::AddressSpace& mm, VirtAddr address) {
  if (keep_ == Keep::no) return 0;
  Byte& byte = byte_at(mm, address);
  touch(byte);
  return byte.changed;
}

void PrivateData::end_store(mm::AddressSpace& mm, VirtAddr address, std::byte value, uint64_t begun) {
  if (keep_ == Keep::no) return;
  Byte& byte = byte_at(mm, address);
  bool overlapped = byte.changed != begun;
  touch(byte);
  const mm::Vma* vma = find_vma(mm, base::page_of(address));
  if (overlapped || vma == nullptr || !vma->is_cow()) return;
  byte.file = vma->mapping();
  byte.index = vma->peek_index_of(base::page_of(address));
  byte.value = value;
  // A call that runs may have taken it already, or may yet: a fork before its end must not hand it to a child.
  if (!is_being_discarded(byte)) byte.state = State::known;
}

void PrivateData::discard(const Discarding& call) {
  for (Byte& byte : bytes_)
    if (takes(call, byte)) touch(byte);
}

bool PrivateData::is_being_discarded(const Byte& byte) const {
  for (const Discarding* call = running_; call != nullptr; call = call->next_)
    if (takes(*call, byte)) return true;
  return false;
}

void PrivateData::begin(Discarding& call) {
  if (keep_ == Keep::no) return;
  call.next_ = std::exchange(running_, &call);
  discard(call);
}

void PrivateData::end(Discarding& call) {
  if (keep_ == Keep::no) return;
  discard(call);
  Discarding** at = &running_;
  while (*at != &call) at = &(*at)->next_;
  *at = call.next_;
}

void PrivateData::discard_all(const mm::AddressSpace& mm) {
  std::erase_if(bytes_, [&](const Byte& byte) { return byte.mm == &mm; });
}

void PrivateData::fork(const mm::AddressSpace& parent, const mm::AddressSpace& child, uint64_t began) {
  // First, and for all: between the look at a byte of the parent and the child's nobody else may get a turn.
  make_room(2);
  std::size_t count = bytes_.size();
  for (std::size_t i = 0; i < count; ++i) {
    if (bytes_[i].mm != &parent || bytes_[i].state == State::unknown || bytes_[i].changed > began) continue;
    // What the child has not, or has without pages (MADV_DONTFORK, MADV_WIPEONFORK).
    const mm::Vma* vma = find_vma(child, base::page_of(bytes_[i].address));
    if (vma == nullptr || (vma->peek_flags() & mm::VmFlag::wipe_on_fork) != mm::VmFlag::none) continue;
    Byte copy = bytes_[i];
    copy.mm = &child;
    bytes_.push_back(copy);
  }
}

void PrivateData::poisoned(uint64_t began) {
  for (Byte& byte : bytes_) {
    if (byte.state != State::known || entry_of(byte).kind() != PteKind::hwpoison) continue;
    bool overlapped = byte.changed > began;
    touch(byte);
    if (!overlapped) byte.state = State::lost;
  }
}

Pte PrivateData::entry_of(const Byte& byte) const { return byte.mm->tables.peek(base::page_of(byte.address)); }

const cache::Folio* PrivateData::cached(base::SwapEntry entry) const {
  if (entry.type().value() >= swap_.areas_max()) return nullptr;
  const swap::SwapArea& area = swap_.peek_area(entry.type());
  if (area.peek_swap_cache() == nullptr || entry.offset() >= base::SwapOffset(0) + area.peek_max()) return nullptr;
  return area.peek_swap_cache()->peek(entry.offset());
}

bool PrivateData::failed_in_swap_cache(Pte pte) const {
  const cache::Folio* folio = pte.is_swap() ? cached(pte.swap_entry()) : nullptr;
  return folio != nullptr && cache::any(folio->peek_flags() & FolioFlag::hwpoison);
}

const std::byte* PrivateData::find_in_swap(base::SwapEntry entry) const {
  const cache::Folio* folio = cached(entry);
  if (folio != nullptr && cache::any(folio->peek_flags() & FolioFlag::uptodate))
    return folios_.frames().payload(folio->pfn() + (entry.offset() - folio->peek_swap().offset())).data();
  const swap::SwapBackend* backend =
      entry.type().value() < swap_.areas_max() ? swap_.peek_area(entry.type()).peek_backend() : nullptr;
  return backend == nullptr ? nullptr : backend->peek(entry.offset());
}

const std::byte* PrivateData::find(const Byte& byte, Pte pte) const {
  const std::byte* payload = nullptr;
  if (pte.is_swap())
    payload = find_in_swap(pte.swap_entry());
  else if (pte.is_present() || pte.is_device())
    if (cache::any(folios_.of(pte.pfn()).peek_flags() & FolioFlag::anon))
      payload = folios_.frames().payload(pte.pfn()).data();
  return payload == nullptr ? nullptr : payload + folios_.frames().payload_offset(base::offset_in_page(byte.address));
}

void PrivateData::check(sync::CheckReport& report) const {
  using sync::Failure;
  for (const Byte& byte : bytes_) {
    if (byte.state == State::unknown) continue;
    Pte pte = entry_of(byte);
    if (byte.state == State::lost) {
      report.expect(pte.kind() == PteKind::hwpoison, Failure::lost_store,
                    "I13: the byte at {:#x} was lost with its memory, and nobody is told any more",
                    byte.address.value());
      continue;
    }
    // Whoever looks is told that it is lost, in the swap cache or by what swapoff made of the entry.
    bool failed =
        pte.kind() == PteKind::hwpoison && cache::any(folios_.of(pte.pfn()).peek_flags() & FolioFlag::hwpoison);
    if (failed || pte.kind() == PteKind::swapin_error || failed_in_swap_cache(pte)) continue;
    const std::byte* found = find(byte, pte);
    report.expect(found != nullptr && *found == byte.value, Failure::lost_store,
                  "I13: the private byte at {:#x} is {}, not {:#04x} as stored", byte.address.value(),
                  found == nullptr ? "gone" : "another", std::to_integer<unsigned>(byte.value));
  }
}

}  // namespace quire::machine
