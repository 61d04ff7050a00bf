# Truncation deletes private copies beyond the new end, whatever state they are in. Nobody but the range unmapping does:
# an anonymous folio is in no page cache, so no locked phase ever comes to it.

scenario truncate-swapped-copy "a private copy in swap is deleted by truncation"
ref      "mm: Don't skip swap entry even if zap_details specified"  # verdict: "no reproducer possible" is false
machine  cpus=1 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0), ftruncate(fd, 3*4K)     = 0
  A: p = mmap(0, 3*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: store(p[1], 0xaa), madvise(p[1], 4K, MADV_PAGEOUT) = 0
  A: pagemap(p[1])                                      = PM_SWAP
}

check {
  A: ftruncate(fd, 4K)   = 0
  A: load(p[1])          = SIGBUS(2)
  swap_used(S)           = 0
  rss(A).swapents        = 0
  A: ftruncate(fd, 3*4K) = 0
  A: load(p[1])          = 0
}

expect           { never bug   complete }
expect with D1-1 { sometimes lost_store   preemptions 0 }

scenario truncate-swapped-copy-of-a-block-file "not tmpfs alone: any private mapping of a file has anonymous pages"
ref      "mm: Don't skip swap entry even if zap_details specified"  # verdict: "only shmem can have it" is false
machine  cpus=1 ram=16 swap=S:4

setup {
  A: fd = open("f", O_RDWR|O_CREAT), ftruncate(fd, 2*4K) = 0
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: store(p[1], 0xaa), madvise(p[1], 4K, MADV_PAGEOUT)  = 0
  A: pagemap(p[1])                                       = PM_SWAP
}

check {
  A: ftruncate(fd, 4K)   = 0
  A: load(p[1])          = SIGBUS(2)
  swap_used(S)           = 0
  A: ftruncate(fd, 2*4K) = 0
  A: load(p[1])          = 0
}

expect           { never bug   complete }
expect with D1-1 { sometimes lost_store   preemptions 0 }

scenario truncate-swapped-copy-of-child "truncation by one process deletes the swapped copies of all"
machine  cpus=1 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0), ftruncate(fd, 2*4K)    = 0
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: store(p[1], 'c'), madvise(p[1], 4K, MADV_PAGEOUT) = 0
  A: C = fork()
}

check {
  C: ftruncate(fd, 4K) = 0
  swap_used(S)         = 0
  A: load(p[1])        = SIGBUS(2)
  C: load(p[1])        = SIGBUS(2)
}

expect           { never bug   complete }
expect with D1-1 { sometimes swap_count   preemptions 0 }

scenario truncate-migrating-copy "a private copy that is being moved is deleted by truncation"
ref      "mm: Don't skip swap entry even if zap_details specified"  # verdict: "all redo it under lock" is false
machine  cpus=2 nodes=2 ram=16

setup {
  A: fd = memfd_create("f", 0), ftruncate(fd, 2*4K) = 0
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: store(p[1], 'c')
}

cpu 0 as A { ftruncate(fd, 4K) = 0 }
cpu 1 as K { move_pages(A, p[1], 1) }

check {
  rss(A).anon            = 0
  A: load(p[1])          = SIGBUS(2)
  A: ftruncate(fd, 2*4K) = 0
  A: load(p[1])          = 0
}

expect           { never bug   never lost_store   complete }
expect with D1-2 { sometimes rss_mismatch   preemptions 1 }

scenario truncate-poisoned-copy "a private copy whose memory has failed is deleted by truncation"
machine  cpus=1 ram=16

setup {
  A: fd = memfd_create("f", 0), ftruncate(fd, 2*4K) = 0
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: store(p[1], 'c')
  poison(A, p[1])                                   = 0
  A: pagemap(p[1])                                  = PM_HWPOISON
  A: load(p[1])                                     = SIGBUS(4)
}

check {
  A: ftruncate(fd, 4K)   = 0
  A: load(p[1])          = SIGBUS(2)
  A: ftruncate(fd, 2*4K) = 0
  A: load(p[1])          = 0
}

expect           { never bug   complete }
expect with D1-3 { sometimes lost_store   preemptions 0 }
