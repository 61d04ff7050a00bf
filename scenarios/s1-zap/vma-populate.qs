# Which pages are brought in before they are used, and when locked ones are.

scenario populate-mmap "MAP_POPULATE: pages that may be written are the mapping's own, or the file's; the rest is zeros"
machine  cpus=1 ram=16

check {
  A: f = memfd_create("f", 0)
  A: ftruncate(f, 4K)                   = 0
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_POPULATE, -1, 0)
  A: q = mmap(0, 4K, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_POPULATE, -1, 0)
  A: r = mmap(0, 4K, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_POPULATE, -1, 0)
  A: s = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_POPULATE, f, 0)
  A: t = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_POPULATE, f, 0)
  A: u = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_POPULATE|MAP_NONBLOCK, -1, 0)
  A: pagemap(p[0])                      = PM_ANON
  A: pagemap(q[0])                      = PM_ZERO
  A: pagemap(r[0])                      = PM_NONE
  A: pagemap(s[0])                      = PM_ANON
  A: pagemap(s[1])                      = PM_NONE
  A: pagemap(t[0])                      = PM_FILE
  A: pagemap(u[0])                      = PM_NONE
  A: mprotect(q[0], PROT_WRITE)         = 0
  A: madvise(q[0], MADV_POPULATE_READ)  = -EINVAL
  A: load(q[0])                         = 0
  A: madvise(q[0], MADV_POPULATE_WRITE) = 0
  A: pagemap(q[0])                      = PM_ANON
}

expect { never bug   complete }

scenario populate-on-error "mlockall() goes on with the next mapping where one cannot be brought in, mlock() does not"
machine  cpus=1 ram=16

