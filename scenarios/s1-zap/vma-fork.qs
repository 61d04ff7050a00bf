# What fork copies of a mapping, and what it leaves to the child's faults.

scenario fork-zero-page "a page of zeros is not copied while the mapping has no page of its own"
machine  cpus=1 ram=16

check {
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: load(p[0])    = 0
  A: pagemap(p[0]) = PM_ZERO
  A: B = fork()
  B: pagemap(p[0]) = PM_NONE
  A: store(p[1], 'a')
  A: C = fork()
  C: pagemap(p[0]) = PM_ZERO
  C: pagemap(p[1]) = PM_ANON
  A: store(p[0], 'x')
  B: load(p[0])    = 0
  C: load(p[0])    = 0
}

expect { never bug   complete }

scenario fork-shared-guard "a guard of shared memory is the child's too, and what else is mapped there"
machine  cpus=1 ram=16

check {
  A: p = mmap(0, 3*4K, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS, -1, 0)
  A: store(p[1], 'b')
  A: B = fork()
  A: madvise(p[0], MADV_GUARD_INSTALL) = 0
  A: C = fork()
  B: store(p[0], 'x')                  = 0
  C: load(p[0])                        = SIGSEGV
  C: load(p[1])                        = 'b'
  C: madvise(p[0], MADV_GUARD_REMOVE)  = 0
  C: load(p[0])                        = 'x'
  A: load(p[0])                        = SIGSEGV
}

expect { never bug   complete }

scenario fork-left-out "MADV_DONTFORK: a child has no such mapping; MADV_DOFORK: it has again"
machine  cpus=1 ram=16 swap=S:4

check {
  A: p = mmap(0, 3*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0:3], 'a')
  A: madvise(p[1], MADV_DONTFORK)   = 0
  A: B = fork()
  B: load(p[0])                     = 'a'
  B: load(p[1])                     = SIGSEGV(1)
  B: load(p[2])                     = 'a'
  B: munmap(p[0:3])                 = 0
  A: madvise(p[1], MADV_PAGEOUT)    = 0
  A: pagemap(p[1])                  = PM_SWAP
  A: madvise(p[1], MADV_DOFORK)     = 0
  A: C = fork()
  C: load(p[1])                     = 'a'
  A: madvise(p[2:4], MADV_DONTFORK) = -ENOMEM
  A: D = fork()
  D: load(p[2])                     = SIGSEGV(1)
}

expect { never bug   never leak   complete }

scenario fork-wiped "MADV_WIPEONFORK: a child has the mapping, and nothing in it; so has the child's child"
machine  cpus=1 ram=16 swap=S:4

check {
  A: f = memfd_create("f", 0)
  A: ftruncate(f, 4K)                 = 0
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: q = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, f, 0)
  A: r = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS, -1, 0)
  A: store(p[0:2], 'a')
  A: madvise(q[0], MADV_WIPEONFORK)   = -EINVAL
  A: madvise(r[0], MADV_WIPEONFORK)   = -EINVAL
  A: madvise(p[0], MADV_WIPEONFORK)   = 0
  A: madvise(p[0:2], MADV_PAGEOUT)    = 0
  A: B = fork()
  B: pagemap(p[0])                    = PM_NONE
  B: load(p[0])                       = 0
  B: load(p[1])                       = 'a'
  B: store(p[0], 'b')                 = 0
  B: C = fork()
  C: load(p[0])                       = 0
  B: load(p[0])                       = 'b'
  B: madvise(p[0:2], MADV_KEEPONFORK) = 0
  B: D = fork()
  D: load(p[0])                       = 'b'
  A: load(p[0])                       = 'a'
}

expect { never bug   never lost_store   complete }

scenario fork-left-out-vs-reclaim "a page that the child has not is taken by reclaim while its process forks"
machine  cpus=2 ram=16 swap=S:4

setup {
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0:2], 'a')
  A: madvise(p[0], MADV_DONTFORK)   = 0
  A: madvise(p[1], MADV_WIPEONFORK) = 0
}

cpu 0 as A { B = fork() }
cpu 1 as A { madvise(p[0:2], MADV_PAGEOUT) = 0 }

check {
  A: load(p[0]) = 'a'
  A: load(p[1]) = 'a'
  B: load(p[0]) = SIGSEGV(1)
  B: load(p[1]) = 0
}

expect { never bug   never leak   never lost_store   complete }
