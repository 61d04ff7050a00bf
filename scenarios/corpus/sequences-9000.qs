scenario fuzz-9000 "calls in one order"
machine  cpus=1 ram=96 swap=S:96 payload=4096 PTRS_PER_PTE=512

check {
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: pagemap(p[1])                                                       = PM_NONE
  A: load(p[0])                                                          = 0
  A: madvise(p[0:2], MADV_REMOVE)                                        = -EINVAL
  A: load(p[1])                                                          = 0
  A: madvise(p[0:2], MADV_GUARD_INSTALL)                                 = 0
  A: mprotect(p[1], PROT_READ|PROT_WRITE)                                = 0
  A: madvise(p[1], MADV_PAGEOUT)                                         = 0
  A: f0 = memfd_create("f", 0)
  A: ftruncate(f0, 2*4K)                                                 = 0
  A: q = mmap(0, 2*4K, PROT_READ, MAP_SHARED|MAP_ANONYMOUS, -1, 0)
  A: store(p[2], 'a')                                                    = SIGSEGV(2)
  A: load(p[1])                                                          = SIGSEGV(1)
  A: fallocate(f0, FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE, 7*4K, 8*4K) = 0
  A: madvise(p[0], MADV_PAGEOUT)                                         = 0
}

expect { never bug }

scenario fuzz-9001 "calls in one order"
machine  cpus=1 ram=96 swap=S:96 payload=4096 PTRS_PER_PTE=512

