# swapoff against what else uses the area. Fork, exit, truncation, punch and a fault have files of their own here.

scenario munmap-vs-swapoff "munmap frees the slot of one page while swapoff brings the other back"
machine  cpus=2 ram=16 swap=S:8 tlb=off

setup {
  A: p = mmap(0, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a'), store(p[1], 'b')
  A: madvise(p, 8K, MADV_PAGEOUT) = 0
}

cpu 0 as A { munmap(p, 4K) = 0 }
cpu 1 as B { r = swapoff(S) }

check { A: load(p[1]) = 'b' }

expect { always B:r == 0   never uaf   never lost_store   never swap_count   never leak   complete }

scenario pageout-vs-swapoff "a page is on its way out while swapoff begins: it goes nowhere, or comes back"
machine  cpus=2 ram=16 swap=S:8 tlb=off

setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a')
}

cpu 0 as A { madvise(p, 4K, MADV_PAGEOUT) = 0 }
cpu 1 as B { r = swapoff(S) }

check {
  A: load(p[0]) = 'a'
  swap_used(S)  = 0
}

expect { always B:r == 0   never uaf   never lost_store   never swap_count   never leak   complete }

scenario swapoff-moves-to-another-area "RAM is full: what comes back from one area goes to the other"
machine  cpus=1 ram=5 swap=S:4,T:4

setup {
  A: p = mmap(0, 16K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0:4], 'a')
  A: madvise(p, 16K, MADV_PAGEOUT) = 0
  A: q = mmap(0, 12K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(q[0:3], 'b')
}

cpu 0 as A { r = swapoff(S) }

check {
  swap_used(S)  = 0
  A: load(p[0]) = 'a', load(p[3]) = 'a', load(q[0]) = 'b', load(q[2]) = 'b'
  A: swapoff(S) = -EINVAL
}

expect { always A:r == 0   never lost_store   never swap_count   never leak   complete }

# reached: try_to_unuse: goes round once more
scenario swapoff-goes-round "what swapoff has brought back goes out again for what comes next, and it goes on"
machine  cpus=2 ram=5 swap=S:4,T:4 swap_priority=S:5,T:5 SWAP_MAP_MAX=1

setup {
  A: p = mmap(16K, 16K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
  A: store(p[0], 5), store(p[1], 6), store(p[2], 7), store(p[3], 8)
  A: madvise(p, 16K, MADV_PAGEOUT) = 0
  A: B = fork()
  A: load(p[0])                    = 5
}

cpu 0 as A { reclaim(4) }
cpu 1 as B { store(p[1], 99) }

check {
  A: swapoff(S) = 0 | -ENOMEM
  A: load(p[1]) = 6
  A: load(p[3]) = 8
}

expect { never livelock   never lost_store   never leak   complete }

# swapoff takes a file without swapped pages off its list before it says that it is done with it: eviction that looks at
# the list alone frees the file in between. (Linux 6.12 does: shmem_evict_inode() peeks with list_empty().)
scenario evict-vs-swapoff "a file is freed while swapoff looks through it"
machine  cpus=2 ram=16 swap=S:8

setup {
  A: fd = memfd_create("f", 0)
  A: ftruncate(fd, 4K)            = 0
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: store(p[0], 'a')
  A: madvise(p, 4K, MADV_PAGEOUT) = 0   [keep_swapcache]
}

cpu 0 as A { exit() }
cpu 1 as B { r = swapoff(S) }

check {
  swap_used(S)    = 0
  folios_leaked() = 0
}

expect { never uaf   never leak   never livelock   always B:r == 0   complete }

scenario fault-vs-swap-again "a fault meets an area that has been turned off and on again meanwhile"
machine  cpus=2 ram=16 swap=S:8

setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a')
  A: madvise(p, 4K, MADV_PAGEOUT) = 0
}

cpu 0 as B {
  swapoff(S) = 0
  swapon(S)  = 0
}
cpu 1 as A { load(p[0]) = 'a' }

check { A: load(p[0]) = 'a' }

expect { never race   never uaf   never leak   complete }
