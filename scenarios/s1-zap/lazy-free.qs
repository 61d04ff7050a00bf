# MADV_FREE: the page stays until memory is short, and a store in between keeps it.

scenario lazy-free-rewritten "what is written after MADV_FREE is not lost"
machine  cpus=1 ram=16 swap=S:4

setup {
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a'), store(p[1], 'b')
}

check {
  A: madvise(p, 2*4K, MADV_FREE)    = 0
  A: store(p[1], 'x')               = 0
  A: madvise(p, 2*4K, MADV_PAGEOUT) = 0
  rss(A).anon                       = 1
  A: load(p[0])                     = 0
  A: load(p[1])                     = 'x'
}

# reached: try_to_unmap: written again after MADV_FREE
expect { never bug   complete }

scenario lazy-free-vs-store "a store against the reclaim of a page that was let go"
machine  cpus=2 ram=16 swap=S:4

setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a')
  A: madvise(p, 4K, MADV_FREE) = 0
}

cpu 0 as A { store(p[0], 'x') = 0 }
cpu 1 as A { madvise(p, 4K, MADV_PAGEOUT) = 0 }

check {
  A: load(p[0]) = 'x'
  rss(A).anon   = 1
}

expect { never bug   never lost_store   never stale_tlb   complete }
