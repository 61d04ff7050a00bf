# V1, and the form of the race that the mail discusses for page tables: exit holds the page-table lock for the
# whole of free_swap_and_cache(), a held spin lock is an RCU reader, and swapoff waits for a grace period before
# it frees anything. So even the unfixed code is safe here. (swapoff does not visit an address space that is being
# torn down, so it does not wait for that lock either.)

scenario zap-vs-swapoff "exit frees the last swap reference under the page-table lock while swapoff runs"
ref      "mm: swap: Fix race between free_swap_and_cache() and swapoff()"  # V1
machine  cpus=2 ram=16 swap=S:8

setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'A')
  A: madvise(p, 4K, MADV_PAGEOUT) = 0   [keep_swapcache]
}

cpu 0 as A { exit() }
cpu 1 as B { r = swapoff(S) }

check {
  swap_used(S)    = 0
  folios_leaked() = 0
}

expect           { never uaf   never leak   always B:r == 0   complete }
expect with D2-3 { never uaf   never null_deref   complete }
expect with D2-4 { sometimes uaf @ free_swap_and_cache   preemptions 2 }

# The same where a spin lock is no reader: then swapoff's grace period does not wait for the page-table lock.

scenario zap-vs-swapoff-no-reader "exit and swapoff where a spin lock does not hold off a grace period"
ref      "mm: swap: Fix race between free_swap_and_cache() and swapoff()"  # V1, the other way round
machine  cpus=2 ram=16 swap=S:8 rcu_spinlock_is_reader=off

setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'A')
  A: madvise(p, 4K, MADV_PAGEOUT) = 0   [keep_swapcache]
}

cpu 0 as A { exit() }
cpu 1 as B { r = swapoff(S) }

check {
  swap_used(S) = 0
}

expect           { never uaf   never leak   always B:r == 0   complete }
expect with D2-3 { sometimes uaf @ free_swap_and_cache   preemptions 1 }
