# The row mprotect of the table of entry kinds, a scenario a column. Written by tools/s1_table.

scenario mprotect-F "it takes rights and keeps entries: the file's page"
cell     "zap" mprotect F
machine  cpus=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: load(p[1])                     = 'f'
}

check {
  A: mprotect(p, 2*4K, PROT_READ)            = 0
  A: store(p[1], 'x')                        = SIGSEGV(2)
  rss(A).anon                                = 0
  rss(A).shmem                               = 1
  rss(A).file                                = 0
  rss(A).swapents                            = 0
  A: load(p[1])                              = 'f'
  A: mprotect(p, 2*4K, PROT_READ|PROT_WRITE) = 0
  A: store(p[1], 'x')                        = 0
}

expect { never bug   complete }

scenario mprotect-A "it takes rights and keeps entries: a private copy"
cell     "zap" mprotect A
machine  cpus=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: store(p[1], 'c')
}

check {
  A: mprotect(p, 2*4K, PROT_READ)            = 0
  A: store(p[1], 'x')                        = SIGSEGV(2)
  rss(A).anon                                = 1
  rss(A).shmem                               = 0
  rss(A).file                                = 0
  rss(A).swapents                            = 0
  A: load(p[1])                              = 'c'
  A: mprotect(p, 2*4K, PROT_READ|PROT_WRITE) = 0
  A: store(p[1], 'x')                        = 0
}

expect { never bug   complete }

scenario mprotect-S "it takes rights and keeps entries: a private copy in swap"
cell     "zap" mprotect S
machine  cpus=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0)                    = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: store(p[1], 'c'), madvise(p[1], 4K, MADV_PAGEOUT) = 0
  A: pagemap(p[1])                                     = PM_SWAP
}

check {
  A: mprotect(p, 2*4K, PROT_READ)            = 0
  A: pagemap(p[1])                           = PM_SWAP
  swap_used(S)                               = 1
  A: store(p[1], 'x')                        = SIGSEGV(2)
  rss(A).anon                                = 0
  rss(A).shmem                               = 0
  rss(A).file                                = 0
  rss(A).swapents                            = 1
  A: load(p[1])                              = 'c'
  A: mprotect(p, 2*4K, PROT_READ|PROT_WRITE) = 0
  A: store(p[1], 'x')                        = 0
}

expect { never bug   complete }

scenario mprotect-mF "it takes rights and keeps entries: the file's page, which is being moved"
cell     "zap" mprotect mF
machine  cpus=2 nodes=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: load(p[1])                     = 'f'
}

cpu 0 as A { mprotect(p, 2*4K, PROT_READ) = 0 }
cpu 1 as K { m = move_pages(A, p[1], 1) }

check {
  A: store(p[1], 'x')                        = SIGSEGV(2)
  rss(A).anon                                = 0
  rss(A).shmem                               = 1
  rss(A).file                                = 0
  rss(A).swapents                            = 0
  A: load(p[1])                              = 'f'
  A: mprotect(p, 2*4K, PROT_READ|PROT_WRITE) = 0
  A: store(p[1], 'x')                        = 0
}

expect { never lost_store   sometimes K:m == 1   complete }

scenario mprotect-mA "it takes rights and keeps entries: a private copy, which is being moved"
cell     "zap" mprotect mA
machine  cpus=2 nodes=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: store(p[1], 'c')
}

cpu 0 as A { mprotect(p, 2*4K, PROT_READ) = 0 }
cpu 1 as K { m = move_pages(A, p[1], 1) }

check {
  A: store(p[1], 'x')                        = SIGSEGV(2)
  rss(A).anon                                = 1
  rss(A).shmem                               = 0
  rss(A).file                                = 0
  rss(A).swapents                            = 0
  A: load(p[1])                              = 'c'
  A: mprotect(p, 2*4K, PROT_READ|PROT_WRITE) = 0
  A: store(p[1], 'x')                        = 0
}

expect { never lost_store   sometimes K:m == 1   complete }

