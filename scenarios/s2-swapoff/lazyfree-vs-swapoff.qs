# A parent's page is in swap, and its child has read it: the page is in the swap cache, mapped once. The child gives it
# up lazily while swapoff maps it for the parent. Who looked at the count of mappings before he had the folio lock would
# call a page clean that is the parent's only copy by then, and reclaim would drop it.

# reached: madvise_free: swapoff has mapped it for another
scenario lazyfree-vs-swapoff "MADV_FREE finds a page mapped once, and swapoff maps it for another process"
machine  cpus=2 ram=16 swap=S:2

setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a')
  A: madvise(p, 4K, MADV_PAGEOUT) = 0
  A: B = fork()
  B: load(p[0])                   = 'a'
}

cpu 0 as B { madvise(p, 4K, MADV_FREE) = 0, madvise(p, 4K, MADV_DONTNEED) = 0 }
cpu 1 as A { swapoff(S) = 0, madvise(p, 4K, MADV_PAGEOUT) = 0 }

check { A: load(p[0]) = 'a' }

expect { never lost_store   never leak   complete }
