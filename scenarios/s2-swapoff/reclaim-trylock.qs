# The free path may only try to lock the folio: the caller can hold the page-table lock, and who holds the folio
# lock can be waiting for that.

scenario reclaim-trylock "a zap frees a cached slot while swapoff holds the folio"
ref      "mm: swap: Fix race between free_swap_and_cache() and swapoff()"
machine  cpus=2 ram=16 swap=S:8

setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'A')
  A: madvise(p, 4K, MADV_PAGEOUT) = 0   [keep_swapcache]
}

cpu 0 as A { madvise(p, 4K, MADV_DONTNEED) = 0 }
cpu 1 as B { r = swapoff(S) }

check { swap_used(S) = 0 }

expect            { never atomic_sleep   never deadlock   never lock_order   always B:r == 0   complete }
expect with D2-11 { sometimes atomic_sleep @ free_swap_and_cache   preemptions 0 }
