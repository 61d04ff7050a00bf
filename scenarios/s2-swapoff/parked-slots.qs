# Freed slots may be parked per CPU, still counted as in use (through 6.14). swapoff must switch that off and
# drain what is parked, or it waits for slots that nobody will free.

scenario parked-slots "a zap parks the freed slot while swapoff begins"
ref      "mm: swap: Fix race between free_swap_and_cache() and swapoff()"
machine  cpus=2 ram=16 swap=S:8 slot_cache=on

setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'A')
  A: madvise(p, 4K, MADV_PAGEOUT) = 0
}

cpu 0 as A { madvise(p, 4K, MADV_DONTNEED) = 0 }
cpu 1 as B { r = swapoff(S) }

check { swap_used(S) = 0 }

expect           { never livelock   never leak   always B:r == 0   complete }
expect with D2-7 { sometimes livelock @ try_to_unuse   preemptions 0 }
