# The row MS_ASYNC of the table of entry kinds, a scenario a column. Written by tools/s1_table.

scenario ms-async-F "msync(MS_ASYNC) changes no entry: the file's page"
cell     "zap" MS_ASYNC F
machine  cpus=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: load(p[1])                     = 'f'
}

check {
  A: msync(p, 2*4K, MS_ASYNC) = 0
  A: pagemap(p[1])            = PM_FILE
  A: mincore(p[1])            = 1
  rss(A).anon                 = 0
  rss(A).shmem                = 1
  rss(A).file                 = 0
  rss(A).swapents             = 0
  swap_used(S)                = 0
  A: load(p[1])               = 'f'
}

expect { never bug   complete }

scenario ms-async-A "msync(MS_ASYNC) changes no entry: a private copy"
cell     "zap" MS_ASYNC A
machine  cpus=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: store(p[1], 'c')
}

check {
  A: msync(p, 2*4K, MS_ASYNC) = 0
  A: pagemap(p[1])            = PM_ANON
  A: mincore(p[1])            = 1
  rss(A).anon                 = 1
  rss(A).shmem                = 0
  rss(A).file                 = 0
  rss(A).swapents             = 0
  swap_used(S)                = 0
  A: load(p[1])               = 'c'
}

expect { never bug   complete }

scenario ms-async-S "msync(MS_ASYNC) changes no entry: a private copy in swap"
cell     "zap" MS_ASYNC S
machine  cpus=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0)                    = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: store(p[1], 'c'), madvise(p[1], 4K, MADV_PAGEOUT) = 0
  A: pagemap(p[1])                                     = PM_SWAP
}

check {
  A: msync(p, 2*4K, MS_ASYNC) = 0
  A: pagemap(p[1])            = PM_SWAP
  A: mincore(p[1])            = 0
  rss(A).anon                 = 0
  rss(A).shmem                = 0
  rss(A).file                 = 0
  rss(A).swapents             = 1
  swap_used(S)                = 1
  A: load(p[1])               = 'c'
}

expect { never bug   complete }

scenario ms-async-mF "msync(MS_ASYNC) changes no entry: the file's page, which is being moved"
cell     "zap" MS_ASYNC mF
machine  cpus=2 nodes=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: load(p[1])                     = 'f'
}

cpu 0 as A { msync(p, 2*4K, MS_ASYNC) = 0 }
cpu 1 as K { m = move_pages(A, p[1], 1) }

check {
  A: pagemap(p[1]) = PM_FILE
  A: mincore(p[1]) = 1
  rss(A).anon      = 0
  rss(A).shmem     = 1
  rss(A).file      = 0
  rss(A).swapents  = 0
  swap_used(S)     = 0
  A: load(p[1])    = 'f'
}

expect { never lost_store   sometimes K:m == 1   complete }

scenario ms-async-mA "msync(MS_ASYNC) changes no entry: a private copy, which is being moved"
cell     "zap" MS_ASYNC mA
machine  cpus=2 nodes=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: store(p[1], 'c')
}

cpu 0 as A { msync(p, 2*4K, MS_ASYNC) = 0 }
cpu 1 as K { m = move_pages(A, p[1], 1) }

check {
  A: pagemap(p[1]) = PM_ANON
  A: mincore(p[1]) = 1
  rss(A).anon      = 1
  rss(A).shmem     = 0
  rss(A).file      = 0
  rss(A).swapents  = 0
  swap_used(S)     = 0
  A: load(p[1])    = 'c'
}

expect { never lost_store   sometimes K:m == 1   complete }

scenario ms-async-HA "msync(MS_ASYNC) changes no entry: a private copy whose memory has failed"
cell     "zap" MS_ASYNC HA
machine  cpus=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: store(p[1], 'c')
  poison(A, p[1])                   = 0
}

check {
  A: msync(p, 2*4K, MS_ASYNC) = 0
  A: pagemap(p[1])            = PM_HWPOISON
  A: mincore(p[1])            = 1
  rss(A).anon                 = 0
  rss(A).shmem                = 0
  rss(A).file                 = 0
  rss(A).swapents             = 0
  swap_used(S)                = 0
  A: load(p[1])               = SIGBUS(4)
}

expect { never bug   complete }

scenario ms-async-HF "msync(MS_ASYNC) changes no entry: the file's page, whose memory has failed"
cell     "zap" MS_ASYNC HF
machine  cpus=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: load(p[1])                     = 'f'
  poison(A, p[1])                   = 0
}

check {
  A: msync(p, 2*4K, MS_ASYNC) = 0
  A: pagemap(p[1])            = PM_HWPOISON
  A: mincore(p[1])            = 1
  rss(A).anon                 = 0
  rss(A).shmem                = 0
  rss(A).file                 = 0
  rss(A).swapents             = 0
  swap_used(S)                = 0
  A: load(p[1])               = SIGBUS(4)
}

expect { never bug   complete }

scenario ms-async-dP "msync(MS_ASYNC) changes no entry: a private copy in a device's memory"
cell     "zap" MS_ASYNC dP
machine  cpus=2 ram=16 device=2 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: store(p[1], 'c')
  device_private(A, p[1])           = 0
}

check {
  A: msync(p, 2*4K, MS_ASYNC) = 0
  A: pagemap(p[1])            = PM_DEVICE_PRIVATE
  A: mincore(p[1])            = 1
  rss(A).anon                 = 1
  rss(A).shmem                = 0
  rss(A).file                 = 0
  rss(A).swapents             = 0
  swap_used(S)                = 0
  A: load(p[1])               = 'c'
  A: pagemap(p[1])            = PM_ANON
}

expect { never bug   complete }

scenario ms-async-dE "msync(MS_ASYNC) changes no entry: a private copy for the device alone"
cell     "zap" MS_ASYNC dE
machine  cpus=2 ram=16 device=2 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: store(p[1], 'c')
  device_exclusive(A, p[1])         = 0
}

check {
  A: msync(p, 2*4K, MS_ASYNC) = 0
  A: pagemap(p[1])            = PM_DEVICE_EXCLUSIVE
  A: mincore(p[1])            = 1
  rss(A).anon                 = 1
  rss(A).shmem                = 0
  rss(A).file                 = 0
  rss(A).swapents             = 0
  swap_used(S)                = 0
  A: load(p[1])               = 'c'
  A: pagemap(p[1])            = PM_ANON
}

expect { never bug   complete }

scenario ms-async-W "msync(MS_ASYNC) changes no entry: a write-protect marker"
cell     "zap" MS_ASYNC W
machine  cpus=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: uffd_register(p[0:2]) = 0, uffd_writeprotect(p[1], 4K, 1) = 0
}

check {
  A: msync(p, 2*4K, MS_ASYNC) = 0
  A: pagemap(p[1])            = PM_UFFD_WP
  A: mincore(p[1])            = 1
  rss(A).anon                 = 0
  rss(A).shmem                = 0
  rss(A).file                 = 0
  rss(A).swapents             = 0
  swap_used(S)                = 0
  A: load(p[1])               = 'f'
}

expect { never bug   complete }
