# LRU lists: a folio waits in the batch of a CPU, is on one list, or is isolated by one task; it is never two of these.

scenario lists-isolate-vs-munmap "a page is isolated for reclaim while it is unmapped and freed"
machine  cpus=2 ram=8 swap=S:8 lru=lists lru_batch=1

setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a')
  A: madvise(p[0], MADV_COLD) = 0
}

cpu 0 as A { munmap(p, 4K) = 0 }
cpu 1 as K { reclaim(1) }

check {
  swap_used(S)    = 0 | 1  # a slot that only the swap cache has
  folios_leaked() = 0
}

expect { never bug   never uaf   never leak   never race   complete }

scenario lists-batch-vs-reclaim "a page is in the batch of one CPU while another reclaims"
machine  cpus=2 ram=8 swap=S:8 lru=lists lru_batch=2

setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
}

cpu 0 as A { store(p[0], 'a') = 0   madvise(p[0], MADV_PAGEOUT) = 0 }
cpu 1 as K { reclaim(1) }

check {
  A: load(p[0])   = 'a'
  folios_leaked() = 0
}

expect { never bug   never uaf   never leak   never lost_store   complete }

scenario lists-drain-vs-munmap "the last reference to a page is that of a batch"
machine  cpus=2 ram=8 lru=lists lru_batch=2

setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a')
}

cpu 0 as A { munmap(p, 4K) = 0 }
cpu 1 as K { compact() }

check {
  folios_leaked() = 0
}

expect { never bug   never uaf   never leak   complete }

scenario lists-two-reclaimers "two tasks reclaim from the same lists"
machine  cpus=2 ram=8 swap=S:8 lru=lists lru_batch=1

setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a')
  A: madvise(p[0], MADV_COLD) = 0
}

cpu 0 as K { reclaim(1) }
cpu 1 as L { reclaim(1) }

check {
  A: load(p[0])   = 'a'
  folios_leaked() = 0
}

expect { never bug   never uaf   never leak   never lost_store   complete }

# reached: isolate_lru_folios: it is being freed or isolated
scenario lists-reclaim-vs-pageout "reclaim and MADV_PAGEOUT want the same page"
machine  cpus=2 ram=8 swap=S:8 lru=lists lru_batch=1

setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a')
  A: madvise(p[0], MADV_COLD) = 0
}

cpu 0 as A { madvise(p[0], MADV_PAGEOUT) = 0 }
cpu 1 as K { reclaim(1) }

check {
  A: load(p[0])   = 'a'
  folios_leaked() = 0
}

expect { never bug   never uaf   never leak   never lost_store   complete }

scenario lists-second-chance "what was used since the last look stays, what was not goes"
machine  cpus=1 ram=8 swap=S:8 lru=lists lru_batch=1

setup {
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a'), store(p[1], 'b')
  A: madvise(p[1], MADV_COLD) = 0
}

cpu 0 as K { r = reclaim(1) }

check {
  A: pagemap(p[0]) = PM_ANON
  A: pagemap(p[1]) = PM_SWAP
  A: load(p[1])    = 'b'
}

expect { always K:r == 1   complete }

# reached: putback: unlocked while it was isolated
scenario lists-reclaim-vs-munlock "a page that may not go is unlocked while reclaim has it"
machine  cpus=2 ram=8 swap=S:8 lru=lists lru_batch=1

setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a')
  A: mlock(p[0]) = 0
}

cpu 0 as A { munlock(p[0]) = 0 }
cpu 1 as K { reclaim(1) }

check {
  A: load(p[0])               = 'a'
  A: madvise(p[0], MADV_COLD) = 0
  reclaim(1)                  = 1
  A: pagemap(p[0])            = PM_SWAP
}

expect { never bug   complete }

scenario lists-file-vs-truncate "a page of a file is on a list when it is truncated"
machine  cpus=2 ram=8 lru=lists lru_batch=1

setup {
  A: fd = open("f", O_RDWR|O_CREAT)
  A: pwrite(fd, 'a', 0) = 1
}

cpu 0 as A { ftruncate(fd, 0) = 0 }
cpu 1 as K { reclaim(1) }

check {
  folios_leaked() = 0
}

expect { never bug   never uaf   never leak   complete }

scenario lists-migration "a page moves to another node, and is on that node's lists then"
machine  cpus=1 nodes=2 ram=8 swap=S:8 lru=lists

setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a')
}

cpu 0 as K { move_pages(A, p[0], 1) = 1   reclaim(1) = 1 }

check {
  A: pagemap(p[0]) = PM_SWAP
  A: load(p[0])    = 'a'
  folios_leaked()  = 0
}

expect { never bug   complete }

scenario lists-split "a large page is on a list when it is split"
machine  cpus=2 ram=8 swap=S:8 thp=2 lru=lists lru_batch=1

setup {
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: madvise(p, 2*4K, MADV_HUGEPAGE) = 0
  A: store(p[0], 'a'), store(p[1], 'b')
  A: madvise(p, 2*4K, MADV_COLD)     = 0
}

cpu 0 as A { madvise(p[0], MADV_PAGEOUT) = 0 }
cpu 1 as K { reclaim(1) }

check {
  A: load(p[0])   = 'a'
  A: load(p[1])   = 'b'
  folios_leaked() = 0
}

expect { never bug   never uaf   never leak   never lost_store   complete }

scenario lists-writeback "reclaim writes a dirty page of a file to its store, and it is not lost if that fails"
machine  cpus=2 ram=8 lru=lists lru_batch=1

setup {
  A: fd = open("f", O_RDWR|O_CREAT)
  A: pwrite(fd, 'a', 0) = 1
}

cpu 0 as K { reclaim(1)   [may fail: io_write] }
cpu 1 as A { pwrite(fd, 'b', 0) = 1 }

check {
  A: pread(fd, 0) = 'b'
  A: fsync(fd)    = 0 | -EIO
  A: fsync(fd)    = 0
  folios_leaked() = 0
}

expect { never bug   never lost_store   never leak   complete }

# reached: shrink_inactive_list: all are under writeback
scenario lists-throttle "a page is being written when another task looks for something to free"
machine  cpus=2 ram=8 lru=lists lru_batch=1

setup {
  A: fd = open("f", O_RDWR|O_CREAT)
  A: pwrite(fd, 'a', 0) = 1
}

cpu 0 as A { fsync(fd) = 0 }
cpu 1 as K { reclaim(1) }

check {
  A: pread(fd, 0) = 'a'
  folios_leaked() = 0
}

expect { never bug   never deadlock   never lost_store   complete }

scenario lists-swap-is-full "no slot is free, and what has one in the swap cache is reclaimed all the same"
machine  cpus=1 ram=16 swap=S:2 lru=lists lru_batch=1

setup {
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0:2], 'a')             = 0
  A: madvise(p, 2*4K, MADV_PAGEOUT) = 0   [keep_swapcache]
}

cpu 0 as A { reclaim(2) = 2 }

check {
  swap_used(S)  = 2
  A: load(p[0]) = 'a'
  A: load(p[1]) = 'a'
}

expect { never lost_store   never leak   complete }
