# The row MADV_REMOVE of the table of entry kinds, a scenario a column. Written by tools/s1_table.

scenario madv-remove-F "through another mapping it is a hole punch: the file's page"
cell     "zap" MADV_REMOVE F
machine  cpus=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: s = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: load(p[1])                     = 'f'
}

check {
  A: madvise(s[1], 4K, MADV_REMOVE) = 0
  A: pagemap(p[1])                  = PM_NONE
  A: mincore(p[1])                  = 0
  rss(A).anon                       = 0
  rss(A).shmem                      = 0
  rss(A).file                       = 0
  rss(A).swapents                   = 0
  swap_used(S)                      = 0
  A: load(p[1])                     = 0
}

expect { never bug   complete }

scenario madv-remove-A "through another mapping it is a hole punch: a private copy"
cell     "zap" MADV_REMOVE A
machine  cpus=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: s = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: store(p[1], 'c')
}

check {
  A: madvise(s[1], 4K, MADV_REMOVE) = 0
  A: pagemap(p[1])                  = PM_ANON
  A: mincore(p[1])                  = 1
  rss(A).anon                       = 1
  rss(A).shmem                      = 0
  rss(A).file                       = 0
  rss(A).swapents                   = 0
  swap_used(S)                      = 0
  A: load(p[1])                     = 'c'
  A: q = mmap(0, 2*4K, PROT_READ, MAP_SHARED, fd, 0)
  A: load(q[1])                     = 0
}

expect { never bug   complete }

scenario madv-remove-S "through another mapping it is a hole punch: a private copy in swap"
cell     "zap" MADV_REMOVE S
machine  cpus=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0)                    = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: s = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: store(p[1], 'c'), madvise(p[1], 4K, MADV_PAGEOUT) = 0
  A: pagemap(p[1])                                     = PM_SWAP
}

check {
  A: madvise(s[1], 4K, MADV_REMOVE) = 0
  A: pagemap(p[1])                  = PM_SWAP
  A: mincore(p[1])                  = 0
  rss(A).anon                       = 0
  rss(A).shmem                      = 0
  rss(A).file                       = 0
  rss(A).swapents                   = 1
  swap_used(S)                      = 1
  A: load(p[1])                     = 'c'
  A: q = mmap(0, 2*4K, PROT_READ, MAP_SHARED, fd, 0)
  A: load(q[1])                     = 0
}

expect { never bug   complete }

scenario madv-remove-mF "through another mapping it is a hole punch: the file's page, which is being moved"
cell     "zap" MADV_REMOVE mF
machine  cpus=2 nodes=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: s = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: load(p[1])                     = 'f'
}

cpu 0 as A { madvise(s[1], 4K, MADV_REMOVE) = 0 }
cpu 1 as K { m = move_pages(A, p[1], 1) }

check {
  A: pagemap(p[1]) = PM_NONE
  A: mincore(p[1]) = 0
  rss(A).anon      = 0
  rss(A).shmem     = 0
  rss(A).file      = 0
  rss(A).swapents  = 0
  swap_used(S)     = 0
  A: load(p[1])    = 0
}

expect { never lost_store   sometimes K:m == 1   complete }

scenario madv-remove-mA "through another mapping it is a hole punch: a private copy, which is being moved"
cell     "zap" MADV_REMOVE mA
machine  cpus=2 nodes=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: s = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: store(p[1], 'c')
}

cpu 0 as A { madvise(s[1], 4K, MADV_REMOVE) = 0 }
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
  A: q = mmap(0, 2*4K, PROT_READ, MAP_SHARED, fd, 0)
  A: load(q[1])    = 0
}

expect { never lost_store   sometimes K:m == 1   complete }

scenario madv-remove-HA "through another mapping it is a hole punch: a private copy whose memory has failed"
cell     "zap" MADV_REMOVE HA
machine  cpus=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: s = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: store(p[1], 'c')
  poison(A, p[1])                   = 0
}

