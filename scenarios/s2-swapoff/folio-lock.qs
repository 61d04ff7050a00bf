# V4: truncation locks the folios it finds, and a swapped page is no folio: its index holds a value, which nothing
# locks. The page beside it is cached and locked while the range is emptied, and that protects nothing.

scenario folio-lock "a locked folio beside it does not protect a swapped page of the same file"
ref      "mm: swap: Fix race between free_swap_and_cache() and swapoff()"  # V4
machine  cpus=2 ram=16 swap=S:8

setup {
  A: fd = memfd_create("f", 0)
  A: ftruncate(fd, 8K)           = 0
  A: p = mmap(0, 8K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: store(p[0], 'A')
  A: madvise(p[0], MADV_PAGEOUT) = 0   [keep_swapcache]
  A: store(p[1], 'B')
}

cpu 0 as A { fallocate(fd, FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE, 0, 8K) = 0 }
cpu 1 as B { r = swapoff(S) }

check {
  A: load(p[0]) = 0
  A: load(p[1]) = 0
  swap_used(S)  = 0
}

expect           { never uaf   always B:r == 0   complete }
expect with D2-1 { sometimes uaf @ free_swap_and_cache   preemptions 1 }
