# Which area a page goes to: higher priorities first, equal ones in turn; what is full is passed over.

scenario priority-order "the area with the higher priority is filled first, then the other, then nothing goes out"
machine  cpus=1 ram=16 swap=S:1,T:1 swap_priority=S:1,T:5

setup {
  A: p = mmap(0, 12K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a'), store(p[1], 'b'), store(p[2], 'c')
}

cpu 0 as A {
  s = madvise(p[0], 4K, MADV_PAGEOUT)
  t = madvise(p[1:3], 8K, MADV_PAGEOUT)
}

check {
  swap_used(T)    = 1
  swap_used(S)    = 1
  rss(A).anon     = 1
  rss(A).swapents = 2
  A: store(p[2], 'C')
  A: load(p[0]) = 'a', load(p[1]) = 'b', load(p[2]) = 'C'
}

expect { always A:s == 0   always A:t == 0   never swap_count   never leak   complete }

scenario priority-of-one-page "one page goes to the higher priority"
machine  cpus=1 ram=16 swap=S:8,T:8 swap_priority=S:1,T:5

setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a')
}

cpu 0 as A { madvise(p, 4K, MADV_PAGEOUT) = 0 }

check {
  swap_used(S) = 0
  swap_used(T) = 1
}

expect { never swap_count   complete }

scenario priority-by-default "without priorities the first area is filled before the second"
machine  cpus=1 ram=16 swap=S:8,T:8

setup {
  A: p = mmap(0, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a'), store(p[1], 'b')
}

cpu 0 as A { madvise(p, 8K, MADV_PAGEOUT) = 0 }

check {
  swap_used(S) = 2
  swap_used(T) = 0
}

expect { never swap_count   complete }

scenario round-robin "pages go to areas of one priority in turn, from two CPUs"
machine  cpus=2 ram=16 swap=S:8,T:8 swap_priority=S:3,T:3

setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a')
  B: q = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  B: store(q[0], 'b')
}

cpu 0 as A { madvise(p, 4K, MADV_PAGEOUT) = 0 }
cpu 1 as B { madvise(q, 4K, MADV_PAGEOUT) = 0 }

check {
  swap_used(S)  = 1
  swap_used(T)  = 1
  A: load(p[0]) = 'a'
  B: load(q[0]) = 'b'
}

expect { never swap_count   never leak   complete }

scenario last-slot "two CPUs want the last slot: one page stays where it is"
machine  cpus=2 ram=16 swap=S:1
requires engine  # the size of the area is what it is about

setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a')
  B: q = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  B: store(q[0], 'b')
}

cpu 0 as A { madvise(p, 4K, MADV_PAGEOUT) = 0 }
cpu 1 as B { madvise(q, 4K, MADV_PAGEOUT) = 0 }

check {
  swap_used(S)  = 1
  A: load(p[0]) = 'a'
  B: load(q[0]) = 'b'
}

expect { never swap_count   never leak   never lost_store   complete }
