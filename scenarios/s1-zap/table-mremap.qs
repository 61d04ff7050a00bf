# The row mremap of the table of entry kinds, a scenario a column. Written by tools/s1_table.

scenario mremap-F "it moves entries verbatim: the file's page"
cell     "zap" mremap F
machine  cpus=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: load(p[1])                     = 'f'
}

check {
  A: q = mremap(p, 2*4K, 2*4K, MREMAP_MAYMOVE|MREMAP_FIXED, 5*4K) = 5*4K
  A: load(p[1])                                                   = SIGSEGV(1)
  A: pagemap(q[1])                                                = PM_FILE
  A: mincore(q[1])                                                = 1
  rss(A).anon                                                     = 0
  rss(A).shmem                                                    = 1
  rss(A).file                                                     = 0
  rss(A).swapents                                                 = 0
  swap_used(S)                                                    = 0
  A: load(q[1])                                                   = 'f'
}

expect { never bug   complete }

scenario mremap-A "it moves entries verbatim: a private copy"
cell     "zap" mremap A
machine  cpus=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: store(p[1], 'c')
}

check {
  A: q = mremap(p, 2*4K, 2*4K, MREMAP_MAYMOVE|MREMAP_FIXED, 5*4K) = 5*4K
  A: load(p[1])                                                   = SIGSEGV(1)
  A: pagemap(q[1])                                                = PM_ANON
  A: mincore(q[1])                                                = 1
  rss(A).anon                                                     = 1
  rss(A).shmem                                                    = 0
  rss(A).file                                                     = 0
  rss(A).swapents                                                 = 0
  swap_used(S)                                                    = 0
  A: load(q[1])                                                   = 'c'
}

expect { never bug   complete }

scenario mremap-S "it moves entries verbatim: a private copy in swap"
cell     "zap" mremap S
machine  cpus=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0)                    = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: store(p[1], 'c'), madvise(p[1], 4K, MADV_PAGEOUT) = 0
  A: pagemap(p[1])                                     = PM_SWAP
}

check {
  A: q = mremap(p, 2*4K, 2*4K, MREMAP_MAYMOVE|MREMAP_FIXED, 5*4K) = 5*4K
  A: load(p[1])                                                   = SIGSEGV(1)
  A: pagemap(q[1])                                                = PM_SWAP
  A: mincore(q[1])                                                = 0
  rss(A).anon                                                     = 0
  rss(A).shmem                                                    = 0
  rss(A).file                                                     = 0
  rss(A).swapents                                                 = 1
  swap_used(S)                                                    = 1
  A: load(q[1])                                                   = 'c'
}

expect { never bug   complete }

scenario mremap-mF "it moves entries verbatim: the file's page, which is being moved"
cell     "zap" mremap mF
machine  cpus=2 nodes=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: load(p[1])                     = 'f'
}

cpu 0 as A { q = mremap(p, 2*4K, 2*4K, MREMAP_MAYMOVE|MREMAP_FIXED, 5*4K) = 5*4K }
cpu 1 as K { m = move_pages(A, p[1], 1) }

check {
  A: load(p[1])    = SIGSEGV(1)
  A: pagemap(q[1]) = PM_FILE
  A: mincore(q[1]) = 1
  rss(A).anon      = 0
  rss(A).shmem     = 1
  rss(A).file      = 0
  rss(A).swapents  = 0
  swap_used(S)     = 0
  A: load(q[1])    = 'f'
}

expect { never lost_store   sometimes K:m == 1   complete }

scenario mremap-mA "it moves entries verbatim: a private copy, which is being moved"
cell     "zap" mremap mA
machine  cpus=2 nodes=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: store(p[1], 'c')
}

cpu 0 as A { q = mremap(p, 2*4K, 2*4K, MREMAP_MAYMOVE|MREMAP_FIXED, 5*4K) = 5*4K }
cpu 1 as K { m = move_pages(A, p[1], 1) }

check {
  A: load(p[1])    = SIGSEGV(1)
  A: pagemap(q[1]) = PM_ANON
  A: mincore(q[1]) = 1
  rss(A).anon      = 1
  rss(A).shmem     = 0
  rss(A).file      = 0
  rss(A).swapents  = 0
  swap_used(S)     = 0
  A: load(q[1])    = 'c'
}

expect { never lost_store   sometimes K:m == 1   complete }

