# Mappings side by side that are alike are one. What shows it is mremap(), which takes a range of one mapping only.

scenario vma-merge-rights "a mapping that was split for its rights is whole again when they are alike"
machine  cpus=1 ram=16

setup {
  A: p = mmap(4K, 3*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a'), store(p[1], 'b'), store(p[2], 'c')
}

check {
  A: mprotect(p[1], PROT_READ)                                    = 0
  A: mremap(p, 3*4K, 3*4K, MREMAP_MAYMOVE|MREMAP_FIXED, 4*4K)     = -EFAULT
  A: mprotect(p[1], PROT_READ|PROT_WRITE)                         = 0
  A: q = mremap(p, 3*4K, 3*4K, MREMAP_MAYMOVE|MREMAP_FIXED, 4*4K) = 4*4K
  A: load(q[0])                                                   = 'a'
  A: load(q[2])                                                   = 'c'
}

expect { never bug   complete }

scenario vma-merge-mmap "a new mapping behind or before one like it is a part of that; another kind is not"
machine  cpus=1 ram=16

setup {
  A: p = mmap(2*4K, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a')
  A: mmap(3*4K, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 3*4K
  A: q = mmap(4K, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: mmap(4*4K, 4K, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)            = 4*4K
}

check {
  A: store(q[0], 'b')                                             = 0
  A: mremap(q, 4*4K, 4*4K, MREMAP_MAYMOVE)                        = 4K
  A: mremap(q, 4*4K, 5*4K, MREMAP_MAYMOVE)                        = -EFAULT
  A: C = fork()
  A: r = mremap(q, 3*4K, 3*4K, MREMAP_MAYMOVE|MREMAP_FIXED, 5*4K) = 5*4K
  A: load(r[0])                                                   = 'b'
  A: load(r[1])                                                   = 'a'
  C: load(p[0])                                                   = 'a'
}

expect { never bug   complete }

scenario vma-merge-file "two mappings of a file are one if the second goes on where the first ends"
machine  cpus=1 ram=16

setup {
  A: fd = memfd_create("f", 0)
  A: ftruncate(fd, 3*4K)                                      = 0
  A: p = mmap(4K, 4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: mmap(2*4K, 4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 4K) = 2*4K
  A: mmap(3*4K, 4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)  = 3*4K
  A: store(p[0], 'a'), store(p[1], 'b')
}

check {
  A: load(p[2])                                                      = 'a'
  A: mremap(p, 3*4K, 4*4K, MREMAP_MAYMOVE)                           = -EFAULT
  A: q = mremap(p, 2*4K, 3*4K, MREMAP_MAYMOVE)                       = 4*4K
  A: load(q[1])                                                      = 'b'
  A: load(q[2])                                                      = 0
  A: fallocate(fd, FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE, 4K, 4K) = 0
  A: load(q[1])                                                      = 0
}

expect { never bug   complete }

scenario vma-split-vs-reclaim "a mapping is split and joined while one of its pages goes to swap"
machine  cpus=2 ram=16 swap=S:4

setup {
  A: p = mmap(4K, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[1], 'b')
}

cpu 0 as A { mprotect(p[1], PROT_READ) = 0   mprotect(p[1], PROT_READ|PROT_WRITE) = 0 }
cpu 1 as B { reclaim(1) }

check {
  A: load(p[1])               = 'b'
  A: store(p[1], 'c')         = 0
  A: mremap(p, 2*4K, 2*4K, 0) = 4K
}

expect { never bug   never lost_store   complete }

scenario vma-merge-vs-migration "a mapping grows and is joined while one of its pages is moved"
machine  cpus=2 nodes=2 ram=16

setup {
  A: p = mmap(2*4K, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[1], 'b')
}

cpu 0 as A {
  mprotect(p[0], PROT_READ)                                              = 0
  mmap(4*4K, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 4*4K
}
cpu 1 as B { move_pages(A, p[1], 1) }

check {
  A: load(p[1])       = 'b'
  A: store(p[1], 'c') = 0
}

expect { never bug   never stale_pte   complete }

scenario beyond-user-space "an address that no table has is no other page's"
machine  cpus=1 ram=16

setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a')
  A: r = mmap(0, 0, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = -EINVAL
}

cpu 0 as A {
  load(r)                = SIGSEGV(1)
  store(p[0]+1048576, 1) = SIGSEGV(1)
}

check { A: load(p[0]) = 'a' }

expect { never stale_tlb   never lost_store   complete }

scenario vma-merge-accounted "memory that could be written is not one with memory that never could"
machine  cpus=1 ram=16

setup {
  A: p = mmap(4K, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p, 'a')
  A: q = mmap(2*4K, 4K, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: load(q) = 0
}

# Rights are the same from then on, but the first has VM_ACCOUNT and pages of its own, which fork copies.
cpu 0 as A { mprotect(p[0], PROT_READ) = 0   B = fork() }

check {
  B: pagemap(p) = PM_ANON
  B: pagemap(q) = PM_NONE
}

expect { never bug   complete }

scenario vma-merge-locked "a page that was writable for a moment stays a mapping of its own"
machine  cpus=1 ram=16

setup {
  A: p = mmap(4K, 3*4K, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: mprotect(p[2], PROT_READ|PROT_WRITE) = 0
  A: mlockall(MCL_CURRENT)                = 0
}

cpu 0 as A { mprotect(p[2], PROT_READ) = 0   B = fork() }

check {
  B: mincore(p[0]) = 0
  B: mincore(p[2]) = 1
}

expect { never bug   complete }

scenario vma-merge-untouched "what was never written becomes one with a neighbour that was, and is copied with it"
machine  cpus=1 ram=16

setup {
  A: p = mmap(4K, 2*4K, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: q = mmap(3*4K, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(q[0], 'b') = 0
  A: load(p[1])       = 0
}

cpu 0 as A { mprotect(p[0:2], PROT_READ|PROT_WRITE) = 0   B = fork() }

check {
  B: mincore(p[0]) = 0
  B: mincore(p[1]) = 1
}

expect { never bug   complete }

scenario vma-locked-apart "pages written while one of them was locked and the others not stay mappings of their own"
machine  cpus=1 ram=16 PTRS_PER_PTE=512

cpu 0 as A {
  p = mmap(4K, 3*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  mlock2(p[1], 0)                                              = 0
  store(p[0:3], 'Z')                                           = 0
  mlock(p[0:3])                                                = 0
  q = mremap(p, 3*4K, 4*4K, MREMAP_MAYMOVE|MREMAP_FIXED, 4*4K) = 4*4K
}

expect { never bug   complete }
