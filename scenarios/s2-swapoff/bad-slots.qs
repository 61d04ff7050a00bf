# A header may name bad pages: they are never allocated, and nobody waits for them.

scenario bad-slots "bad slots are passed over, and swapoff does not wait for them"
machine  cpus=1 ram=16 swap=S:4 swap_bad=S:1,S:3

setup {
  A: p = mmap(0, 12K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a'), store(p[1], 'b'), store(p[2], 'c')
}

cpu 0 as A { madvise(p, 12K, MADV_PAGEOUT) = 0 }

check {
  swap_used(S)     = 2
  swap_count(S, 1) = 0
  swap_count(S, 2) = 1
  swap_count(S, 3) = 0
  swap_count(S, 4) = 1
  rss(A).anon      = 1
  rss(A).swapents  = 2
  A: swapoff(S)    = 0
  A: load(p[0]) = 'a', load(p[1]) = 'b', load(p[2]) = 'c'
}

expect { never swap_count   never leak   complete }

scenario bad-slot-vs-swapoff "the only good slot is taken while swapoff scans past the bad ones"
machine  cpus=2 ram=16 swap=S:3 swap_bad=S:1,S:3

setup {
  A: p = mmap(0, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a'), store(p[1], 'b')
}

cpu 0 as A { madvise(p, 8K, MADV_PAGEOUT) = 0 }
cpu 1 as B { r = swapoff(S) }

check { A: load(p[0]) = 'a', load(p[1]) = 'b' }

expect { always B:r == 0   never swap_count   never leak   never uaf   complete }
