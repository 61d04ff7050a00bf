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

scenario fork-continues "with memory the count goes on in a page; fork resumes where it stopped, between other pages"
machine  cpus=2 ram=16 swap=S:8 SWAP_MAP_MAX=2

setup {
  A: p = mmap(0, 16K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 6)
  A: store(p[1], 7)
  A: madvise(p[1], MADV_PAGEOUT) = 0
  repeat SWAP_MAP_MAX - 1 { A: fork() }
  A: store(p[2], 8)
  A: store(p[3], 9)
  A: madvise(p[3], MADV_PAGEOUT) = 0
}

cpu 0 as A { B = fork() }

check {
  swap_count(S, 1) = 3
  swap_count(S, 2) = 2
  rss(B).anon      = 2
  rss(B).swapents  = 2
  B: load(p[0])    = 6
  B: load(p[1])    = 7
  B: load(p[2])    = 8
  B: load(p[3])    = 9
  swap_count(S, 1) = 2
  tasks()          = 3
  killall()
  swap_used(S)     = 0
  folios_leaked()  = 0
}

expect { never bug   never leak   never rss_mismatch   never swap_count   complete }

scenario fork-fails-halfway "without memory the half that was copied is taken back"
machine  cpus=2 ram=16 swap=S:8 SWAP_MAP_MAX=1

setup {
  A: p = mmap(0, 12K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 6)
  A: store(p[1], 7)
  A: store(p[2], 8)
  A: madvise(p[1:3], MADV_PAGEOUT) = 0
}

cpu 0 as A { c = fork()   [fail: page_alloc@add_swap_count_continuation nth=1] }

check {
  swap_count(S, 1) = 1
  swap_count(S, 2) = 1
  rss(A).anon      = 1
  rss(A).swapents  = 2
  A: load(p[0])    = 6
  A: load(p[1])    = 7
  A: load(p[2])    = 8
  tasks()          = 1
  killall()
  swap_used(S)     = 0
  folios_leaked()  = 0
}

expect { never bug   never leak   never rss_mismatch   never swap_count   always A:c == -ENOMEM   complete }

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
