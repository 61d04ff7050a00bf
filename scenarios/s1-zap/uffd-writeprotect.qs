# userfaultfd's write protection: a protected write waits until somebody resolves it.

scenario uffd-sequence "the bit stays with the page wherever it is"
machine  cpus=1 ram=16 swap=S:4

setup {
  A: p = mmap(4K, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a'), store(p[1], 'b')
}

check {
  A: uffd_writeprotect(p[0], 1)                                   = -ENOENT
  A: uffd_register(p[0:2])                                        = 0
  A: uffd_writeprotect(p, 2*4K, 1)                                = 0
  A: load(p[0])                                                   = 'a'
  A: mprotect(p, 2*4K, PROT_READ)                                 = 0
  A: mprotect(p, 2*4K, PROT_READ|PROT_WRITE)                      = 0
  A: madvise(p[1], 4K, MADV_PAGEOUT)                              = 0
  A: pagemap(p[1])                                                = PM_SWAP
  A: load(p[1])                                                   = 'b'
  A: uffd_writeprotect(p[1], 0)                                   = 0
  A: store(p[1], 'c')                                             = 0
  A: C = fork()
  C: store(p[0], 'x')                                             = 0
  A: load(p[0])                                                   = 'a'
  A: q = mremap(p, 2*4K, 2*4K, MREMAP_MAYMOVE|MREMAP_FIXED, 4*4K) = 4*4K
  A: store(q[0], 'd')                                             = 0
  A: load(q[0])                                                   = 'd'
  A: uffd_writeprotect(q[0], 1)                                   = -ENOENT
}

expect { never bug   complete }

scenario uffd-blocked "a protected write does not return"
machine  cpus=1 ram=16

setup {
  A: p = mmap(4K, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a')
  A: uffd_register(p[0]) = 0, uffd_writeprotect(p[0], 1) = 0
}

cpu 0 as A { load(p[0]) = 'a'   store(p[0], 'x') = blocked }

expect { always deadlock   complete }

scenario uffd-resolve "a write waits for the resolution and is then done once"
# reached: handle_userfault: resolved meanwhile
machine  cpus=2 ram=16

setup {
  A: p = mmap(4K, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a')
  A: uffd_register(p[0]) = 0, uffd_writeprotect(p[0], 1) = 0
}

cpu 0 as A { w = store(p[0], 'b') }
cpu 1 as A { x = load(p[0])   uffd_writeprotect(p[0], 0) = 0 }

check { A: load(p[0]) = 'b' }

expect { never deadlock   never lost_store   never stale_tlb   always A:x == 'a'   always A:w == 0   complete }

# A write that met the protection joins the queue after the range was resolved, and looks whether the entry may be
# written, not whether it is still protected: it sleeps, and nobody wakes it. Kernels do the same (docs/fidelity.md).
scenario uffd-resolve-forked "a page that a child has too is not made writable when it is resolved: a wake-up is lost"
machine  cpus=2 ram=16

setup {
  A: p = mmap(4K, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a')
  A: uffd_register(p[0])        = 0
  A: B = fork()
  A: uffd_writeprotect(p[0], 1) = 0
}

cpu 0 as A { w = store(p[0], 'b') }
cpu 1 as A { uffd_writeprotect(p[0], 0) = 0 }

check {
  A: load(p[0]) = 'b'
  B: load(p[0]) = 'a'
}

expect { sometimes deadlock   never lost_store   never stale_tlb   complete }

scenario uffd-resolve-unwritten "the same of a page that was only read so far"
machine  cpus=2 ram=16

setup {
  A: p = mmap(4K, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: load(p[0]) = 0
  A: uffd_register(p[0]) = 0, uffd_writeprotect(p[0], 1) = 0
}

cpu 0 as A { w = store(p[0], 'b') }
cpu 1 as A { uffd_writeprotect(p[0], 0) = 0 }

check { A: load(p[0]) = 'b' }

expect { sometimes deadlock   never lost_store   never stale_tlb   complete }

scenario uffd-protect-vs-reclaim "a page is protected while it goes to swap"
machine  cpus=2 ram=16 swap=S:4

setup {
  A: p = mmap(4K, 4K, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a')
  A: uffd_register(p[0]) = 0
}

cpu 0 as A { uffd_writeprotect(p[0], 1) = 0 }
cpu 1 as B { reclaim(1) }

check {
  A: madvise(p, 4K, MADV_DONTNEED) = 0
  A: pagemap(p[0])                 = PM_UFFD_WP
  A: load(p[0])                    = 'a'
}

expect { never bug   never lost_store   never stale_tlb   never stale_pte   complete }

scenario uffd-protect-vs-migration "a page is protected while it is moved"
machine  cpus=2 nodes=2 ram=16

setup {
  A: p = mmap(4K, 4K, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a')
  A: uffd_register(p[0]) = 0
}

cpu 0 as A { uffd_writeprotect(p[0], 1) = 0 }
cpu 1 as B { move_pages(A, p[0], 1) }

check {
  A: madvise(p, 4K, MADV_DONTNEED) = 0
  A: pagemap(p[0])                 = PM_UFFD_WP
  A: load(p[0])                    = 'a'
}

expect { never bug   never lost_store   never stale_tlb   never stale_pte   complete }

scenario uffd-marker-vs-load "a page of a file is mapped while it is protected: the bit is in the entry either way"
machine  cpus=2 ram=16

setup {
  A: p = mmap(4K, 4K, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a'), madvise(p, 4K, MADV_DONTNEED) = 0
  A: uffd_register(p[0])                             = 0
}

cpu 0 as A { uffd_writeprotect(p[0], 1) = 0 }
cpu 1 as A { x = load(p[0]) }

check {
  A: madvise(p, 4K, MADV_DONTNEED) = 0
  A: pagemap(p[0])                 = PM_UFFD_WP
  A: load(p[0])                    = 'a'
}

expect { never bug   never lost_store   never stale_tlb   never stale_pte   complete }

scenario uffd-protect-vs-huge-fault "a huge page is mapped where markers are about to be"
machine  cpus=2 ram=16 thp=2 PTRS_PER_PTE=2

setup {
  A: p = mmap(2*4K, 2*4K, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS, -1, 0)
  A: madvise(p, 2*4K, MADV_HUGEPAGE) = 0
  A: store(p[0], 'a'), store(p[1], 'b')
  collapse(A, p[0])                  = 0
  A: uffd_register(p[0:2])           = 0
}

cpu 0 as A { uffd_writeprotect(p, 2*4K, 1) = 0 }
cpu 1 as A { x = load(p[1]) }

check {
  A: madvise(p, 2*4K, MADV_DONTNEED) = 0
  A: pagemap(p[1])                   = PM_UFFD_WP
  A: load(p[1])                      = 'b'
}

expect { never bug   never lost_store   never stale_tlb   never stale_pte   complete }

scenario uffd-dontneed "discarding a page of a file keeps its protection, as a marker; unmapping does not"
machine  cpus=1 ram=16

setup {
  A: p = mmap(4K, 4K, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a')
  A: uffd_register(p[0]) = 0, uffd_writeprotect(p[0], 1) = 0
}

check {
  A: madvise(p, 4K, MADV_DONTNEED) = 0
  A: pagemap(p[0])                 = PM_UFFD_WP
  A: madvise(p, 4K, MADV_DONTNEED) = 0
  A: pagemap(p[0])                 = PM_UFFD_WP
  A: load(p[0])                    = 'a'
  A: munmap(p, 4K)                 = 0
  A: pagemap(p[0])                 = PM_NONE
}

expect            { never bug   complete }
expect with D1-16 { sometimes stale_pte }
