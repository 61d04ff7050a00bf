# The huge page of zeros (thp_swap=pmd): loads where nothing was stored map it, and a store replaces it by a huge
# page.

scenario huge-zeros "loads where nothing was stored share one huge page of zeros"
machine  cpus=2 ram=16 swap=S:8 PTRS_PER_PTE=2 SWAPFILE_CLUSTER=2 thp=2 thp_swap=pmd
requires engine

setup {
  A: p = mmap(8K, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
  A: madvise(p, 8K, MADV_HUGEPAGE) = 0
  A: load(p[0])                    = 0
  A: pagemap(p[1])                 = PM_ZERO
  A: B = fork()
}

cpu 0 as A { store(p[0], 5) = 0 }
cpu 1 as B { munmap(p[0], 4K) = 0 }

check {
  A: load(p[0])    = 5
  A: load(p[1])    = 0
  A: pagemap(p[1]) = PM_HUGE
  B: load(p[1])    = 0
  B: pagemap(p[1]) = PM_ZERO
  rss(A).anon      = 2
  rss(B).anon      = 0
  killall()
  swap_used(S)     = 0
  folios_leaked()  = 0
}

expect { never bug   never leak   never swap_count   never rss_mismatch   never lost_store   complete }

scenario store-vs-load "one thread stores where another reads zeros"
machine  cpus=2 ram=16 swap=S:8 PTRS_PER_PTE=2 SWAPFILE_CLUSTER=2 thp=2 thp_swap=pmd
requires engine

setup {
  A: p = mmap(8K, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
  A: madvise(p, 8K, MADV_HUGEPAGE) = 0
  A: load(p[0])                    = 0
  A: pagemap(p[1])                 = PM_ZERO
}

cpu 0 as A { store(p[0], 5) = 0 }
cpu 1 as A { load(p[1]) = 0 }

check {
  A: load(p[0])    = 5
  A: load(p[1])    = 0
  A: pagemap(p[1]) = PM_HUGE
  rss(A).anon      = 2
  killall()
  swap_used(S)     = 0
  folios_leaked()  = 0
}

expect { never bug   never leak   never swap_count   never rss_mismatch   never lost_store   complete }

scenario two-first-loads "two processes are the first to want it"
machine  cpus=2 ram=16 swap=S:8 PTRS_PER_PTE=2 SWAPFILE_CLUSTER=2 thp=2 thp_swap=pmd
requires engine

setup {
  A: p = mmap(8K, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
  A: madvise(p, 8K, MADV_HUGEPAGE) = 0
  A: B = fork()
}

cpu 0 as A { load(p[0]) = 0 }
cpu 1 as B { load(p[1]) = 0 }

check {
  A: pagemap(p[1])  = PM_ZERO
  B: pagemap(p[0])  = PM_ZERO
  rss(A).anon       = 0
  A: store(p[0], 5) = 0
  B: load(p[0])     = 0
  killall()
  swap_used(S)      = 0
  folios_leaked()   = 0
}

expect { never bug   never leak   never swap_count   never rss_mismatch   never lost_store   complete }

scenario no-huge-zeros "no huge page is to be had for it: a small page of zeros does"
machine  cpus=2 ram=16 swap=S:8 PTRS_PER_PTE=2 SWAPFILE_CLUSTER=2 thp=2 thp_swap=pmd
requires engine

setup {
  A: p = mmap(8K, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
  A: madvise(p, 8K, MADV_HUGEPAGE) = 0
}

cpu 0 as A { load(p[0]) = 0   [fail: page_alloc@map_huge_zero_page nth=1] }

check {
  A: pagemap(p[0])  = PM_ZERO
  A: pagemap(p[1])  = PM_NONE
  A: store(p[1], 5) = 0
  A: load(p[0])     = 0
  killall()
  swap_used(S)      = 0
  folios_leaked()   = 0
}

expect { never bug   never leak   never swap_count   never rss_mismatch   never lost_store   complete }

scenario zeros-in-part "a part of it is given up, protected, and stored to"
machine  cpus=2 ram=16 swap=S:8 PTRS_PER_PTE=2 SWAPFILE_CLUSTER=2 thp=2 thp_swap=pmd
requires engine

setup {
  A: p = mmap(8K, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
  A: madvise(p, 8K, MADV_HUGEPAGE) = 0
  A: load(p[0])                    = 0
  A: pagemap(p[1])                 = PM_ZERO
}

cpu 0 as A { madvise(p[0], 4K, MADV_DONTNEED) = 0, mprotect(p[1], 4K, PROT_READ) = 0 }

check {
  A: load(p[1])     = 0
  A: store(p[1], 5) = SIGSEGV(2)
  A: store(p[0], 5) = 0
  A: load(p[0])     = 5
  rss(A).anon       = 1
  killall()
  swap_used(S)      = 0
  folios_leaked()   = 0
}

expect { never bug   never leak   never swap_count   never rss_mismatch   never lost_store   complete }
