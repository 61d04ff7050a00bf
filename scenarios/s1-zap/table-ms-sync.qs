# The row MS_SYNC of the table of entry kinds, a scenario a column. Written by tools/s1_table.

scenario ms-sync-F "msync(MS_SYNC) changes no entry of tmpfs: the file's page"
cell     "zap" MS_SYNC F
machine  cpus=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: load(p[1])                     = 'f'
}

check {
  A: msync(p, 2*4K, MS_SYNC) = 0
  A: pagemap(p[1])           = PM_FILE
  A: mincore(p[1])           = 1
  rss(A).anon                = 0
  rss(A).shmem               = 1
  rss(A).file                = 0
  rss(A).swapents            = 0
  swap_used(S)               = 0
  A: load(p[1])              = 'f'
}

expect { never bug   complete }

scenario ms-sync-A "msync(MS_SYNC) changes no entry of tmpfs: a private copy"
cell     "zap" MS_SYNC A
machine  cpus=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: store(p[1], 'c')
}

check {
  A: msync(p, 2*4K, MS_SYNC) = 0
  A: pagemap(p[1])           = PM_ANON
  A: mincore(p[1])           = 1
  rss(A).anon                = 1
  rss(A).shmem               = 0
  rss(A).file                = 0
  rss(A).swapents            = 0
  swap_used(S)               = 0
  A: load(p[1])              = 'c'
}

expect { never bug   complete }

scenario ms-sync-S "msync(MS_SYNC) changes no entry of tmpfs: a private copy in swap"
cell     "zap" MS_SYNC S
machine  cpus=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0)                    = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: store(p[1], 'c'), madvise(p[1], 4K, MADV_PAGEOUT) = 0
  A: pagemap(p[1])                                     = PM_SWAP
}

check {
  A: msync(p, 2*4K, MS_SYNC) = 0
  A: pagemap(p[1])           = PM_SWAP
  A: mincore(p[1])           = 0
  rss(A).anon                = 0
  rss(A).shmem               = 0
  rss(A).file                = 0
  rss(A).swapents            = 1
  swap_used(S)               = 1
  A: load(p[1])              = 'c'
}

expect { never bug   complete }

scenario ms-sync-mF "msync(MS_SYNC) changes no entry of tmpfs: the file's page, which is being moved"
cell     "zap" MS_SYNC mF
machine  cpus=2 nodes=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: load(p[1])                     = 'f'
}

cpu 0 as A { msync(p, 2*4K, MS_SYNC) = 0 }
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

scenario ms-sync-mA "msync(MS_SYNC) changes no entry of tmpfs: a private copy, which is being moved"
cell     "zap" MS_SYNC mA
machine  cpus=2 nodes=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: store(p[1], 'c')
}

cpu 0 as A { msync(p, 2*4K, MS_SYNC) = 0 }
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

scenario ms-sync-HA "msync(MS_SYNC) changes no entry of tmpfs: a private copy whose memory has failed"
cell     "zap" MS_SYNC HA
machine  cpus=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: store(p[1], 'c')
  poison(A, p[1])                   = 0
}

check {
  A: msync(p, 2*4K, MS_SYNC) = 0
  A: pagemap(p[1])           = PM_HWPOISON
  A: mincore(p[1])           = 1
  rss(A).anon                = 0
  rss(A).shmem               = 0
  rss(A).file                = 0
  rss(A).swapents            = 0
  swap_used(S)               = 0
  A: load(p[1])              = SIGBUS(4)
}

expect { never bug   complete }

scenario ms-sync-HF "msync(MS_SYNC) changes no entry of tmpfs: the file's page, whose memory has failed"
cell     "zap" MS_SYNC HF
machine  cpus=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: load(p[1])                     = 'f'
  poison(A, p[1])                   = 0
}

check {
  A: msync(p, 2*4K, MS_SYNC) = 0
  A: pagemap(p[1])           = PM_HWPOISON
  A: mincore(p[1])           = 1
  rss(A).anon                = 0
  rss(A).shmem               = 0
  rss(A).file                = 0
  rss(A).swapents            = 0
  swap_used(S)               = 0
  A: load(p[1])              = SIGBUS(4)
}

expect { never bug   complete }

scenario ms-sync-dP "msync(MS_SYNC) changes no entry of tmpfs: a private copy in a device's memory"
cell     "zap" MS_SYNC dP
machine  cpus=2 ram=16 device=2 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: store(p[1], 'c')
  device_private(A, p[1])           = 0
}

check {
  A: msync(p, 2*4K, MS_SYNC) = 0
  A: pagemap(p[1])           = PM_DEVICE_PRIVATE
  A: mincore(p[1])           = 1
  rss(A).anon                = 1
  rss(A).shmem               = 0
  rss(A).file                = 0
  rss(A).swapents            = 0
  swap_used(S)               = 0
  A: load(p[1])              = 'c'
  A: pagemap(p[1])           = PM_ANON
}

expect { never bug   complete }

scenario ms-sync-dE "msync(MS_SYNC) changes no entry of tmpfs: a private copy for the device alone"
cell     "zap" MS_SYNC dE
machine  cpus=2 ram=16 device=2 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: store(p[1], 'c')
  device_exclusive(A, p[1])         = 0
}

check {
  A: msync(p, 2*4K, MS_SYNC) = 0
  A: pagemap(p[1])           = PM_DEVICE_EXCLUSIVE
  A: mincore(p[1])           = 1
  rss(A).anon                = 1
  rss(A).shmem               = 0
  rss(A).file                = 0
  rss(A).swapents            = 0
  swap_used(S)               = 0
  A: load(p[1])              = 'c'
  A: pagemap(p[1])           = PM_ANON
}

expect { never bug   complete }

scenario ms-sync-W "msync(MS_SYNC) changes no entry of tmpfs: a write-protect marker"
cell     "zap" MS_SYNC W
machine  cpus=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: uffd_register(p[0:2]) = 0, uffd_writeprotect(p[1], 4K, 1) = 0
}

check {
  A: msync(p, 2*4K, MS_SYNC) = 0
  A: pagemap(p[1])           = PM_UFFD_WP
  A: mincore(p[1])           = 1
  rss(A).anon                = 0
  rss(A).shmem               = 0
  rss(A).file                = 0
  rss(A).swapents            = 0
  swap_used(S)               = 0
  A: load(p[1])              = 'f'
}

expect { never bug   complete }
