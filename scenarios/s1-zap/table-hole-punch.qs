# The row hole-punch of the table of entry kinds, a scenario a column. Written by tools/s1_table.

scenario hole-punch-F "a hole punch takes the file's pages alone: the file's page"
cell     "zap" hole-punch F
machine  cpus=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: load(p[1])                     = 'f'
}

check {
  A: fallocate(fd, FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE, 4K, 4K) = 0
  A: pagemap(p[1])                                                   = PM_NONE
  A: mincore(p[1])                                                   = 0
  rss(A).anon                                                        = 0
  rss(A).shmem                                                       = 0
  rss(A).file                                                        = 0
  rss(A).swapents                                                    = 0
  swap_used(S)                                                       = 0
  A: load(p[1])                                                      = 0
}

expect { never bug   complete }

scenario hole-punch-A "a hole punch takes the file's pages alone: a private copy"
cell     "zap" hole-punch A
machine  cpus=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: store(p[1], 'c')
}

check {
  A: fallocate(fd, FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE, 4K, 4K) = 0
  A: pagemap(p[1])                                                   = PM_ANON
  A: mincore(p[1])                                                   = 1
  rss(A).anon                                                        = 1
  rss(A).shmem                                                       = 0
  rss(A).file                                                        = 0
  rss(A).swapents                                                    = 0
  swap_used(S)                                                       = 0
  A: load(p[1])                                                      = 'c'
  A: q = mmap(0, 2*4K, PROT_READ, MAP_SHARED, fd, 0)
  A: load(q[1])                                                      = 0
}

expect { never bug   complete }

scenario hole-punch-S "a hole punch takes the file's pages alone: a private copy in swap"
cell     "zap" hole-punch S
machine  cpus=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0)                    = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: store(p[1], 'c'), madvise(p[1], 4K, MADV_PAGEOUT) = 0
  A: pagemap(p[1])                                     = PM_SWAP
}

check {
  A: fallocate(fd, FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE, 4K, 4K) = 0
  A: pagemap(p[1])                                                   = PM_SWAP
  A: mincore(p[1])                                                   = 0
  rss(A).anon                                                        = 0
  rss(A).shmem                                                       = 0
  rss(A).file                                                        = 0
  rss(A).swapents                                                    = 1
  swap_used(S)                                                       = 1
  A: load(p[1])                                                      = 'c'
  A: q = mmap(0, 2*4K, PROT_READ, MAP_SHARED, fd, 0)
  A: load(q[1])                                                      = 0
}

expect { never bug   complete }

scenario hole-punch-mF "a hole punch takes the file's pages alone: the file's page, which is being moved"
cell     "zap" hole-punch mF
machine  cpus=2 nodes=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: load(p[1])                     = 'f'
}

cpu 0 as A { fallocate(fd, FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE, 4K, 4K) = 0 }
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

scenario hole-punch-mA "a hole punch takes the file's pages alone: a private copy, which is being moved"
cell     "zap" hole-punch mA
machine  cpus=2 nodes=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: store(p[1], 'c')
}

cpu 0 as A { fallocate(fd, FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE, 4K, 4K) = 0 }
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

scenario hole-punch-HA "a hole punch takes the file's pages alone: a private copy whose memory has failed"
cell     "zap" hole-punch HA
machine  cpus=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: store(p[1], 'c')
  poison(A, p[1])                   = 0
}

check {
  A: fallocate(fd, FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE, 4K, 4K) = 0
  A: pagemap(p[1])                                                   = PM_HWPOISON
  A: mincore(p[1])                                                   = 1
  rss(A).anon                                                        = 0
  rss(A).shmem                                                       = 0
  rss(A).file                                                        = 0
  rss(A).swapents                                                    = 0
  swap_used(S)                                                       = 0
  A: load(p[1])                                                      = SIGBUS(4)
  A: q = mmap(0, 2*4K, PROT_READ, MAP_SHARED, fd, 0)
  A: load(q[1])                                                      = 0
}

expect { never bug   complete }

scenario hole-punch-HF "a hole punch takes the file's pages alone: the file's page, whose memory has failed"
cell     "zap" hole-punch HF
machine  cpus=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: load(p[1])                     = 'f'
  poison(A, p[1])                   = 0
}

check {
  A: fallocate(fd, FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE, 4K, 4K) = 0
  A: pagemap(p[1])                                                   = PM_HWPOISON
  A: mincore(p[1])                                                   = 1
  rss(A).anon                                                        = 0
  rss(A).shmem                                                       = 0
  rss(A).file                                                        = 0
  rss(A).swapents                                                    = 0
  swap_used(S)                                                       = 0
  A: load(p[1])                                                      = SIGBUS(4)
  A: q = mmap(0, 2*4K, PROT_READ, MAP_SHARED, fd, 0)
  A: load(q[1])                                                      = 0
}

expect { never bug   complete }

scenario hole-punch-dP "a hole punch takes the file's pages alone: a private copy in a device's memory"
cell     "zap" hole-punch dP
machine  cpus=2 ram=16 device=2 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: store(p[1], 'c')
  device_private(A, p[1])           = 0
}

check {
  A: fallocate(fd, FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE, 4K, 4K) = 0
  A: pagemap(p[1])                                                   = PM_DEVICE_PRIVATE
  A: mincore(p[1])                                                   = 1
  rss(A).anon                                                        = 1
  rss(A).shmem                                                       = 0
  rss(A).file                                                        = 0
  rss(A).swapents                                                    = 0
  swap_used(S)                                                       = 0
  A: load(p[1])                                                      = 'c'
  A: pagemap(p[1])                                                   = PM_ANON
  A: q = mmap(0, 2*4K, PROT_READ, MAP_SHARED, fd, 0)
  A: load(q[1])                                                      = 0
}

expect { never bug   complete }

scenario hole-punch-dE "a hole punch takes the file's pages alone: a private copy for the device alone"
cell     "zap" hole-punch dE
machine  cpus=2 ram=16 device=2 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: store(p[1], 'c')
  device_exclusive(A, p[1])         = 0
}

check {
  A: fallocate(fd, FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE, 4K, 4K) = 0
  A: pagemap(p[1])                                                   = PM_DEVICE_EXCLUSIVE
  A: mincore(p[1])                                                   = 1
  rss(A).anon                                                        = 1
  rss(A).shmem                                                       = 0
  rss(A).file                                                        = 0
  rss(A).swapents                                                    = 0
  swap_used(S)                                                       = 0
  A: load(p[1])                                                      = 'c'
  A: pagemap(p[1])                                                   = PM_ANON
  A: q = mmap(0, 2*4K, PROT_READ, MAP_SHARED, fd, 0)
  A: load(q[1])                                                      = 0
}

expect { never bug   complete }

scenario hole-punch-W "a hole punch takes the file's pages alone: a write-protect marker"
cell     "zap" hole-punch W
machine  cpus=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: uffd_register(p[0:2]) = 0, uffd_writeprotect(p[1], 4K, 1) = 0
}

check {
  A: fallocate(fd, FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE, 4K, 4K) = 0
  A: pagemap(p[1])                                                   = PM_UFFD_WP
  A: mincore(p[1])                                                   = 0
  rss(A).anon                                                        = 0
  rss(A).shmem                                                       = 0
  rss(A).file                                                        = 0
  rss(A).swapents                                                    = 0
  A: load(p[1])                                                      = 0
}

expect { never bug   complete }