check {
  A: p = mmap(0, 5*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: f0 = memfd_create("f", 0)
  A: ftruncate(f0, 4K)                                                   = 0
  A: q = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS, -1, 0)
  A: f1 = memfd_create("f", 0)
  A: ftruncate(f1, 5*4K)                                                 = 0
  A: r = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(r[1], 'a')                                                    = 0
  A: madvise(r[1], MADV_PAGEOUT)                                         = 0
  A: store(q[0], 'b')                                                    = 0
  A: madvise(q[0]+8, 4K, MADV_PAGEOUT)                                   = -EINVAL
  A: load(q[0])                                                          = 98
  A: pwrite(f1, fill('c', 2*4K), 4*4K)                                   = 8192
  A: store(q[0], 'd')                                                    = 0
  A: ftruncate(f0, 4*4K)                                                 = 0
  A: ftruncate(f1, 7*4K+100)                                             = 0
  A: s = mmap(0, 5*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: pwrite(f1, fill('e', 3*4K), 3*4K)                                   = 12288
  A: store(q[0], 'f')                                                    = 0
  A: munlock(q[0])                                                       = 0
  A: fallocate(f1, FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE, 2*4K, 6*4K) = 0
  A: load(q[0])                                                          = 102
  A: mlockall(MCL_FUTURE)                                                = 0
  A: madvise(p[0:4], MADV_POPULATE_READ)                                 = 0
  A: madvise(p[2], MADV_PAGEOUT)                                         = 0
  A: store(p[4], 'g')                                                    = 0
  A: store(r[0], 'h')                                                    = 0
  A: store(r[0], 'i')                                                    = 0
  A: msync(r[1], MS_INVALIDATE)                                          = 0
}

expect { never bug }

scenario fuzz-9002 "calls in one order"
machine  cpus=1 ram=96 swap=S:96 payload=4096 PTRS_PER_PTE=512

check {
  A: p = mmap(0, 4*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: q = mmap(0, 6*4K, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS, -1, 0)
  A: f0 = memfd_create("f", 0)
  A: ftruncate(f0, 4K)                      = 0
  A: pwrite(f0, fill('F', 4K), 0)           = 4096
  A: r = mmap(0, 6*4K, PROT_READ|PROT_WRITE, MAP_SHARED, f0, 0)
  A: madvise(q[1], MADV_PAGEOUT)            = 0
  A: load(p[1])                             = 0
  A: mprotect(p[0:4], PROT_READ|PROT_WRITE) = 0
  A: load(p[0])                             = 0
  A: store(q[1], 'a')                       = 0
  A: load(p[3])                             = 0
  A: pwrite(f0, fill('b', 3*4K), 3*4K)      = 12288
  A: load(p[3])                             = 0
  A: load(q[2])                             = 0
  A: madvise(q[0:6], MADV_GUARD_REMOVE)     = 0
  A: munmap(q[5])                           = 0
  A: store(p[3], 'c')                       = 0
  A: load(p[3])                             = 99
  A: store(p[3], 'd')                       = 0
  A: madvise(q[0:6], MADV_PAGEOUT)          = -ENOMEM
}

expect { never bug }

scenario fuzz-9003 "calls in one order"
machine  cpus=1 ram=96 swap=S:96 payload=4096 PTRS_PER_PTE=512

check {
  A: p = mmap(0, 3*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: q = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: f0 = memfd_create("f", 0)
  A: ftruncate(f0, 5*4K)          = 0
  A: r = mmap(0, 6*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, f0, 0)
  A: load(p[0])                   = 0
  A: pwrite(f0, 'a', -4K)         = -EINVAL
  A: msync(q[1], MS_ASYNC)        = 0
  A: store(q[1], 'b')             = 0
  A: ftruncate(f0, 3*4K)          = 0
  A: store(q[1], 'c')             = 0
  A: C = fork()
  C: load(q[1])                   = 99
  C: rss(C).swapents              = 0
  C: load(q[1])                   = 99
  A: load(r[3])                   = SIGBUS(2)
  C: munlock(r[3:5])              = 0
  C: pwrite(f0, 'd', 0)           = 1
  C: madvise(q[1], MADV_DONTNEED) = 0
  C: msync(p[1], MS_ASYNC)        = 0
}

expect { never bug }

scenario fuzz-9004 "calls in one order"
machine  cpus=1 ram=96 swap=S:96 payload=4096 PTRS_PER_PTE=512

check {
  A: p = mmap(0, 3*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: q = mmap(0, 5*4K, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS, -1, 0)
  A: f0 = memfd_create("f", 0)
  A: ftruncate(f0, 6*4K)                  = 0
  A: pwrite(f0, fill('F', 6*4K), 0)       = 24576
  A: r = mmap(0, 4K, PROT_READ, MAP_PRIVATE, f0, 0)
  A: load(r[0])                           = 70
  A: store(r[0], 'a')                     = SIGSEGV(2)
  A: madvise(r[0:1], MADV_POPULATE_WRITE) = -EINVAL
  A: ftruncate(f0, 4K)                    = 0
  A: munlockall()                         = 0
  A: ftruncate(f0, 2*4K)                  = 0
  A: load(q[2])                           = 0
  A: munlock(p[0:2])                      = 0
  A: pread(f0, 5*4K)                      = -ENODATA
  A: store(p[0:3], 'b')                   = 0
  A: store(p[0:2], 'c')                   = 0
}

expect { never bug }

scenario fuzz-9005 "calls in one order"
machine  cpus=1 ram=96 swap=S:96 payload=4096 PTRS_PER_PTE=512

check {
  A: p = mmap(0, 4*4K, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS, -1, 0)
  A: q = mmap(0, 4K, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: madvise(q[0], MADV_REMOVE)             = -EINVAL
  A: madvise(p[1], MADV_PAGEOUT)            = 0
  A: store(q[0], 'a')                       = SIGSEGV(2)
  A: madvise(q[0], MADV_DONTNEED_LOCKED)    = 0
  A: load(p[0])                             = 0
  A: munmap(p[0])                           = 0
  A: r = mmap(0, 6*4K, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS, -1, 0)
  A: madvise(q[0:1], MADV_POPULATE_WRITE)   = -EINVAL
  A: madvise(q[0], MADV_POPULATE_WRITE)     = -EINVAL
  A: mprotect(r[3:8], PROT_READ|PROT_WRITE) = -ENOMEM
  A: load(r[5])                             = 0
  A: madvise(r[5], MADV_POPULATE_WRITE)     = 0
  A: mprotect(r[0:6], PROT_READ|PROT_WRITE) = 0
  A: store(r[3], 'b')                       = 0
  A: mprotect(r[0:6], PROT_READ|PROT_WRITE) = 0
  A: madvise(r[3:6], 99)                    = -EINVAL
  A: s = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS, -1, 0)
}

expect { never bug }

scenario fuzz-9006 "calls in one order"
machine  cpus=1 ram=96 swap=S:96 payload=4096 PTRS_PER_PTE=512

check {
  A: f0 = memfd_create("f", 0)
  A: ftruncate(f0, 6*4K)                          = 0
  A: pwrite(f0, fill('F', 6*4K), 0)               = 24576
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS, -1, 0)
  A: f1 = memfd_create("f", 0)
  A: ftruncate(f1, 2*4K)                          = 0
  A: q = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: r = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: load(r[1])                                   = 0
  A: pread(f0, 7*4K)                              = -ENODATA
  A: rss(A).anon                                  = 0
  A: load(q[0])                                   = 0
  A: fallocate(f0, FALLOC_FL_KEEP_SIZE, 4K, 8*4K) = 0
  A: fstat(f1).st_blocks                          = 0
  A: mprotect(q[0], PROT_READ|PROT_WRITE)         = 0
  A: store(r[0], 'a')                             = 0
  A: madvise(r[0:2], MADV_FREE)                   = 0
  A: store(r[0:2], 'Z')                           = 0
  A: store(r[1], 'b')                             = 0
  A: load(r[1])                                   = 98
  A: pwrite(f0, 'c', 6*4K)                        = 1
  A: store(r[1], 'd')                             = 0
  A: load(q[0])                                   = 0
  A: store(q[0], 'e')                             = 0
  A: store(q[0], 'f')                             = 0
  A: ftruncate(f0, 0)                             = 0
  A: pread(f1, 6*4K)                              = -ENODATA
  A: pagemap(q[0])                                = PM_ANON
  A: fsync(f0)                                    = 0
}

expect { never bug }

scenario fuzz-9008 "calls in one order"
machine  cpus=1 ram=96 swap=S:96 payload=4096 PTRS_PER_PTE=512

check {
  A: p = mmap(0, 4*4K, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: f0 = memfd_create("f", 0)
  A: ftruncate(f0, 4K)                    = 0
  A: pwrite(f0, fill('F', 4K), 0)         = 4096
  A: q = mmap(0, 4*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, f0, 0)
  A: r = mmap(0, 6*4K, PROT_READ|PROT_WRITE, MAP_SHARED, f0, 0)
  A: madvise(r[0:6], MADV_PAGEOUT)        = 0
  A: ftruncate(f0, 3*4K)                  = 0
  A: load(r[3])                           = SIGBUS(2)
  A: load(r[3])                           = SIGBUS(2)
  A: fstat(f0).st_blocks                  = 8
  A: madvise(r[0:6], MADV_POPULATE_WRITE) = -EFAULT
  A: pwrite(f0, 'a', 3*4K)                = 1
  A: madvise(p[2], MADV_DONTNEED)         = 0
  A: load(p[2])                           = 0
  A: ftruncate(f0, 4K)                    = 0
  A: load(p[3])                           = 0
  A: store(p[3], 'b')                     = SIGSEGV(2)
  A: store(p[1], 'c')                     = SIGSEGV(2)
}

expect { never bug }

scenario fuzz-9010 "calls in one order"
machine  cpus=1 ram=96 swap=S:96 payload=4096 PTRS_PER_PTE=512

check {
  A: f0 = memfd_create("f", 0)
  A: ftruncate(f0, 6*4K)                                                 = 0
  A: p = mmap(0, 5*4K, PROT_READ, MAP_SHARED|MAP_ANONYMOUS, -1, 0)
  A: madvise(p[0], MADV_DONTNEED)                                        = 0
  A: store(p[0:5], 'a')                                                  = SIGSEGV(2)
  A: mlock(p[2])                                                         = 0
  A: madvise(p[4], MADV_WILLNEED)                                        = 0
  A: store(p[4], 'b')                                                    = SIGSEGV(2)
  A: munmap(p[0:5])                                                      = 0
  A: store(p[4], 'c')                                                    = SIGSEGV(1)
  A: load(p[4])                                                          = SIGSEGV(1)
  A: madvise(p[1:5], MADV_PAGEOUT)                                       = -ENOMEM
  A: store(p[1], 'd')                                                    = SIGSEGV(1)
  A: madvise(p[0:5], MADV_POPULATE_WRITE)                                = -ENOMEM
  A: pwrite(f0, fill('e', 3*4K), 3*4K)                                   = 12288
  A: mremap(p, 5*4K, 2*4K, 0)                                            = -EFAULT
  A: madvise(p[0:3], MADV_FREE)                                          = -ENOMEM
  A: store(p[0:3], 'Z')                                                  = SIGSEGV(1)
  A: fallocate(f0, FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE, 6*4K, 3*4K) = 0
  A: q = mmap(0, 6*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: mprotect(q[5], PROT_READ|PROT_WRITE)                                = 0
  A: madvise(q[5], MADV_DONTNEED)                                        = 0
  A: pwrite(f0, fill('f', 3*4K), 4*4K)                                   = 12288
}

expect { never bug }

scenario fuzz-9011 "calls in one order"
machine  cpus=1 ram=96 swap=S:96 payload=4096 PTRS_PER_PTE=512

check {
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a')           = 0
  A: mprotect(p[1], PROT_NONE)  = 0
  A: load(p[1])                 = SIGSEGV(2)
  A: store(p[0], 'b')           = 0
  A: madvise(p[0:2], MADV_COLD) = 0
  A: mremap(p, 2*4K, 2*4K, 0)
  A: store(p[0], 'c')           = 0
  A: store(p[0], 'd')           = 0
  A: store(p[1], 'e')           = SIGSEGV(2)
}

expect { never bug }

scenario fuzz-9014 "calls in one order"
machine  cpus=1 ram=96 swap=S:96 payload=4096 PTRS_PER_PTE=512

check {
  A: f0 = memfd_create("f", 0)
  A: ftruncate(f0, 4*4K)                                                 = 0
  A: p = mmap(0, 5*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: f1 = memfd_create("f", 0)
  A: ftruncate(f1, 4K)                                                   = 0
  A: pwrite(f1, fill('F', 4K), 0)                                        = 4096
  A: q = mmap(0, 5*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: load(p[3])                                                          = 0
  A: fallocate(f0, FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE, 2*4K, 3*4K) = 0
  A: load(p[3])                                                          = 0
  A: store(p[4], 'a')                                                    = 0
  A: pagemap(q[3])                                                       = PM_NONE
  A: pagemap(q[3])                                                       = PM_NONE
  A: mremap(q, 5*4K, 4K, 0)
  A: store(q[1], 'b')                                                    = SIGSEGV(1)
  A: mprotect(q[1], PROT_READ|PROT_WRITE)                                = -ENOMEM
  A: load(q[1])                                                          = SIGSEGV(1)
  A: store(p[2], 'c')                                                    = 0
  A: madvise(p[0:5], MADV_POPULATE_READ)                                 = 0
  A: load(p[1])                                                          = 0
  A: store(p[0], 'd')                                                    = 0
  A: mincore(p[4])                                                       = 1
  A: mprotect(p[1], PROT_READ|PROT_WRITE)                                = 0
}

expect { never bug }

scenario fuzz-9016 "calls in one order"
machine  cpus=1 ram=96 swap=S:96 payload=4096 PTRS_PER_PTE=512

check {
  A: f0 = memfd_create("f", 0)
  A: ftruncate(f0, 5*4K)            = 0
  A: pwrite(f0, fill('F', 5*4K), 0) = 20480
  A: p = mmap(0, 6*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: pread(99, 4K+100)              = -EBADF
  A: pread(f0, 6*4K)                = -ENODATA
  A: pwrite(f0, 'a', 6*4K)          = 1
  A: mincore(p[3])                  = 0
}

expect { never bug }

scenario fuzz-9017 "calls in one order"
machine  cpus=1 ram=96 swap=S:96 payload=4096 PTRS_PER_PTE=512

check {
  A: p = mmap(0, 4*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: f0 = memfd_create("f", 0)
  A: ftruncate(f0, 4K)             = 0
  A: pwrite(f0, fill('F', 4K), 0)  = 4096
  A: q = mmap(0, 5*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, f0, 0)
  A: r = mmap(0, 5*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: mlock(r[2:5])                 = 0
  A: load(r[3])                    = 0
  A: load(r[3])                    = 0
  A: f1 = memfd_create("f", 0)
  A: ftruncate(f1, 6*4K)           = 0
  A: madvise(r[3:5], MADV_PAGEOUT) = -EINVAL
  A: pagemap(p[1])                 = PM_NONE
  A: store(p[3], 'a')              = 0
  A: store(r[1], 'b')              = 0
  A: madvise(r[1], MADV_COLD)      = 0
  A: load(r[1])                    = 98
  A: store(p[0:3], 'c')            = 0
  A: mlock(p[0:4])                 = 0
  A: store(q[2], 'd')              = SIGBUS(2)
  A: load(q[4])                    = SIGBUS(2)
  A: mlock(q[0])                   = 0
  A: load(p[2])                    = 99
}

expect { never bug }

scenario fuzz-9018 "calls in one order"
machine  cpus=1 ram=96 swap=S:96 payload=4096 PTRS_PER_PTE=512

check {
  A: f0 = memfd_create("f", 0)
  A: ftruncate(f0, 2*4K)                                                   = 0
  A: pwrite(f0, fill('F', 2*4K), 0)                                        = 8192
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: f1 = memfd_create("f", 0)
  A: ftruncate(f1, 4*4K)                                                   = 0
  A: pwrite(f1, fill('F', 4*4K), 0)                                        = 16384
  A: q = mmap(0, 4*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: r = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, f0, 0)
  A: madvise(q[2:4], MADV_PAGEOUT)                                         = 0
  A: pwrite(f1, 'a', 3*4K+100)                                             = 1
  A: msync(p[1], MS_SYNC|MS_ASYNC)                                         = -EINVAL
  A: C = fork()
  A: ftruncate(f0, 0)                                                      = 0
  C: load(p[1])                                                            = 0
  A: pread(f0, 3*4K)                                                       = -ENODATA
  C: store(p[0:2], 'b')                                                    = 0
  C: fallocate(f1, FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE, 4K, 4*4K+100) = 0
  A: madvise(p[0], MADV_COLD)                                              = 0
  A: mremap(p, 2*4K, 2*4K, 0)
  A: pagemap(p[0])                                                         = PM_NONE
  A: store(r[0], 'c')                                                      = SIGBUS(2)
  C: rss(A).swapents                                                       = 0
  C: f2 = memfd_create("f", 0)
  C: ftruncate(f2, 4*4K)                                                   = 0
  C: ftruncate(f1, 8*4K)                                                   = 0
}

expect { never bug }

scenario fuzz-9022 "calls in one order"
machine  cpus=1 ram=96 swap=S:96 payload=4096 PTRS_PER_PTE=512

check {
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS, -1, 0)
  A: f0 = memfd_create("f", 0)
  A: ftruncate(f0, 2*4K)               = 0
  A: q = mmap(0, 6*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: fstat(f0).st_size                 = 8192
  A: load(p[1])                        = 0
  A: store(p[0], 'a')                  = 0
  A: ftruncate(f0, 3*4K)               = 0
  A: store(p[1], 'b')                  = 0
  A: pwrite(99, fill('c', 4K), 7*4K)   = -EBADF
  A: r = mmap(0, 5*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, f0, 0)
  A: fsync(f0)                         = 0
  A: f1 = memfd_create("f", 0)
  A: ftruncate(f1, 4K)                 = 0
  A: pwrite(f1, fill('F', 4K), 0)      = 4096
  A: madvise(p[0], 99)                 = -EINVAL
  A: load(p[1])                        = 98
  A: madvise(q[3], MADV_GUARD_INSTALL) = 0
}

expect { never bug }

scenario fuzz-9025 "calls in one order"
machine  cpus=1 ram=96 swap=S:96 payload=4096 PTRS_PER_PTE=512

check {
  A: p = mmap(0, 5*4K, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: q = mmap(0, 6*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: madvise(p[0:5], MADV_PAGEOUT)       = 0
  A: store(p[2:5], 'a')                  = SIGSEGV(2)
  A: load(q[3])                          = 0
  A: madvise(q[4:6], MADV_GUARD_INSTALL) = 0
  A: mprotect(q[0:4], PROT_READ)         = 0
  A: load(q[6])                          = SIGSEGV(1)
  A: store(q[3], 'b')                    = SIGSEGV(2)
  A: store(q[3], 'c')                    = SIGSEGV(2)
  A: madvise(q[0], MADV_PAGEOUT)         = 0
  A: load(q[0])                          = 0
  A: load(q[5])                          = SIGSEGV(1)
  A: pagemap(q[5])                       = PM_GUARD
  A: store(p[5], 'd')                    = SIGSEGV(2)
  A: madvise(p[2], MADV_PAGEOUT)         = 0
}

expect { never bug }

scenario fuzz-9026 "calls in one order"
machine  cpus=1 ram=96 swap=S:96 payload=4096 PTRS_PER_PTE=512

check {
  A: f0 = memfd_create("f", 0)
  A: ftruncate(f0, 4K)                    = 0
  A: p = mmap(0, 5*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: q = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, f0, 0)
  A: f1 = memfd_create("f", 0)
  A: ftruncate(f1, 3*4K)                  = 0
  A: pwrite(f1, fill('F', 3*4K), 0)       = 12288
  A: r = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS, -1, 0)
  A: load(r[0])                           = 0
  A: load(q[0])                           = 0
  A: load(q[0])                           = 0
  A: madvise(q[0:1], MADV_REMOVE)         = -EACCES
  A: madvise(q[0:1], MADV_REMOVE)         = -EACCES
  A: mprotect(r[0], PROT_READ|PROT_WRITE) = 0
  A: pwrite(f0, 'a', 4K)                  = 1
  A: store(r[0], 'b')                     = 0
  A: store(r[0], 'c')                     = 0
  A: store(r[0], 'd')                     = 0
  A: madvise(r[0], MADV_PAGEOUT)          = 0
  A: madvise(r[0], MADV_PAGEOUT)          = 0
  A: ftruncate(f1, 0)                     = 0
}

expect { never bug }

scenario fuzz-9027 "calls in one order"
machine  cpus=1 ram=96 swap=S:96 payload=4096 PTRS_PER_PTE=512

check {
  A: f0 = memfd_create("f", 0)
  A: ftruncate(f0, 4*4K)                    = 0
  A: pwrite(f0, fill('F', 4*4K), 0)         = 16384
  A: p = mmap(0, 3*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: q = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS, -1, 0)
  A: r = mmap(0, 6*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, f0, 0)
  A: mprotect(p[0:3], PROT_READ|PROT_WRITE) = 0
  A: pread(f0, 4*4K)                        = -ENODATA
  A: msync(p[1], 8)                         = -EINVAL
  A: ftruncate(f0, 7*4K)                    = 0
  A: mprotect(p[0:3], PROT_READ|PROT_WRITE) = 0
  A: pread(f0, 4K)                          = 70
  A: load(r[3])                             = 70
  A: store(p[0], 'a')                       = 0
}

expect { never bug }

scenario fuzz-9032 "calls in one order"
machine  cpus=1 ram=96 swap=S:96 payload=4096 PTRS_PER_PTE=512

check {
  A: f0 = memfd_create("f", 0)
  A: ftruncate(f0, 4K)                              = 0
  A: p = mmap(0, 3*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: q = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: f1 = memfd_create("f", 0)
  A: ftruncate(f1, 5*4K)                            = 0
  A: pwrite(f1, fill('F', 5*4K), 0)                 = 20480
  A: r = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS, -1, 0)
  A: load(p[2])                                     = 0
  A: mremap(p, 3*4K, 4*4K, 0)                       = -ENOMEM
  A: pread(f0, 2*4K)                                = -ENODATA
  A: madvise(p[0:4], MADV_COLD)                     = 0
  A: pread(f1, 2*4K)                                = 70
  A: pagemap(p[2])                                  = PM_ZERO
  A: pagemap(p[2])                                  = PM_ZERO
  A: s = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_SHARED, f0, 0)
  A: pwrite(f1, 'a', 4*4K)                          = 1
  A: munlockall()                                   = 0
  A: C = fork()
  C: load(p[3])                                     = 0
  A: store(r[0], 'b')                               = 0
  A: mprotect(r[0:2], PROT_READ)                    = 0
  A: fallocate(f1, 0, 4K, -4K)                      = -EINVAL
  C: pwrite(f0, fill('c', 4*4K), 6*4K)              = 16384
  A: mremap(s, 2*4K, 6*4K, 0)
  C: fallocate(f0, FALLOC_FL_KEEP_SIZE, 3*4K, 2*4K) = 0
  A: store(r[1], 'd')                               = SIGSEGV(2)
}

expect { never bug }

scenario fuzz-9035 "calls in one order"
machine  cpus=1 ram=96 swap=S:96 payload=4096 PTRS_PER_PTE=512

check {
  A: f0 = memfd_create("f", 0)
  A: ftruncate(f0, 6*4K)                                              = 0
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, f0, 0)
  A: f1 = memfd_create("f", 0)
  A: ftruncate(f1, 2*4K)                                              = 0
  A: q = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: madvise(p[0], MADV_DONTNEED)                                     = 0
  A: load(q[0])                                                       = 0
  A: r = mmap(0, 3*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, f0, 0)
  A: pread(f0, 2*4K)                                                  = 0
  A: madvise(r[2], MADV_DONTNEED)                                     = 0
  A: pread(f0, 7*4K)                                                  = -ENODATA
  A: munlock(r[2])                                                    = 0
  A: store(r[2], 'a')                                                 = 0
  A: C = fork()
  A: load(q[0])                                                       = 0
  A: fallocate(f1, FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE, 0, 5*4K) = 0
  C: pwrite(f1, 'b', 5*4K)                                            = 1
  C: exit()                                                           = 0
  A: store(q[0], 'c')                                                 = 0
  A: pagemap(q[0])                                                    = PM_ANON
  A: store(p[0], 'd')                                                 = 0
  A: pwrite(f0, 'e', 2*4K)                                            = 1
  A: madvise(q[0], MADV_PAGEOUT)                                      = 0
}

expect { never bug }

scenario fuzz-9047 "calls in one order"
machine  cpus=1 ram=96 swap=S:96 payload=4096 PTRS_PER_PTE=512

check {
  A: p = mmap(0, 5*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: q = mmap(0, 6*4K, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS, -1, 0)
  A: munmap(q[3:6])                                                      = 0
  A: mprotect(q[0], PROT_READ)                                           = 0
  A: r = mmap(0, 2*4K, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: munmap(q[0])                                                        = 0
  A: mlock(q[0])                                                         = -ENOMEM
  A: store(q[4:6], 'a')                                                  = SIGSEGV(2)
  A: madvise(q[2], MADV_DONTNEED)                                        = 0
  A: madvise(r[1], MADV_DONTNEED)                                        = 0
  A: load(p[4])                                                          = 0
  A: store(p[2:4], 'b')                                                  = 0
  A: rss(A).swapents                                                     = 0
  A: store(p[3], 'c')                                                    = 0
  A: store(q[5], 'd')                                                    = SIGSEGV(1)
  A: load(r[1])                                                          = 0
  A: f0 = memfd_create("f", 0)
  A: ftruncate(f0, 4*4K)                                                 = 0
  A: fallocate(f0, FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE, 2*4K, 5*4K) = 0
  A: rss(A).swapents                                                     = 0
  A: store(r[1], 'e')                                                    = SIGSEGV(2)
  A: load(q[2])                                                          = 0
  A: store(q[4], 'f')                                                    = SIGSEGV(2)
  A: store(p[3], 'g')                                                    = 0
  A: pwrite(f0, 'h', 100)                                                = 1
  A: madvise(p[0:5], MADV_DONTNEED)                                      = 0
}

expect { never bug }

scenario fuzz-9051 "calls in one order"
machine  cpus=1 ram=96 swap=S:96 payload=4096 PTRS_PER_PTE=512

check {
  A: p = mmap(0, 5*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: q = mmap(0, 3*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: r = mmap(0, 5*4K, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS, -1, 0)
  A: store(r[1:5], 'a')                = 0
  A: munlock(q[2])                     = 0
  A: load(r[1])                        = 97
  A: load(q[2])                        = 0
  A: load(r[0])                        = 0
  A: store(r[3:5], 'b')                = 0
  A: load(q[2])                        = 0
  A: madvise(q[2], MADV_DONTNEED)      = 0
  A: load(q[1])                        = 0
  A: store(q[1:3], 'c')                = 0
  A: madvise(q[1], MADV_DONTNEED)      = 0
  A: madvise(r[2], MADV_PAGEOUT)       = 0
  A: munlock(r[2])                     = 0
  A: mprotect(q[2]+8, 4K, PROT_NONE)   = -EINVAL
  A: madvise(q[0:3], MADV_PAGEOUT)     = 0
  A: load(q[2])                        = 99
  A: madvise(q[2], MADV_DONTNEED)      = 0
  A: store(q[2], 'd')                  = 0
  A: load(q[2])                        = 100
  A: s = mmap(0, 5*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: pagemap(s[1])                     = PM_NONE
  A: madvise(q[0], MADV_POPULATE_READ) = 0
  A: C = fork()
}

expect { never bug }

scenario fuzz-9052 "calls in one order"
machine  cpus=1 ram=96 swap=S:96 payload=4096 PTRS_PER_PTE=512

check {
  A: p = mmap(0, 6*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0:4], 'a')            = 0
  A: load(p[0])                    = 97
  A: load(p[0])                    = 97
  A: munmap(p[0:3])                = 0
  A: store(p[0], 'b')              = SIGSEGV(1)
  A: pagemap(p[1])                 = PM_NONE
  A: madvise(p[1:4], MADV_PAGEOUT) = -ENOMEM
  A: mremap(p, 6*4K, 4*4K, 0)      = -EFAULT
  A: f0 = memfd_create("f", 0)
  A: ftruncate(f0, 4K)             = 0
  A: ftruncate(f0, 6*4K)           = 0
  A: load(p[0])                    = SIGSEGV(1)
  A: store(p[0], 'c')              = SIGSEGV(1)
  A: rss(A).swapents               = 1
  A: mprotect(p[3], PROT_NONE)     = 0
  A: madvise(p[4], MADV_DONTNEED)  = 0
  A: munmap(p[5]+8, 4K)            = -EINVAL
  A: mprotect(p[3], PROT_READ)     = 0
  A: store(p[3], 'd')              = SIGSEGV(2)
}

expect { never bug }

scenario fuzz-9056 "calls in one order"
machine  cpus=1 ram=96 swap=S:96 payload=4096 PTRS_PER_PTE=512

check {
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS, -1, 0)
  A: mremap(p, 2*4K, 3*4K, 0)
  A: load(p[0])                             = 0
  A: munlockall()                           = 0
  A: store(p[0:3], 'a')                     = SIGBUS(2)
  A: load(p[0])                             = 97
  A: load(p[0])                             = 97
  A: store(p[0], 'b')                       = 0
  A: store(p[1], 'c')                       = 0
  A: store(p[2], 'd')                       = SIGBUS(2)
  A: mremap(p, 3*4K, 3*4K, 0)
  A: store(p[1], 'e')                       = 0
  A: mprotect(p[0:2], PROT_READ|PROT_WRITE) = 0
  A: munmap(p[0])                           = 0
  A: msync(p[0:3], MS_SYNC)                 = -ENOMEM
  A: q = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS, -1, 0)
  A: store(p[1], 'f')                       = 0
}

expect { never bug }

scenario fuzz-9061 "calls in one order"
machine  cpus=1 ram=96 swap=S:96 payload=4096 PTRS_PER_PTE=512

check {
  A: f0 = memfd_create("f", 0)
  A: ftruncate(f0, 2*4K)                                                 = 0
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_SHARED, f0, 0)
  A: q = mmap(0, 4*4K, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: pagemap(q[0])                                                       = PM_NONE
  A: mprotect(q[0:4], PROT_READ)                                         = 0
  A: fallocate(f0, FALLOC_FL_PUNCH_HOLE, 2*4K, 2*4K)                     = -EOPNOTSUPP
  A: madvise(q[0:4], MADV_POPULATE_READ)                                 = 0
  A: load(q[3])                                                          = 0
  A: msync(q[3], 0)                                                      = 0
  A: madvise(q[1:4], MADV_PAGEOUT)                                       = 0
  A: madvise(q[0:4], MADV_DONTNEED)                                      = 0
  A: mprotect(p[0:1], PROT_READ|PROT_WRITE)                              = 0
  A: store(p[0], 'a')                                                    = 0
  A: store(p[0], 'b')                                                    = 0
  A: load(p[0])                                                          = 98
  A: f1 = memfd_create("f", 0)
  A: ftruncate(f1, 3*4K)                                                 = 0
  A: madvise(q[0:4], MADV_PAGEOUT)                                       = 0
  A: pagemap(q[0])                                                       = PM_NONE
  A: fallocate(f1, FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE, 7*4K, 6*4K) = 0
  A: store(q[2], 'c')                                                    = SIGSEGV(2)
  A: store(p[0], 'd')                                                    = 0
}

expect { never bug }

scenario fuzz-9064 "calls in one order"
machine  cpus=1 ram=96 swap=S:96 payload=4096 PTRS_PER_PTE=512

check {
  A: f0 = memfd_create("f", 0)
  A: ftruncate(f0, 3*4K)                  = 0
  A: pwrite(f0, fill('F', 3*4K), 0)       = 12288
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: madvise(p[0:2], MADV_NORMAL)         = 0
  A: pagemap(p[0])                        = PM_NONE
  A: load(p[1])                           = 0
  A: pwrite(f0, 'a', 2*4K)                = 1
  A: madvise(p[0:2], MADV_REMOVE)         = -EINVAL
  A: f1 = memfd_create("f", 0)
  A: ftruncate(f1, 4K)                    = 0
  A: fallocate(f0, 0, 3*4K, 8*4K)         = 0
  A: store(p[0], 'b')                     = 0
  A: munmap(p[0:2])                       = 0
  A: madvise(p[0], MADV_PAGEOUT)          = -ENOMEM
  A: madvise(p[0], MADV_PAGEOUT)          = -ENOMEM
  A: munmap(p[0])                         = 0
  A: pagemap(p[1])                        = PM_NONE
  A: madvise(p[0:2], MADV_POPULATE_WRITE) = -ENOMEM
  A: pread(f0, 4*4K)                      = 0
  A: mincore(p[0])                        = -ENOMEM
  A: store(p[1], 'c')                     = SIGSEGV(1)
  A: fsync(f0)                            = 0
}

expect { never bug }

scenario fuzz-9076 "calls in one order"
machine  cpus=1 ram=96 swap=S:96 payload=4096 PTRS_PER_PTE=512

check {
  A: p = mmap(0, 3*4K, PROT_READ, MAP_SHARED|MAP_ANONYMOUS, -1, 0)
  A: madvise(p[2], MADV_PAGEOUT)          = 0
  A: load(p[2])                           = 0
  A: madvise(p[2], MADV_DONTNEED)         = 0
  A: madvise(p[0:3], MADV_POPULATE_READ)  = 0
  A: madvise(p[0:3], MADV_WILLNEED)       = 0
  A: madvise(p[0:3], MADV_POPULATE_WRITE) = -EINVAL
  A: load(p[0])                           = 0
  A: load(p[3])                           = SIGSEGV(1)
  A: munmap(p[2])                         = 0
  A: madvise(p[0], MADV_PAGEOUT)          = 0
  A: munlock(p[0:3])                      = -ENOMEM
  A: madvise(p[0], MADV_POPULATE_READ)    = 0
  A: mprotect(p[0:2], PROT_READ)          = 0
}

expect { never bug }

scenario fuzz-9081 "calls in one order"
machine  cpus=1 ram=96 swap=S:96 payload=4096 PTRS_PER_PTE=512

check {
  A: f0 = memfd_create("f", 0)
  A: ftruncate(f0, 4*4K)                                                     = 0
  A: pwrite(f0, fill('F', 4*4K), 0)                                          = 16384
  A: p = mmap(0, 3*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: pread(f0, 3*4K+100)                                                     = 70
  A: fallocate(f0, FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE, 2*4K, 2*4K)     = 0
  A: store(p[0:3], 'a')                                                      = 0
  A: pagemap(p[1])                                                           = PM_ANON
  A: store(p[1], 'b')                                                        = 0
  A: fallocate(f0, FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE, 6*4K, 4K)       = 0
  A: madvise(p[0:3], MADV_PAGEOUT)                                           = 0
  A: ftruncate(f0, 2*4K)                                                     = 0
  A: load(p[2])                                                              = 97
  A: pagemap(p[0])                                                           = PM_SWAP
  A: madvise(p[1], MADV_PAGEOUT)                                             = 0
  A: ftruncate(f0, 0)                                                        = 0
  A: fallocate(f0, FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE, 3*4K, 6*4K+100) = 0
  A: pagemap(p[0])                                                           = PM_SWAP
  A: madvise(p[2], MADV_DONTNEED)                                            = 0
  A: madvise(p[0:3], 99)                                                     = -EINVAL
  A: madvise(p[2], MADV_DONTNEED)                                            = 0
  A: madvise(p[0:3], MADV_PAGEOUT)                                           = 0
  A: store(p[2], 'c')                                                        = 0
  A: pagemap(p[0])                                                           = PM_SWAP
  A: msync(p[2], MS_INVALIDATE)                                              = 0
  A: pread(f0, 4K)                                                           = -ENODATA
}

expect { never bug }

scenario fuzz-9082 "calls in one order"
machine  cpus=1 ram=96 swap=S:96 payload=4096 PTRS_PER_PTE=512

check {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS, -1, 0)
  A: q = mmap(0, 3*4K, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS, -1, 0)
  A: rss(A).anon                          = 0
  A: swapoff(S)                           = 0
  A: swapon(S)                            = 0
  A: rss(A).anon                          = 0
  A: mlock(p[0])                          = 0
  A: store(q[0], 'a')                     = 0
  A: store(q[1:3], 'b')                   = 0
  A: madvise(q[0:3], MADV_PAGEOUT)        = 0
  A: load(p[0])                           = 0
  A: C = fork()
  C: mprotect(q[2], PROT_NONE)            = 0
  A: store(q[2], 'c')                     = 0
  C: store(p[0], 'd')                     = 0
  A: madvise(p[0], MADV_FREE)             = -EINVAL
  A: store(p[0], 'Z')                     = 0
  A: store(p[0], 'e')                     = 0
  C: munlock(p[0])                        = 0
  A: store(q[2], 'f')                     = 0
  A: munmap(p[0])                         = 0
  A: load(p[0])                           = SIGSEGV(1)
  A: store(q[0], 'g')                     = 0
  A: madvise(p[0], MADV_FREE)             = -ENOMEM
  A: store(p[0], 'Z')                     = SIGSEGV(1)
  A: mprotect(p[0], PROT_READ|PROT_WRITE) = -ENOMEM
  C: store(p[0], 'h')                     = 0
}

expect { never bug }

scenario fuzz-9093 "calls in one order"
machine  cpus=1 ram=96 swap=S:96 payload=4096 PTRS_PER_PTE=512

check {
  A: p = mmap(0, 3*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: f0 = memfd_create("f", 0)
  A: ftruncate(f0, 2*4K)                                              = 0
  A: q = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, f0, 0)
  A: C = fork()
  C: store(q[0], 'a')                                                 = 0
  A: fallocate(f0, 0, 6*4K, 7*4K)                                     = 0
  A: ftruncate(f0, 4K)                                                = 0
  C: ftruncate(f0, -4K)                                               = -EINVAL
  C: madvise(q[1], MADV_NORMAL)                                       = 0
  A: f1 = memfd_create("f", 0)
  A: ftruncate(f1, 6*4K)                                              = 0
  C: store(q[1], 'b')                                                 = SIGBUS(2)
  A: mprotect(q[1], PROT_NONE)                                        = 0
  C: store(q[1], 'c')                                                 = SIGBUS(2)
  A: rss(C).swapents                                                  = 0
  A: madvise(q[0:2], MADV_DONTNEED)                                   = 0
  A: load(q[1])                                                       = SIGSEGV(2)
  A: store(p[0:2], 'd')                                               = 0
  A: r = mmap(0, 6*4K, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'e')                                                 = 0
  C: fallocate(f1, FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE, 0, 2*4K) = -EBADF
  C: load(q[1])                                                       = SIGBUS(2)
  C: fallocate(f1, FALLOC_FL_KEEP_SIZE, 7*4K, 6*4K)                   = -EBADF
  C: madvise(q[1], MADV_NORMAL)                                       = 0
  A: store(p[1], 'f')                                                 = 0
}

expect { never bug }

scenario fuzz-9105 "calls in one order"
machine  cpus=1 ram=96 swap=S:96 payload=4096 PTRS_PER_PTE=512

check {
  A: f0 = memfd_create("f", 0)
  A: ftruncate(f0, 4*4K)                                                  = 0
  A: p = mmap(0, 5*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, f0, 0)
  A: q = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, f0, 0)
  A: madvise(p[0:5], MADV_FREE)                                           = -EINVAL
  A: store(p[0:5], 'Z')                                                   = SIGBUS(2)
  A: store(p[0:3], 'a')                                                   = 0
  A: mprotect(p[0], PROT_READ|PROT_WRITE)                                 = 0
  A: store(p[3], 'b')                                                     = 0
  A: madvise(q[0], MADV_POPULATE_READ)                                    = 0
  A: store(p[3], 'c')                                                     = 0
  A: pread(f0, -4K)                                                       = -EINVAL
  A: fallocate(f0, FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE, 0, 3*4K+100) = 0
  A: fallocate(f0, FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE, 3*4K, 2*4K)  = 0
  A: pwrite(f0, 'd', 4*4K)                                                = 1
  A: madvise(p[1:3], MADV_WILLNEED)                                       = 0
  A: ftruncate(f0, 3*4K)                                                  = 0
  A: fstat(f0).st_blocks                                                  = 0
  A: pwrite(f0, 'e', 5*4K)                                                = 1
  A: store(p[3], 'f')                                                     = 0
  A: fstat(f0).st_blocks                                                  = 16
  A: load(q[2])                                                           = SIGSEGV(1)
  A: store(q[1], 'g')                                                     = 0
  A: load(q[1])                                                           = 103
  A: madvise(p[0:5], MADV_DONTNEED)                                       = 0
  A: store(p[4], 'h')                                                     = 0
  A: pwrite(f0, 'i', 4*4K)                                                = 1
  A: munlock(p[0:5])                                                      = 0
}

expect { never bug }

scenario fuzz-9131 "calls in one order"
machine  cpus=1 ram=96 swap=S:96 payload=4096 PTRS_PER_PTE=512

check {
  A: f0 = memfd_create("f", 0)
  A: ftruncate(f0, 4K)                         = 0
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: q = mmap(0, 3*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: f1 = memfd_create("f", 0)
  A: ftruncate(f1, 6*4K)                       = 0
  A: r = mmap(0, 2*4K, PROT_READ, MAP_SHARED, f1, 0)
  A: f2 = memfd_create("f", 0)
  A: ftruncate(f2, 5*4K)                       = 0
  A: pwrite(f2, fill('F', 5*4K), 0)            = 20480
  A: pread(f1, 0)                              = 0
  A: fallocate(f0, 0, 6*4K, 5*4K)              = 0
  A: pagemap(q[1])                             = PM_NONE
  A: fallocate(f2, 0, 4K, 2*4K)                = 0
  A: store(q[0], 'a')                          = 0
  A: pagemap(q[0])                             = PM_ANON
  A: fsync(99)                                 = -EBADF
  A: pagemap(q[0])                             = PM_ANON
  A: store(q[0], 'b')                          = 0
  A: store(r[0], 'c')                          = SIGSEGV(2)
  A: load(r[1])                                = 0
  A: load(r[1])                                = 0
  A: mprotect(r[1], PROT_READ)                 = 0
  A: store(r[1], 'd')                          = SIGSEGV(2)
  A: store(r[1], 'e')                          = SIGSEGV(2)
  A: munmap(r[1])                              = 0
  A: madvise(p[1]+8, 4K, MADV_DONTNEED_LOCKED) = -EINVAL
  A: madvise(p[1], 99)                         = -EINVAL
}

expect { never bug }

scenario fuzz-9163 "calls in one order"
machine  cpus=1 ram=96 swap=S:96 payload=4096 PTRS_PER_PTE=512

check {
  A: f0 = memfd_create("f", 0)
  A: ftruncate(f0, 6*4K)            = 0
  A: pwrite(f0, fill('F', 6*4K), 0) = 24576
  A: p = mmap(0, 5*4K, PROT_READ, MAP_PRIVATE, f0, 4K)
  A: fstat(f0).st_blocks            = 48
  A: store(p[3], 'a')               = SIGSEGV(2)
  A: f1 = memfd_create("f", 0)
  A: ftruncate(f1, 2*4K)            = 0
  A: pwrite(f1, fill('F', 2*4K), 0) = 8192
  A: pwrite(f1, 'b', 7*4K)          = 1
  A: ftruncate(f1, 4K)              = 0
  A: store(p[1], 'c')               = SIGSEGV(2)
  A: mprotect(p[1], PROT_NONE)      = 0
  A: mlockall(64)                   = -EINVAL
  A: store(p[1:4], 'd')             = SIGSEGV(2)
  A: store(p[1:3], 'e')             = SIGSEGV(2)
  A: pwrite(f0, 'f', 3*4K)          = 1
  A: ftruncate(f1, -4K)             = -EINVAL
  A: rss(A).swapents                = 0
  A: load(p[1])                     = SIGSEGV(2)
  A: munlock(p[0:5])                = 0
  A: q = mmap(0, 5*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, f1, 4K)
  A: madvise(q[1], MADV_PAGEOUT)    = 0
}

expect { never bug }

scenario fuzz-9203 "calls in one order"
machine  cpus=1 ram=96 swap=S:96 payload=4096 PTRS_PER_PTE=512

check {
  A: f0 = memfd_create("f", 0)
  A: ftruncate(f0, 4K)                 = 0
  A: pwrite(f0, fill('F', 4K), 0)      = 4096
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: q = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, f0, 0)
  A: f1 = memfd_create("f", 0)
  A: ftruncate(f1, 4K)                 = 0
  A: r = mmap(0, 6*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, f0, 0)
  A: load(r[1])                        = SIGBUS(2)
  A: store(r[1:6], 'a')                = SIGBUS(2)
  A: madvise(r[3], MADV_DONTNEED)      = 0
  A: s = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, f1, 0)
  A: rss(A).anon                       = 0
  A: madvise(r[3:5], MADV_WILLNEED)    = 0
  A: ftruncate(99, 2*4K)               = -EBADF
  A: store(s[1], 'b')                  = SIGBUS(2)
  A: store(s[1], 'c')                  = SIGBUS(2)
  A: madvise(s[1], MADV_PAGEOUT)       = 0
  A: madvise(s[1], MADV_FREE)          = -EINVAL
  A: store(s[1], 'Z')                  = SIGBUS(2)
  A: ftruncate(f0, 2*4K)               = 0
  A: mprotect(s[1], PROT_READ)         = 0
  A: madvise(p[1], MADV_POPULATE_READ) = 0
  A: madvise(p[0], MADV_GUARD_REMOVE)  = 0
}

expect { never bug }

scenario fuzz-9314 "calls in one order"
machine  cpus=1 ram=96 swap=S:96 payload=4096 PTRS_PER_PTE=512

check {
  A: f0 = memfd_create("f", 0)
  A: ftruncate(f0, 3*4K)                                                 = 0
  A: pwrite(f0, fill('F', 3*4K), 0)                                      = 12288
  A: p = mmap(0, 6*4K, PROT_READ|PROT_WRITE, MAP_SHARED, f0, 4K)
  A: q = mmap(0, 6*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, f0, 0)
  A: store(q[3], 'a')                                                    = SIGBUS(2)
  A: load(q[4])                                                          = SIGBUS(2)
  A: madvise(q[4], MADV_PAGEOUT)                                         = 0
  A: store(q[4], 'b')                                                    = SIGBUS(2)
  A: munlock(q[5])                                                       = 0
  A: store(p[2], 'c')                                                    = SIGBUS(2)
  A: load(p[2])                                                          = SIGBUS(2)
  A: load(p[2])                                                          = SIGBUS(2)
  A: msync(p[2], MS_ASYNC)                                               = 0
  A: madvise(p[2], MADV_PAGEOUT)                                         = 0
  A: C = fork()
  A: madvise(q[5], MADV_PAGEOUT)                                         = 0
  A: fstat(f0).st_size                                                   = 12288
  A: rss(A).swapents                                                     = 0
  C: madvise(q[4:6], MADV_FREE)                                          = -EINVAL
  C: store(q[4:6], 'Z')                                                  = SIGBUS(2)
  A: fallocate(f0, FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE, 6*4K, 5*4K) = 0
  C: fstat(f0).st_size                                                   = 12288
  C: f1 = memfd_create("f", 0)
  C: ftruncate(f1, 4K)                                                   = 0
  A: load(p[3])                                                          = SIGBUS(2)
  A: fsync(f1)                                                           = -EBADF
  A: load(p[4])                                                          = SIGBUS(2)
  A: mlockall(MCL_CURRENT)                                               = 0
  A: r = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, f1, 0)           = -EBADF
}

expect { never bug }

scenario fuzz-9378 "calls in one order"
machine  cpus=1 ram=96 swap=S:96 payload=4096 PTRS_PER_PTE=512

check {
  A: f0 = memfd_create("f", 0)
  A: ftruncate(f0, 3*4K)                  = 0
  A: pwrite(f0, fill('F', 3*4K), 0)       = 12288
  A: p = mmap(0, 3*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: f1 = memfd_create("f", 0)
  A: ftruncate(f1, 5*4K)                  = 0
  A: q = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: fallocate(f1, 0, 5*4K, 8*4K)         = 0
  A: ftruncate(f1, 0)                     = 0
  A: madvise(p[0:3], MADV_POPULATE_WRITE) = 0
  A: load(q[0])                           = 0
  A: store(q[0], 'a')                     = 0
  A: madvise(q[1], MADV_POPULATE_WRITE)   = 0
  A: madvise(p[0:3], MADV_PAGEOUT)        = 0
  A: mremap(q, 2*4K, 2*4K, 0)
  A: fstat(99).st_size                    = -EBADF
  A: pwrite(f0, fill('b', 2*4K), 4*4K)    = 8192
  A: C = fork()
  C: pread(f0, 6*4K)                      = -ENODATA
}

expect { never bug }
