# A fault on a swapped page reads its neighbours too: into the swap cache, where nobody maps them until they are asked
# for. A neighbour is a hint: its slot may be freed, be given to another page, or lose its device before it is read.

scenario readahead-around-the-address "a fault reads the pages around it; the next fault finds them"
machine  cpus=1 ram=16 swap=S:8 page_cluster=2

setup {
  A: p = mmap(0, 16K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0:4], 'a'), madvise(p, 16K, MADV_PAGEOUT) = 0
}

cpu 0 as A {
  mincore(p[0])      = 0
  load(p[1])         = 'a'
  mincore(p[0])      = 1
  pagemap(p[0])      = PM_SWAP
  mincore(p[2])      = 1
  pagemap(p[2])      = PM_SWAP
  load(p[0:4])       = 'a'
  munmap(p[0:2], 8K) = 0
}

check { A: load(p[2:4]) = 'a' }

expect { never leak   complete }

scenario readahead-around-the-slot "without vma_ra the aligned block of slots is read, whoever has the pages"
machine  cpus=1 ram=16 swap=S:8 page_cluster=1 vma_ra=off

setup {
  A: p = mmap(0, 16K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0:4], 'a'), madvise(p, 16K, MADV_PAGEOUT) = 0
}

# Slots 1 to 4 (0 is the header): 2 and 3 are one block.
cpu 0 as A {
  load(p[1])    = 'a'
  mincore(p[0]) = 0
  mincore(p[2]) = 1
  pagemap(p[2]) = PM_SWAP
  mincore(p[3]) = 0
}

check { A: load(p[0:4]) = 'a' }

expect { never leak   complete }

scenario readahead-of-a-file "a page of tmpfs that is read back brings the slots around it"
machine  cpus=1 ram=16 swap=S:8 page_cluster=1

setup {
  A: fd = memfd_create("f", 0)
  A: ftruncate(fd, 16K)                                = 0
  A: p = mmap(0, 16K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: store(p[0:4], 'a'), madvise(p, 16K, MADV_PAGEOUT) = 0
}

cpu 0 as A {
  load(p[1])        = 'a'
  mincore(p[0])     = 0
  mincore(p[2])     = 1
  ftruncate(fd, 8K) = 0
}

check {
  A: load(p[0:2]) = 'a'
  A: load(p[2])   = SIGBUS(2)
}

expect { never leak   complete }

scenario readahead-error "a neighbour that cannot be read is an error for who touches it, and for nobody else"
machine  cpus=1 ram=16 swap=S:8 page_cluster=1

setup {
  A: p = mmap(0, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0:2], 'a'), madvise(p, 8K, MADV_PAGEOUT) = 0
}

cpu 0 as A {
  load(p[0]) = 'a'   [fail: io_read@read_ahead nth=1]
  load(p[1]) = SIGBUS(2)
  load(p[0]) = 'a'
}

expect { never leak   complete }

scenario readahead-vs-munmap "the neighbour is unmapped while a fault reads it"
machine  cpus=2 ram=16 swap=S:4 page_cluster=1

setup {
  A: p = mmap(0, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0:2], 'a'), madvise(p, 8K, MADV_PAGEOUT) = 0
}

cpu 0 as A { load(p[0]) = 'a' }
cpu 1 as A { madvise(p[1], 4K, MADV_DONTNEED) = 0 }

check {
  A: load(p[0]) = 'a'
  A: load(p[1]) = 0
}

expect { never uaf   never leak   never lost_store   never swap_count   complete }

scenario readahead-vs-fault "the neighbour's own fault, and a store to it"
machine  cpus=2 ram=16 swap=S:4 page_cluster=1

setup {
  A: p = mmap(0, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0:2], 'a'), madvise(p, 8K, MADV_PAGEOUT) = 0
}

cpu 0 as A { load(p[0]) = 'a' }
cpu 1 as A { store(p[1], 'b') = 0 }

check {
  A: load(p[0]) = 'a'
  A: load(p[1]) = 'b'
}

expect { never uaf   never leak   never lost_store   never deadlock   complete }

scenario readahead-vs-swapoff "the device is turned off while MADV_WILLNEED reads a page from it"
machine  cpus=2 ram=16 swap=S:4 page_cluster=1

setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a'), madvise(p, 4K, MADV_PAGEOUT) = 0
}

cpu 0 as A { madvise(p, 4K, MADV_WILLNEED) = 0 }
cpu 1 as B { r = swapoff(S) }

check {
  A: load(p[0]) = 'a'
  swap_used(S)  = 0
}

expect { never uaf   never leak   never deadlock   always B:r == 0   complete }

scenario readahead-vs-reuse "the neighbour's slot is freed and taken by another page while a fault reads it"
machine  cpus=2 ram=16 swap=S:2 page_cluster=1

setup {
  A: p = mmap(0, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0:2], 'a'), madvise(p, 8K, MADV_PAGEOUT) = 0
}

cpu 0 as A { load(p[0]) = 'a' }
cpu 1 as A {
  store(p[1], 'b')                = 0
  madvise(p[1], 4K, MADV_PAGEOUT) = 0
}

check {
  A: load(p[0]) = 'a'
  A: load(p[1]) = 'b'
}

expect { never uaf   never leak   never lost_store   never deadlock   complete }

scenario readahead-is-reclaimed "a page that was read ahead and that nobody wanted is found by reclaim"
machine  cpus=1 ram=16 swap=S:8 page_cluster=1

setup {
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0:2], 'a')             = 0
  A: madvise(p, 2*4K, MADV_PAGEOUT) = 0
}

cpu 0 as A { load(p[0]) = 'a'   mincore(p[1]) = 1   reclaim(2) = 2   mincore(p[1]) = 0 }

check {
  A: load(p[1]) = 'a'
}

expect { never lost_store   never leak   complete }
