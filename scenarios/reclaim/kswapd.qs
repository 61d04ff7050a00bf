# Watermarks: what an allocation may leave free, and who frees more.

scenario kswapd-balances "kswapd frees pages until the high watermark is reached"
machine  cpus=1 ram=16 PTRS_PER_PTE=16 swap=S:16 lru=lists WMARK_MIN=1 WMARK_LOW=2 WMARK_HIGH=6

# Four pages are in the list of the CPU, ten are taken, two are left.
setup {
  A: p = mmap(4*4K, 12*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0:12], 'a')
}

cpu 0 as K { kswapd() = 2 }

check {
  free_pages()  = WMARK_HIGH
  rss(A).anon   = 10
  A: load(p[0]) = 'a'
}

expect { never bug   complete }

scenario kswapd-gives-up "kswapd ends where nothing can be freed"
machine  cpus=1 ram=16 PTRS_PER_PTE=16 lru=lists WMARK_MIN=1 WMARK_LOW=2 WMARK_HIGH=6

setup {
  A: p = mmap(4*4K, 12*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0:12], 'a')
}

cpu 0 as K { kswapd() = 0 }

check {
  A: load(p[0]) = 'a'
}

expect { never livelock   never deadlock   complete }

scenario kswapd-vs-store "kswapd takes one of two pages, and one is stored to"
machine  cpus=2 ram=16 swap=S:8 lru=lists lru_batch=1 WMARK_HIGH=15

setup {
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a'), store(p[1], 'b')
  A: madvise(p, 2*4K, MADV_COLD) = 0
}

cpu 0 as A { store(p[0], 'c') = 0 }
cpu 1 as K { kswapd() }

check {
  A: load(p[0])   = 'c'
  A: load(p[1])   = 'b'
  folios_leaked() = 0
}

expect { never bug   never uaf   never lost_store   never livelock   complete }

scenario reserve "an allocation that may sleep leaves the reserve alone and reclaims"
machine  cpus=1 ram=16 PTRS_PER_PTE=16 swap=S:16 WMARK_MIN=4 WMARK_LOW=4 WMARK_HIGH=8

setup {
  A: p = mmap(4*4K, 14*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
}

cpu 0 as A { store(p[0:14], 'a') = 0 }

check {
  rss(A).anon     = 12
  rss(A).swapents = 2
  A: load(p[0])   = 'a'
}

expect { never bug   complete }

scenario reserve-without-swap "and fails where there is nothing to reclaim"
machine  cpus=1 ram=16 PTRS_PER_PTE=16 WMARK_MIN=4 WMARK_LOW=4 WMARK_HIGH=8

setup {
  A: p = mmap(4*4K, 14*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
}

cpu 0 as A { store(p[0:14], 'a') = SIGBUS(0) }

check {
  free_pages() = WMARK_MIN
}

expect { never bug   complete }

# A count byte that is full needs a page while the last entries of a shared page are taken: with a page-table lock held
# it comes from the reserve, or the page stays.
scenario reserve-for-continuation "reclaim gets the page it needs itself from the reserve"
machine  cpus=1 ram=12 PTRS_PER_PTE=16 swap=S:8 SWAP_MAP_MAX=1 WMARK_MIN=4 WMARK_LOW=4 WMARK_HIGH=8

setup {
  A: p = mmap(4*4K, 9*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a')
  A: B = fork() = ?
  A: store(p[1:8], 'b')
}

cpu 0 as K { reclaim(1) }

check {
  A: load(p[0])   = 'a'
  B: load(p[0])   = 'a'
  folios_leaked() = 0
}

expect { never bug   complete }
