# munmap, exit and MADV_DONTNEED of a huge page in swap: one entry, all its slots, and as many pages of the counter.

scenario munmap-huge-swap "all slots are free afterwards"
ref "swap: Support PMD swap mapping in swap_duplicate()"  # D0-10
machine  cpus=2 ram=16 swap=S:8 PTRS_PER_PTE=2 SWAPFILE_CLUSTER=2 thp=2 thp_swap=pmd

setup {
  A: p = mmap(8K, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
  A: madvise(p, 8K, MADV_HUGEPAGE) = 0
  A: store(p[0], 6)
  A: store(p[1], 7)
  A: madvise(p, 8K, MADV_PAGEOUT) = 0
}

cpu 0 as A { munmap(p, 8K) = 0 }

check {
  swap_used(S) = 0
  rss(A).swapents = 0
  killall()
  swap_used(S) = 0
  folios_leaked() = 0
}

expect { never bug   never leak   never swap_count   never rss_mismatch   never lost_store   never livelock   complete }
expect with D0-10 { sometimes rss_mismatch }

scenario munmap-one-of-two "the other process keeps its huge page"
machine  cpus=2 ram=16 swap=S:8 PTRS_PER_PTE=2 SWAPFILE_CLUSTER=2 thp=2 thp_swap=pmd

setup {
  A: p = mmap(8K, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
  A: madvise(p, 8K, MADV_HUGEPAGE) = 0
  A: store(p[0], 6)
  A: store(p[1], 7)
  A: madvise(p, 8K, MADV_PAGEOUT) = 0
  A: B = fork()
  B: C = fork()
}

cpu 0 as A { munmap(p, 8K) = 0 }
cpu 1 as B { exit() }

check {
  C: load(p[0]) = 6
  C: load(p[1]) = 7
  C: pagemap(p[0]) = PM_HUGE
  swap_count(S, 2) = 0
  killall()
  swap_used(S) = 0
  folios_leaked() = 0
}

expect { never bug   never leak   never swap_count   never rss_mismatch   never lost_store   never livelock   complete }

scenario munmap-cached "the folio goes with the last reference"
machine  cpus=2 ram=16 swap=S:8 PTRS_PER_PTE=2 SWAPFILE_CLUSTER=2 thp=2 thp_swap=pmd

setup {
  A: p = mmap(8K, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
  A: madvise(p, 8K, MADV_HUGEPAGE) = 0
  A: store(p[0], 6)
  A: store(p[1], 7)
  A: madvise(p, 8K, MADV_PAGEOUT) = 0 [keep_swapcache]
}

cpu 0 as A { munmap(p, 8K) = 0 }

check {
  swap_used(S) = 0
  killall()
  swap_used(S) = 0
  folios_leaked() = 0
}

expect { never bug   never leak   never swap_count   never rss_mismatch   never lost_store   never livelock   complete }
