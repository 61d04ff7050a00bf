# The kinds of advice that bring pages in, let them age, or take them from a file; and the errors.

scenario vma-populate "pages are there before they are used"
machine  cpus=1 ram=16

setup {
  A: fd = memfd_create("f", 0)
  A: ftruncate(fd, 4K) = 0
  A: p = mmap(4K, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: q = mmap(4*4K, 2*4K, PROT_READ, MAP_SHARED, fd, 0)
}

check {
  A: madvise(p, 2*4K, MADV_POPULATE_READ)  = 0
  A: pagemap(p[1])                         = PM_ZERO
  A: madvise(p, 2*4K, MADV_POPULATE_WRITE) = 0
  A: pagemap(p[1])                         = PM_ANON
  rss(A).anon                              = 2
  A: madvise(p, 3*4K, MADV_POPULATE_READ)  = -ENOMEM
  A: madvise(q, 4K, MADV_POPULATE_READ)    = 0
  A: pagemap(q[0])                         = PM_FILE
  A: madvise(q, 2*4K, MADV_POPULATE_READ)  = -EFAULT
  A: madvise(q, 4K, MADV_POPULATE_WRITE)   = -EINVAL
  poison(A, p[0])                          = 0
  A: madvise(p, 4K, MADV_POPULATE_READ)    = -EHWPOISON
}

expect { never bug   complete }

scenario vma-willneed "what is in swap is read, but not mapped"
machine  cpus=1 ram=16 swap=S:4

setup {
  A: p = mmap(4K, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: q = mmap(3*4K, 4K, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a'), store(q[0], 'b')
  A: madvise(p, 4K, MADV_PAGEOUT) = 0, madvise(q, 4K, MADV_PAGEOUT) = 0
}

check {
  A: mincore(p[0])                   = 0
  A: mincore(q[0])                   = 0
  A: madvise(p, 4K, MADV_WILLNEED)   = 0
  A: madvise(q, 4K, MADV_WILLNEED)   = 0
  A: mincore(p[0])                   = 1
  A: mincore(q[0])                   = 1
  A: pagemap(p[0])                   = PM_SWAP
  A: load(p[0])                      = 'a'
  A: load(q[0])                      = 'b'
  A: madvise(p, 2*4K, MADV_WILLNEED) = -ENOMEM
}

expect { never bug   complete }

scenario vma-willneed-vs-swapoff "read-ahead of a slot while its device goes"
machine  cpus=2 ram=16 swap=S:4

setup {
  A: p = mmap(4K, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a'), madvise(p, 4K, MADV_PAGEOUT) = 0
}

cpu 0 as A { madvise(p, 4K, MADV_WILLNEED) = 0 }
cpu 1 as B { r = swapoff(S) }

check { A: load(p[0]) = 'a' }

expect { never uaf   never leak   always B:r == 0   complete }

scenario vma-remove "pages of a shared mapping go, of its file too"
machine  cpus=1 ram=16

setup {
  A: fd = memfd_create("f", 0)
  A: ftruncate(fd, 2*4K) = 0
  A: p = mmap(4K, 2*4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: q = mmap(4*4K, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: r = mmap(6*4K, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a'), store(p[1], 'b'), store(q[1], 'c')
}

check {
  A: madvise(p[1], 4K, MADV_REMOVE) = 0
  A: load(p[0])                     = 'a'
  A: load(p[1])                     = 0
  A: load(q[1])                     = 'c'
  fstat(fd).st_blocks               = 16
  A: madvise(q, 4K, MADV_REMOVE)    = -EACCES
  A: madvise(r, 4K, MADV_REMOVE)    = -EINVAL
  A: madvise(p, 3*4K, MADV_REMOVE)  = -ENOMEM
  A: load(p[0])                     = 0
  A: madvise(q, 4K, MADV_FREE)      = -EINVAL
  A: madvise(p, 4K, 1000)           = -EINVAL
}

expect { never bug   complete }

scenario vma-remove-vs-munmap "the mapping goes while its pages are removed without mmap_lock"
machine  cpus=2 ram=16

setup {
  A: p = mmap(4K, 4K, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a')
}

cpu 0 as A { r = madvise(p, 4K, MADV_REMOVE) }
cpu 1 as A { munmap(p, 4K) = 0 }

check { folios_leaked() = 0 }

expect { never uaf   never leak   always A:r == 0 || A:r == -ENOMEM   complete }

scenario vma-guards "a guard is met instead of a page, until it is removed"
machine  cpus=1 ram=16 swap=S:4

setup {
  A: p = mmap(4K, 3*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a'), store(p[1], 'b')
}

check {
  A: madvise(p[1], 2*4K, MADV_GUARD_INSTALL)                      = 0
  A: pagemap(p[1])                                                = PM_GUARD
  A: load(p[1])                                                   = SIGSEGV(1)
  A: store(p[2], 'x')                                             = SIGSEGV(1)
  A: load(p[0])                                                   = 'a'
  rss(A).anon                                                     = 1
  A: madvise(p, 3*4K, MADV_DONTNEED)                              = 0
  A: load(p[1])                                                   = SIGSEGV(1)
  A: madvise(p[1], 4K, MADV_POPULATE_WRITE)                       = -EFAULT
  A: C = fork()
  C: load(p[1])                                                   = SIGSEGV(1)
  A: q = mremap(p, 3*4K, 3*4K, MREMAP_MAYMOVE|MREMAP_FIXED, 4*4K) = 4*4K
  A: load(q[1])                                                   = SIGSEGV(1)
  A: madvise(q, 3*4K, MADV_GUARD_REMOVE)                          = 0
  A: load(q[1])                                                   = 0
  A: store(q[2], 'c')                                             = 0
  A: mlock(q, 4K)                                                 = 0
  A: madvise(q, 4K, MADV_GUARD_INSTALL)                           = -EINVAL
}

expect { never bug   complete }

# reached: install_guards: a fault has mapped a page
scenario vma-guard-vs-store "a store is before the guard, and goes with the page, or meets it"
machine  cpus=2 ram=16

setup { A: p = mmap(4K, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) }

cpu 0 as A { madvise(p, 4K, MADV_GUARD_INSTALL) = 0   x = load(p[0]) }
cpu 1 as A { w = store(p[0], 'a') }

check {
  A: load(p[0]) = SIGSEGV(1)
  rss(A).anon   = 0
}

expect {
  never bug   never stale_tlb   complete
  outcomes { A:x=SIGSEGV(1) A:w=0; A:x=SIGSEGV(1) A:w=SIGSEGV(1) }
}

# reached: try_to_unmap: written again after MADV_FREE
scenario vma-free-vs-store "a page is written again while reclaim looks whether it may forget it"
machine  cpus=2 ram=16 swap=S:4

setup {
  A: p = mmap(4K, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a'), madvise(p, 4K, MADV_FREE) = 0
}

cpu 0 as A { store(p[0], 'b') = 0 }
cpu 1 as B { reclaim(1) }

check { A: load(p[0]) = 'b' }

expect { never bug   never lost_store   never leak   complete }

scenario store-to-a-range "a store to a range of pages is one byte into each"
machine  cpus=1 ram=16

setup {
  A: p = mmap(0, 3*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0:2], 7) = 0
}

check {
  A: load(p[0]) = 7
  A: load(p[1]) = 7
  A: load(p[2]) = 0
}

expect { never bug   complete }
