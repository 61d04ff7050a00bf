# A read fault on a page of a file also maps what is cached around it, as far as nobody is at work there: each page is
# mapped with its lock held (tried, not waited for), so that truncation and hole punch find what they have to unmap.

scenario fault-around "a read fault maps the cached neighbours, and no more than that"
machine  cpus=1 ram=16 fault_around_pages=4

setup {
  A: fd = memfd_create("f", 0)
  A: ftruncate(fd, 16K)             = 0
  A: pwrite(fd, fill('f', 8K), 0)   = 8K
  A: pwrite(fd, fill('f', 4K), 12K) = 4K
  A: p = mmap(4*4K, 16K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
}

check {
  A: load(p[1])       = 'f'
  A: pagemap(p[0])    = PM_FILE
  A: pagemap(p[2])    = PM_NONE
  A: pagemap(p[3])    = PM_FILE
  rss(A).shmem        = 3
  A: store(p[0], 'a') = 0
  A: pread(fd, 0)     = 'f'
  A: load(p[2])       = 0
}

expect { never bug   never leak   complete }

scenario fault-around-allocated "a page that is allocated and was never filled is no neighbour, also when it was read"
machine  cpus=1 ram=16 fault_around_pages=4

setup {
  A: fd = memfd_create("f", 0)
  A: fallocate(fd, 0, 0, 12K) = 0
  A: p = mmap(4*4K, 16K, PROT_READ, MAP_SHARED, fd, 0)
}

check {
  A: pread(fd, 4K)                  = 0
  A: load(p[0])                     = 0
  A: pagemap(p[1])                  = PM_NONE
  A: pagemap(p[2])                  = PM_NONE
  A: load(p[2])                     = 0
  A: madvise(p[0:3], MADV_DONTNEED) = 0
  A: load(p[0])                     = 0
  A: pagemap(p[1])                  = PM_NONE
  A: pagemap(p[2])                  = PM_FILE
}

expect { never bug   never leak   complete }

scenario fault-around-vs-punch "the neighbour's page is punched out while the fault maps it"
machine  cpus=2 ram=16 fault_around_pages=2

setup {
  A: fd = memfd_create("f", 0)
  A: ftruncate(fd, 8K)            = 0
  A: pwrite(fd, fill('f', 8K), 0) = 8K
  A: p = mmap(4*4K, 8K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
}

cpu 0 as A { load(p[0]) = 'f' }
cpu 1 as A { fallocate(fd, FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE, 4K, 4K) = 0 }

check {
  A: load(p[0]) = 'f'
  A: load(p[1]) = 0
}

expect { never bug   never uaf   never leak   never lost_store   never stale_pte   never stale_tlb   complete }

scenario fault-around-vs-truncate "the file ends before the neighbour while the fault maps it"
machine  cpus=2 ram=16 fault_around_pages=2

setup {
  A: fd = memfd_create("f", 0)
  A: ftruncate(fd, 8K)            = 0
  A: pwrite(fd, fill('f', 8K), 0) = 8K
  A: p = mmap(4*4K, 8K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
}

cpu 0 as A { load(p[0]) = 'f' }
cpu 1 as A { ftruncate(fd, 4K) = 0 }

check {
  A: load(p[0]) = 'f'
  A: load(p[1]) = SIGBUS(2)
}

expect { never bug   never uaf   never leak   never lost_store   never stale_pte   never stale_tlb   complete }

scenario fault-around-vs-reclaim "the neighbour's page goes to swap while the fault maps it"
machine  cpus=2 ram=16 swap=S:4 fault_around_pages=2

setup {
  A: fd = memfd_create("f", 0)
  A: ftruncate(fd, 8K)            = 0
  A: pwrite(fd, fill('f', 8K), 0) = 8K
  A: p = mmap(4*4K, 8K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  B: q = mmap(0, 4K, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
}

cpu 0 as A { load(p[0]) = 'f' }
cpu 1 as B { reclaim(1) = ? }

check {
  A: load(p[1]) = 'f'
  A: load(p[0]) = 'f'
}

expect { never bug   never uaf   never leak   never lost_store   never stale_pte   never stale_tlb   complete }
