# V5: the scan of the slot's neighbours is reached only when the byte says that a folio is cached. With nothing
# cached the unfixed path touches nothing after its decrement, so it cannot touch anything that was freed. Here
# nobody ever caches the page: swapoff may miss an address space that is being torn down, and reads no page for a
# slot alone.

scenario nothing-cached "the unfixed path is safe when the page is in swap alone"
ref      "mm: swap: Fix race between free_swap_and_cache() and swapoff()"  # V5
machine  cpus=2 ram=16 swap=S:8

setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'A')
  A: madvise(p, 4K, MADV_PAGEOUT) = 0
}

cpu 0 as A { exit() }
cpu 1 as B { r = swapoff(S) }

check { swap_used(S) = 0 }

expect           { never uaf   never leak   always B:r == 0   complete }
expect with D2-3 { never uaf   never null_deref   complete }

# A tmpfs page is another matter: swapoff itself brings it into the swap cache on the way back into the file, and
# if the hole punch takes the entry away in between, the byte says "cached" after all.

scenario cached-by-swapoff "swapoff's own read puts the page into the swap cache"
ref      "mm: swap: Fix race between free_swap_and_cache() and swapoff()"  # V3, V5
machine  cpus=2 ram=16 swap=S:8

setup {
  A: fd = memfd_create("f", 0)
  A: ftruncate(fd, 4K)            = 0
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: store(p[0], 'A')
  A: madvise(p, 4K, MADV_PAGEOUT) = 0
}

cpu 0 as A { fallocate(fd, FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE, 0, 4K) = 0 }
cpu 1 as B { r = swapoff(S) }

check {
  A: load(p[0]) = 0
  swap_used(S)  = 0
}

expect           { never uaf   never leak   always B:r == 0   complete }
expect with D2-1 { sometimes uaf @ free_swap_and_cache   preemptions 2 }
