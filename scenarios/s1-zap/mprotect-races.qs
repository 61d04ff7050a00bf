# mprotect() beside what changes the same entries.

scenario mprotect-vs-store "a store comes before the right is taken, or is refused"
machine  cpus=2 ram=16

setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a')
}

cpu 0 as A { mprotect(p, 4K, PROT_READ) = 0   x = load(p[0]) }
cpu 1 as A { w = store(p[0], 'b') }

check {
  A: y = load(p[0])   = 'a' | 'b'
  A: store(p[0], 'c') = SIGSEGV(2)
}

expect { never stale_tlb   never lost_store   always A:x == 'a' || A:x == 'b'   complete }

scenario mprotect-vs-reclaim "rights are taken while the page goes to swap"
machine  cpus=2 ram=16 swap=S:4

setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a')
}

cpu 0 as A { mprotect(p, 4K, PROT_READ) = 0 }
cpu 1 as B { reclaim(1) }

check {
  A: load(p[0])                            = 'a'
  A: store(p[0], 'b')                      = SIGSEGV(2)
  A: mprotect(p, 4K, PROT_READ|PROT_WRITE) = 0
  A: store(p[0], 'b')                      = 0
}

expect { never bug   never lost_store   never stale_tlb   complete }

scenario mprotect-none-vs-migration "no access to what is being moved, then and afterwards"
machine  cpus=2 nodes=2 ram=16

setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a')
}

cpu 0 as A { mprotect(p, 4K, PROT_NONE) = 0 }
cpu 1 as B { move_pages(A, p[0], 1) }

check {
  A: load(p[0])                            = SIGSEGV(2)
  A: mprotect(p, 4K, PROT_READ|PROT_WRITE) = 0
  A: load(p[0])                            = 'a'
  A: store(p[0], 'b')                      = 0
}

expect { never bug   never stale_tlb   complete }

scenario mprotect-vs-fork "a child gets the rights from before or from after"
machine  cpus=2 ram=16

setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a')
}

cpu 0 as A { mprotect(p, 4K, PROT_READ) = 0   mprotect(p, 4K, PROT_READ|PROT_WRITE) = 0   store(p[0], 'b') }
cpu 1 as A { C = fork() }

check {
  A: load(p[0]) = 'b'
  C: load(p[0]) = 'a' | 'b'
  rss(C).anon   = 1
}

expect { never bug   never stale_tlb   complete }
