# The row fork of the table of entry kinds, a scenario a column. Written by tools/s1_table.

scenario fork-F "the child shares private copies alone: the file's page"
cell     "zap" fork F
machine  cpus=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: load(p[1])                     = 'f'
}

check {
  A: C = fork()
  C: pagemap(p[1]) = PM_NONE
  rss(C).anon      = 0
  rss(C).shmem     = 0
  rss(C).file      = 0
  rss(C).swapents  = 0
  rss(A).anon      = 0
  rss(A).shmem     = 1
  rss(A).file      = 0
  rss(A).swapents  = 0
  C: load(p[1])    = 'f'
  A: load(p[1])    = 'f'
}

expect { never bug   complete }

scenario fork-A "the child shares private copies alone: a private copy"
cell     "zap" fork A
machine  cpus=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: store(p[1], 'c')
}

check {
  A: C = fork()
  C: pagemap(p[1])    = PM_ANON
  rss(C).anon         = 1
  rss(C).shmem        = 0
  rss(C).file         = 0
  rss(C).swapents     = 0
  rss(A).anon         = 1
  rss(A).shmem        = 0
  rss(A).file         = 0
  rss(A).swapents     = 0
  C: load(p[1])       = 'c'
  A: load(p[1])       = 'c'
  C: store(p[1], 'x') = 0
  A: load(p[1])       = 'c'
  A: store(p[1], 'y') = 0
  C: load(p[1])       = 'x'
}

expect { never bug   complete }

scenario fork-S "the child shares private copies alone: a private copy in swap"
cell     "zap" fork S
machine  cpus=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0)                    = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: store(p[1], 'c'), madvise(p[1], 4K, MADV_PAGEOUT) = 0
  A: pagemap(p[1])                                     = PM_SWAP
}

check {
  A: C = fork()
  C: pagemap(p[1])    = PM_SWAP
  rss(C).anon         = 0
  rss(C).shmem        = 0
  rss(C).file         = 0
  rss(C).swapents     = 1
  rss(A).anon         = 0
  rss(A).shmem        = 0
  rss(A).file         = 0
  rss(A).swapents     = 1
  swap_used(S)        = 1
  swap_count(S, 1)    = 2
  C: load(p[1])       = 'c'
  A: load(p[1])       = 'c'
  C: store(p[1], 'x') = 0
  A: load(p[1])       = 'c'
  A: store(p[1], 'y') = 0
  C: load(p[1])       = 'x'
}

expect { never bug   complete }

scenario fork-mF "the child shares private copies alone: the file's page, which is being moved"
cell     "zap" fork mF
machine  cpus=2 nodes=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: load(p[1])                     = 'f'
}

cpu 0 as A { C = fork() }
cpu 1 as K { m = move_pages(A, p[1], 1) }

check {
  C: pagemap(p[1]) = PM_NONE
  rss(C).anon      = 0
  rss(C).shmem     = 0
  rss(C).file      = 0
  rss(C).swapents  = 0
  rss(A).anon      = 0
  rss(A).shmem     = 1
  rss(A).file      = 0
  rss(A).swapents  = 0
  C: load(p[1])    = 'f'
  A: load(p[1])    = 'f'
}

expect { never lost_store   sometimes K:m == 1   complete }

scenario fork-mA "the child shares private copies alone: a private copy, which is being moved"
cell     "zap" fork mA
machine  cpus=2 nodes=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: store(p[1], 'c')
}

cpu 0 as A { C = fork() }
cpu 1 as K { m = move_pages(A, p[1], 1) }

check {
  C: pagemap(p[1])    = PM_ANON
  rss(C).anon         = 1
  rss(C).shmem        = 0
  rss(C).file         = 0
  rss(C).swapents     = 0
  rss(A).anon         = 1
  rss(A).shmem        = 0
  rss(A).file         = 0
  rss(A).swapents     = 0
  C: load(p[1])       = 'c'
  A: load(p[1])       = 'c'
  C: store(p[1], 'x') = 0
  A: load(p[1])       = 'c'
  A: store(p[1], 'y') = 0
  C: load(p[1])       = 'x'
}

