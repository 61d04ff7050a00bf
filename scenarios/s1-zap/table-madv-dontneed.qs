# The row MADV_DONTNEED of the table of entry kinds, a scenario a column. Written by tools/s1_table.

scenario madv-dontneed-F "it takes everything but a marker: the file's page"
cell     "zap" MADV_DONTNEED F
machine  cpus=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: load(p[1])                     = 'f'
}

check {
  A: madvise(p, 2*4K, MADV_DONTNEED) = 0
  A: pagemap(p[1])                   = PM_NONE
  A: mincore(p[1])                   = 1
  rss(A).anon                        = 0
  rss(A).shmem                       = 0
  rss(A).file                        = 0
  rss(A).swapents                    = 0
  swap_used(S)                       = 0
  A: load(p[1])                      = 'f'
}

expect { never bug   complete }

scenario madv-dontneed-A "it takes everything but a marker: a private copy"
cell     "zap" MADV_DONTNEED A
machine  cpus=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: store(p[1], 'c')
}

check {
  A: madvise(p, 2*4K, MADV_DONTNEED) = 0
  A: pagemap(p[1])                   = PM_NONE
  A: mincore(p[1])                   = 1
  rss(A).anon                        = 0
  rss(A).shmem                       = 0
  rss(A).file                        = 0
  rss(A).swapents                    = 0
  swap_used(S)                       = 0
  A: load(p[1])                      = 'f'
}

expect { never bug   complete }

scenario madv-dontneed-S "it takes everything but a marker: a private copy in swap"
cell     "zap" MADV_DONTNEED S
machine  cpus=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0)                    = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: store(p[1], 'c'), madvise(p[1], 4K, MADV_PAGEOUT) = 0
  A: pagemap(p[1])                                     = PM_SWAP
}

check {
  A: madvise(p, 2*4K, MADV_DONTNEED) = 0
  A: pagemap(p[1])                   = PM_NONE
  A: mincore(p[1])                   = 1
  rss(A).anon                        = 0
  rss(A).shmem                       = 0
  rss(A).file                        = 0
  rss(A).swapents                    = 0
  swap_used(S)                       = 0
  A: load(p[1])                      = 'f'
}

expect { never bug   complete }

scenario madv-dontneed-mF "it takes everything but a marker: the file's page, which is being moved"
cell     "zap" MADV_DONTNEED mF
machine  cpus=2 nodes=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: load(p[1])                     = 'f'
}

cpu 0 as A { madvise(p, 2*4K, MADV_DONTNEED) = 0 }
cpu 1 as K { m = move_pages(A, p[1], 1) }

check {
  A: pagemap(p[1]) = PM_NONE
  A: mincore(p[1]) = 1
  rss(A).anon      = 0
  rss(A).shmem     = 0
  rss(A).file      = 0
  rss(A).swapents  = 0
  swap_used(S)     = 0
  A: load(p[1])    = 'f'
}

expect { never lost_store   sometimes K:m == 1   complete }

scenario madv-dontneed-mA "it takes everything but a marker: a private copy, which is being moved"
cell     "zap" MADV_DONTNEED mA
machine  cpus=2 nodes=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: store(p[1], 'c')
}

cpu 0 as A { madvise(p, 2*4K, MADV_DONTNEED) = 0 }
cpu 1 as K { m = move_pages(A, p[1], 1) }

check {
  A: pagemap(p[1]) = PM_NONE
  A: mincore(p[1]) = 1
  rss(A).anon      = 0
  rss(A).shmem     = 0
  rss(A).file      = 0
  rss(A).swapents  = 0
  swap_used(S)     = 0
  A: load(p[1])    = 'f'
}

expect { never lost_store   sometimes K:m == 1   complete }

scenario madv-dontneed-HA "it takes everything but a marker: a private copy whose memory has failed"
cell     "zap" MADV_DONTNEED HA
machine  cpus=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: store(p[1], 'c')
  poison(A, p[1])                   = 0
}

check {
  A: madvise(p, 2*4K, MADV_DONTNEED) = 0
  A: pagemap(p[1])                   = PM_NONE
  A: mincore(p[1])                   = 1
  rss(A).anon                        = 0
  rss(A).shmem                       = 0
  rss(A).file                        = 0
  rss(A).swapents                    = 0
  swap_used(S)                       = 0
  A: load(p[1])                      = 'f'
}

expect { never bug   complete }

scenario madv-dontneed-HF "it takes everything but a marker: the file's page, whose memory has failed"
cell     "zap" MADV_DONTNEED HF
machine  cpus=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: load(p[1])                     = 'f'
  poison(A, p[1])                   = 0
}

check {
  A: madvise(p, 2*4K, MADV_DONTNEED) = 0
  A: pagemap(p[1])                   = PM_NONE
  A: mincore(p[1])                   = 1
  rss(A).anon                        = 0
  rss(A).shmem                       = 0
  rss(A).file                        = 0
  rss(A).swapents                    = 0
  swap_used(S)                       = 0
  A: load(p[1])                      = SIGBUS(4)
}

expect { never bug   complete }

scenario madv-dontneed-dP "it takes everything but a marker: a private copy in a device's memory"
cell     "zap" MADV_DONTNEED dP
machine  cpus=2 ram=16 device=2 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: store(p[1], 'c')
  device_private(A, p[1])           = 0
}

check {
  A: madvise(p, 2*4K, MADV_DONTNEED) = 0
  A: pagemap(p[1])                   = PM_NONE
  A: mincore(p[1])                   = 1
  rss(A).anon                        = 0
  rss(A).shmem                       = 0
  rss(A).file                        = 0
  rss(A).swapents                    = 0
  swap_used(S)                       = 0
  A: load(p[1])                      = 'f'
}

expect { never bug   complete }

scenario madv-dontneed-dE "it takes everything but a marker: a private copy for the device alone"
cell     "zap" MADV_DONTNEED dE
machine  cpus=2 ram=16 device=2 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: store(p[1], 'c')
  device_exclusive(A, p[1])         = 0
}

check {
  A: madvise(p, 2*4K, MADV_DONTNEED) = 0
  A: pagemap(p[1])                   = PM_NONE
  A: mincore(p[1])                   = 1
  rss(A).anon                        = 0
  rss(A).shmem                       = 0
  rss(A).file                        = 0
  rss(A).swapents                    = 0
  swap_used(S)                       = 0
  A: load(p[1])                      = 'f'
}

expect { never bug   complete }

scenario madv-dontneed-W "it takes everything but a marker: a write-protect marker"
cell     "zap" MADV_DONTNEED W
machine  cpus=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: uffd_register(p[0:2]) = 0, uffd_writeprotect(p[1], 4K, 1) = 0
}

check {
  A: madvise(p, 2*4K, MADV_DONTNEED) = 0
  A: pagemap(p[1])                   = PM_UFFD_WP
  A: mincore(p[1])                   = 1
  rss(A).anon                        = 0
  rss(A).shmem                       = 0
  rss(A).file                        = 0
  rss(A).swapents                    = 0
  swap_used(S)                       = 0
  A: load(p[1])                      = 'f'
}

expect { never bug   complete }
