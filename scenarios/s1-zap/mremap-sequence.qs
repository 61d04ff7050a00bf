# mremap() in one order.

scenario mremap-sizes "a mapping grows where it is, shrinks, and moves when there is no room"
machine  cpus=1 ram=16 swap=S:4

setup {
  A: p = mmap(4K, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a'), store(p[1], 'b')
}

check {
  A: mremap(p, 2*4K, 3*4K, 0)                                              = 4K
  A: store(p[2], 'c')                                                      = 0
  A: mremap(p, 3*4K, 4K, 0)                                                = 4K
  A: load(p[1])                                                            = SIGSEGV(1)
  rss(A).anon                                                              = 1
  A: mmap(2*4K, 4K, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0) = 2*4K
  A: mremap(p, 4K, 2*4K, 0)                                                = -ENOMEM
  A: q = mremap(p, 4K, 2*4K, MREMAP_MAYMOVE)                               = 3*4K
  A: load(q[0])                                                            = 'a'
  A: load(p[0])                                                            = SIGSEGV(1)
  A: store(q[1], 'd')                                                      = 0
  rss(A).anon                                                              = 2
}

expect { never bug   complete }

scenario mremap-errors "what is refused"
machine  cpus=1 ram=16

setup {
  A: p = mmap(4K, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
}

check {
  A: mremap(p[0]+1, 4K, 4K, 0)                                  = -EINVAL
  A: mremap(p, 4K, 0, 0)                                        = -EINVAL
  A: mremap(p, 4K, 4K, 8)                                       = -EINVAL
  A: mremap(p, 4K, 4K, MREMAP_FIXED, 5*4K)                      = -EINVAL
  A: mremap(p, 4K, 4K, MREMAP_MAYMOVE|MREMAP_FIXED, 5*4K+1)     = -EINVAL
  A: mremap(p, 2*4K, 2*4K, MREMAP_MAYMOVE|MREMAP_FIXED, 2*4K)   = -EINVAL
  A: mremap(p, 4K, 2*4K, MREMAP_MAYMOVE|MREMAP_DONTUNMAP, 5*4K) = -EINVAL
  A: mremap(4*4K, 4K, 2*4K, MREMAP_MAYMOVE)                     = -EFAULT
  A: mremap(p, 3*4K, 4*4K, MREMAP_MAYMOVE)                      = -EFAULT
  A: mremap(p, 0, 4K, MREMAP_MAYMOVE)                           = -EINVAL
}

expect { never bug   complete }

scenario mremap-left "MREMAP_DONTUNMAP leaves the mapping and takes its pages"
machine  cpus=1 ram=16 swap=S:4

setup {
  A: p = mmap(4K, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a'), store(p[1], 'b'), madvise(p[1], 4K, MADV_PAGEOUT) = 0
}

check {
  A: q = mremap(p, 2*4K, 2*4K, MREMAP_MAYMOVE|MREMAP_DONTUNMAP, 0) = 3*4K
  A: load(p[0])                                                    = 0
  A: store(p[1], 'x')                                              = 0
  A: load(q[0])                                                    = 'a'
  A: pagemap(q[1])                                                 = PM_SWAP
  A: load(q[1])                                                    = 'b'
  A: load(p[1])                                                    = 'x'
}

expect { never bug   complete }

scenario mremap-shared-again "an old size of 0 maps the same shared pages a second time"
machine  cpus=1 ram=16

setup {
  A: p = mmap(4K, 4K, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a')
}

check {
  A: q = mremap(p, 0, 4K, MREMAP_MAYMOVE) = 2*4K
  A: store(q[0], 'b')                     = 0
  A: load(p[0])                           = 'b'
  rss(A).shmem                            = 2
}

expect { never bug   complete }

scenario mremap-huge "a huge page moves as one where it can, else in pieces"
machine  cpus=1 ram=16 thp=2 PTRS_PER_PTE=2

setup {
  A: p = mmap(2*4K, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: madvise(p, 2*4K, MADV_HUGEPAGE) = 0
  A: store(p[0], 'a'), store(p[1], 'b')
}

check {
  A: q = mremap(p, 2*4K, 2*4K, MREMAP_MAYMOVE|MREMAP_FIXED, 4*4K) = 4*4K
  A: pagemap(q[1])                                                = PM_HUGE
  A: load(q[0])                                                   = 'a'
  A: load(q[1])                                                   = 'b'
  rss(A).anon                                                     = 2
  A: store(q[1], 'c')                                             = 0
  A: o = mremap(q, 2*4K, 2*4K, MREMAP_MAYMOVE|MREMAP_FIXED, 4K)   = 4K
  A: pagemap(o[1])                                                = PM_ANON
  A: load(o[0])                                                   = 'a'
  A: load(o[1])                                                   = 'c'
  rss(A).anon                                                     = 2
}

expect { never bug   complete }
