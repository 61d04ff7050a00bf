# The row munmap of the table of entry kinds, a scenario a column. Written by tools/s1_table.

scenario munmap-F "munmap takes everything: the file's page"
cell     "zap" munmap F
machine  cpus=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: load(p[1])                     = 'f'
}

check {
  A: munmap(p, 2*4K) = 0
  A: load(p[1])      = SIGSEGV(1)
  A: mincore(p[1])   = -ENOMEM
  A: pagemap(p[1])   = PM_NONE
  rss(A).anon        = 0
  rss(A).shmem       = 0
  rss(A).file        = 0
  rss(A).swapents    = 0
  swap_used(S)       = 0
  folios_leaked()    = 0
}

expect { never bug   complete }

scenario munmap-A "munmap takes everything: a private copy"
cell     "zap" munmap A
machine  cpus=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: store(p[1], 'c')
}

check {
  A: munmap(p, 2*4K) = 0
  A: load(p[1])      = SIGSEGV(1)
  A: mincore(p[1])   = -ENOMEM
  A: pagemap(p[1])   = PM_NONE
  rss(A).anon        = 0
  rss(A).shmem       = 0
  rss(A).file        = 0
  rss(A).swapents    = 0
  swap_used(S)       = 0
  folios_leaked()    = 0
}

expect { never bug   complete }

scenario munmap-S "munmap takes everything: a private copy in swap"
cell     "zap" munmap S
machine  cpus=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0)                    = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: store(p[1], 'c'), madvise(p[1], 4K, MADV_PAGEOUT) = 0
  A: pagemap(p[1])                                     = PM_SWAP
}

check {
  A: munmap(p, 2*4K) = 0
  A: load(p[1])      = SIGSEGV(1)
  A: mincore(p[1])   = -ENOMEM
  A: pagemap(p[1])   = PM_NONE
  rss(A).anon        = 0
  rss(A).shmem       = 0
  rss(A).file        = 0
  rss(A).swapents    = 0
  swap_used(S)       = 0
  folios_leaked()    = 0
}

expect { never bug   complete }

scenario munmap-mF "munmap takes everything: the file's page, which is being moved"
cell     "zap" munmap mF
machine  cpus=2 nodes=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: load(p[1])                     = 'f'
}

cpu 0 as A { munmap(p, 2*4K) = 0 }
cpu 1 as K { m = move_pages(A, p[1], 1) }

check {
  A: load(p[1])    = SIGSEGV(1)
  A: mincore(p[1]) = -ENOMEM
  A: pagemap(p[1]) = PM_NONE
  rss(A).anon      = 0
  rss(A).shmem     = 0
  rss(A).file      = 0
  rss(A).swapents  = 0
  swap_used(S)     = 0
  folios_leaked()  = 0
}

expect { never lost_store   sometimes K:m == 1   complete }

scenario munmap-mA "munmap takes everything: a private copy, which is being moved"
cell     "zap" munmap mA
machine  cpus=2 nodes=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: store(p[1], 'c')
}

cpu 0 as A { munmap(p, 2*4K) = 0 }
cpu 1 as K { m = move_pages(A, p[1], 1) }

check {
  A: load(p[1])    = SIGSEGV(1)
  A: mincore(p[1]) = -ENOMEM
  A: pagemap(p[1]) = PM_NONE
  rss(A).anon      = 0
  rss(A).shmem     = 0
  rss(A).file      = 0
  rss(A).swapents  = 0
  swap_used(S)     = 0
  folios_leaked()  = 0
}

expect { never lost_store   sometimes K:m == 1   complete }

scenario munmap-HA "munmap takes everything: a private copy whose memory has failed"
cell     "zap" munmap HA
machine  cpus=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: store(p[1], 'c')
  poison(A, p[1])                   = 0
}

check {
  A: munmap(p, 2*4K) = 0
  A: load(p[1])      = SIGSEGV(1)
  A: mincore(p[1])   = -ENOMEM
  A: pagemap(p[1])   = PM_NONE
  rss(A).anon        = 0
  rss(A).shmem       = 0
  rss(A).file        = 0
  rss(A).swapents    = 0
  swap_used(S)       = 0
  folios_leaked()    = 0
}

expect { never bug   complete }

scenario munmap-HF "munmap takes everything: the file's page, whose memory has failed"
cell     "zap" munmap HF
machine  cpus=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: load(p[1])                     = 'f'
  poison(A, p[1])                   = 0
}

check {
  A: munmap(p, 2*4K) = 0
  A: load(p[1])      = SIGSEGV(1)
  A: mincore(p[1])   = -ENOMEM
  A: pagemap(p[1])   = PM_NONE
  rss(A).anon        = 0
  rss(A).shmem       = 0
  rss(A).file        = 0
  rss(A).swapents    = 0
  swap_used(S)       = 0
  folios_leaked()    = 0
}

expect { never bug   complete }

scenario munmap-dP "munmap takes everything: a private copy in a device's memory"
cell     "zap" munmap dP
machine  cpus=2 ram=16 device=2 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: store(p[1], 'c')
  device_private(A, p[1])           = 0
}

check {
  A: munmap(p, 2*4K) = 0
  A: load(p[1])      = SIGSEGV(1)
  A: mincore(p[1])   = -ENOMEM
  A: pagemap(p[1])   = PM_NONE
  rss(A).anon        = 0
  rss(A).shmem       = 0
  rss(A).file        = 0
  rss(A).swapents    = 0
  swap_used(S)       = 0
  folios_leaked()    = 0
}

expect { never bug   complete }

scenario munmap-dE "munmap takes everything: a private copy for the device alone"
cell     "zap" munmap dE
machine  cpus=2 ram=16 device=2 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: store(p[1], 'c')
  device_exclusive(A, p[1])         = 0
}

check {
  A: munmap(p, 2*4K) = 0
  A: load(p[1])      = SIGSEGV(1)
  A: mincore(p[1])   = -ENOMEM
  A: pagemap(p[1])   = PM_NONE
  rss(A).anon        = 0
  rss(A).shmem       = 0
  rss(A).file        = 0
  rss(A).swapents    = 0
  swap_used(S)       = 0
  folios_leaked()    = 0
}

expect { never bug   complete }

scenario munmap-W "munmap takes everything: a write-protect marker"
cell     "zap" munmap W
machine  cpus=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: uffd_register(p[0:2]) = 0, uffd_writeprotect(p[1], 4K, 1) = 0
}

check {
  A: munmap(p, 2*4K) = 0
  A: load(p[1])      = SIGSEGV(1)
  A: mincore(p[1])   = -ENOMEM
  A: pagemap(p[1])   = PM_NONE
  rss(A).anon        = 0
  rss(A).shmem       = 0
  rss(A).file        = 0
  rss(A).swapents    = 0
  swap_used(S)       = 0
  folios_leaked()    = 0
}

expect { never bug   complete }
