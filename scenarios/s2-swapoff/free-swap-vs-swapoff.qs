# free_swap_and_cache() drops the reference first and looks at the slot afterwards. What keeps the device between
# the two is the caller's business, and a hole punch in a tmpfs file holds nothing: no page-table lock, no folio
# lock. With the fix a device reference is held across the whole of it.

scenario free-swap-vs-swapoff "a hole punch frees the last swap reference while swapoff tears the device down"
ref      "mm: swap: Fix race between free_swap_and_cache() and swapoff()"  # V2, CVE-2024-26960
machine  cpus=2 ram=16 swap=S:8

setup {
  A: fd = memfd_create("f", 0)
  A: ftruncate(fd, 4K)            = 0
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: store(p[0], 'A')
  A: madvise(p, 4K, MADV_PAGEOUT) = 0   [keep_swapcache]
}

cpu 0 as A { fallocate(fd, FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE, 0, 4K) = 0 }
cpu 1 as B { r = swapoff(S) }

check {
  A: load(p[0])   = 0
  swap_used(S)    = 0
  folios_leaked() = 0
}

expect           { never uaf   never leak   always B:r == 0   complete }
expect with D2-1 { sometimes uaf @ free_swap_and_cache   preemptions 1 }
