# swapoff drops an inode from its list when it counts no swapped page. If the count follows the entry instead of
# preceding it, swapoff can look in between: the inode is off the list and its entry stays in swap.

scenario shmem-swapped-count "a tmpfs page is swapped out while swapoff looks through the inodes"
ref      "mm: swap: Fix race between free_swap_and_cache() and swapoff()"
machine  cpus=2 ram=16 swap=S:8

setup {
  A: fd = memfd_create("f", 0)
  A: ftruncate(fd, 4K) = 0
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: store(p[0], 'A')
}

cpu 0 as A { madvise(p, 4K, MADV_PAGEOUT) = 0 }
cpu 1 as B { r = swapoff(S) }

check {
  A: load(p[0]) = 'A'
  swap_used(S)  = 0
}

expect           { never livelock   never lost_store   always B:r == 0   complete }
expect with D2-8 { sometimes livelock @ try_to_unuse   preemptions 2 }
