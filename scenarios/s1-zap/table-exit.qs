# The row exit of the table of entry kinds, a scenario a column. Written by tools/s1_table.

scenario exit-F "the end of the process takes everything: the file's page"
cell     "zap" exit F
machine  cpus=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: load(p[1])                     = 'f'
}

check {
  A: exit()       = 0
  tasks()         = 0
  swap_used(S)    = 0
  folios_leaked() = 0
}

expect { never bug   complete }

scenario exit-A "the end of the process takes everything: a private copy"
cell     "zap" exit A
machine  cpus=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: store(p[1], 'c')
}

check {
  A: exit()       = 0
  tasks()         = 0
  swap_used(S)    = 0
  folios_leaked() = 0
}

expect { never bug   complete }

scenario exit-S "the end of the process takes everything: a private copy in swap"
cell     "zap" exit S
machine  cpus=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0)                    = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: store(p[1], 'c'), madvise(p[1], 4K, MADV_PAGEOUT) = 0
  A: pagemap(p[1])                                     = PM_SWAP
}

check {
  A: exit()       = 0
  tasks()         = 0
  swap_used(S)    = 0
  folios_leaked() = 0
}

expect { never bug   complete }

scenario exit-mF "the end of the process takes everything: the file's page, which is being moved"
cell     "zap" exit mF
machine  cpus=2 nodes=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: load(p[1])                     = 'f'
}

cpu 0 as A { exit() = 0 }
cpu 1 as K { m = move_pages(A, p[1], 1) }

check {
  tasks()         = 1
  swap_used(S)    = 0
  folios_leaked() = 0
}

expect { never lost_store   sometimes K:m == 1   complete }

scenario exit-mA "the end of the process takes everything: a private copy, which is being moved"
cell     "zap" exit mA
machine  cpus=2 nodes=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: store(p[1], 'c')
}

cpu 0 as A { exit() = 0 }
cpu 1 as K { m = move_pages(A, p[1], 1) }

check {
  tasks()         = 1
  swap_used(S)    = 0
  folios_leaked() = 0
}

expect { never lost_store   sometimes K:m == 1   complete }

scenario exit-HA "the end of the process takes everything: a private copy whose memory has failed"
cell     "zap" exit HA
machine  cpus=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: store(p[1], 'c')
  poison(A, p[1])                   = 0
}

check {
  A: exit()       = 0
  tasks()         = 0
  swap_used(S)    = 0
  folios_leaked() = 0
}

expect { never bug   complete }

scenario exit-HF "the end of the process takes everything: the file's page, whose memory has failed"
cell     "zap" exit HF
machine  cpus=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: load(p[1])                     = 'f'
  poison(A, p[1])                   = 0
}

check {
  A: exit()       = 0
  tasks()         = 0
  swap_used(S)    = 0
  folios_leaked() = 0
}

expect { never bug   complete }

scenario exit-dP "the end of the process takes everything: a private copy in a device's memory"
cell     "zap" exit dP
machine  cpus=2 ram=16 device=2 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: store(p[1], 'c')
  device_private(A, p[1])           = 0
}

check {
  A: exit()       = 0
  tasks()         = 0
  swap_used(S)    = 0
  folios_leaked() = 0
}

expect { never bug   complete }

scenario exit-dE "the end of the process takes everything: a private copy for the device alone"
cell     "zap" exit dE
machine  cpus=2 ram=16 device=2 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: store(p[1], 'c')
  device_exclusive(A, p[1])         = 0
}

check {
  A: exit()       = 0
  tasks()         = 0
  swap_used(S)    = 0
  folios_leaked() = 0
}

expect { never bug   complete }

scenario exit-W "the end of the process takes everything: a write-protect marker"
cell     "zap" exit W
machine  cpus=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: uffd_register(p[0:2]) = 0, uffd_writeprotect(p[1], 4K, 1) = 0
}

check {
  A: exit()       = 0
  tasks()         = 0
  swap_used(S)    = 0
  folios_leaked() = 0
}

expect { never bug   complete }
