# swapoff visits the address spaces on a list. A child must be on it before its first swap entry can be seen, or
# swapoff finds slots in use, visits everybody it knows, and starts again for ever.

scenario fork-vs-swapoff "fork copies a swap entry while swapoff looks for entries"
ref      "swap: Support PMD swap mapping in swap_duplicate()"  # D0-15
machine  cpus=2 ram=16 swap=S:8

setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'A')
  A: madvise(p, 4K, MADV_PAGEOUT) = 0
}

cpu 0 as A { c = fork() }
cpu 1 as B { r = swapoff(S) }

check {
  A: load(p[0]) = 'A'
  swap_used(S)  = 0
}

expect            { never livelock   always B:r == 0   complete }
expect with D0-15 { sometimes livelock @ try_to_unuse }

# reached: do_swap_page: folio left the swap cache, unuse_pte: entry changed
scenario mm-not-listed "an address space with swap entries is not on the list that swapoff visits"
ref      "swap: Support PMD swap mapping in swap_duplicate()"  # D2-6
machine  cpus=2 ram=16 swap=S:8

setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'A')
  A: madvise(p, 4K, MADV_PAGEOUT) = 0
}

cpu 0 as A { load(p[0]) = 'A' }
cpu 1 as B { r = swapoff(S) }

check {
  A: load(p[0]) = 'A'
  swap_used(S)  = 0
}

expect { never livelock   always B:r == 0   complete }

scenario mm-not-listed-alone "nobody brings the page back for swapoff"
ref      "swap: Support PMD swap mapping in swap_duplicate()"  # D2-6
machine  cpus=2 ram=16 swap=S:8

setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'A')
}

cpu 0 as A { madvise(p, 4K, MADV_PAGEOUT) = 0 }
cpu 1 as B { r = swapoff(S) }

check {
  A: load(p[0]) = 'A'
  swap_used(S)  = 0
}

expect           { never livelock   always B:r == 0   complete }
expect with D2-6 { sometimes livelock @ try_to_unuse }
