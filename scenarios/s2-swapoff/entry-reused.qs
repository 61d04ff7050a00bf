# A fault on a fast device reads around the swap cache and sleeps in the read. Meanwhile another thread faults the
# page in, changes it and swaps it out again, into the same slot: the page-table entry has the value it had. Only
# a claim on the slot (HAS_CACHE) while it is read keeps it from being used for another page meanwhile.

scenario entry-reused "a slot is reused for newer contents while a fault reads the older ones"
ref      "mm: swap: Fix race between free_swap_and_cache() and swapoff()"  # what a caller must recheck
machine  cpus=2 ram=16 swap=S:1 synchronous_swap=on

setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a')
  A: madvise(p, 4K, MADV_PAGEOUT) = 0
}

cpu 0 as A { load(p[0]) = 'a' | 'b' }
cpu 1 as A {
  store(p[0], 'b')             = 0
  madvise(p, 4K, MADV_PAGEOUT) = 0
}

check { A: load(p[0]) = 'b' }

expect           { never lost_store   complete }
expect with D2-5 { sometimes lost_store   preemptions 1 }
