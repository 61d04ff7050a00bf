# A device reference says that the maps are there, not that the slot is in use. An entry that nobody counted (a
# corrupted page table) must be noticed before the count is decremented below zero.

scenario free-slot-check "a page table holds an entry that was never counted"
ref      "mm: swap: Fix race between free_swap_and_cache() and swapoff()"
machine  cpus=2 ram=16 swap=S:8

setup {
  A: p = mmap(0, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'A')
  A: madvise(p[0], MADV_PAGEOUT) = 0
  A: corrupt_pte(p[1], p[0])
}

cpu 0 as A { madvise(p[0], MADV_DONTNEED) = 0 }
cpu 1 as A { madvise(p[1], MADV_DONTNEED) = 0 }

expect            { sometimes bug @ free_swap_and_cache   never swap_count   complete }
expect with D2-10 { sometimes swap_count @ free_swap_and_cache   preemptions 0 }
