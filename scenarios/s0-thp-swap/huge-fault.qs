# A fault on a huge page in swap: read as one and mapped as one; or, where that cannot be, page by page as ever.

# With D0-13 the cluster is huge no more as soon as its folio has left the swap cache. That is no bug, since clusters
# may be split at any time; but nothing ever comes back as one.
scenario in-as-one "what went out as one comes back as one"
ref      "swap: Support PMD swap mapping in swap_duplicate()"  # D0-13
machine  cpus=2 ram=16 swap=S:8 PTRS_PER_PTE=2 SWAPFILE_CLUSTER=2 thp=2 thp_swap=pmd
requires engine

setup {
  A: p = mmap(8K, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
  A: madvise(p, 8K, MADV_HUGEPAGE) = 0
  A: store(p[0], 6)
  A: store(p[1], 7)
  A: madvise(p, 8K, MADV_PAGEOUT)  = 0
}

cpu 0 as A { load(p[1]) = 7 }

check {
  A: load(p[0])     = 6
  A: pagemap(p[0])  = PM_HUGE
  rss(A).anon       = 2
  rss(A).swapents   = 0
  A: store(p[0], 8) = 0
  A: pagemap(p[1])  = PM_HUGE
  killall()
  swap_used(S)      = 0
  folios_leaked()   = 0
}

expect            { never bug   never leak   never swap_count   never rss_mismatch   never lost_store   complete }
expect with D0-13 { sometimes stale_pte   never bug   never leak   never swap_count   never lost_store }

scenario no-huge-page "no huge page is to be had: the cluster is split, and the pages come one by one"
machine  cpus=2 ram=16 swap=S:8 PTRS_PER_PTE=2 SWAPFILE_CLUSTER=2 thp=2 thp_swap=pmd
requires engine

setup {
  A: p = mmap(8K, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
  A: madvise(p, 8K, MADV_HUGEPAGE) = 0
  A: store(p[0], 6)
  A: store(p[1], 7)
  A: madvise(p, 8K, MADV_PAGEOUT)  = 0
}

cpu 0 as A { load(p[1]) = 7   [fail: page_alloc@read_huge_swap_cache nth=1] }

check {
  A: load(p[0])    = 6
  A: pagemap(p[0]) = PM_ANON
  A: pagemap(p[1]) = PM_ANON
  killall()
  swap_used(S)     = 0
  folios_leaked()  = 0
}

expect { never bug   never leak   never swap_count   never rss_mismatch   never lost_store   complete }

scenario read-error "the device cannot read one of the pages"
machine  cpus=2 ram=16 swap=S:8 PTRS_PER_PTE=2 SWAPFILE_CLUSTER=2 thp=2 thp_swap=pmd
requires engine

setup {
  A: p = mmap(8K, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
  A: madvise(p, 8K, MADV_HUGEPAGE) = 0
  A: store(p[0], 6)
  A: store(p[1], 7)
  A: madvise(p, 8K, MADV_PAGEOUT)  = 0
}

cpu 0 as A { s = load(p[0])   [fail: io_read nth=1] }

check {
  killall()
  swap_used(S)    = 0
  folios_leaked() = 0
}

expect { never bug   never leak   never swap_count   always A:s == SIGBUS(2)   complete }

scenario part-of-a-huge-cluster "a page of a cluster that is still another's huge page: all of it is read"
machine  cpus=2 ram=16 swap=S:8 PTRS_PER_PTE=2 SWAPFILE_CLUSTER=2 thp=2 thp_swap=pmd
requires engine

setup {
  A: p = mmap(8K, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
  A: madvise(p, 8K, MADV_HUGEPAGE) = 0
  A: store(p[0], 6)
  A: store(p[1], 7)
  A: madvise(p, 8K, MADV_PAGEOUT)  = 0
  A: B = fork()
  B: munmap(p[0], 4K)              = 0
}

cpu 0 as B { load(p[1]) = 7 }

check {
  B: load(p[1])    = 7
  B: pagemap(p[1]) = PM_ANON
  A: mincore(p[0]) = 1
  A: load(p[0])    = 6
  A: pagemap(p[0]) = PM_HUGE
  killall()
  swap_used(S)     = 0
  folios_leaked()  = 0
}

expect { never bug   never leak   never swap_count   never rss_mismatch   never lost_store   complete }

# reached: do_huge_pmd_swap_page: a small folio is cached
scenario stale-fault "the cluster was split by another process, and nothing is cached"
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
  B: load(p[1])                      = 7
  B: madvise(p, 8K, MADV_PAGEOUT)    = 0
}

cpu 0 as A { load(p[1]) = 7 }

check {
  A: load(p[0])    = 6
  A: load(p[1])    = 7
  A: pagemap(p[0]) = PM_ANON
  swap_count(S, 2) = 1
  killall()
  swap_used(S)     = 0
  folios_leaked()  = 0
}

expect { never bug   never leak   never swap_count   never rss_mismatch   never lost_store   complete }

scenario write-after-fork "a write to a huge page in swap that a child shares"
machine  cpus=2 ram=16 swap=S:8 PTRS_PER_PTE=2 SWAPFILE_CLUSTER=2 thp=2 thp_swap=pmd
requires engine

setup {
  A: p = mmap(8K, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
  A: madvise(p, 8K, MADV_HUGEPAGE) = 0
  A: store(p[0], 6)
  A: store(p[1], 7)
  A: madvise(p, 8K, MADV_PAGEOUT)  = 0
  A: B = fork()
}

cpu 0 as A { store(p[0], 8) = 0 }
cpu 1 as B { load(p[0]) = 6 }

check {
  A: load(p[0])   = 8
  A: load(p[1])   = 7
  B: load(p[0])   = 6
  B: load(p[1])   = 7
  killall()
  swap_used(S)    = 0
  folios_leaked() = 0
}

expect { never bug   never leak   never swap_count   never rss_mismatch   never lost_store   complete }

# reached: read_swap_cache_async: no huge page for a huge cluster
scenario part-no-huge-page "the same with no huge page to be had: the cluster is split for the sake of a part"
machine  cpus=2 ram=16 swap=S:8 PTRS_PER_PTE=2 SWAPFILE_CLUSTER=2 thp=2 thp_swap=pmd
requires engine

setup {
  A: p = mmap(8K, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
  A: madvise(p, 8K, MADV_HUGEPAGE) = 0
  A: store(p[0], 6)
  A: store(p[1], 7)
  A: madvise(p, 8K, MADV_PAGEOUT)  = 0
  A: B = fork()
  B: munmap(p[0], 4K)              = 0
}

cpu 0 as B { load(p[1]) = 7   [fail: page_alloc@read_huge_swap_cache nth=1] }

check {
  B: load(p[1])    = 7
  A: load(p[0])    = 6
  A: load(p[1])    = 7
  A: pagemap(p[0]) = PM_ANON
  killall()
  swap_used(S)     = 0
  folios_leaked()  = 0
}

expect { never bug   never leak   never swap_count   never rss_mismatch   never lost_store   complete }
