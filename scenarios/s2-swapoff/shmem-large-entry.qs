# A huge page of tmpfs goes to swap as one folio and leaves one value entry for all of its pages. Who brings back one
# page alone splits the entry; who frees it frees as many slots as it has pages. The order is part of what the lock of
# the page cache protects, like the entry: a split changes the order and leaves the value.

scenario shmem-large-entry "a huge page of tmpfs goes to swap and comes back, a page at a time"
machine  cpus=1 ram=16 swap=S:8 PTRS_PER_PTE=4 SWAPFILE_CLUSTER=4 thp=4

setup {
  A: fd = memfd_create("f", 0)
  A: ftruncate(fd, 16K)             = 0
  A: p = mmap(4*4K, 16K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: madvise(p, 16K, MADV_HUGEPAGE) = 0
  A: store(p[0], 'a'), store(p[1], 'b'), store(p[2], 'c'), store(p[3], 'd')
  A: collapse(A, p[0]) = 0, load(p[0]) = 'a'
  A: madvise(p, 16K, MADV_PAGEOUT)  = 0
}

cpu 0 as A { load(p[2]) = 'c' }

check {
  swap_used(S)           = 3
  A: fstat(fd).st_blocks = 32
  A: load(p[0]) = 'a', load(p[3]) = 'd', load(p[1]) = 'b'
  swap_used(S)           = 0
}

expect { never leak   complete }

scenario shmem-large-entry-cached "a huge page that is still in the swap cache comes back whole"
machine  cpus=1 ram=16 swap=S:8 PTRS_PER_PTE=4 SWAPFILE_CLUSTER=4 thp=4

setup {
  A: fd = memfd_create("f", 0)
  A: ftruncate(fd, 16K)             = 0
  A: p = mmap(4*4K, 16K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: madvise(p, 16K, MADV_HUGEPAGE) = 0
  A: store(p[0], 'a'), store(p[1], 'b'), store(p[2], 'c'), store(p[3], 'd')
  A: collapse(A, p[0]) = 0, load(p[0]) = 'a'
  A: madvise(p, 16K, MADV_PAGEOUT)  = 0   [keep_swapcache]
}

cpu 0 as A { load(p[2]) = 'c' }

check {
  swap_used(S)  = 0
  A: load(p[0]) = 'a'
  A: load(p[1]) = 'b'
  A: load(p[3]) = 'd'
}

expect { never leak   complete }

scenario shmem-large-entry-cut "a truncation takes a part of the entry; what is left comes back from the cached folio"
machine  cpus=1 ram=16 swap=S:8 PTRS_PER_PTE=4 SWAPFILE_CLUSTER=4 thp=4

setup {
  A: fd = memfd_create("f", 0)
  A: ftruncate(fd, 16K)             = 0
  A: p = mmap(4*4K, 16K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: madvise(p, 16K, MADV_HUGEPAGE) = 0
  A: store(p[0], 'a'), store(p[1], 'b'), store(p[2], 'c'), store(p[3], 'd')
  A: collapse(A, p[0]) = 0, load(p[0]) = 'a'
  A: madvise(p, 16K, MADV_PAGEOUT)  = 0   [keep_swapcache]
}

cpu 0 as A {
  ftruncate(fd, 8K) = 0
  load(p[1])        = 'b'
  load(p[2])        = SIGBUS(2)
}

check {
  A: fstat(fd).st_blocks = 16
  A: load(p[0])          = 'a'
  A: swapoff(S)          = 0
  A: load(p[0])          = 'a'
}

expect { never leak   complete }

scenario shmem-large-entry-full "swap has no room for the huge page as a whole: its first page goes alone"
machine  cpus=1 ram=16 swap=S:5 PTRS_PER_PTE=4 SWAPFILE_CLUSTER=4 thp=4

setup {
  A: q = mmap(0, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(q[0:2], 'q'), madvise(q, 8K, MADV_PAGEOUT) = 0
  A: fd = memfd_create("f", 0)
  A: ftruncate(fd, 16K)                               = 0
  A: p = mmap(8*4K, 16K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: madvise(p, 16K, MADV_HUGEPAGE)                   = 0
  A: store(p[0], 'a'), store(p[1], 'b'), store(p[2], 'c'), store(p[3], 'd')
  A: collapse(A, p[0]) = 0, load(p[0]) = 'a'
}

cpu 0 as A { madvise(p, 16K, MADV_PAGEOUT) = 0 }

check {
  swap_used(S)    = 3
  A: load(p[0])   = 'a'
  A: load(p[1])   = 'b'
  A: load(p[2])   = 'c'
  A: load(p[3])   = 'd'
  A: load(q[0:2]) = 'q'
}

expect { never leak   complete }

scenario shmem-order-outside-lock "a punch frees a large swap entry while a fault splits it and brings a page back"
ref      "mm/shmem: fix race in shmem_undo_range w/THP"
machine  cpus=2 ram=16 swap=S:4 PTRS_PER_PTE=2 SWAPFILE_CLUSTER=2 thp=2

setup {
  A: fd = memfd_create("f", 0)
  A: ftruncate(fd, 8K)             = 0
  A: p = mmap(2*4K, 8K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: madvise(p, 8K, MADV_HUGEPAGE) = 0
  A: store(p[0:2], 'a'), collapse(A, p[0]) = 0, load(p[0]) = 'a'
  A: madvise(p, 8K, MADV_PAGEOUT)  = 0
}

cpu 0 as A { fallocate(fd, FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE, 0, 8K) = 0 }
cpu 1 as A { pread(fd, 4K) = ? }

check { A: load(p[0:2]) = 0 }

expect           { never leak   never swap_count   never bug   never uaf   complete }
expect with D2-9 { sometimes bug @ free_swap_and_cache   preemptions 1 }

scenario shmem-large-two-faults-cached "two faults find the huge page in the swap cache"
machine  cpus=2 ram=16 swap=S:4 PTRS_PER_PTE=2 SWAPFILE_CLUSTER=2 thp=2

setup {
  A: fd = memfd_create("f", 0)
  A: ftruncate(fd, 8K)             = 0
  A: p = mmap(2*4K, 8K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: madvise(p, 8K, MADV_HUGEPAGE) = 0
  A: store(p[0], 'a'), store(p[1], 'b'), collapse(A, p[0]) = 0, load(p[0]) = 'a'
  A: madvise(p, 8K, MADV_PAGEOUT)  = 0   [keep_swapcache]
}

cpu 0 as A { load(p[0]) = 'a' }
cpu 1 as A { load(p[1]) = 'b' }

check {
  A: load(p[0]) = 'a'
  A: load(p[1]) = 'b'
}

expect { never leak   never swap_count   never bug   never uaf   never lost_store   never deadlock   complete }

scenario shmem-large-swapoff "a page of a large entry comes back by a read, the other by swapoff"
machine  cpus=1 ram=16 swap=S:4 PTRS_PER_PTE=2 SWAPFILE_CLUSTER=2 thp=2

setup {
  A: fd = memfd_create("f", 0)
  A: ftruncate(fd, 8K)             = 0
  A: p = mmap(2*4K, 8K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: madvise(p, 8K, MADV_HUGEPAGE) = 0
  A: store(p[0], 'a'), store(p[1], 'b'), collapse(A, p[0]) = 0, load(p[0]) = 'a'
  A: madvise(p, 8K, MADV_PAGEOUT)  = 0
}

cpu 0 as A {
  pread(fd, 4K) = 'b'
  swapoff(S)    = 0
}

check {
  A: load(p[0]) = 'a'
  A: load(p[1]) = 'b'
}

expect { never leak   never swap_count   never bug   never uaf   never lost_store   never deadlock   complete }

# reached: shmem_undo_range: a huge page came back across the end of the range
scenario shmem-large-cut-vs-fault "a truncation cuts the entry of a huge page that a fault finds in the swap cache"
machine  cpus=2 ram=16 swap=S:4 PTRS_PER_PTE=2 SWAPFILE_CLUSTER=2 thp=2

setup {
  A: fd = memfd_create("f", 0)
  A: ftruncate(fd, 8K)             = 0
  A: p = mmap(2*4K, 8K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: madvise(p, 8K, MADV_HUGEPAGE) = 0
  A: store(p[0], 'a'), store(p[1], 'b'), collapse(A, p[0]) = 0, load(p[0]) = 'a'
  A: madvise(p, 8K, MADV_PAGEOUT)  = 0   [keep_swapcache]
}

cpu 0 as A { ftruncate(fd, 4K) = 0 }
cpu 1 as A { pread(fd, 0) = 'a' }

check {
  A: load(p[0])        = 'a'
  A: ftruncate(fd, 8K) = 0
  A: load(p[1])        = 0
}

expect { never leak   never swap_count   never bug   never uaf   never lost_store   never deadlock   complete }

scenario shmem-large-out-vs-store "a store while the huge page goes to swap"
machine  cpus=2 ram=16 swap=S:4 PTRS_PER_PTE=2 SWAPFILE_CLUSTER=2 thp=2

setup {
  A: fd = memfd_create("f", 0)
  A: ftruncate(fd, 8K)             = 0
  A: p = mmap(2*4K, 8K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: madvise(p, 8K, MADV_HUGEPAGE) = 0
  A: store(p[0], 'a'), store(p[1], 'b'), collapse(A, p[0]) = 0, load(p[0]) = 'a'
}

cpu 0 as A { madvise(p, 8K, MADV_PAGEOUT) = 0 }
cpu 1 as A { store(p[1], 'c') = 0 }

check {
  A: load(p[0]) = 'a'
  A: load(p[1]) = 'c'
}

expect { never leak   never swap_count   never bug   never uaf   never lost_store   never deadlock   complete }

scenario shmem-large-out-vs-truncate "a truncation while the huge page goes to swap"
machine  cpus=2 ram=16 swap=S:4 PTRS_PER_PTE=2 SWAPFILE_CLUSTER=2 thp=2

setup {
  A: fd = memfd_create("f", 0)
  A: ftruncate(fd, 8K)             = 0
  A: p = mmap(2*4K, 8K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: madvise(p, 8K, MADV_HUGEPAGE) = 0
  A: store(p[0], 'a'), store(p[1], 'b'), collapse(A, p[0]) = 0, load(p[0]) = 'a'
}

cpu 0 as A { madvise(p, 8K, MADV_PAGEOUT) = 0 }
cpu 1 as A { ftruncate(fd, 4K) = 0 }

# Where the huge page could not be split, its last page stays with it behind the end, until it is.
check {
  A: load(p[0])                   = 'a'
  A: madvise(p, 8K, MADV_PAGEOUT) = 0
  A: fstat(fd).st_blocks          = 8
  A: load(p[0])                   = 'a'
  A: ftruncate(fd, 8K)            = 0
  A: load(p[1])                   = 0
}

expect { never leak   never swap_count   never bug   never uaf   never lost_store   never deadlock   complete }

scenario shmem-large-entry-swapoff "swapoff reads a page of a large entry, and meets the others on the same way"
machine  cpus=1 ram=16 swap=S:4 PTRS_PER_PTE=2 thp=2

setup {
  A: fd = memfd_create("f", 0)
  A: ftruncate(fd, 16K)             = 0
  A: p = mmap(16K, 16K, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_FIXED, fd, 0)
  A: madvise(p, 16K, MADV_HUGEPAGE) = 0
  A: store(p[0], 'a'), store(p[1], 'b'), store(p[2], 'c'), store(p[3], 'd')
  A: collapse(A, p[0]) = 0, load(p[0]) = 'a'
  A: madvise(p, 16K, MADV_PAGEOUT)  = 0
}

cpu 0 as A { swapoff(S) = 0 }

check {
  A: load(p[0]) = 'a', load(p[1]) = 'b', load(p[2]) = 'c', load(p[3]) = 'd'
}

expect { never livelock   never leak   complete }