check {
  A: madvise(s[1], 4K, MADV_REMOVE) = 0
  A: pagemap(p[1])                  = PM_HWPOISON
  A: mincore(p[1])                  = 1
  rss(A).anon                       = 0
  rss(A).shmem                      = 0
  rss(A).file                       = 0
  rss(A).swapents                   = 0
  swap_used(S)                      = 0
  A: load(p[1])                     = SIGBUS(4)
  A: q = mmap(0, 2*4K, PROT_READ, MAP_SHARED, fd, 0)
  A: load(q[1])                     = 0
}

expect { never bug   complete }

scenario madv-remove-HF "through another mapping it is a hole punch: the file's page, whose memory has failed"
cell     "zap" MADV_REMOVE HF
machine  cpus=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: s = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: load(p[1])                     = 'f'
  poison(A, p[1])                   = 0
}

check {
  A: madvise(s[1], 4K, MADV_REMOVE) = 0
  A: pagemap(p[1])                  = PM_HWPOISON
  A: mincore(p[1])                  = 1
  rss(A).anon                       = 0
  rss(A).shmem                      = 0
  rss(A).file                       = 0
  rss(A).swapents                   = 0
  swap_used(S)                      = 0
  A: load(p[1])                     = SIGBUS(4)
  A: q = mmap(0, 2*4K, PROT_READ, MAP_SHARED, fd, 0)
  A: load(q[1])                     = 0
}

expect { never bug   complete }

scenario madv-remove-dP "through another mapping it is a hole punch: a private copy in a device's memory"
cell     "zap" MADV_REMOVE dP
machine  cpus=2 ram=16 device=2 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: s = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: store(p[1], 'c')
  device_private(A, p[1])           = 0
}

check {
  A: madvise(s[1], 4K, MADV_REMOVE) = 0
  A: pagemap(p[1])                  = PM_DEVICE_PRIVATE
  A: mincore(p[1])                  = 1
  rss(A).anon                       = 1
  rss(A).shmem                      = 0
  rss(A).file                       = 0
  rss(A).swapents                   = 0
  swap_used(S)                      = 0
  A: load(p[1])                     = 'c'
  A: pagemap(p[1])                  = PM_ANON
  A: q = mmap(0, 2*4K, PROT_READ, MAP_SHARED, fd, 0)
  A: load(q[1])                     = 0
}

expect { never bug   complete }

scenario madv-remove-dE "through another mapping it is a hole punch: a private copy for the device alone"
cell     "zap" MADV_REMOVE dE
machine  cpus=2 ram=16 device=2 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: s = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: store(p[1], 'c')
  device_exclusive(A, p[1])         = 0
}

check {
  A: madvise(s[1], 4K, MADV_REMOVE) = 0
  A: pagemap(p[1])                  = PM_DEVICE_EXCLUSIVE
  A: mincore(p[1])                  = 1
  rss(A).anon                       = 1
  rss(A).shmem                      = 0
  rss(A).file                       = 0
  rss(A).swapents                   = 0
  swap_used(S)                      = 0
  A: load(p[1])                     = 'c'
  A: pagemap(p[1])                  = PM_ANON
  A: q = mmap(0, 2*4K, PROT_READ, MAP_SHARED, fd, 0)
  A: load(q[1])                     = 0
}

expect { never bug   complete }

scenario madv-remove-W "through another mapping it is a hole punch: a write-protect marker"
cell     "zap" MADV_REMOVE W
machine  cpus=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: s = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: uffd_register(p[0:2]) = 0, uffd_writeprotect(p[1], 4K, 1) = 0
}

check {
  A: madvise(s[1], 4K, MADV_REMOVE) = 0
  A: pagemap(p[1])                  = PM_UFFD_WP
  A: mincore(p[1])                  = 0
  rss(A).anon                       = 0
  rss(A).shmem                      = 0
  rss(A).file                       = 0
  rss(A).swapents                   = 0
  A: load(p[1])                     = 0
}

expect { never bug   complete }
