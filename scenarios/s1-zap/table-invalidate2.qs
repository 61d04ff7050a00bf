# The row invalidate2 of the table of entry kinds, a scenario a column. Written by tools/s1_table.

scenario invalidate2-F "invalidation takes the file's pages alone: the file's page"
cell     "zap" invalidate2 F
machine  cpus=2 ram=16 swap=S:4

setup {
  A: fd = open("f", O_RDWR|O_CREAT)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: load(p[0])                     = 'f'
  A: load(p[1])                     = 'f'
}

check {
  A: invalidate_inode_pages2(fd) = 0
  A: pagemap(p[1])               = PM_NONE
  A: mincore(p[1])               = 0
  rss(A).anon                    = 0
  rss(A).shmem                   = 0
  rss(A).file                    = 0
  rss(A).swapents                = 0
  swap_used(S)                   = 0
  A: load(p[1])                  = 'f'
}

expect { never bug   complete }

scenario invalidate2-A "invalidation takes the file's pages alone: a private copy"
cell     "zap" invalidate2 A
machine  cpus=2 ram=16 swap=S:4

setup {
  A: fd = open("f", O_RDWR|O_CREAT)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: load(p[0])                     = 'f'
  A: store(p[1], 'c')
}

check {
  A: invalidate_inode_pages2(fd) = 0
  A: pagemap(p[1])               = PM_ANON
  A: mincore(p[1])               = 1
  rss(A).anon                    = 1
  rss(A).shmem                   = 0
  rss(A).file                    = 0
  rss(A).swapents                = 0
  swap_used(S)                   = 0
  A: load(p[1])                  = 'c'
}

expect { never bug   complete }

scenario invalidate2-S "invalidation takes the file's pages alone: a private copy in swap"
cell     "zap" invalidate2 S
machine  cpus=2 ram=16 swap=S:4

setup {
  A: fd = open("f", O_RDWR|O_CREAT)
  A: pwrite(fd, fill('f', 2*4K), 0)                    = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: load(p[0])                                        = 'f'
  A: store(p[1], 'c'), madvise(p[1], 4K, MADV_PAGEOUT) = 0
  A: pagemap(p[1])                                     = PM_SWAP
}

check {
  A: invalidate_inode_pages2(fd) = 0
  A: pagemap(p[1])               = PM_SWAP
  A: mincore(p[1])               = 0
  rss(A).anon                    = 0
  rss(A).shmem                   = 0
  rss(A).file                    = 0
  rss(A).swapents                = 1
  swap_used(S)                   = 1
  A: load(p[1])                  = 'c'
}

expect { never bug   complete }

scenario invalidate2-mF "invalidation takes the file's pages alone: the file's page, which is being moved"
cell     "zap" invalidate2 mF
machine  cpus=2 nodes=2 ram=16 swap=S:4

setup {
  A: fd = open("f", O_RDWR|O_CREAT)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: load(p[0])                     = 'f'
  A: load(p[1])                     = 'f'
}

cpu 0 as A { invalidate_inode_pages2(fd) = 0 }
cpu 1 as K { m = move_pages(A, p[1], 1) }

check {
  A: pagemap(p[1]) = PM_NONE
  A: mincore(p[1]) = 0
  rss(A).anon      = 0
  rss(A).shmem     = 0
  rss(A).file      = 0
  rss(A).swapents  = 0
  swap_used(S)     = 0
  A: load(p[1])    = 'f'
}

expect { never lost_store   sometimes K:m == 1   complete }

scenario invalidate2-mA "invalidation takes the file's pages alone: a private copy, which is being moved"
cell     "zap" invalidate2 mA
machine  cpus=2 nodes=2 ram=16 swap=S:4

setup {
  A: fd = open("f", O_RDWR|O_CREAT)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: load(p[0])                     = 'f'
  A: store(p[1], 'c')
}

cpu 0 as A { invalidate_inode_pages2(fd) = 0 }
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