scenario mprotect-HA "it takes rights and keeps entries: a private copy whose memory has failed"
cell     "zap" mprotect HA
machine  cpus=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: store(p[1], 'c')
  poison(A, p[1])                   = 0
}

check {
  A: mprotect(p, 2*4K, PROT_READ)            = 0
  A: pagemap(p[1])                           = PM_HWPOISON
  A: store(p[1], 'x')                        = SIGSEGV(2)
  rss(A).anon                                = 0
  rss(A).shmem                               = 0
  rss(A).file                                = 0
  rss(A).swapents                            = 0
  A: load(p[1])                              = SIGBUS(4)
  A: mprotect(p, 2*4K, PROT_READ|PROT_WRITE) = 0
  A: store(p[1], 'x')                        = SIGBUS(4)
}

expect { never bug   complete }

scenario mprotect-HF "it takes rights and keeps entries: the file's page, whose memory has failed"
cell     "zap" mprotect HF
machine  cpus=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: load(p[1])                     = 'f'
  poison(A, p[1])                   = 0
}

check {
  A: mprotect(p, 2*4K, PROT_READ)            = 0
  A: pagemap(p[1])                           = PM_HWPOISON
  A: store(p[1], 'x')                        = SIGSEGV(2)
  rss(A).anon                                = 0
  rss(A).shmem                               = 0
  rss(A).file                                = 0
  rss(A).swapents                            = 0
  A: load(p[1])                              = SIGBUS(4)
  A: mprotect(p, 2*4K, PROT_READ|PROT_WRITE) = 0
  A: store(p[1], 'x')                        = SIGBUS(4)
}

expect { never bug   complete }

scenario mprotect-dP "it takes rights and keeps entries: a private copy in a device's memory"
cell     "zap" mprotect dP
machine  cpus=2 ram=16 device=2 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: store(p[1], 'c')
  device_private(A, p[1])           = 0
}

check {
  A: mprotect(p, 2*4K, PROT_READ)            = 0
  A: pagemap(p[1])                           = PM_DEVICE_PRIVATE
  A: store(p[1], 'x')                        = SIGSEGV(2)
  rss(A).anon                                = 1
  rss(A).shmem                               = 0
  rss(A).file                                = 0
  rss(A).swapents                            = 0
  A: load(p[1])                              = 'c'
  A: pagemap(p[1])                           = PM_ANON
  A: mprotect(p, 2*4K, PROT_READ|PROT_WRITE) = 0
  A: store(p[1], 'x')                        = 0
}

expect { never bug   complete }

scenario mprotect-dE "it takes rights and keeps entries: a private copy for the device alone"
cell     "zap" mprotect dE
machine  cpus=2 ram=16 device=2 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: store(p[1], 'c')
  device_exclusive(A, p[1])         = 0
}

check {
  A: mprotect(p, 2*4K, PROT_READ)            = 0
  A: pagemap(p[1])                           = PM_DEVICE_EXCLUSIVE
  A: store(p[1], 'x')                        = SIGSEGV(2)
  rss(A).anon                                = 1
  rss(A).shmem                               = 0
  rss(A).file                                = 0
  rss(A).swapents                            = 0
  A: load(p[1])                              = 'c'
  A: pagemap(p[1])                           = PM_ANON
  A: mprotect(p, 2*4K, PROT_READ|PROT_WRITE) = 0
  A: store(p[1], 'x')                        = 0
}

expect { never bug   complete }

scenario mprotect-W "it takes rights and keeps entries: a write-protect marker"
cell     "zap" mprotect W
machine  cpus=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: uffd_register(p[0:2]) = 0, uffd_writeprotect(p[1], 4K, 1) = 0
}

check {
  A: mprotect(p, 2*4K, PROT_READ) = 0
  A: pagemap(p[1])                = PM_UFFD_WP
  A: store(p[1], 'x')             = SIGSEGV(2)
  rss(A).anon                     = 0
  rss(A).shmem                    = 0
  rss(A).file                     = 0
  rss(A).swapents                 = 0
  A: load(p[1])                   = 'f'
}

expect { never bug   complete }
