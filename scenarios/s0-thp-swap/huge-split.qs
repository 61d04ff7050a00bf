# A PMD swap entry becomes PTE swap entries of the same slots when somebody wants a part of it, or finds that its
# cluster is huge no more. Nothing is counted anew, and no other process is told.

scenario partial-munmap "munmap of a part frees exactly the slots of that part"
machine  cpus=2 ram=16 swap=S:8 PTRS_PER_PTE=2 SWAPFILE_CLUSTER=2 thp=2 thp_swap=pmd
requires engine

setup {
  A: p = mmap(8K, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
  A: madvise(p, 8K, MADV_HUGEPAGE) = 0
  A: store(p[0], 6)
  A: store(p[1], 7)
  A: madvise(p, 8K, MADV_PAGEOUT)  = 0
}

cpu 0 as A { munmap(p[0], 4K) = 0 }

check {
  swap_used(S)     = 1
  swap_count(S, 2) = 0
  swap_count(S, 3) = 1
  rss(A).swapents  = 1
  A: pagemap(p[1]) = PM_SWAP
  A: load(p[1])    = 7
  killall()
  swap_used(S)     = 0
  folios_leaked()  = 0
}

expect { never bug   never leak   never swap_count   never rss_mismatch   never lost_store   complete }

scenario fault-splits "a fault in the middle of a huge page that may come back in parts only"
ref      "swap: Support PMD swap mapping in swap_duplicate()"  # D0-4
machine  cpus=2 ram=16 swap=S:8 PTRS_PER_PTE=2 SWAPFILE_CLUSTER=2 thp=2 thp_swap=pmd
requires engine

setup {
  A: p = mmap(8K, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
  A: madvise(p, 8K, MADV_HUGEPAGE)   = 0
  A: store(p[0], 6)
  A: store(p[1], 7)
  A: madvise(p, 8K, MADV_PAGEOUT)    = 0
  A: madvise(p, 8K, MADV_NOHUGEPAGE) = 0
}

cpu 0 as A { load(p[1]) = 7 }

check {
  A: load(p[0])    = 6
  A: load(p[1])    = 7
  A: pagemap(p[1]) = PM_ANON
  rss(A).anon      = 2
  killall()
  swap_used(S)     = 0
  folios_leaked()  = 0
}

expect           { never bug   never leak   never swap_count   never rss_mismatch   never lost_store   complete }
expect with D0-4 { sometimes lost_store }

scenario stale-partial-munmap "munmap of a part when the cluster was split by another process"
ref      "swap: Support PMD swap mapping in swap_duplicate()"  # D0-5
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
}

cpu 0 as A { munmap(p[0], 4K) = 0 }

check {
  swap_count(S, 2) = 1
  swap_count(S, 3) = 1
  A: load(p[1])    = 7
  B: load(p[0])    = 6
  killall()
  swap_used(S)     = 0
  folios_leaked()  = 0
}

expect           { never bug   never leak   never swap_count   never rss_mismatch   never lost_store   complete }
expect with D0-5 { sometimes bug @ split_swap_cluster_map }

# reached: free_swap_and_cache: the cluster is huge no more
scenario stale-munmap "munmap of all of it when the cluster was split by another process"
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
}

cpu 0 as A { munmap(p, 8K) = 0 }

check {
  swap_used(S)     = 2
  swap_count(S, 2) = 1
  swap_count(S, 3) = 0
  B: load(p[0])    = 6
  B: load(p[1])    = 7
  killall()
  swap_used(S)     = 0
  folios_leaked()  = 0
}

expect { never bug   never leak   never swap_count   never rss_mismatch   never lost_store   complete }

# The cluster of a huge page that is split stops being huge while the pages are still locked: else one of them leaves
# the swap cache alone, and its slot a huge cluster.
scenario split-vs-dontneed "a huge page in the swap cache is split while one of its pages is given up"
ref      "swap: Support PMD swap mapping in swap_duplicate()"  # D0-14
machine  cpus=2 ram=16 swap=S:8 PTRS_PER_PTE=2 SWAPFILE_CLUSTER=2 thp=2 thp_swap=pmd
requires engine

setup {
  A: p = mmap(8K, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
  A: madvise(p, 8K, MADV_HUGEPAGE) = 0
  A: store(p[0], 6)
  A: store(p[1], 7)
  A: madvise(p, 8K, MADV_PAGEOUT)  = 0
  A: load(p[0])                    = 6
}

cpu 0 as A { madvise(p[0], 4K, MADV_PAGEOUT) = 0 }
cpu 1 as A { madvise(p[1], 4K, MADV_DONTNEED) = 0 }

check {
  A: load(p[0])   = 6
  A: load(p[1])   = 0
  killall()
  swap_used(S)    = 0
  folios_leaked() = 0
}

expect            { never bug   never leak   never swap_count   never rss_mismatch   never lost_store   complete }
expect with D0-14 { sometimes bug }

scenario free-part "MADV_FREE of a part gives up the slots of that part"
machine  cpus=2 ram=16 swap=S:8 PTRS_PER_PTE=2 SWAPFILE_CLUSTER=2 thp=2 thp_swap=pmd
requires engine

setup {
  A: p = mmap(8K, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
  A: madvise(p, 8K, MADV_HUGEPAGE) = 0
  A: store(p[0], 6)
  A: store(p[1], 7)
  A: madvise(p, 8K, MADV_PAGEOUT)  = 0
}

cpu 0 as A { madvise(p[1], 4K, MADV_FREE) = 0 }

check {
  swap_used(S)    = 1
  A: load(p[0])   = 6
  A: load(p[1])   = 0
  killall()
  swap_used(S)    = 0
  folios_leaked() = 0
}

expect { never bug   never leak   never swap_count   never rss_mismatch   never lost_store   complete }