expect { never lost_store   sometimes K:m == 1   complete }

scenario fork-HA "the child shares private copies alone: a private copy whose memory has failed"
cell     "zap" fork HA
machine  cpus=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: store(p[1], 'c')
  poison(A, p[1])                   = 0
}

check {
  A: C = fork()
  C: pagemap(p[1]) = PM_HWPOISON
  rss(C).anon      = 0
  rss(C).shmem     = 0
  rss(C).file      = 0
  rss(C).swapents  = 0
  rss(A).anon      = 0
  rss(A).shmem     = 0
  rss(A).file      = 0
  rss(A).swapents  = 0
  C: load(p[1])    = SIGBUS(4)
  A: load(p[1])    = SIGBUS(4)
}

expect { never bug   complete }

scenario fork-HF "the child shares private copies alone: the file's page, whose memory has failed"
cell     "zap" fork HF
machine  cpus=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: load(p[1])                     = 'f'
  poison(A, p[1])                   = 0
}

check {
  A: C = fork()
  C: pagemap(p[1]) = PM_NONE
  rss(C).anon      = 0
  rss(C).shmem     = 0
  rss(C).file      = 0
  rss(C).swapents  = 0
  rss(A).anon      = 0
  rss(A).shmem     = 0
  rss(A).file      = 0
  rss(A).swapents  = 0
  C: load(p[1])    = SIGBUS(4)
  A: load(p[1])    = SIGBUS(4)
}

expect { never bug   complete }

scenario fork-dP "the child shares private copies alone: a private copy in a device's memory"
cell     "zap" fork dP
machine  cpus=2 ram=16 device=2 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: store(p[1], 'c')
  device_private(A, p[1])           = 0
}

check {
  A: C = fork()
  C: pagemap(p[1])    = PM_DEVICE_PRIVATE
  rss(C).anon         = 1
  rss(C).shmem        = 0
  rss(C).file         = 0
  rss(C).swapents     = 0
  rss(A).anon         = 1
  rss(A).shmem        = 0
  rss(A).file         = 0
  rss(A).swapents     = 0
  C: load(p[1])       = 'c'
  A: load(p[1])       = 'c'
  C: store(p[1], 'x') = 0
  A: load(p[1])       = 'c'
  A: store(p[1], 'y') = 0
  C: load(p[1])       = 'x'
}

expect { never bug   complete }

scenario fork-dE "the child shares private copies alone: a private copy for the device alone"
cell     "zap" fork dE
machine  cpus=2 ram=16 device=2 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: store(p[1], 'c')
  device_exclusive(A, p[1])         = 0
}

check {
  A: C = fork()
  C: pagemap(p[1])    = PM_ANON
  rss(C).anon         = 1
  rss(C).shmem        = 0
  rss(C).file         = 0
  rss(C).swapents     = 0
  rss(A).anon         = 1
  rss(A).shmem        = 0
  rss(A).file         = 0
  rss(A).swapents     = 0
  C: load(p[1])       = 'c'
  A: load(p[1])       = 'c'
  C: store(p[1], 'x') = 0
  A: load(p[1])       = 'c'
  A: store(p[1], 'y') = 0
  C: load(p[1])       = 'x'
}

expect { never bug   complete }

scenario fork-W "the child shares private copies alone: a write-protect marker"
cell     "zap" fork W
machine  cpus=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: uffd_register(p[0:2]) = 0, uffd_writeprotect(p[1], 4K, 1) = 0
}

check {
  A: C = fork()
  C: pagemap(p[1]) = PM_NONE
  rss(C).anon      = 0
  rss(C).shmem     = 0
  rss(C).file      = 0
  rss(C).swapents  = 0
  rss(A).anon      = 0
  rss(A).shmem     = 0
  rss(A).file      = 0
  rss(A).swapents  = 0
  C: load(p[1])    = 'f'
  A: load(p[1])    = 'f'
}

expect { never bug   complete }
