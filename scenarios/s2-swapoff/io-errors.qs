# A device that cannot write or cannot read. A page that cannot be written stays in memory, dirty, and may be written
# again; a page that cannot be read is SIGBUS for everybody who touches it, and for nobody else.

scenario swap-write-error "a page that cannot be written is not lost, and is written later"
machine  cpus=2 ram=16 swap=S:8

setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'A')
}

cpu 0 as K { reclaim()   [may fail: io_write] }
cpu 1 as A { load(p[0]) = 'A' }

check {
  A: load(p[0])                   = 'A'
  A: madvise(p, 4K, MADV_PAGEOUT) = 0
  swap_used(S)                    = 1
  A: load(p[0])                   = 'A'
}

expect { never lost_store   never leak   never swap_count   complete }

scenario swap-write-error-of-tmpfs "the same for a page of a file that nobody maps any more"
machine  cpus=2 ram=16 swap=S:8

setup {
  A: fd = memfd_create("f", 0)
  A: ftruncate(fd, 4K) = 0
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: store(p[0], 'A')
}

cpu 0 as A { madvise(p, 4K, MADV_PAGEOUT) = 0   [may fail: io_write] }
cpu 1 as B { r = swapoff(S) }

check {
  A: pread(fd, 0) = 'A'
  A: load(p[0])   = 'A'
}

expect { always B:r == 0   never lost_store   never leak   never swap_count   complete }

scenario swap-read-error-after-fork "parent and child share an unreadable page: each gets SIGBUS when it touches it"
machine  cpus=2 ram=16 swap=S:8

setup {
  A: p = mmap(0, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'A'), store(p[1], 'B')
  A: madvise(p, 8K, MADV_PAGEOUT) = 0
  A: B = fork()
}

cpu 0 as A { r = load(p[0])   [fail: io_read] }
cpu 1 as B {
  s = load(p[0])   [fail: io_read]
  t = load(p[1])
}

check { A: load(p[1]) = 'B' }

expect {
  always A:r == SIGBUS
  always B:s == SIGBUS
  always B:t == 'B'
  never leak   never swap_count   complete
}

scenario swap-read-error-around-the-cache "a read around the swap cache fails: the slot keeps its page for the next try"
machine  cpus=2 ram=16 swap=S:8 synchronous_swap=on

setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'A')
  A: madvise(p, 4K, MADV_PAGEOUT) = 0
}

cpu 0 as A { r = load(p[0])   [may fail: io_read] }
cpu 1 as A { s = load(p[0]) }

check { A: load(p[0]) = 'A' }

expect {
  sometimes A:r == SIGBUS
  always A:s == 'A'
  never leak   never swap_count   never lost_store   complete
}

scenario swap-read-error-in-swapoff "swapoff cannot read a page: it ends, and the page is lost to its owner"
machine  cpus=1 ram=16 swap=S:8

setup {
  A: p = mmap(0, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'A'), store(p[1], 'B')
  A: madvise(p, 8K, MADV_PAGEOUT) = 0
}

cpu 0 as A {
  r = swapoff(S)   [may fail: io_read nth=1]
  s = load(p[0])
  t = load(p[1])
}

check {
  rss(A).swapents = 0
  A: swapoff(S)   = -EINVAL
  A: swapon(S)    = 0
}

expect {
  always A:r == 0
  sometimes A:s == SIGBUS
  sometimes A:s == 'A'
  always A:t == 'B'
  never leak   never swap_count   complete
}

scenario swap-read-error-in-swapoff-of-tmpfs "swapoff cannot read a page of a file, which is lost until a punch"
machine  cpus=1 ram=16 swap=S:8

setup {
  A: fd = memfd_create("f", 0)
  A: ftruncate(fd, 8K)            = 0
  A: p = mmap(0, 8K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: store(p[0], 'A'), store(p[1], 'B')
  A: madvise(p, 8K, MADV_PAGEOUT) = 0
}

cpu 0 as A {
  r = swapoff(S)   [may fail: io_read nth=1]
  s = load(p[0])
  t = load(p[1])
  u = pread(fd, 0)
}

check {
  A: swapoff(S)                                                     = -EINVAL
  A: fallocate(fd, FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE, 0, 4K) = 0
  A: load(p[0])                                                     = 0
}

expect {
  always A:r == 0
  outcomes {
    A:r=0 A:s=SIGBUS(2) A:t=66 A:u=-EIO
    A:r=0 A:s=65 A:t=66 A:u=65
  }
  never leak   never swap_count   complete
}

scenario swap-read-error-of-tmpfs "a page of a file cannot be read: SIGBUS for one thread, -EIO for the other"
machine  cpus=2 ram=16 swap=S:8

setup {
  A: fd = memfd_create("f", 0)
  A: ftruncate(fd, 4K)            = 0
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: store(p[0], 'A')
  A: madvise(p, 4K, MADV_PAGEOUT) = 0
}

cpu 0 as A { r = load(p[0])   [fail: io_read] }
cpu 1 as A { s = pread(fd, 0)   [fail: io_read] }

check {
  A: load(p[0])   = SIGBUS
  A: pread(fd, 0) = -EIO
  A: swapoff(S)   = 0
}

expect { always A:r == SIGBUS   always A:s == -EIO   never leak   never swap_count   complete }

scenario swap-errors-of-a-large-folio "a folio of two pages is written and read as one request, which fails or does not"
machine  cpus=1 ram=16 swap=S:8 thp=2

setup {
  A: p = mmap(0, 16K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: madvise(p, 16K, MADV_HUGEPAGE) = 0
  A: store(p[0:4], 'A')
}

cpu 0 as A {
  madvise(p, 16K, MADV_PAGEOUT) = 0   [may fail: io_write nth=1]
  r = load(p[0])   [may fail: io_read]
  s = load(p[3])
}

check {
  A: load(p[3])                    = 'A'
  A: store(p[3], 'B')
  A: madvise(p, 16K, MADV_PAGEOUT) = 0
  A: load(p[3])                    = 'B'
}

expect { sometimes A:r == SIGBUS   sometimes A:r == 'A'   always A:s == 'A'   never leak   never swap_count   complete }
