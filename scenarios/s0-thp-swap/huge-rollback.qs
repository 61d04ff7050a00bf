# One reference more for a huge page in swap is one more in each of its slots. Here the second slot is full and the
# first is not: B has given up its first page. What was counted is taken back, and the continuation goes to the slot
# that wants it.

# reached: swap_duplicate: a slot in the middle of a huge cluster is full
# reached: copy_huge_pmd: a slot in the middle needs a continuation
scenario continuation-in-the-middle "fork continues the count of the slot that is full"
ref      "swap: Support PMD swap mapping in swap_duplicate()"  # D0-8
machine  cpus=2 ram=16 swap=S:8 PTRS_PER_PTE=2 SWAPFILE_CLUSTER=2 thp=2 thp_swap=pmd SWAP_MAP_MAX=2
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

cpu 0 as A { c = fork() }

check {
  swap_count(S, 2) = 2
  swap_count(S, 3) = 3
  A: load(p[0])    = 6
  A: load(p[1])    = 7
  B: load(p[1])    = 7
  tasks()          = 3
  killall()
  swap_used(S)     = 0
  folios_leaked()  = 0
}

expect            { never bug   never leak   never livelock   never swap_count   complete }
expect with D0-8a { sometimes swap_count }
expect with D0-8c { sometimes livelock @ copy_huge_pmd }
expect with D0-8d { sometimes bug @ swap_duplicate }

scenario no-memory-in-the-middle "without memory fork fails and nothing is left of it"
machine  cpus=2 ram=16 swap=S:8 PTRS_PER_PTE=2 SWAPFILE_CLUSTER=2 thp=2 thp_swap=pmd SWAP_MAP_MAX=2
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

cpu 0 as A { c = fork() = -ENOMEM   [fail: page_alloc@add_swap_count_continuation nth=1] }

check {
  swap_count(S, 2) = 1
  swap_count(S, 3) = 2
  A: load(p[0])    = 6
  A: load(p[1])    = 7
  tasks()          = 2
  killall()
  swap_used(S)     = 0
  folios_leaked()  = 0
}

expect { never bug   never leak   never swap_count   never rss_mismatch   always A:c == -ENOMEM   complete }

# The needless allocation that is no bug: somebody else's page came first, and there is room now.
scenario two-forks-one-continuation "two forks need the same continuation: a page may be allocated in vain"
machine  cpus=2 ram=16 swap=S:8 PTRS_PER_PTE=2 SWAPFILE_CLUSTER=2 thp=2 thp_swap=pmd SWAP_MAP_MAX=2
requires engine

setup {
  A: p = mmap(8K, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
  A: madvise(p, 8K, MADV_HUGEPAGE) = 0
  A: store(p[0], 6)
  A: store(p[1], 7)
  A: madvise(p, 8K, MADV_PAGEOUT)  = 0
  A: B = fork()
}

cpu 0 as A { c = fork() }
cpu 1 as B { d = fork() }

check {
  swap_count(S, 2) = 4
  swap_count(S, 3) = 4
  A: load(p[1])    = 7
  B: load(p[0])    = 6
  tasks()          = 4
  killall()
  swap_used(S)     = 0
  folios_leaked()  = 0
}

expect { never bug   never leak   never livelock   never swap_count   complete }

# What is undone too much is taken from a slot that is full: it has room then, and the count is one too low for ever.
scenario unmap-continues-in-the-middle "reclaim unmaps a huge page of two processes, the page tables locked"
ref      "swap: Support PMD swap mapping in swap_duplicate()"  # D0-8b
machine  cpus=2 ram=16 swap=S:8 PTRS_PER_PTE=2 SWAPFILE_CLUSTER=2 thp=2 thp_swap=pmd SWAP_MAP_MAX=1
requires engine

setup {
  A: p = mmap(8K, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
  A: madvise(p, 8K, MADV_HUGEPAGE) = 0
  A: store(p[0], 6)
  A: store(p[1], 7)
  A: B = fork()
}

cpu 0 as R { n = reclaim(2)   [may fail: page_alloc@add_swap_count_continuation] }

check {
  A: load(p[0])   = 6
  A: load(p[1])   = 7
  B: load(p[1])   = 7
  killall()
  swap_used(S)    = 0
  folios_leaked() = 0
}

expect            { never bug   never leak   never atomic_sleep   sometimes R:n == 2   sometimes R:n == 0   complete }
expect with D0-8b { sometimes swap_count }
