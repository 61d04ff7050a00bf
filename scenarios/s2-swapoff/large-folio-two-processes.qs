# A folio of two pages is in the swap cache; slot 0 is still mapped by A, slot 1 by B. A drops slot 0 and finds it
# cache only; B drops slot 1, sees no count left, reclaims the folio and frees both slots; swapoff is done. A goes
# on scanning. Real only when A is not an RCU reader meanwhile, hence the knob.

scenario large-folio-two-processes "two processes drop the last references to the slots of one folio, then swapoff"
ref      "mm: swap: Fix race between free_swap_and_cache() and swapoff()"
machine  cpus=2 ram=16 swap=S:8 thp=2 rcu_spinlock_is_reader=off

setup {
  A: p = mmap(0, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: madvise(p, 8K, MADV_HUGEPAGE) = 0
  A: store(p[0], 'A'), store(p[1], 'B')
  A: madvise(p, 8K, MADV_PAGEOUT)  = 0   [keep_swapcache]
  A: B = fork()
  A: munmap(p[1])                  = 0
  B: munmap(p[0])                  = 0
}

cpu 0 as A { exit() }
cpu 1 as B {
  madvise(p[1], MADV_DONTNEED) = 0
  r = swapoff(S)
}

check {
  swap_used(S)    = 0
  folios_leaked() = 0
}

expect           { never uaf   never leak   always B:r == 0   complete }
expect with D2-2 { sometimes uaf @ swap_page_trans_huge_swapped   preemptions 1 }
