# A slot's count has one byte. The reference after the greatest that fits needs a page for the higher digit, fork has to
# drop the page-table locks to wait for it, and without memory fork fails and leaves nothing behind.

scenario fork-continuation "fork cannot grow a full swap count"
ref      "swap: Support PMD swap mapping in swap_duplicate()"
machine  cpus=2 ram=16 swap=S:8 SWAP_MAP_MAX=2

setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 7)
  A: madvise(p, 4K, MADV_PAGEOUT) = 0
  repeat SWAP_MAP_MAX - 1 { A: fork() }
}

cpu 0 as A { c = fork() = -ENOMEM   [fail: page_alloc@add_swap_count_continuation nth=1] }

check {
  A: load(p[0])   = 7
  tasks()         = SWAP_MAP_MAX
  killall()
  swap_used(S)    = 0
  folios_leaked() = 0
}

expect { never bug   never leak   never swap_count   always A:c == -ENOMEM   complete }

scenario fork-continues "with memory the count goes on in a page, and back when the children have ended"
machine  cpus=2 ram=16 swap=S:8 SWAP_MAP_MAX=2

setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 7)
  A: madvise(p, 4K, MADV_PAGEOUT) = 0
  repeat SWAP_MAP_MAX - 1 { A: fork() }
}

cpu 0 as A { c = fork() }

check {
  swap_count(S, 1) = 3
  A: load(p[0])    = 7
  swap_count(S, 1) = 2
  tasks()          = 3
  killall()
  swap_used(S)     = 0
  folios_leaked()  = 0
}

expect { never bug   never leak   never swap_count   complete }

scenario fork-continuation-vs-swapoff "fork fails while swapoff brings the page back: nothing is left of it"
machine  cpus=2 ram=16 swap=S:8 SWAP_MAP_MAX=1

setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 7)
  A: madvise(p, 4K, MADV_PAGEOUT) = 0
}

cpu 0 as A { c = fork()   [fail: page_alloc@add_swap_count_continuation nth=1] }
cpu 1 as B { r = swapoff(S) }

check {
  A: load(p[0])   = 7
  killall()
  swap_used(S)    = 0
  folios_leaked() = 0
}

expect { never bug   never leak   never swap_count   sometimes A:c == -ENOMEM   always B:r == 0   complete }
