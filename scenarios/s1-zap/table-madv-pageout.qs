# The row MADV_PAGEOUT of the table of entry kinds, a scenario a column. Written by tools/s1_table.

scenario madv-pageout-F "it reclaims what is present: the file's page"
cell     "zap" MADV_PAGEOUT F
machine  cpus=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: load(p[1])                     = 'f'
}

check {
  A: madvise(p, 2*4K, MADV_PAGEOUT) = 0
  A: pagemap(p[1])                  = PM_NONE
  A: mincore(p[1])                  = 0
  rss(A).anon                       = 0
  rss(A).shmem                      = 0
  rss(A).file                       = 0
  rss(A).swapents                   = 0
  swap_used(S)                      = 1
  A: load(p[1])                     = 'f'
}

expect { never bug   complete }

scenario madv-pageout-A "it reclaims what is present: a private copy"
cell     "zap" MADV_PAGEOUT A
machine  cpus=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: store(p[1], 'c')
}

check {
  A: madvise(p, 2*4K, MADV_PAGEOUT) = 0
  A: pagemap(p[1])                  = PM_SWAP
  A: mincore(p[1])                  = 0
  rss(A).anon                       = 0
  rss(A).shmem                      = 0
  rss(A).file                       = 0
  rss(A).swapents                   = 1
  swap_used(S)                      = 1
  A: load(p[1])                     = 'c'
}

expect { never bug   complete }

scenario madv-pageout-S "it reclaims what is present: a private copy in swap"
cell     "zap" MADV_PAGEOUT S
machine  cpus=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0)                    = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: store(p[1], 'c'), madvise(p[1], 4K, MADV_PAGEOUT) = 0
  A: pagemap(p[1])                                     = PM_SWAP
}

check {
  A: madvise(p, 2*4K, MADV_PAGEOUT) = 0
  A: pagemap(p[1])                  = PM_SWAP
  A: mincore(p[1])                  = 0
  rss(A).anon                       = 0
  rss(A).shmem                      = 0
  rss(A).file                       = 0
  rss(A).swapents                   = 1
  swap_used(S)                      = 1
  A: load(p[1])                     = 'c'
}

expect { never bug   complete }

scenario madv-pageout-mF "it reclaims what is present: the file's page, which is being moved"
cell     "zap" MADV_PAGEOUT mF
machine  cpus=2 nodes=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: load(p[1])                     = 'f'
}

cpu 0 as A { madvise(p, 2*4K, MADV_PAGEOUT) = 0 }
cpu 1 as K { m = move_pages(A, p[1], 1) }

check {
  A: load(p[1]) = 'f'
}

expect { never lost_store   sometimes K:m == 1   complete }

scenario madv-pageout-mA "it reclaims what is present: a private copy, which is being moved"
cell     "zap" MADV_PAGEOUT mA
machine  cpus=2 nodes=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: store(p[1], 'c')
}

cpu 0 as A { madvise(p, 2*4K, MADV_PAGEOUT) = 0 }
cpu 1 as K { m = move_pages(A, p[1], 1) }

check {
  A: load(p[1]) = 'c'
}

expect { never lost_store   sometimes K:m == 1   complete }

scenario madv-pageout-HA "it reclaims what is present: a private copy whose memory has failed"
cell     "zap" MADV_PAGEOUT HA
machine  cpus=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: store(p[1], 'c')
  poison(A, p[1])                   = 0
}

check {
  A: madvise(p, 2*4K, MADV_PAGEOUT) = 0
  A: pagemap(p[1])                  = PM_HWPOISON
  A: mincore(p[1])                  = 1
  rss(A).anon                       = 0
  rss(A).shmem                      = 0
  rss(A).file                       = 0
  rss(A).swapents                   = 0
  swap_used(S)                      = 0
  A: load(p[1])                     = SIGBUS(4)
}

expect { never bug   complete }

scenario madv-pageout-HF "it reclaims what is present: the file's page, whose memory has failed"
cell     "zap" MADV_PAGEOUT HF
machine  cpus=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: load(p[1])                     = 'f'
  poison(A, p[1])                   = 0
}

check {
  A: madvise(p, 2*4K, MADV_PAGEOUT) = 0
  A: pagemap(p[1])                  = PM_HWPOISON
  A: mincore(p[1])                  = 1
  rss(A).anon                       = 0
  rss(A).shmem                      = 0
  rss(A).file                       = 0
  rss(A).swapents                   = 0
  swap_used(S)                      = 0
  A: load(p[1])                     = SIGBUS(4)
}

expect { never bug   complete }

scenario madv-pageout-dP "it reclaims what is present: a private copy in a device's memory"
cell     "zap" MADV_PAGEOUT dP
machine  cpus=2 ram=16 device=2 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: store(p[1], 'c')
  device_private(A, p[1])           = 0
}

check {
  A: madvise(p, 2*4K, MADV_PAGEOUT) = 0
  A: pagemap(p[1])                  = PM_DEVICE_PRIVATE
  A: mincore(p[1])                  = 1
  rss(A).anon                       = 1
  rss(A).shmem                      = 0
  rss(A).file                       = 0
  rss(A).swapents                   = 0
  swap_used(S)                      = 0
  A: load(p[1])                     = 'c'
  A: pagemap(p[1])                  = PM_ANON
}

expect { never bug   complete }

scenario madv-pageout-dE "it reclaims what is present: a private copy for the device alone"
cell     "zap" MADV_PAGEOUT dE
machine  cpus=2 ram=16 device=2 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: store(p[1], 'c')
  device_exclusive(A, p[1])         = 0
}

check {
  A: madvise(p, 2*4K, MADV_PAGEOUT) = 0
  A: pagemap(p[1])                  = PM_DEVICE_EXCLUSIVE
  A: mincore(p[1])                  = 1
  rss(A).anon                       = 1
  rss(A).shmem                      = 0
  rss(A).file                       = 0
  rss(A).swapents                   = 0
  swap_used(S)                      = 0
  A: load(p[1])                     = 'c'
  A: pagemap(p[1])                  = PM_ANON
}

expect { never bug   complete }

scenario madv-pageout-W "it reclaims what is present: a write-protect marker"
cell     "zap" MADV_PAGEOUT W
machine  cpus=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: uffd_register(p[0:2]) = 0, uffd_writeprotect(p[1], 4K, 1) = 0
}

check {
  A: madvise(p, 2*4K, MADV_PAGEOUT) = 0
  A: pagemap(p[1])                  = PM_UFFD_WP
  A: mincore(p[1])                  = 1
  rss(A).anon                       = 0
  rss(A).shmem                      = 0
  rss(A).file                       = 0
  rss(A).swapents                   = 0
  swap_used(S)                      = 0
  A: load(p[1])                     = 'f'
}

expect { never bug   complete }
