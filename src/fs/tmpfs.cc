#include "fs/tmpfs.h"

#include <algorithm>

#include "fs/payload.h"
#include "sync/trace.h"

namespace quire::fs {

TmpfsInode::TmpfsInode(TmpFs& fs) : TmpfsNamed(nullptr, fs, fs.index_bits_), fs_(fs), vector_(fs.index_bits_) {}
TmpfsInode::TmpfsInode(TmpFs& fs, TmpfsMount& mount, const Attributes& attributes)
    : TmpfsNamed(&mount, fs, fs.index_bits_, mount, mount.next_ino(), attributes), fs_(fs), vector_(fs.index_bits_) {}

void TmpfsInode::own_without_name(const Credentials& who, Timestamp now) {
  change_attributes([&](Attributes& a) {
    a.mode = 0777;
    a.uid = who.uid;
    a.gid = who.gid;
    a.atime = a.mtime = a.ctime = now;
  });
}

void TmpfsInode::evict() { fs_.shmem_evict_inode(*this); }

// Linux: mm/shmem.c shmem_getattr()
uint64_t TmpfsInode::st_blocks() {
  fs_.shmem_recalc_inode(*this, 0, 0);
  sync::Guard guard(info_lock_);
  return static_cast<uint64_t>(alloced_.get()) * (base::kPageSize / 512);
}

// Linux: mm/shmem.c shmem_file_read_iter()
Result<uint64_t> TmpfsInode::pread(std::span<std::byte> to, uint64_t offset) {
  QUIRE_FUNC();
  uint64_t done = 0;
  while (done < to.size()) {
    uint64_t at = offset + done;
    uint64_t size = size_.load();
    if (at >= size) break;
    uint64_t in_page = offset_in_page(at);
    Result<ShmemFolio> got = fs_.shmem_get_folio(*this, index_of(at), Sgp::read);
    if (got && got->folio && got->folio->test(FolioFlag::hwpoison)) got = Errno::eio;
    if (!got) {
      if (got.error() == Errno::einval) break;
      if (done == 0) return got.error();
      break;
    }
    // Where the page is, as long as the folio is locked: it may go to swap and come back afterwards.
    base::Pfn pfn = got->folio ? got->folio->pfn_at(index_of(at)) : base::Pfn(0);
    if (got->folio) got->locked.unlock();
    // The size again: what truncation has taken is no hole.
    size = size_.load();
    if (at >= size) {
      QUIRE_REACHED("shmem_file_read_iter: truncated meanwhile");
      break;
    }
    uint64_t n = std::min({base::kPageSize - in_page, to.size() - done, size - at});
    std::span<std::byte> part = to.subspan(done, n);
    if (got->folio) {
      got->folio->mark_accessed();
      read_user(fs_.env_.folios.frames(), pfn, static_cast<uint32_t>(in_page), part);
    } else {
      std::fill(part.begin(), part.end(), std::byte{0});
    }
    done += n;
  }
  touch_atime();
  return done;
}

// Linux: mm/shmem.c shmem_file_write_iter(), shmem_write_begin(), shmem_write_end()
Result<uint64_t> TmpfsInode::pwrite(std::span<const std::byte> from, uint64_t offset) {
  QUIRE_FUNC();
  sync::Guard guard(i_rwsem_);
  return write_locked(from, offset);
}

Result<uint64_t> TmpfsInode::append(std::span<const std::byte> from) {
  QUIRE_FUNC();
  sync::Guard guard(i_rwsem_);
  return write_locked(from, size_.load());
}

Result<uint64_t> TmpfsInode::write_locked(std::span<const std::byte> from, uint64_t offset) {
  if (from.empty()) return 0;
  if (offset >= kSizeMax) return Errno::efbig;
  from = from.first(std::min<uint64_t>(from.size(), kSizeMax - offset));
  update_time();
  uint64_t done = 0;
  while (done < from.size()) {
    uint64_t at = offset + done;
    uint64_t in_page = offset_in_page(at);
    uint64_t n = std::min(base::kPageSize - in_page, from.size() - done);
    if (n < base::kPageSize && fs_.env_.defects.has(base::Defect::D3_19)) fs_.forget_swapped(*this, index_of(at));
    Result<ShmemFolio> got = fs_.shmem_get_folio(*this, index_of(at), Sgp::write);
    if (got && got->folio->test(FolioFlag::hwpoison)) got = Errno::eio;
    if (!got) {
      if (done == 0) return got.error();
      break;
    }
    write_user(fs_.env_.folios.frames(), got->folio->pfn_at(index_of(at)), static_cast<uint32_t>(in_page),
               from.subspan(done, n));
    if (at + n > size_.load()) size_.store(at + n);
    got->folio->set(FolioFlag::dirty);
    got->folio->mark_accessed();
    done += n;
  }
  return done;
}

// What fallocate() has made is a hole; what is in swap is data. Linux: mm/shmem.c shmem_file_llseek(), mm/filemap.c
// mapping_seek_hole_data()
Result<uint64_t> TmpfsInode::seek(Seek what, uint64_t offset) {
  QUIRE_FUNC();
  constexpr std::size_t kBatch = 8;
  Mapping::Found batch[kBatch];
  sync::Guard guard(i_rwsem_);
  uint64_t end = size_.load();
  if (offset >= end) return Errno::enxio;
  uint64_t at = offset;
  for (std::size_t n = kBatch; n == kBatch && at < end;) {
    n = mapping_.find_get_entries({index_of(at), index_after(end)}, batch);
    for (Mapping::Found& found : std::span(batch, n)) {
      uint64_t from = bytes_before(found.index);
      bool data = found.entry.is_value() || found.folio->uptodate();
      if (at < from && what == Seek::hole) return at;
      at = std::max(at, from);
      if (at < end && data == (what == Seek::data)) return at;
      at = bytes_before(found.after());
      found.folio.reset();
    }
  }
  if (what == Seek::data) return Errno::enxio;
  return std::min(at, end);
}

void TmpfsInode::check(sync::CheckReport& report) const {
  using sync::Failure;
  int32_t values = 0;
  int32_t pages = 0;
  const phys::Frames& frames = fs_.env_.folios.frames();
  mapping_.peek_entries([&](FileIndex index, cache::IndexEntry entry) {
    // What could not be read back counts for nothing.
    if (entry.is_value() && entry.swap() == swapin_error_entry()) return;
    if (entry.is_value())
      ++values;
    else
      ++pages;
    if (!entry.is_folio()) return;
    const Folio& folio = entry.folio();
    FolioFlag flags = folio.peek_flags();
    bool clean = cache::any(flags & FolioFlag::uptodate) && folio.peek_mapcount() == 0 && !folio.is_large() &&
                 !cache::any(flags & (FolioFlag::dirty | FolioFlag::hwpoison));
    if (!clean) return;
    std::span<const std::byte> payload = frames.payload(folio.pfn());
    bool zeros = std::all_of(payload.begin(), payload.end(), [](std::byte b) { return b == std::byte{0}; });
    report.expect(zeros, Failure::lost_store, "tmpfs I4: index {} is clean, and not what a hole reads as",
                  index.value());
  });
  vector_.peek_entries([&](SwapEntry) { ++values; });
  report.expect(swapped_.peek() == values, Failure::check, "tmpfs I2: swapped {} but {} values", swapped_.peek(),
                values);
  report.expect(swapped_.peek() == 0 || on_swaplist_.peek() != 0, Failure::check,
                "tmpfs I2: {} swapped pages but not on the swaplist", swapped_.peek());
  // A clean page may have been reclaimed since the counts were last brought up to date.
  report.expect(alloced_.peek() >= values + pages, Failure::check, "tmpfs I1: alloced {} but {} pages and {} values",
                alloced_.peek(), pages, values);
  report.expect(falloc_.peek_none(), Failure::check, "tmpfs: a punch has not ended");
  report.expect(stop_eviction_.peek() == 0, Failure::check, "tmpfs: stop_eviction {}", stop_eviction_.peek());
  mapping_.check(report);
}

TmpFs::~TmpFs() { QUIRE_ASSERT(inodes_.peek() == nullptr, "a file outlives its file system"); }

TmpfsInode& TmpFs::create_inode() { return add_inode(*sync::make_object<TmpfsInode>(*this)); }
TmpfsInode& TmpFs::create_inode(TmpfsMount& mount, const Attributes& attributes) {
  return add_inode(*sync::make_object<TmpfsInode>(*this, mount, attributes));
}

TmpfsInode& TmpFs::add_inode(TmpfsInode& inode) {
  sync::Guard guard(inodes_lock_);
  TmpfsInode*& first = inodes_.mutate();
  inode.next_inode = first;
  if (first != nullptr) first->previous_inode = &inode;
  first = &inode;
  return inode;
}

// Linux: mm/shmem.c shmem_evict_inode()
void TmpFs::shmem_evict_inode(TmpfsInode& inode) {
  QUIRE_FUNC();
  inode.size_.store(0);
  shmem_undo_range(inode, {0}, Undo::everything);
  // Not only while it is on the list: swapoff takes it off, and then says that it is done with it.
  for (bool swapoff_may_look = inode.on_swaplist_.load() != TmpfsInode::kNeverOnSwaplist; swapoff_may_look;) {
    // swapoff looks at it with the mutex dropped.
    inode.stop_eviction_.await_equal(0);
    sync::Guard guard(swaplist_mutex_);
    swapoff_may_look = inode.stop_eviction_.load() != 0;
    if (!swapoff_may_look) del_from_swaplist(inode);
  }
  {
    sync::Guard guard(inodes_lock_);
    (inode.previous_inode != nullptr ? inode.previous_inode->next_inode : inodes_.mutate()) = inode.next_inode;
    if (inode.next_inode != nullptr) inode.next_inode->previous_inode = inode.previous_inode;
  }
  sync::destroy_object(&inode);
}

void TmpFs::check(sync::CheckReport& report) const {
  peek_inodes([&](const TmpfsInode& inode) { inode.check(report); });
}

}  // namespace quire::fs
