# Two CPUs and one huge page in swap: what each finds may have become PTEs, another's, or nothing under its hands.

scenario two-faults "two processes fault on the same huge page"
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

cpu 0 as A { load(p[0]) = 6 }
cpu 1 as B { store(p[1], 8) = 0 }

check {
  A: load(p[1])   = 7
  B: load(p[0])   = 6
  B: load(p[1])   = 8
  killall()
  swap_used(S)    = 0
  folios_leaked() = 0
}

expect            { never bug   never leak   never swap_count   never rss_mismatch   never lost_store   complete }
expect with D0-13 { never bug   never leak   never swap_count   never lost_store   complete }

# reached: do_huge_pmd_swap_page: entry changed, do_huge_pmd_swap_page: folio left the swap cache
# reached: do_huge_pmd_swap_page: the cluster is huge no more
scenario two-threads "two threads fault on the same huge page"
machine  cpus=2 ram=16 swap=S:8 PTRS_PER_PTE=2 SWAPFILE_CLUSTER=2 thp=2 thp_swap=pmd
requires engine

setup {
  A: p = mmap(8K, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
  A: madvise(p, 8K, MADV_HUGEPAGE) = 0
  A: store(p[0], 6)
  A: store(p[1], 7)
  A: madvise(p, 8K, MADV_PAGEOUT)  = 0
}

cpu 0 as A { load(p[0]) = 6 }
cpu 1 as A { store(p[1], 8) = 0 }

check {
  A: load(p[0])    = 6
  A: load(p[1])    = 8
  A: pagemap(p[0]) = PM_HUGE
  rss(A).anon      = 2
  killall()
  swap_used(S)     = 0
  folios_leaked()  = 0
}

expect { never bug   never leak   never swap_count   never rss_mismatch   never lost_store   complete }

scenario fork-vs-swap-in "fork copies the entry while the child of before reads the huge page"
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

cpu 0 as A { C = fork() }
cpu 1 as B { load(p[0]) = 6 }

check {
  A: load(p[0])   = 6
  B: load(p[1])   = 7
  C: load(p[1])   = 7
  killall()
  swap_used(S)    = 0
  folios_leaked() = 0
}

expect { never bug   never leak   never swap_count   never rss_mismatch   never lost_store   complete }

scenario fork-vs-reclaim "fork copies the entry while reclaim takes the folio out of the swap cache"
machine  cpus=2 ram=16 swap=S:8 PTRS_PER_PTE=2 SWAPFILE_CLUSTER=2 thp=2 thp_swap=pmd
requires engine

setup {
  A: p = mmap(8K, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
  A: madvise(p, 8K, MADV_HUGEPAGE) = 0
  A: store(p[0], 6)
  A: store(p[1], 7)
  A: madvise(p, 8K, MADV_PAGEOUT)  = 0   [keep_swapcache]
}

cpu 0 as A { C = fork() }
cpu 1 as R { reclaim(2) }

check {
  A: load(p[0])   = 6
  C: load(p[1])   = 7
  killall()
  swap_used(S)    = 0
  folios_leaked() = 0
}

expect            { never bug   never leak   never swap_count   never rss_mismatch   never lost_store   complete }
expect with D0-13 { never bug   never leak   never swap_count   never lost_store   complete }

scenario split-vs-fork "fork copies the entry while another process takes the huge page apart"
machine  cpus=2 ram=16 swap=S:8 PTRS_PER_PTE=2 SWAPFILE_CLUSTER=2 thp=2 thp_swap=pmd
requires engine

setup {
  A: p = mmap(8K, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
  A: madvise(p, 8K, MADV_HUGEPAGE) = 0
  A: store(p[0], 6)
  A: store(p[1], 7)
  A: madvise(p, 8K, MADV_PAGEOUT)  = 0
  A: B = fork()
  B: load(p[0])                    = 6
}

cpu 0 as A { C = fork() }
cpu 1 as B { madvise(p[0], 4K, MADV_PAGEOUT) = 0 }

check {
  A: load(p[0])   = 6
  B: load(p[0])   = 6
  C: load(p[1])   = 7
  killall()
  swap_used(S)    = 0
  folios_leaked() = 0
}

expect            { never bug   never leak   never swap_count   never rss_mismatch   never lost_store   complete }
expect with D0-13 { never bug   never leak   never swap_count   never lost_store   complete }

scenario split-vs-fault "a fault while another process takes the huge page apart"
machine  cpus=2 ram=16 swap=S:8 PTRS_PER_PTE=2 SWAPFILE_CLUSTER=2 thp=2 thp_swap=pmd
requires engine

setup {
  A: p = mmap(8K, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
  A: madvise(p, 8K, MADV_HUGEPAGE) = 0
  A: store(p[0], 6)
  A: store(p[1], 7)
  A: madvise(p, 8K, MADV_PAGEOUT)  = 0
  A: B = fork()
  B: load(p[0])                    = 6
}

cpu 0 as A { load(p[1]) = 7 }
cpu 1 as B { madvise(p[0], 4K, MADV_PAGEOUT) = 0 }

check {
  A: load(p[0])   = 6
  B: load(p[0])   = 6
  B: load(p[1])   = 7
  killall()
  swap_used(S)    = 0
  folios_leaked() = 0
}

expect { never bug   never leak   never swap_count   never rss_mismatch   never lost_store   complete }

scenario part-munmap-vs-fault "a process unmaps a part while the other reads the huge page"
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

cpu 0 as A { munmap(p[0], 4K) = 0 }
cpu 1 as B { load(p[0]) = 6 }

check {
  A: load(p[1])   = 7
  B: load(p[0])   = 6
  B: load(p[1])   = 7
  killall()
  swap_used(S)    = 0
  folios_leaked() = 0
}

expect { never bug   never leak   never swap_count   never rss_mismatch   never lost_store   complete }

scenario part-dontneed-vs-fault "a thread gives up a part while another reads it"
machine  cpus=2 ram=16 swap=S:8 PTRS_PER_PTE=2 SWAPFILE_CLUSTER=2 thp=2 thp_swap=pmd
requires engine

setup {
  A: p = mmap(8K, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
  A: madvise(p, 8K, MADV_HUGEPAGE) = 0
  A: store(p[0], 6)
  A: store(p[1], 7)
  A: madvise(p, 8K, MADV_PAGEOUT)  = 0
}

cpu 0 as A { madvise(p[0], 4K, MADV_DONTNEED) = 0 }
cpu 1 as A { load(p[1]) = 7 }

check {
  A: load(p[0])   = 0
  A: load(p[1])   = 7
  killall()
  swap_used(S)    = 0
  folios_leaked() = 0
}

expect { never bug   never leak   never swap_count   never rss_mismatch   never lost_store   complete }

scenario reclaim-vs-fault "the huge page goes out while it is used"
machine  cpus=2 ram=16 swap=S:8 PTRS_PER_PTE=2 SWAPFILE_CLUSTER=2 thp=2 thp_swap=pmd
requires engine

setup {
  A: p = mmap(8K, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
  A: madvise(p, 8K, MADV_HUGEPAGE) = 0
  A: store(p[0], 6)
  A: store(p[1], 7)
  A: madvise(p, 8K, MADV_PAGEOUT)  = 0
  A: store(p[0], 6)                = 0
}

cpu 0 as A { load(p[1]) = 7 }
cpu 1 as R { reclaim(2) }

check {
  A: load(p[0])   = 6
  A: load(p[1])   = 7
  killall()
  swap_used(S)    = 0
  folios_leaked() = 0
}

expect { never bug   never leak   never swap_count   never rss_mismatch   never lost_store   complete }

scenario zap-vs-zap "two processes give up the same huge page"
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

cpu 0 as A { munmap(p, 8K) = 0 }
cpu 1 as B { munmap(p, 8K) = 0 }

check {
  swap_used(S)    = 0
  killall()
  swap_used(S)    = 0
  folios_leaked() = 0
}

expect { never bug   never leak   never swap_count   never rss_mismatch   never lost_store   complete }

# reached: do_huge_pmd_swap_page: somebody else has read the huge page
scenario no-huge-page-vs-fault "one cannot have a huge page and splits the cluster, the other reads it"
machine  cpus=2 ram=16 swap=S:8 PTRS_PER_PTE=2 SWAPFILE_CLUSTER=2 thp=2 thp_swap=pmd
requires engine

setup {
  A: p = mmap(8K, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
  A: madvise(p, 8K, MADV_HUGEPAGE)   = 0
  A: store(p[0], 6)
  A: store(p[1], 7)
  A: madvise(p, 8K, MADV_PAGEOUT)    = 0
  A: B = fork()
  A: madvise(p, 8K, MADV_NOHUGEPAGE) = 0
}

cpu 0 as A { load(p[0]) = 6 }
cpu 1 as B { load(p[1]) = 7 }

check {
  A: load(p[1])   = 7
  B: load(p[0])   = 6
  killall()
  swap_used(S)    = 0
  folios_leaked() = 0
}

expect { never bug   never leak   never swap_count   never rss_mismatch   never lost_store   complete }

scenario mincore-vs-split "mincore while another process takes the huge page apart"
machine  cpus=2 ram=16 swap=S:8 PTRS_PER_PTE=2 SWAPFILE_CLUSTER=2 thp=2 thp_swap=pmd
requires engine

setup {
  A: p = mmap(8K, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
  A: madvise(p, 8K, MADV_HUGEPAGE) = 0
  A: store(p[0], 6)
  A: store(p[1], 7)
  A: madvise(p, 8K, MADV_PAGEOUT)  = 0
  A: B = fork()
  B: load(p[0])                    = 6
}

cpu 0 as A { mincore(p[1]) }
cpu 1 as B { madvise(p[0], 4K, MADV_PAGEOUT) = 0 }

check {
  A: load(p[0])   = 6
  A: load(p[1])   = 7
  B: load(p[0])   = 6
  killall()
  swap_used(S)    = 0
  folios_leaked() = 0
}

expect { never bug   never leak   never swap_count   never rss_mismatch   never lost_store   complete }

scenario reclaim-vs-fault-cached "the folio leaves the swap cache while a fault finds it there"
machine  cpus=2 ram=16 swap=S:8 PTRS_PER_PTE=2 SWAPFILE_CLUSTER=2 thp=2 thp_swap=pmd
requires engine

setup {
  A: p = mmap(8K, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
  A: madvise(p, 8K, MADV_HUGEPAGE) = 0
  A: store(p[0], 6)
  A: store(p[1], 7)
  A: madvise(p, 8K, MADV_PAGEOUT)  = 0   [keep_swapcache]
}

cpu 0 as A { load(p[1]) = 7 }
cpu 1 as R { reclaim(2) }

check {
  A: load(p[0])   = 6
  A: load(p[1])   = 7
  killall()
  swap_used(S)    = 0
  folios_leaked() = 0
}

expect { never bug   never leak   never swap_count   never rss_mismatch   never lost_store   complete }

scenario unmap-vs-fork "fork copies the huge page while reclaim makes a swap entry of it"
machine  cpus=2 ram=16 swap=S:8 PTRS_PER_PTE=2 SWAPFILE_CLUSTER=2 thp=2 thp_swap=pmd
requires engine

setup {
  A: p = mmap(8K, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
  A: madvise(p, 8K, MADV_HUGEPAGE) = 0
  A: store(p[0], 6)
  A: store(p[1], 7)
  A: madvise(p, 8K, MADV_PAGEOUT)  = 0
  A: store(p[0], 6)                = 0
}

cpu 0 as A { C = fork() }
cpu 1 as R { reclaim(2) }

check {
  A: load(p[0])   = 6
  A: load(p[1])   = 7
  C: load(p[1])   = 7
  killall()
  swap_used(S)    = 0
  folios_leaked() = 0
}

expect            { never bug   never leak   never swap_count   never rss_mismatch   never lost_store   complete }
expect with D0-13 { never bug   never leak   never swap_count   never lost_store   complete }

scenario free-vs-fault "MADV_FREE of a part while another thread reads the other"
machine  cpus=2 ram=16 swap=S:8 PTRS_PER_PTE=2 SWAPFILE_CLUSTER=2 thp=2 thp_swap=pmd
requires engine

setup {
  A: p = mmap(8K, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
  A: madvise(p, 8K, MADV_HUGEPAGE) = 0
  A: store(p[0], 6)
  A: store(p[1], 7)
  A: madvise(p, 8K, MADV_PAGEOUT)  = 0
}

cpu 0 as A { madvise(p[0], 4K, MADV_FREE) = 0 }
cpu 1 as A { load(p[1]) = 7 }

check {
  A: load(p[1])   = 7
  A: load(p[0])   = 0 | 6
  killall()
  swap_used(S)    = 0
  folios_leaked() = 0
}

expect { never bug   never leak   never swap_count   never rss_mismatch   complete }

scenario around-the-cache "one reads its part of the cluster, the other the huge page; slots around the cache"
machine  cpus=2 ram=16 swap=S:8 PTRS_PER_PTE=2 SWAPFILE_CLUSTER=2 thp=2 thp_swap=pmd synchronous_swap=on
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

cpu 0 as A { load(p[1]) = 7 }
cpu 1 as B { load(p[1]) = 7 }

check {
  A: load(p[0])   = 6
  B: load(p[1])   = 7
  killall()
  swap_used(S)    = 0
  folios_leaked() = 0
}

expect { never bug   never leak   never swap_count   never rss_mismatch   never lost_store   complete }

scenario move-vs-swapoff "a cached huge page moves while swapoff wants its slots"
machine  cpus=2 ram=16 swap=S:8 PTRS_PER_PTE=2 SWAPFILE_CLUSTER=2 thp=2 thp_swap=pmd nodes=2
requires engine

setup {
  A: p = mmap(8K, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
  A: madvise(p, 8K, MADV_HUGEPAGE) = 0
  A: store(p[0], 6)
  A: store(p[1], 7)
  A: madvise(p, 8K, MADV_PAGEOUT)  = 0
  A: load(p[0])                    = 6
}

cpu 0 as A { move_pages(A, p[0], 0) }
cpu 1 as B { r = swapoff(S) }

check {
  A: load(p[0])   = 6
  A: load(p[1])   = 7
  killall()
  swap_used(S)    = 0
  folios_leaked() = 0
}

expect { never uaf   never bug   never leak   never swap_count   never livelock   always B:r == 0   complete }

# Equal entries are not enough: the folio that was found has left the swap cache meanwhile, and another is there.
scenario huge-entry-reused "the same entry again, for other contents, before the fault has locked the folio"
machine  cpus=2 ram=16 swap=S:3 PTRS_PER_PTE=2 SWAPFILE_CLUSTER=2 thp=2 thp_swap=pmd tlb=off
requires engine

setup {
  A: p = mmap(8K, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
  A: madvise(p, 8K, MADV_HUGEPAGE) = 0
  A: store(p[0], 6)
  A: store(p[1], 7)
  A: madvise(p, 8K, MADV_PAGEOUT)  = 0
}

cpu 0 as A { load(p[0]) = 6 | 8 | 0 }
cpu 1 as A { madvise(p, 8K, MADV_DONTNEED) = 0, store(p[0], 8) = 0, madvise(p, 8K, MADV_PAGEOUT) = 0 }

check {
  A: load(p[0])   = 8
  A: load(p[1])   = 0
  killall()
  folios_leaked() = 0
}

expect { never bug   never leak   never swap_count   never lost_store   complete }