check {
  A: f = memfd_create("f", 0)
  A: p = mmap(4K, 4K, PROT_READ|PROT_WRITE, MAP_SHARED, f, 0)
  A: q = mmap(2*4K, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: mlock(p[0:2])         = -ENOMEM
  A: pagemap(q[0])         = PM_NONE
  A: mlockall(MCL_CURRENT) = 0
  A: pagemap(p[0])         = PM_NONE
  A: pagemap(q[0])         = PM_ANON
}

expect { never bug   complete }

scenario populate-mprotect "a locked mapping that may be written from now on has its own pages at once"
machine  cpus=1 ram=16

check {
  A: p = mmap(0, 2*4K, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: q = mmap(0, 4K, PROT_READ, MAP_SHARED|MAP_ANONYMOUS, -1, 0)
  A: mlock(p[0:3])                          = 0
  A: pagemap(p[0])                          = PM_ZERO
  A: mprotect(p[0], PROT_READ|PROT_WRITE)   = 0
  A: pagemap(p[0])                          = PM_ANON
  A: pagemap(p[1])                          = PM_ZERO
  A: munlock(p[1])                          = 0
  A: mprotect(p[1:3], PROT_READ|PROT_WRITE) = 0
  A: pagemap(p[1])                          = PM_ZERO
  A: madvise(p[0], MADV_DONTNEED_LOCKED)    = 0
  A: mprotect(p[0], PROT_READ|PROT_WRITE)   = 0
  A: pagemap(p[0])                          = PM_NONE
}

expect { never bug   complete }

scenario populate-mprotect-vs-reclaim "the pages that mprotect() brings in stay, and reclaim looks for some"
machine  cpus=2 ram=16 swap=S:4

setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a')
  A: mprotect(p[0], PROT_READ)   = 0
  A: madvise(p[0], MADV_PAGEOUT) = 0
  A: mlock2(p[0], MLOCK_ONFAULT) = 0
  A: mlock(p[0])                 = 0
}

cpu 0 as A { mprotect(p[0], PROT_READ|PROT_WRITE) = 0 }
cpu 1 as B { reclaim(1) }

check {
  A: pagemap(p[0]) = PM_ANON
  A: load(p[0])    = 'a'
}

expect { never bug   never deadlock   complete }

scenario populate-mremap "of a locked mapping only what it grows by is brought in"
machine  cpus=1 ram=16

check {
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: mlock(p[0:2])                         = 0
  A: madvise(p[0:2], MADV_DONTNEED_LOCKED) = 0
  A: mremap(p, 2*4K, 2*4K, 0)
  A: pagemap(p[0])                         = PM_NONE
  A: mremap(p, 2*4K, 3*4K, 0)
  A: pagemap(p[1])                         = PM_NONE
  A: pagemap(p[2])                         = PM_ANON
  A: munlock(p[0:3])                       = 0
  A: mremap(p, 3*4K, 4*4K, 0)
  A: pagemap(p[3])                         = PM_NONE
}

expect { never bug   complete }

scenario locks-left-behind "what MREMAP_DONTUNMAP leaves is not locked, nor is the rest of the mapping"
machine  cpus=1 ram=16 swap=S:8

check {
  A: p = mmap(0, 3*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: mlockall(MCL_CURRENT)         = 0
  A: q = mremap(p, 4K, 4K, MREMAP_MAYMOVE|MREMAP_FIXED|MREMAP_DONTUNMAP, 5*4K)
  A: madvise(p[0:3], MADV_PAGEOUT) = 0
  A: pagemap(p[0])                 = PM_NONE
  A: pagemap(p[1])                 = PM_ANON  # never unlocked, so reclaim passes by it
  A: madvise(p[1], MADV_DONTNEED)  = 0
  A: store(p[1], 'b')              = 0
  A: madvise(p[1], MADV_PAGEOUT)   = 0
  A: pagemap(p[1])                 = PM_SWAP
  A: madvise(q[0], MADV_PAGEOUT)   = -EINVAL
}

expect { never bug   complete }

scenario lock-on-fault "MLOCK_ONFAULT: pages stay once they are there; mlock() brings the others in"
machine  cpus=1 ram=16 swap=S:4

check {
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: mlock2(p[0:2], 2)                = -EINVAL
  A: mlock2(p[0:2], MLOCK_ONFAULT)    = 0
  A: pagemap(p[0])                    = PM_NONE
  A: store(p[0], 'a')                 = 0
  A: madvise(p[0], MADV_PAGEOUT)      = -EINVAL
  A: madvise(p[0], MADV_DONTNEED)     = -EINVAL
  A: mlock(p[0:2])                    = 0
  A: pagemap(p[1])                    = PM_ANON
  A: mlockall(MCL_ONFAULT)            = -EINVAL
  A: mlockall(MCL_FUTURE|MCL_ONFAULT) = 0
  A: q = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_POPULATE, -1, 0)
  A: pagemap(q[0])                    = PM_NONE
  A: madvise(q[0], MADV_PAGEOUT)      = -EINVAL
  A: C = fork()
  C: madvise(q[0], MADV_PAGEOUT)      = 0
  A: munlockall()                     = 0
  A: madvise(p[0], MADV_PAGEOUT)      = 0
}

expect { never bug   complete }

scenario msync-locked "MS_INVALIDATE of what is locked is -EBUSY, in whatever is met first"
machine  cpus=1 ram=16

check {
  A: p = mmap(4K, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: q = mmap(3*4K, 4K, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS, -1, 0)
  A: msync(p, 3*4K, MS_INVALIDATE)       = -ENOMEM
  A: mlock2(q[0], MLOCK_ONFAULT)         = 0
  A: msync(p, 4K, MS_INVALIDATE)         = 0
  A: msync(p, 3*4K, MS_INVALIDATE)       = -EBUSY
  A: msync(q, 4K, MS_SYNC|MS_INVALIDATE) = -EBUSY
  A: msync(q, 4K, MS_SYNC)               = 0
  A: msync(p, 3*4K, MS_ASYNC)            = -ENOMEM
}

expect { never bug   complete }

scenario advice-splits "what is to be read in another way is another mapping, until it is not"
machine  cpus=1 ram=16

check {
  A: p = mmap(4K, 3*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0:3], 'a')
  A: madvise(p[1], MADV_RANDOM)                               = 0
  A: mremap(p, 3*4K, 4*4K, MREMAP_MAYMOVE|MREMAP_FIXED, 4*4K) = -EFAULT
  A: madvise(p[1], MADV_SEQUENTIAL)                           = 0
  A: madvise(p[1], MADV_NORMAL)                               = 0
  A: madvise(p[2], MADV_DONTDUMP)                             = 0
  A: mremap(p, 3*4K, 4*4K, MREMAP_MAYMOVE|MREMAP_FIXED, 4*4K) = -EFAULT
  A: madvise(p[2], MADV_DODUMP)                               = 0
  A: q = mremap(p, 3*4K, 4*4K, MREMAP_MAYMOVE|MREMAP_FIXED, 4*4K)
  A: load(q[2])                                               = 'a'
}

expect { never bug   complete }
