# The page is allocated with no lock held, so what it was allocated for may be over by the time it is there: another
# fork may have brought one, or a reference may have gone. Then it is freed again, which is no bug.

# reached: add_swap_count_continuation: somebody else was first, add_swap_count_continuation: the count has moved
scenario two-forks "two forks need the same continuation"
machine  cpus=2 ram=16 swap=S:8 SWAP_MAP_MAX=2

setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 7)
  A: madvise(p, 4K, MADV_PAGEOUT) = 0
  A: B = fork()
}

cpu 0 as A { c = fork() }
cpu 1 as B { d = fork() }

check {
  swap_count(S, 1) = 4
  A: load(p[0])    = 7
  B: load(p[0])    = 7
  tasks()          = 4
  killall()
  swap_used(S)     = 0
  folios_leaked()  = 0
}

expect { never bug   never leak   never livelock   never swap_count   complete }

scenario fork-vs-exit "the reference that made the count full goes while fork waits for memory"
machine  cpus=2 ram=16 swap=S:8 SWAP_MAP_MAX=2

setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 7)
  A: madvise(p, 4K, MADV_PAGEOUT) = 0
  A: B = fork()
}

cpu 0 as A { c = fork() }
cpu 1 as B { exit() }

check {
  swap_count(S, 1) = 2
  A: load(p[0])    = 7
  tasks()          = 2
  killall()
  swap_used(S)     = 0
  folios_leaked()  = 0
}

expect { never bug   never leak   never livelock   never swap_count   complete }

scenario two-exits "two references go at once, both counted in the continuation or one in it and one in the byte"
machine  cpus=2 ram=16 swap=S:8 SWAP_MAP_MAX=1 SWAP_CONT_MAX=1

setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 7)
  A: madvise(p, 4K, MADV_PAGEOUT) = 0
  A: fork()
  A: B = fork()
  A: C = fork()
}

cpu 0 as B { exit() }
cpu 1 as C { exit() }

check {
  swap_count(S, 1) = 2
  A: load(p[0])    = 7
  killall()
  swap_used(S)     = 0
  folios_leaked()  = 0
}

expect { never bug   never leak   never swap_count   complete }

scenario exit-order "the one that swapped the page out goes before the ones that were forked from it"
machine  cpus=2 ram=16 swap=S:8 SWAP_MAP_MAX=1

setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 7)
  A: madvise(p, 4K, MADV_PAGEOUT) = 0
  A: B = fork()
  B: C = fork()
}

cpu 0 as A { exit() }
cpu 1 as B { exit() }

check {
  swap_count(S, 1) = 1
  C: load(p[0])    = 7
  killall()
  swap_used(S)     = 0
  folios_leaked()  = 0
}

expect { never bug   never leak   never lost_store   never swap_count   complete }

scenario fork-vs-swapoff-continues "fork needs a continuation for a slot that swapoff is emptying"
machine  cpus=2 ram=16 swap=S:8 SWAP_MAP_MAX=1

setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 7)
  A: madvise(p, 4K, MADV_PAGEOUT) = 0
}

cpu 0 as A { c = fork() }
cpu 1 as B { r = swapoff(S) }

check {
  A: load(p[0])   = 7
  tasks()         = 3
  swap_used(S)    = 0
  killall()
  folios_leaked() = 0
}

expect { never uaf   never bug   never leak   never livelock   always B:r == 0   complete }

scenario exit-vs-swapoff-continued "swapoff and an exit borrow from the same count; then its pages go, the last of all"
machine  cpus=2 ram=16 swap=S:8 SWAP_MAP_MAX=1 SWAP_CONT_MAX=1

setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 7)
  A: madvise(p, 4K, MADV_PAGEOUT) = 0
  A: B = fork()
  A: C = fork()
}

cpu 0 as B { munmap(p, 4K) = 0 }
cpu 1 as D { r = swapoff(S) }

check {
  A: load(p[0])   = 7
  C: load(p[0])   = 7
  swap_used(S)    = 0
  killall()
  folios_leaked() = 0
}

expect { never uaf   never bug   never leak   never livelock   always D:r == 0   complete }

scenario fork-vs-swapoff-twice-continued "fork adds to a count with a page while swapoff takes from it"
machine  cpus=2 ram=16 swap=S:8 SWAP_MAP_MAX=1 SWAP_CONT_MAX=1

setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 7)
  A: madvise(p, 4K, MADV_PAGEOUT) = 0
  A: B = fork()
  A: fork()
}

cpu 0 as A { c = fork() }
cpu 1 as D { r = swapoff(S) }

check {
  A: load(p[0])   = 7
  B: load(p[0])   = 7
  swap_used(S)    = 0
  killall()
  folios_leaked() = 0
}

expect { never uaf   never bug   never leak   never livelock   always D:r == 0   complete }

scenario pageout-continues "reclaim unmaps a page that has more mappings than a byte counts, a page table locked"
machine  cpus=2 ram=16 swap=S:8 SWAP_MAP_MAX=1

setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 7)
  A: B = fork()
}

cpu 0 as R { n = reclaim(1)   [may fail: page_alloc@add_swap_count_continuation] }

check {
  A: load(p[0])   = 7
  B: load(p[0])   = 7
  killall()
  swap_used(S)    = 0
  folios_leaked() = 0
}

expect { never bug   never atomic_sleep   never leak   sometimes R:n == 1   sometimes R:n == 0   complete }

scenario pageout-vs-exit "the same while one of the processes ends"
machine  cpus=2 ram=16 swap=S:8 SWAP_MAP_MAX=1

setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 7)
  A: B = fork()
}

cpu 0 as R { reclaim(1) }
cpu 1 as B { munmap(p, 4K) = 0 }

check {
  A: load(p[0])   = 7
  killall()
  swap_used(S)    = 0
  folios_leaked() = 0
}

expect { never bug   never atomic_sleep   never leak   never livelock   complete }
