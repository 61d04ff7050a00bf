# mincore of a huge page in swap says whether all of it is in the swap cache, and does not take it apart.

scenario mincore-nothing-cached "with nothing cached the entry stays whole"
ref      "swap: Support PMD swap mapping in swap_duplicate()"  # D0-12
machine  cpus=2 ram=16 swap=S:8 PTRS_PER_PTE=2 SWAPFILE_CLUSTER=2 thp=2 thp_swap=pmd
requires engine

setup {
  A: p = mmap(8K, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
  A: madvise(p, 8K, MADV_HUGEPAGE) = 0
  A: store(p[0], 6)
  A: store(p[1], 7)
  A: madvise(p, 8K, MADV_PAGEOUT)  = 0
}

cpu 0 as A { r = mincore(p[1]) }

check {
  A: load(p[1])    = 7
  A: load(p[0])    = 6
  A: pagemap(p[1]) = PM_HUGE
  killall()
  swap_used(S)     = 0
  folios_leaked()  = 0
}

expect                 { never bug   never leak   never lost_store   never stale_pte   always A:r == 0   complete }
expect with D0-12      { sometimes stale_pte   never lost_store }
expect with D0-12,D0-4 { sometimes lost_store }

scenario mincore-cached "the huge folio is still cached: all of it is in core"
machine  cpus=2 ram=16 swap=S:8 PTRS_PER_PTE=2 SWAPFILE_CLUSTER=2 thp=2 thp_swap=pmd
requires engine

setup {
  A: p = mmap(8K, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
  A: madvise(p, 8K, MADV_HUGEPAGE) = 0
  A: store(p[0], 6)
  A: store(p[1], 7)
  A: madvise(p, 8K, MADV_PAGEOUT)  = 0   [keep_swapcache]
}

cpu 0 as A { r = mincore(p[1]) }

check {
  A: mincore(p[0]) = 1
  A: load(p[1])    = 7
  A: pagemap(p[1]) = PM_HUGE
  killall()
  swap_used(S)     = 0
  folios_leaked()  = 0
}

expect { never bug   never leak   never lost_store   never stale_pte   always A:r == 1   complete }

# reached: mincore: a small folio is cached for a huge swap entry
scenario mincore-after-a-split "a small folio is cached where the entry is still huge: then the entry is split too"
machine  cpus=2 ram=16 swap=S:8 PTRS_PER_PTE=2 SWAPFILE_CLUSTER=2 thp=2 thp_swap=pmd
requires engine

setup {
  A: p = mmap(8K, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
  A: madvise(p, 8K, MADV_HUGEPAGE)   = 0
  A: store(p[0], 6)
  A: store(p[1], 7)
  A: madvise(p, 8K, MADV_PAGEOUT)    = 0
  A: B = fork()
  B: load(p[0])                      = 6
  B: madvise(p[0], 4K, MADV_PAGEOUT) = 0
  B: load(p[0])                      = 6
}

cpu 0 as A { r = mincore(p[1]) }

check {
  A: mincore(p[0]) = 1
  A: load(p[0])    = 6
  A: load(p[1])    = 7
  A: pagemap(p[1]) = PM_ANON
  killall()
  swap_used(S)     = 0
  folios_leaked()  = 0
}

expect { never bug   never leak   never lost_store   never swap_count   always A:r == 1   complete }
