# What a program sees of a huge page that goes to swap as one: nothing but how it comes back. The same steps with the
# entries of 4.13 and later (thp_swap=pte), and with pages that are split first (off).

scenario one-entry "thp_swap=pmd: what is seen on the way out and back"
machine  cpus=2 ram=16 swap=S:8 PTRS_PER_PTE=2 SWAPFILE_CLUSTER=2 thp=2 thp_swap=pmd
requires engine

setup {
  A: p = mmap(8K, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
  A: madvise(p, 8K, MADV_HUGEPAGE) = 0
  A: store(p[0], 6)
  A: store(p[1], 7)
}

cpu 0 as A { madvise(p, 8K, MADV_PAGEOUT) = 0 }

check {
  A: mincore(p[0])                = 0
  A: pagemap(p[0])                = PM_SWAP
  A: pagemap(p[1])                = PM_SWAP
  rss(A).anon                     = 0
  rss(A).swapents                 = 2
  swap_used(S)                    = 2
  swap_count(S, 2)                = 1
  swap_count(S, 3)                = 1
  A: load(p[1])                   = 7
  A: load(p[0])                   = 6
  A: mincore(p[0])                = 1
  A: mincore(p[1])                = 1
  A: pagemap(p[1])                = PM_HUGE
  rss(A).anon                     = 2
  rss(A).swapents                 = 0
  A: madvise(p, 8K, MADV_PAGEOUT) = 0
  A: munmap(p[0], 4K)             = 0
  rss(A).swapents                 = 1
  swap_used(S)                    = 1
  A: load(p[1])                   = 7
  killall()
  swap_used(S)                    = 0
  folios_leaked()                 = 0
}

expect { never bug   never leak   never swap_count   never rss_mismatch   never lost_store   complete }

scenario an-entry-for-each-page "thp_swap=pte: what is seen on the way out and back"
machine  cpus=2 ram=16 swap=S:8 PTRS_PER_PTE=2 SWAPFILE_CLUSTER=2 thp=2 thp_swap=pte

setup {
  A: p = mmap(8K, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
  A: madvise(p, 8K, MADV_HUGEPAGE) = 0
  A: store(p[0], 6)
  A: store(p[1], 7)
}

cpu 0 as A { madvise(p, 8K, MADV_PAGEOUT) = 0 }

check {
  A: mincore(p[0])                = 0
  A: pagemap(p[0])                = PM_SWAP
  A: pagemap(p[1])                = PM_SWAP
  rss(A).anon                     = 0
  rss(A).swapents                 = 2
  swap_used(S)                    = 2
  swap_count(S, 2)                = 1
  swap_count(S, 3)                = 1
  A: load(p[1])                   = 7
  A: load(p[0])                   = 6
  A: mincore(p[0])                = 1
  A: mincore(p[1])                = 1
  A: pagemap(p[1])                = PM_ANON
  rss(A).anon                     = 2
  rss(A).swapents                 = 0
  A: madvise(p, 8K, MADV_PAGEOUT) = 0
  A: munmap(p[0], 4K)             = 0
  rss(A).swapents                 = 1
  swap_used(S)                    = 1
  A: load(p[1])                   = 7
  killall()
  swap_used(S)                    = 0
  folios_leaked()                 = 0
}

expect { never bug   never leak   never swap_count   never rss_mismatch   never lost_store   complete }

scenario split-first "thp_swap=off: what is seen on the way out and back"
machine  cpus=2 ram=16 swap=S:8 PTRS_PER_PTE=2 SWAPFILE_CLUSTER=2 thp=2 thp_swap=off

setup {
  A: p = mmap(8K, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
  A: madvise(p, 8K, MADV_HUGEPAGE) = 0
  A: store(p[0], 6)
  A: store(p[1], 7)
}

cpu 0 as A { madvise(p, 8K, MADV_PAGEOUT) = 0 }

check {
  A: mincore(p[0])                = 0
  A: pagemap(p[0])                = PM_SWAP
  A: pagemap(p[1])                = PM_SWAP
  rss(A).anon                     = 0
  rss(A).swapents                 = 2
  swap_used(S)                    = 2
  swap_count(S, 1)                = 1
  swap_count(S, 2)                = 1
  A: load(p[1])                   = 7
  A: load(p[0])                   = 6
  A: mincore(p[0])                = 1
  A: mincore(p[1])                = 1
  A: pagemap(p[1])                = PM_ANON
  rss(A).anon                     = 2
  rss(A).swapents                 = 0
  A: madvise(p, 8K, MADV_PAGEOUT) = 0
  A: munmap(p[0], 4K)             = 0
  rss(A).swapents                 = 1
  swap_used(S)                    = 1
  A: load(p[1])                   = 7
  killall()
  swap_used(S)                    = 0
  folios_leaked()                 = 0
}

expect { never bug   never leak   never swap_count   never rss_mismatch   never lost_store   complete }

scenario no-room-for-one "no cluster is free: the huge page is split, and its pages go one by one"
machine  cpus=2 ram=16 swap=S:2 PTRS_PER_PTE=2 SWAPFILE_CLUSTER=2 thp=2 thp_swap=pmd
requires engine

setup {
  A: p = mmap(8K, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
  A: madvise(p, 8K, MADV_HUGEPAGE) = 0
  A: store(p[0], 6)
  A: store(p[1], 7)
}

cpu 0 as A { madvise(p, 8K, MADV_PAGEOUT) = 0 }
cpu 1 as A { madvise(p, 8K, MADV_PAGEOUT) = 0 }

check {
  A: load(p[0])    = 6
  A: load(p[1])    = 7
  A: pagemap(p[0]) = PM_ANON
  killall()
  swap_used(S)     = 0
  folios_leaked()  = 0
}

expect { never bug   never leak   never swap_count   never rss_mismatch   never lost_store   complete }

scenario four-pages "huge pages of four"
machine  cpus=2 ram=16 swap=S:8 PTRS_PER_PTE=4 SWAPFILE_CLUSTER=4 thp=4 thp_swap=pmd
requires engine

setup {
  A: p = mmap(16K, 16K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
  A: madvise(p, 16K, MADV_HUGEPAGE) = 0
  A: store(p[0], 6)
  A: store(p[1], 7)
  A: store(p[2], 8)
  A: store(p[3], 9)
  A: madvise(p, 16K, MADV_PAGEOUT)  = 0
  A: B = fork()
}

cpu 0 as A { load(p[2]) = 8 }
cpu 1 as B { munmap(p[1], 4K) = 0 }

check {
  A: load(p[0])    = 6
  A: load(p[3])    = 9
  A: pagemap(p[0]) = PM_HUGE
  B: load(p[0])    = 6
  B: load(p[2])    = 8
  B: load(p[3])    = 9
  killall()
  swap_used(S)     = 0
  folios_leaked()  = 0
}

expect { never bug   never leak   never swap_count   never rss_mismatch   never lost_store   complete }

scenario real-sizes "tables of 512, clusters of 512: shared with a child, which gives a part of it up"
machine  real ram=2048 swap=S:1536 payload=8 thp=512 thp_swap=pmd
requires engine

setup {
  A: p = mmap(2M, 2M, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
  A: madvise(p, 2M, MADV_HUGEPAGE) = 0
  A: store(p[0:512], 6)
  A: store(p[77], 7)
  A: madvise(p, 2M, MADV_PAGEOUT)  = 0
}

cpu 0 as A { B = fork() }

check {
  rss(A).swapents     = 512
  swap_count(S, 512)  = 2
  swap_count(S, 1023) = 2
  B: munmap(p[20:40]) = 0
  rss(B).swapents     = 492
  A: load(p[77])      = 7
  A: pagemap(p[511])  = PM_HUGE
  B: load(p[77])      = 7
  B: load(p[511])     = 6
  B: pagemap(p[511])  = PM_ANON
  killall()
  swap_used(S)        = 0
  folios_leaked()     = 0
}

expect { never bug   never leak   complete }
