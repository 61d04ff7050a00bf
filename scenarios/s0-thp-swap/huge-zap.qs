# munmap, exit and MADV_DONTNEED of a huge page in swap: one entry, all its slots, and as many pages of the counter.

scenario munmap-huge-swap "all slots are free afterwards"
ref      "swap: Support PMD swap mapping in swap_duplicate()"  # D0-10
machine  cpus=2 ram=16 swap=S:8 PTRS_PER_PTE=2 SWAPFILE_CLUSTER=2 thp=2 thp_swap=pmd
requires engine

setup {
  A: p = mmap(8K, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
  A: madvise(p, 8K, MADV_HUGEPAGE) = 0
  A: store(p[0], 6)
  A: store(p[1], 7)
  A: madvise(p, 8K, MADV_PAGEOUT)  = 0
}

cpu 0 as A { munmap(p, 8K) = 0 }

check {
  swap_used(S)    = 0
  rss(A).swapents = 0
  killall()
  swap_used(S)    = 0
  folios_leaked() = 0
}

expect            { never bug   never leak   never swap_count   never rss_mismatch   never lost_store   complete }
expect with D0-10 { sometimes rss_mismatch }

scenario munmap-one-of-two "the other process keeps its huge page"
machine  cpus=2 ram=16 swap=S:8 PTRS_PER_PTE=2 SWAPFILE_CLUSTER=2 thp=2 thp_swap=pmd
requires engine

setup {
  A: p = mmap(8K, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
  A: madvise(p, 8K, MADV_HUGEPAGE) = 0
  A: store(p[0], 6)
  A: store(p[1], 7)
  A: madvise(p, 8K, MADV_PAGEOUT)  = 0
  A: B = fork()
  B: C = fork()
}

cpu 0 as A { munmap(p, 8K) = 0 }
cpu 1 as B { exit() }

check {
  C: load(p[0])    = 6
  C: load(p[1])    = 7
  C: pagemap(p[0]) = PM_HUGE
  swap_count(S, 2) = 0
  killall()
  swap_used(S)     = 0
  folios_leaked()  = 0
}

expect { never bug   never leak   never swap_count   never rss_mismatch   never lost_store   complete }

scenario munmap-cached "the folio goes with the last reference"
machine  cpus=2 ram=16 swap=S:8 PTRS_PER_PTE=2 SWAPFILE_CLUSTER=2 thp=2 thp_swap=pmd
requires engine

setup {
  A: p = mmap(8K, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
  A: madvise(p, 8K, MADV_HUGEPAGE) = 0
  A: store(p[0], 6)
  A: store(p[1], 7)
  A: madvise(p, 8K, MADV_PAGEOUT)  = 0   [keep_swapcache]
}

cpu 0 as A { munmap(p, 8K) = 0 }

check {
  swap_used(S)    = 0
  killall()
  swap_used(S)    = 0
  folios_leaked() = 0
}

expect { never bug   never leak   never swap_count   never rss_mismatch   never lost_store   complete }

# The huge page of zeros begins at frame 8, the last huge page of p went to slots 8 and 9. Who compares the numbers
# and does not ask first whether the entry is present drops a reference of the zeros, and leaves the slots.
scenario slot-with-the-number-of-zeros "a slot has the number that the huge page of zeros has as a frame"
ref      "swap: Support PMD swap mapping in swap_duplicate()"  # D0-11
machine  cpus=2 ram=16 swap=S:16 PTRS_PER_PTE=2 SWAPFILE_CLUSTER=2 thp=2 thp_swap=pmd
requires engine

setup {
  A: q = mmap(8K, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
  A: madvise(q, 8K, MADV_HUGEPAGE)  = 0
  A: load(q[0])                     = 0
  A: p = mmap(16K, 32K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
  A: madvise(p, 32K, MADV_HUGEPAGE) = 0
  A: store(p[0:8], 6)
  A: madvise(p, 32K, MADV_PAGEOUT)  = 0
}

cpu 0 as A { munmap(p, 32K) = 0 }

check {
  rss(A).swapents = 0
  swap_used(S)    = 0
  A: load(q[1])   = 0
  killall()
  swap_used(S)    = 0
  folios_leaked() = 0
}

expect            { never bug   never leak   never swap_count   never rss_mismatch   complete }
expect with D0-11 { sometimes rss_mismatch   never uaf }
