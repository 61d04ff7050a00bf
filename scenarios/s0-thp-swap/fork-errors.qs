# What fork does when a swap entry cannot be copied. Only a full count may lead to a continuation and to another try.
# Any other failure means that the table holds an entry nobody counted, which takes a corrupted table: p[1] is made to
# hold p[0]'s entry, and the slot is freed.

scenario fork-of-a-stale-entry "swap_duplicate() says -ENOENT"
ref      "swap: Support PMD swap mapping in swap_duplicate()"  # D0-1, D0-2, D0-3
machine  cpus=2 ram=16 swap=S:8

setup {
  A: p = mmap(0, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 7)
  A: store(p[1], 8)
  A: madvise(p, 8K, MADV_PAGEOUT) = 0
  A: corrupt_pte(p[1], p[0])
  A: madvise(p[0], MADV_DONTNEED) = 0
}

cpu 0 as A { c = fork() }

expect           { always swap_count @ copy_pte_range   never bug   never livelock   complete }
expect with D0-1 { sometimes bug @ copy_pte_range }
expect with D0-2 { sometimes livelock @ copy_pte_range }
expect with D0-3 { sometimes swap_count }

scenario fork-of-a-dead-area "the entry's area has been turned off: swap_duplicate() says -EINVAL"
machine  cpus=2 ram=16 swap=S:8

setup {
  A: p = mmap(0, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 7)
  A: madvise(p, 8K, MADV_PAGEOUT) = 0
  A: corrupt_pte(p[1], p[0])
  A: madvise(p[0], MADV_DONTNEED) = 0
  A: swapoff(S)                   = 0
}

cpu 0 as A { c = fork() }

expect           { always swap_count @ copy_pte_range   never bug   never livelock   complete }
expect with D0-1 { sometimes bug @ copy_pte_range }
expect with D0-2 { sometimes livelock @ copy_pte_range }

scenario exclusive-after-fork "parent and child share a swapped page: neither may write it in place"
ref      "swap: Support PMD swap mapping in swap_duplicate()"  # D0-16
machine  cpus=2 ram=16 swap=S:8

setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 7)
  A: madvise(p, 4K, MADV_PAGEOUT) = 0
  A: B = fork()
}

cpu 0 as A { store(p[0], 8) = 0 }
cpu 1 as B { load(p[0]) = 7 }

check {
  A: load(p[0]) = 8
  B: load(p[0]) = 7
}

expect            { never lost_store   never bug   complete }
expect with D0-16 { sometimes lost_store }