scenario invalidate2-HA "invalidation takes the file's pages alone: a private copy whose memory has failed"
cell     "zap" invalidate2 HA
machine  cpus=2 ram=16 swap=S:4

setup {
  A: fd = open("f", O_RDWR|O_CREAT)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: load(p[0])                     = 'f'
  A: store(p[1], 'c')
  poison(A, p[1])                   = 0
}

check {
  A: invalidate_inode_pages2(fd) = 0
  A: pagemap(p[1])               = PM_HWPOISON
  A: mincore(p[1])               = 1
  rss(A).anon                    = 0
  rss(A).shmem                   = 0
  rss(A).file                    = 0
  rss(A).swapents                = 0
  swap_used(S)                   = 0
  A: load(p[1])                  = SIGBUS(4)
}

expect { never bug   complete }

scenario invalidate2-HF "invalidation takes the file's pages alone: the file's page, whose memory has failed"
cell     "zap" invalidate2 HF
machine  cpus=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: load(p[0])                     = 'f'
  A: load(p[1])                     = 'f'
  poison(A, p[1])                   = 0
}

check {
  A: invalidate_inode_pages2(fd) = -EBUSY
  A: pagemap(p[1])               = PM_HWPOISON
  A: mincore(p[1])               = 1
  rss(A).anon                    = 0
  rss(A).shmem                   = 0
  rss(A).file                    = 0
  rss(A).swapents                = 0
  swap_used(S)                   = 0
  A: load(p[1])                  = SIGBUS(4)
}

expect { never bug   complete }

scenario invalidate2-dP "invalidation takes the file's pages alone: a private copy in a device's memory"
cell     "zap" invalidate2 dP
machine  cpus=2 ram=16 device=2 swap=S:4

setup {
  A: fd = open("f", O_RDWR|O_CREAT)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: load(p[0])                     = 'f'
  A: store(p[1], 'c')
  device_private(A, p[1])           = 0
}

check {
  A: invalidate_inode_pages2(fd) = 0
  A: pagemap(p[1])               = PM_DEVICE_PRIVATE
  A: mincore(p[1])               = 1
  rss(A).anon                    = 1
  rss(A).shmem                   = 0
  rss(A).file                    = 0
  rss(A).swapents                = 0
  swap_used(S)                   = 0
  A: load(p[1])                  = 'c'
  A: pagemap(p[1])               = PM_ANON
}

expect { never bug   complete }

scenario invalidate2-dE "invalidation takes the file's pages alone: a private copy for the device alone"
cell     "zap" invalidate2 dE
machine  cpus=2 ram=16 device=2 swap=S:4

setup {
  A: fd = open("f", O_RDWR|O_CREAT)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: load(p[0])                     = 'f'
  A: store(p[1], 'c')
  device_exclusive(A, p[1])         = 0
}

check {
  A: invalidate_inode_pages2(fd) = 0
  A: pagemap(p[1])               = PM_DEVICE_EXCLUSIVE
  A: mincore(p[1])               = 1
  rss(A).anon                    = 1
  rss(A).shmem                   = 0
  rss(A).file                    = 0
  rss(A).swapents                = 0
  swap_used(S)                   = 0
  A: load(p[1])                  = 'c'
  A: pagemap(p[1])               = PM_ANON
}

expect { never bug   complete }

scenario invalidate2-W "invalidation takes the file's pages alone: a write-protect marker"
cell     "zap" invalidate2 W
machine  cpus=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: load(p[0])                     = 'f'
  A: uffd_register(p[0:2]) = 0, uffd_writeprotect(p[1], 4K, 1) = 0
}

check {
  A: invalidate_inode_pages2(fd) = -EBUSY
  A: pagemap(p[1])               = PM_UFFD_WP
  A: mincore(p[1])               = 1
  rss(A).anon                    = 0
  rss(A).shmem                   = 0
  rss(A).file                    = 0
  rss(A).swapents                = 0
  swap_used(S)                   = 0
  A: load(p[1])                  = 'f'
}

expect { never bug   complete }
