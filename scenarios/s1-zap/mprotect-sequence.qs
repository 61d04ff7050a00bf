# mprotect() in one order: what each right lets through, what is split and joined again, and that a page which is
# shared with a child is not made writable without its copy.

scenario mprotect-rights "no access, reads, everything"
machine  cpus=1 ram=16 swap=S:4

setup {
  A: p = mmap(0, 3*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a'), store(p[1], 'b')
}

check {
  A: mprotect(p[1], PROT_NONE)               = 0
  A: load(p[1])                              = SIGSEGV(2)
  A: store(p[1], 'x')                        = SIGSEGV(2)
  A: load(p[0])                              = 'a'
  A: pagemap(p[1])                           = PM_ANON
  A: mprotect(p, 3*4K, PROT_READ)            = 0
  A: load(p[1])                              = 'b'
  A: load(p[2])                              = 0
  A: store(p[2], 'x')                        = SIGSEGV(2)
  A: pagemap(p[2])                           = PM_ZERO
  A: mprotect(p, 3*4K, PROT_READ|PROT_WRITE) = 0
  A: store(p[1], 'B'), store(p[2], 'C')      = 0
  A: load(p[2])                              = 'C'
  rss(A).anon                                = 3
  A: mprotect(p[0]+1, 4K, PROT_READ)         = -EINVAL
  A: mprotect(p, 4K, 64)                     = -EINVAL
  A: mprotect(p, 0, PROT_READ)               = 0
  A: munmap(p[1])                            = 0
  A: mprotect(p, 3*4K, PROT_READ)            = -ENOMEM
  A: store(p[0], 'x')                        = SIGSEGV(2)
  A: store(p[2], 'x')                        = 0
  A: mprotect(p[1], PROT_READ)               = -ENOMEM
}

expect { never bug   complete }

scenario mprotect-swapped "a page in swap comes back with the rights that it has by then"
machine  cpus=1 ram=16 swap=S:4

setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a'), madvise(p, 4K, MADV_PAGEOUT) = 0
}

check {
  A: mprotect(p, 4K, PROT_NONE)            = 0
  A: load(p[0])                            = SIGSEGV(2)
  A: pagemap(p[0])                         = PM_SWAP
  A: mprotect(p, 4K, PROT_READ)            = 0
  A: load(p[0])                            = 'a'
  A: store(p[0], 'x')                      = SIGSEGV(2)
  A: mprotect(p, 4K, PROT_READ|PROT_WRITE) = 0
  A: store(p[0], 'x')                      = 0
}

expect { never bug   complete }

scenario mprotect-shared-copy "rights given back do not reach a page that a child shares"
machine  cpus=1 ram=16

setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a')
  A: C = fork()
}

check {
  A: mprotect(p, 4K, PROT_READ)            = 0
  A: mprotect(p, 4K, PROT_READ|PROT_WRITE) = 0
  A: store(p[0], 'x')                      = 0
  C: load(p[0])                            = 'a'
  rss(A).anon                              = 1
}

expect { never bug   complete }

scenario mprotect-swapoff "what swapoff brings back into a mapping without access cannot be read"
machine  cpus=1 ram=16 swap=S:4

setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a'), madvise(p, 4K, MADV_PAGEOUT) = 0
}

check {
  A: mprotect(p, 4K, PROT_NONE)            = 0
  swapoff(S)                               = 0
  A: pagemap(p[0])                         = PM_ANON
  A: load(p[0])                            = SIGSEGV(2)
  A: mprotect(p, 4K, PROT_READ|PROT_WRITE) = 0
  A: store(p[0], 'b')                      = 0
}

expect { never bug   complete }

scenario mprotect-none-elsewhere "a page without access gives none as a device's, in a huge page, in a child"
machine  cpus=1 ram=16 thp=2 PTRS_PER_PTE=2

setup {
  A: p = mmap(2*4K, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a'), store(p[1], 'b')
  A: q = mmap(5*4K, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(q[0], 'c')
}

check {
  A: mprotect(p, 2*4K, PROT_NONE)            = 0
  A: mprotect(q, 4K, PROT_NONE)              = 0
  collapse(A, p[0])                          = 0
  A: pagemap(p[1])                           = PM_HUGE
  A: load(p[1])                              = SIGSEGV(2)
  device_exclusive(A, q[0])                  = 0
  A: C = fork()
  A: load(q[0])                              = SIGSEGV(2)
  C: load(q[0])                              = SIGSEGV(2)
  C: load(p[0])                              = SIGSEGV(2)
  A: mprotect(p, 2*4K, PROT_READ|PROT_WRITE) = 0
  A: mprotect(q, 4K, PROT_READ|PROT_WRITE)   = 0
  A: store(p[1], 'x')                        = 0
  A: load(p[0])                              = 'a'
  A: load(q[0])                              = 'c'
  C: mprotect(p, 2*4K, PROT_READ)            = 0
  C: load(p[1])                              = 'b'
}

expect { never bug   complete }
