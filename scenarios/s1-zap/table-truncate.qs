# The row truncate of the table of entry kinds, a scenario a column. Written by tools/s1_table.

scenario truncate-F "truncation takes everything beyond the end: the file's page"
cell     "zap" truncate F
machine  cpus=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: load(p[1])                     = 'f'
}

check {
  A: ftruncate(fd, 4K)   = 0
  A: pagemap(p[1])       = PM_NONE
  A: mincore(p[1])       = 0
  rss(A).anon            = 0
  rss(A).shmem           = 0
  rss(A).file            = 0
  rss(A).swapents        = 0
  swap_used(S)           = 0
  A: load(p[1])          = SIGBUS(2)
  A: ftruncate(fd, 2*4K) = 0
  A: load(p[1])          = 0
}

expect { never bug   complete }

scenario truncate-A "truncation takes everything beyond the end: a private copy"
cell     "zap" truncate A
machine  cpus=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: store(p[1], 'c')
}

check {
  A: ftruncate(fd, 4K)   = 0
  A: pagemap(p[1])       = PM_NONE
  A: mincore(p[1])       = 0
  rss(A).anon            = 0
  rss(A).shmem           = 0
  rss(A).file            = 0
  rss(A).swapents        = 0
  swap_used(S)           = 0
  A: load(p[1])          = SIGBUS(2)
  A: ftruncate(fd, 2*4K) = 0
  A: load(p[1])          = 0
}

expect { never bug   complete }

scenario truncate-S "truncation takes everything beyond the end: a private copy in swap"
cell     "zap" truncate S
machine  cpus=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0)                    = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: store(p[1], 'c'), madvise(p[1], 4K, MADV_PAGEOUT) = 0
  A: pagemap(p[1])                                     = PM_SWAP
}

check {
  A: ftruncate(fd, 4K)   = 0
  A: pagemap(p[1])       = PM_NONE
  A: mincore(p[1])       = 0
  rss(A).anon            = 0
  rss(A).shmem           = 0
  rss(A).file            = 0
  rss(A).swapents        = 0
  swap_used(S)           = 0
  A: load(p[1])          = SIGBUS(2)
  A: ftruncate(fd, 2*4K) = 0
  A: load(p[1])          = 0
}

expect { never bug   complete }

scenario truncate-mF "truncation takes everything beyond the end: the file's page, which is being moved"
cell     "zap" truncate mF
machine  cpus=2 nodes=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: load(p[1])                     = 'f'
}

cpu 0 as A { ftruncate(fd, 4K) = 0 }
cpu 1 as K { m = move_pages(A, p[1], 1) }

check {
  A: pagemap(p[1])       = PM_NONE
  A: mincore(p[1])       = 0
  rss(A).anon            = 0
  rss(A).shmem           = 0
  rss(A).file            = 0
  rss(A).swapents        = 0
  swap_used(S)           = 0
  A: load(p[1])          = SIGBUS(2)
  A: ftruncate(fd, 2*4K) = 0
  A: load(p[1])          = 0
}

expect { never lost_store   sometimes K:m == 1   complete }

scenario truncate-mA "truncation takes everything beyond the end: a private copy, which is being moved"
cell     "zap" truncate mA
machine  cpus=2 nodes=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: store(p[1], 'c')
}

cpu 0 as A { ftruncate(fd, 4K) = 0 }
cpu 1 as K { m = move_pages(A, p[1], 1) }

check {
  A: pagemap(p[1])       = PM_NONE
  A: mincore(p[1])       = 0
  rss(A).anon            = 0
  rss(A).shmem           = 0
  rss(A).file            = 0
  rss(A).swapents        = 0
  swap_used(S)           = 0
  A: load(p[1])          = SIGBUS(2)
  A: ftruncate(fd, 2*4K) = 0
  A: load(p[1])          = 0
}

expect { never lost_store   sometimes K:m == 1   complete }

scenario truncate-HA "truncation takes everything beyond the end: a private copy whose memory has failed"
cell     "zap" truncate HA
machine  cpus=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: store(p[1], 'c')
  poison(A, p[1])                   = 0
}

check {
  A: ftruncate(fd, 4K)   = 0
  A: pagemap(p[1])       = PM_NONE
  A: mincore(p[1])       = 0
  rss(A).anon            = 0
  rss(A).shmem           = 0
  rss(A).file            = 0
  rss(A).swapents        = 0
  swap_used(S)           = 0
  A: load(p[1])          = SIGBUS(2)
  A: ftruncate(fd, 2*4K) = 0
  A: load(p[1])          = 0
}

expect { never bug   complete }

scenario truncate-HF "truncation takes everything beyond the end: the file's page, whose memory has failed"
cell     "zap" truncate HF
machine  cpus=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: load(p[1])                     = 'f'
  poison(A, p[1])                   = 0
}

check {
  A: ftruncate(fd, 4K)   = 0
  A: pagemap(p[1])       = PM_NONE
  A: mincore(p[1])       = 0
  rss(A).anon            = 0
  rss(A).shmem           = 0
  rss(A).file            = 0
  rss(A).swapents        = 0
  swap_used(S)           = 0
  A: load(p[1])          = SIGBUS(2)
  A: ftruncate(fd, 2*4K) = 0
  A: load(p[1])          = 0
}

expect { never bug   complete }

scenario truncate-dP "truncation takes everything beyond the end: a private copy in a device's memory"
cell     "zap" truncate dP
machine  cpus=2 ram=16 device=2 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: store(p[1], 'c')
  device_private(A, p[1])           = 0
}

check {
  A: ftruncate(fd, 4K)   = 0
  A: pagemap(p[1])       = PM_NONE
  A: mincore(p[1])       = 0
  rss(A).anon            = 0
  rss(A).shmem           = 0
  rss(A).file            = 0
  rss(A).swapents        = 0
  swap_used(S)           = 0
  A: load(p[1])          = SIGBUS(2)
  A: ftruncate(fd, 2*4K) = 0
  A: load(p[1])          = 0
}

expect { never bug   complete }

scenario truncate-dE "truncation takes everything beyond the end: a private copy for the device alone"
cell     "zap" truncate dE
machine  cpus=2 ram=16 device=2 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: store(p[1], 'c')
  device_exclusive(A, p[1])         = 0
}

check {
  A: ftruncate(fd, 4K)   = 0
  A: pagemap(p[1])       = PM_NONE
  A: mincore(p[1])       = 0
  rss(A).anon            = 0
  rss(A).shmem           = 0
  rss(A).file            = 0
  rss(A).swapents        = 0
  swap_used(S)           = 0
  A: load(p[1])          = SIGBUS(2)
  A: ftruncate(fd, 2*4K) = 0
  A: load(p[1])          = 0
}

expect { never bug   complete }

scenario truncate-W "truncation takes everything beyond the end: a write-protect marker"
cell     "zap" truncate W
machine  cpus=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: uffd_register(p[0:2]) = 0, uffd_writeprotect(p[1], 4K, 1) = 0
}

check {
  A: ftruncate(fd, 4K)   = 0
  A: pagemap(p[1])       = PM_UFFD_WP
  A: mincore(p[1])       = 0
  rss(A).anon            = 0
  rss(A).shmem           = 0
  rss(A).file            = 0
  rss(A).swapents        = 0
  swap_used(S)           = 0
  A: load(p[1])          = SIGBUS(2)
  A: ftruncate(fd, 2*4K) = 0
  A: load(p[1])          = 0
}

expect { never bug   complete }
