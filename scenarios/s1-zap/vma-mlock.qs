# Pages that stay: mlock(), and what is refused for them.

scenario vma-mlock "pages of a locked mapping are brought in and not reclaimed"
machine  cpus=1 ram=16 swap=S:4

setup {
  A: p = mmap(4K, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a'), madvise(p[0], MADV_PAGEOUT) = 0
}

check {
  A: mlock(p, 2*4K)                          = 0
  A: pagemap(p[0])                           = PM_ANON
  A: pagemap(p[1])                           = PM_ANON
  reclaim(16)                                = 0
  swap_used(S)                               = 0
  A: madvise(p, 2*4K, MADV_PAGEOUT)          = -EINVAL
  A: madvise(p, 2*4K, MADV_COLD)             = -EINVAL
  A: madvise(p, 2*4K, MADV_FREE)             = -EINVAL
  A: madvise(p, 2*4K, MADV_DONTNEED)         = -EINVAL
  A: madvise(p[1], 4K, MADV_DONTNEED_LOCKED) = 0
  A: pagemap(p[1])                           = PM_NONE
  A: load(p[0])                              = 'a'
  A: munlock(p, 2*4K)                        = 0
  reclaim(16)                                = 1
  A: pagemap(p[0])                           = PM_SWAP
  A: mlock(p, 3*4K)                          = -ENOMEM
  A: munlock(p[0]+1, 4K)                     = 0
}

expect { never bug   complete }

scenario vma-mlockall "all mappings, and those to come; a child has none"
machine  cpus=1 ram=16 swap=S:4

setup {
  A: p = mmap(4K, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
}

check {
  A: mlockall(0)                                                                = -EINVAL
  A: mlockall(MCL_CURRENT)                                                      = 0
  A: pagemap(p[0])                                                              = PM_ANON
  A: mlockall(MCL_FUTURE)                                                       = 0
  A: q = mmap(3*4K, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 3*4K
  A: pagemap(q[0])                                                              = PM_ANON
  A: C = fork()
  A: store(p[0], 'x')                                                           = 0
  C: madvise(p, 4K, MADV_PAGEOUT)                                               = 0
  C: pagemap(p[0])                                                              = PM_SWAP
  A: madvise(p, 4K, MADV_PAGEOUT)                                               = -EINVAL
  A: munlockall()                                                               = 0
  A: madvise(p, 4K, MADV_PAGEOUT)                                               = 0
  A: pagemap(p[0])                                                              = PM_SWAP
  A: exec()                                                                     = 0
  A: load(p[0])                                                                 = SIGSEGV(1)
  rss(A).swapents                                                               = 0
  C: load(p[0])                                                                 = 0
}

expect { never bug   complete }

scenario vma-mlock-vs-reclaim "a page is locked while reclaim takes it"
machine  cpus=2 ram=16 swap=S:4

setup {
  A: p = mmap(4K, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a')
}

cpu 0 as A { mlock(p, 4K) = 0   k = pagemap(p[0]) }
cpu 1 as B { reclaim(1) }

check {
  A: pagemap(p[0]) = PM_ANON
  A: load(p[0])    = 'a'
}

expect { never bug   always A:k == PM_ANON   complete }

scenario vma-exec "exec keeps the descriptors and nothing else"
machine  cpus=1 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: ftruncate(fd, 4K) = 0
  A: p = mmap(4K, 4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: q = mmap(3*4K, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'f'), store(q[0], 'a')
}

check {
  A: exec()                                         = 0
  A: load(p[0])                                     = SIGSEGV(1)
  rss(A).anon                                       = 0
  rss(A).shmem                                      = 0
  A: pread(fd, 0)                                   = 'f'
  A: r = mmap(4K, 4K, PROT_READ, MAP_SHARED, fd, 0) = 4K
  A: load(r[0])                                     = 'f'
}

expect { never bug   complete }
