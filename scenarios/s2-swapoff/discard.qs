# Of an empty cluster the device is told that nobody wants its pages any more. Until that is done its slots are bad: a
# discard that came after a slot was used again would take the new page.

# reached: folio_alloc_swap: discards to get a free cluster
scenario discard-vs-reuse "a slot is freed, discarded by the kernel, and wanted by another process"
machine  cpus=2 ram=16 swap=S:1 SWAPFILE_CLUSTER=1 swap_discard=pages

setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'A')
  A: madvise(p, 4K, MADV_PAGEOUT) = 0
  B: q = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  B: store(q[0], 'B')
}

cpu 0 as A {
  munmap(p, 4K) = 0
  swap_discard_work(S)
}
cpu 1 as B { madvise(q, 4K, MADV_PAGEOUT) = 0 }

check { B: load(q[0]) = 'B' }

expect { never lost_store   never swap_count   never leak   complete }

# reached: folio_alloc_swap: discards to get a free cluster
scenario discard-by-allocation "nobody does the scheduled discard but who needs a slot"
machine  cpus=1 ram=16 swap=S:1 SWAPFILE_CLUSTER=1 swap_discard=pages

setup {
  A: p = mmap(0, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'A'), store(p[1], 'B')
  A: madvise(p, 4K, MADV_PAGEOUT) = 0
}

cpu 0 as A {
  madvise(p[0], 4K, MADV_DONTNEED) = 0
  madvise(p[1], 4K, MADV_PAGEOUT)  = 0
}

check {
  swap_used(S)  = 1
  A: load(p[1]) = 'B'
}

expect { never lost_store   never swap_count   never leak   complete }

# reached: swapoff: flushes discards
scenario discard-vs-swapoff "a cluster waits to be discarded, or is being discarded, when swapoff ends"
machine  cpus=2 ram=16 swap=S:1 SWAPFILE_CLUSTER=1 swap_discard=pages

setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'A')
  A: madvise(p, 4K, MADV_PAGEOUT) = 0
}

cpu 0 as A {
  munmap(p, 4K) = 0
  swap_discard_work(S)
}
cpu 1 as B { r = swapoff(S) }

check { B: swapon(S) = 0 }

expect { always B:r == 0   never uaf   never swap_count   never leak   complete }

scenario discard-once "swapon discards what the device held, and nothing later"
machine  cpus=1 ram=16 swap=S:3 swap_bad=S:2 swap_discard=once

setup {
  A: p = mmap(0, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'A'), store(p[1], 'B')
  A: madvise(p, 8K, MADV_PAGEOUT) = 0
  A: swapoff(S)                   = 0
}

cpu 0 as A {
  swapon(S)                    = 0
  madvise(p, 8K, MADV_PAGEOUT) = 0
  swap_discard_work(S)         = 0
}

check {
  swap_used(S) = 2
  A: load(p[0]) = 'A', load(p[1]) = 'B'
}

expect { never lost_store   never swap_count   never leak   complete }
