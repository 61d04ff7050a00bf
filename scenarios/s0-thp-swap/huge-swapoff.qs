# swapoff brings huge pages back as they went, whatever their mappings want by now; where it cannot, page by page.

scenario swapoff-huge "the huge page is back as one"
ref      "swap: Support PMD swap mapping in swap_duplicate()"  # D0-7
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

cpu 0 as B { r = swapoff(S) }

check {
  A: pagemap(p[1]) = PM_HUGE
  A: load(p[0])    = 6
  A: load(p[1])    = 7
  rss(A).anon      = 2
  killall()
  swap_used(S)     = 0
  folios_leaked()  = 0
}

expect           { never bug   never leak   never swap_count   never lost_store   always B:r == 0   complete }
expect with D0-7 { sometimes null_deref }

scenario swapoff-no-huge-page "no huge page is to be had"
machine  cpus=2 ram=16 swap=S:8 PTRS_PER_PTE=2 SWAPFILE_CLUSTER=2 thp=2 thp_swap=pmd
requires engine

setup {
  A: p = mmap(8K, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
  A: madvise(p, 8K, MADV_HUGEPAGE) = 0
  A: store(p[0], 6)
  A: store(p[1], 7)
  A: madvise(p, 8K, MADV_PAGEOUT)  = 0
}

cpu 0 as B { r = swapoff(S)   [fail: page_alloc@read_huge_swap_cache nth=1] }

check {
  A: pagemap(p[1]) = PM_ANON
  A: load(p[0])    = 6
  A: load(p[1])    = 7
  killall()
  swap_used(S)     = 0
  folios_leaked()  = 0
}

expect { never bug   never leak   never swap_count   never lost_store   always B:r == 0   complete }

scenario zap-vs-swapoff-huge "swapoff finds no slot, for the last ones are on their way to free"
ref      "swap: Support PMD swap mapping in swap_duplicate()"  # D0-6
machine  cpus=2 ram=16 swap=S:8 PTRS_PER_PTE=2 SWAPFILE_CLUSTER=2 thp=2 thp_swap=pmd
requires engine

setup {
  A: p = mmap(8K, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
  A: madvise(p, 8K, MADV_HUGEPAGE) = 0
  A: store(p[0], 6)
  A: store(p[1], 7)
  A: madvise(p, 8K, MADV_PAGEOUT)  = 0
}

cpu 0 as A { madvise(p, 8K, MADV_DONTNEED) = 0 }
cpu 1 as B { r = swapoff(S) }

check {
  swap_used(S)    = 0
  killall()
  swap_used(S)    = 0
  folios_leaked() = 0
}

expect           { never uaf   never bug   never leak   never swap_count   never livelock   always B:r == 0   complete }
expect with D0-6 { sometimes swap_count @ swapoff }

# reached: unuse_pmd: entry changed
scenario fault-vs-swapoff-huge "a fault and swapoff bring in the same huge page"
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
cpu 1 as B { r = swapoff(S) }

check {
  A: load(p[0])    = 6
  A: pagemap(p[0]) = PM_HUGE
  rss(A).anon      = 2
  killall()
  swap_used(S)     = 0
  folios_leaked()  = 0
}

expect { never uaf   never bug   never leak   never swap_count   never livelock   always B:r == 0   complete }

scenario fork-vs-swapoff-huge "the child's entry is found too"
machine  cpus=2 ram=16 swap=S:8 PTRS_PER_PTE=2 SWAPFILE_CLUSTER=2 thp=2 thp_swap=pmd
requires engine

setup {
  A: p = mmap(8K, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
  A: madvise(p, 8K, MADV_HUGEPAGE) = 0
  A: store(p[0], 6)
  A: store(p[1], 7)
  A: madvise(p, 8K, MADV_PAGEOUT)  = 0
}

cpu 0 as A { C = fork() }
cpu 1 as B { r = swapoff(S) }

check {
  A: load(p[0])   = 6
  C: load(p[1])   = 7
  rss(C).swapents = 0
  killall()
  swap_used(S)    = 0
  folios_leaked() = 0
}

expect { never uaf   never bug   never leak   never swap_count   never livelock   always B:r == 0   complete }

scenario exit-vs-swapoff-huge "a process ends while swapoff brings its huge page back"
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

cpu 0 as B { exit() }
cpu 1 as C { r = swapoff(S) }

check {
  A: load(p[0])   = 6
  A: load(p[1])   = 7
  killall()
  swap_used(S)    = 0
  folios_leaked() = 0
}

expect { never uaf   never bug   never leak   never swap_count   never livelock   always C:r == 0   complete }

scenario swapoff-read-error "the device cannot read one of the pages: each says so to whoever looks"
machine  cpus=2 ram=16 swap=S:8 PTRS_PER_PTE=2 SWAPFILE_CLUSTER=2 thp=2 thp_swap=pmd
requires engine

setup {
  A: p = mmap(8K, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
  A: madvise(p, 8K, MADV_HUGEPAGE) = 0
  A: store(p[0], 6)
  A: store(p[1], 7)
  A: madvise(p, 8K, MADV_PAGEOUT)  = 0
}

cpu 0 as B { r = swapoff(S)   [fail: io_read nth=1] }

check {
  A: load(p[0])   = SIGBUS(2)
  A: load(p[1])   = SIGBUS(2)
  rss(A).anon     = 0
  rss(A).swapents = 0
  killall()
  swap_used(S)    = 0
  folios_leaked() = 0
}

expect { never bug   never leak   never swap_count   never rss_mismatch   always B:r == 0   complete }

scenario swapoff-of-a-stale-entry "the cluster was split by another process"
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

cpu 0 as C { r = swapoff(S) }

check {
  A: pagemap(p[0]) = PM_ANON
  A: load(p[0])    = 6
  A: load(p[1])    = 7
  B: load(p[0])    = 6
  killall()
  swap_used(S)     = 0
  folios_leaked()  = 0
}

expect { never uaf   never bug   never leak   never swap_count   never livelock   always C:r == 0   complete }

scenario part-munmap-vs-swapoff "a part goes while swapoff brings the whole back"
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
cpu 1 as B { r = swapoff(S) }

check {
  A: load(p[0])   = 0
  A: load(p[1])   = 7
  killall()
  swap_used(S)    = 0
  folios_leaked() = 0
}

expect { never uaf   never bug   never leak   never swap_count   never livelock   always B:r == 0   complete }
