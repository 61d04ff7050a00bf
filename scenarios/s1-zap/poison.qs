# Memory that has failed: who is told, until when, and that nobody reads zeros instead of what was lost.

scenario punch-poisoned-copy "hole punch leaves a failed private copy failed"
ref      "mm: Don't skip swap entry even if zap_details specified"  # verdict: zapping it is wrong for punch
machine  cpus=1 ram=16

setup {
  A: fd = memfd_create("f", 0), ftruncate(fd, 4K) = 0
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: store(p[0], 'c')
  poison(A, p[0])                                 = 0
}

check {
  A: fallocate(fd, FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE, 0, 4K) = 0
  A: load(p[0])                                                     = SIGBUS(4)
  A: madvise(p, 4K, MADV_DONTNEED)                                  = 0
  A: load(p[0])                                                     = 0
}

expect           { never bug   complete }
expect with D1-7 { sometimes lost_store   preemptions 0 }

scenario punch-by-another-process "another process' hole punch leaves it failed as well"
machine  cpus=1 ram=16

setup {
  A: fd = memfd_create("f", 0), ftruncate(fd, 4K) = 0
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: B = fork()
  A: store(p[0], 'c')
  poison(A, p[0])                                 = 0
}

check {
  B: fallocate(fd, FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE, 0, 4K) = 0
  A: load(p[0])                                                     = SIGBUS(4)
  B: load(p[0])                                                     = 0
}

expect           { never bug   complete }
expect with D1-7 { sometimes lost_store   preemptions 0 }

scenario poisoned-tmpfs-page "a failed page of tmpfs stays in the file, and whoever comes is told"
machine  cpus=1 ram=16

setup {
  A: fd = memfd_create("f", 0), ftruncate(fd, 4K) = 0
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: store(p[0], 'd')
  poison(A, p[0])                                 = 0
}

check {
  A: load(p[0])         = SIGBUS(4)
  A: pread(fd, 0)       = -EIO
  A: pwrite(fd, 'x', 0) = -EIO
  A: fsync(fd)          = 0
  A: q = mmap(0, 4K, PROT_READ, MAP_SHARED, fd, 0)
  A: load(q[0])         = SIGBUS(4)
  A: ftruncate(fd, 0)   = 0
  A: ftruncate(fd, 4K)  = 0
  A: pread(fd, 0)       = 0
  A: load(p[0])         = 0
}

expect            { never bug   complete }
expect with D1-14 { sometimes lost_store   preemptions 0 }

scenario poisoned-clean-page "a failed page that can be read again is read again"
machine  cpus=1 ram=16

setup {
  A: fd = open("f", O_RDWR|O_CREAT), pwrite(fd, fill('d', 4K), 0) = 4K
  A: fsync(fd)                                                    = 0
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: load(p[0])                                                   = 'd'
  poison(A, p[0])                                                 = 0
}

check {
  A: pagemap(p[0]) = PM_NONE
  A: load(p[0])    = 'd'
  A: pread(fd, 0)  = 'd'
}

expect { never bug   complete }

scenario free-poisoned-page "MADV_FREE of a failed page makes the place usable again"
machine  cpus=1 ram=16

setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'c')
  poison(A, p[0]) = 0
}

check {
  A: load(p[0])                = SIGBUS(4)
  A: madvise(p, 4K, MADV_FREE) = 0
  A: load(p[0])                = 0
}

expect            { never bug   complete }
expect with D1-15 { sometimes lost_store   preemptions 0 }

scenario poison-signals "whoever has asked for it is told at once, the others when they look"
machine  cpus=1 ram=16

setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'c')
  A: B = fork()
  B: prctl(PR_MCE_KILL, PR_MCE_KILL_SET, PR_MCE_KILL_EARLY) = 0
  poison(A, p[0])                                           = 0
}

check {
  sigpending(B)   = SIGBUS(5)
  sigpending(A)   = 0
  A: load(p[0])   = SIGBUS(4)
  B: load(p[0])   = SIGBUS(4)
  poison(A, p[0]) = -EFAULT
}

expect { never bug   complete }

scenario poison-vs-store "a store against the failure of its page: before it, or SIGBUS"
machine  cpus=2 ram=16

setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a')
}

cpu 0 as A { r = store(p[0], 'b') = 0 | SIGBUS(4) }
cpu 1 as K { poison(A, p[0]) = 0 }

check {
  A: load(p[0]) = SIGBUS(4)
}

expect { never bug   never stale_tlb   sometimes A:r == 0   sometimes A:r == SIGBUS(4)   complete }

scenario poison-policies "a failed page of the file under a hole punch: kept by default"
machine  cpus=1 ram=16

setup {
  A: fd = memfd_create("f", 0), ftruncate(fd, 2*4K) = 0
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: load(p[0]) = 0, store(p[1], 'c')
  poison(A, p[0])                                   = 0
  poison(A, p[1])                                   = 0
}

check {
  A: fallocate(fd, FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE, 0, 2*4K) = 0
  A: load(p[0])                                                       = SIGBUS(4)
  A: load(p[1])                                                       = SIGBUS(4)
}

expect { never bug   complete }

scenario poison-policy-keep-anon-only "the strict reading: the file's own failed page goes, the private copy stays"
machine  cpus=1 ram=16 punched_poison=keep_anon_only

setup {
  A: fd = memfd_create("f", 0), ftruncate(fd, 2*4K) = 0
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: load(p[0]) = 0, store(p[1], 'c')
  poison(A, p[0])                                   = 0
  poison(A, p[1])                                   = 0
}

check {
  A: fallocate(fd, FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE, 0, 2*4K) = 0
  A: load(p[0])                                                       = 0
  A: load(p[1])                                                       = SIGBUS(4)
}

expect { never bug   complete }

scenario poison-policy-zap-all "as first proposed: both go, and the private copy's loss is silent"
machine  cpus=1 ram=16 punched_poison=zap_all

setup {
  A: fd = memfd_create("f", 0), ftruncate(fd, 2*4K) = 0
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: load(p[0]) = 0, store(p[1], 'c')
  poison(A, p[0])                                   = 0
  poison(A, p[1])                                   = 0
}

check {
  A: fallocate(fd, FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE, 0, 2*4K) = 0
  A: load(p[0])                                                       = 0
  A: load(p[1])                                                       = 0
}

expect { sometimes lost_store   never bug }

scenario poison-told-once "what a file has lost is told to who asks for its writeback, once"
machine  cpus=1 ram=16

setup {
  A: f = memfd_create("f", 0)
  A: ftruncate(f, 4K) = 0
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_SHARED, f, 0)
  A: store(p[0], 'z') = 0
  A: poison(A, p[0])  = 0
}

check {
  A: fsync(f)                                                  = 0
  A: sync_file_range(f, 0, 4K, SYNC_FILE_RANGE_WRITE_AND_WAIT) = -EIO
  A: sync_file_range(f, 0, 4K, SYNC_FILE_RANGE_WRITE_AND_WAIT) = 0
}

expect { never bug   complete }
