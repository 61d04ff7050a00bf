# fork copies a huge page that is in swap as one entry, and what it does when it cannot: the cluster is huge no more
# (-ENOTDIR), or a slot in the middle of it has no room for one more reference (-ENOMEM, huge-rollback.qs).

scenario fork-huge-swap "the child has one entry for the huge page too"
machine  cpus=2 ram=16 swap=S:8 PTRS_PER_PTE=2 SWAPFILE_CLUSTER=2 thp=2 thp_swap=pmd
requires engine

setup {
  A: p = mmap(8K, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
  A: madvise(p, 8K, MADV_HUGEPAGE) = 0
  A: store(p[0], 6)
  A: store(p[1], 7)
  A: madvise(p, 8K, MADV_PAGEOUT)  = 0
}

cpu 0 as A { B = fork() }

check {
  swap_count(S, 2) = 2
  swap_count(S, 3) = 2
  rss(B).swapents  = 2
  B: pagemap(p[1]) = PM_SWAP
  B: load(p[1])    = 7
  B: pagemap(p[1]) = PM_HUGE
  rss(B).swapents  = 0
  swap_count(S, 3) = 1
  A: load(p[0])    = 6
  A: pagemap(p[0]) = PM_HUGE
  swap_used(S)     = 2
  killall()
  swap_used(S)     = 0
  folios_leaked()  = 0
}

expect { never bug   never leak   never swap_count   never rss_mismatch   never lost_store   complete }

# The claim that a failing swap_duplicate() needs a corrupted table is false once clusters are split lazily: B has
# taken its huge page apart while it was in the swap cache, and A's PMD entry knows nothing of it until fork tries to
# copy it.
# reached: copy_huge_pmd: the cluster is huge no more, split_swap_cluster_map: split already
scenario enotdir-without-corruption "swap_duplicate() fails though no table is corrupted"
ref      "swap: Support PMD swap mapping in swap_duplicate()"  # D0-9
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

cpu 0 as A { c = fork() }

check {
  swap_count(S, 2) = 3
  swap_count(S, 3) = 2
  A: load(p[0])    = 6
  A: load(p[1])    = 7
  A: pagemap(p[0]) = PM_ANON
  B: load(p[0])    = 6
  tasks()          = 3
  killall()
  swap_used(S)     = 0
  folios_leaked()  = 0
}

expect            { never bug   never leak   never livelock   never swap_count   never lost_store   complete }
expect with D0-9a { sometimes livelock @ copy_huge_pmd }
expect with D0-9b { sometimes swap_count }
expect with D0-9c { sometimes double_free }