scenario mremap-HA "it moves entries verbatim: a private copy whose memory has failed"
cell     "zap" mremap HA
machine  cpus=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: store(p[1], 'c')
  poison(A, p[1])                   = 0
}

check {
  A: q = mremap(p, 2*4K, 2*4K, MREMAP_MAYMOVE|MREMAP_FIXED, 5*4K) = 5*4K
  A: load(p[1])                                                   = SIGSEGV(1)
  A: pagemap(q[1])                                                = PM_HWPOISON
  A: mincore(q[1])                                                = 1
  rss(A).anon                                                     = 0
  rss(A).shmem                                                    = 0
  rss(A).file                                                     = 0
  rss(A).swapents                                                 = 0
  swap_used(S)                                                    = 0
  A: load(q[1])                                                   = SIGBUS(4)
}

expect { never bug   complete }

scenario mremap-HF "it moves entries verbatim: the file's page, whose memory has failed"
cell     "zap" mremap HF
machine  cpus=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: load(p[1])                     = 'f'
  poison(A, p[1])                   = 0
}

check {
  A: q = mremap(p, 2*4K, 2*4K, MREMAP_MAYMOVE|MREMAP_FIXED, 5*4K) = 5*4K
  A: load(p[1])                                                   = SIGSEGV(1)
  A: pagemap(q[1])                                                = PM_HWPOISON
  A: mincore(q[1])                                                = 1
  rss(A).anon                                                     = 0
  rss(A).shmem                                                    = 0
  rss(A).file                                                     = 0
  rss(A).swapents                                                 = 0
  swap_used(S)                                                    = 0
  A: load(q[1])                                                   = SIGBUS(4)
}

expect { never bug   complete }

scenario mremap-dP "it moves entries verbatim: a private copy in a device's memory"
cell     "zap" mremap dP
machine  cpus=2 ram=16 device=2 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: store(p[1], 'c')
  device_private(A, p[1])           = 0
}

check {
  A: q = mremap(p, 2*4K, 2*4K, MREMAP_MAYMOVE|MREMAP_FIXED, 5*4K) = 5*4K
  A: load(p[1])                                                   = SIGSEGV(1)
  A: pagemap(q[1])                                                = PM_DEVICE_PRIVATE
  A: mincore(q[1])                                                = 1
  rss(A).anon                                                     = 1
  rss(A).shmem                                                    = 0
  rss(A).file                                                     = 0
  rss(A).swapents                                                 = 0
  swap_used(S)                                                    = 0
  A: load(q[1])                                                   = 'c'
  A: pagemap(q[1])                                                = PM_ANON
}

expect { never bug   complete }

scenario mremap-dE "it moves entries verbatim: a private copy for the device alone"
cell     "zap" mremap dE
machine  cpus=2 ram=16 device=2 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: store(p[1], 'c')
  device_exclusive(A, p[1])         = 0
}

check {
  A: q = mremap(p, 2*4K, 2*4K, MREMAP_MAYMOVE|MREMAP_FIXED, 5*4K) = 5*4K
  A: load(p[1])                                                   = SIGSEGV(1)
  A: pagemap(q[1])                                                = PM_DEVICE_EXCLUSIVE
  A: mincore(q[1])                                                = 1
  rss(A).anon                                                     = 1
  rss(A).shmem                                                    = 0
  rss(A).file                                                     = 0
  rss(A).swapents                                                 = 0
  swap_used(S)                                                    = 0
  A: load(q[1])                                                   = 'c'
  A: pagemap(q[1])                                                = PM_ANON
}

expect { never bug   complete }

scenario mremap-W "it moves entries verbatim: a write-protect marker"
cell     "zap" mremap W
machine  cpus=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: uffd_register(p[0:2]) = 0, uffd_writeprotect(p[1], 4K, 1) = 0
}

check {
  A: q = mremap(p, 2*4K, 2*4K, MREMAP_MAYMOVE|MREMAP_FIXED, 5*4K) = 5*4K
  A: load(p[1])                                                   = SIGSEGV(1)
  A: pagemap(q[1])                                                = PM_NONE
  A: mincore(q[1])                                                = 1
  rss(A).anon                                                     = 0
  rss(A).shmem                                                    = 0
  rss(A).file                                                     = 0
  rss(A).swapents                                                 = 0
  A: load(q[1])                                                   = 'f'
}

expect { never bug   complete }
