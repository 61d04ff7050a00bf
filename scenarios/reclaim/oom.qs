# Out of memory: a process is killed, its memory is taken, and everybody else goes on. Nobody hangs.

scenario oom-kills-the-biggest "the process that has most is killed when another needs a page"
machine  cpus=1 ram=8 PTRS_PER_PTE=16 oom=kill

setup {
  A: p = mmap(0, 6*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0:5], 'a') = 0
  B: q = mmap(0, 6*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
}

cpu 0 as B { store(q[0:4], 'b') = 0 }

check {
  killed(A)     = 1
  killed(B)     = 0
  A: load(p[0]) = SIGKILL
  B: load(q[3]) = 'b'
  rss(A).anon   = 0
  A: exit()     = 0
  tasks()       = 1
}

expect { never bug   never leak   complete }

scenario oom-kills-itself "the process that needs the page is the one that is killed"
machine  cpus=1 ram=8 PTRS_PER_PTE=16 oom=kill

setup {
  A: p = mmap(4*4K, 12*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
}

cpu 0 as A { store(p[0:10], 'a') = SIGKILL }

check {
  killed(A)   = 1
  rss(A).anon = 0 | 1
  A: exit()   = 0
}

expect { never bug   never leak   never livelock   complete }

scenario oom-score-adj "a process that must not be killed is not"
machine  cpus=1 ram=8 PTRS_PER_PTE=16 oom=kill

setup {
  oom_score_adj(A, -1000) = 0
  A: p = mmap(0, 6*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0:5], 'a')   = 0
  B: q = mmap(0, 6*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
}

cpu 0 as B { store(q[0:4], 'b') = SIGKILL }

check {
  killed(A)     = 0
  killed(B)     = 1
  A: load(p[4]) = 'a'
}

expect { never bug   complete }

scenario oom-nobody-left "nobody may be killed: that is said, and nothing hangs"
machine  cpus=1 ram=4 oom=kill

setup {
  oom_score_adj(A, -1000) = 0
  A: p = mmap(0, 6*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
}

cpu 0 as A { store(p[0:6], 'a') }

expect { sometimes bug @ out_of_memory }

# reached: out_of_memory: somebody else has killed
scenario oom-two-cpus "two processes run out of memory at once"
machine  cpus=2 ram=4 oom=kill lru=lists lru_batch=1 tlb=off

setup {
  A: p = mmap(0, 3*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0:2], 'a')
  B: q = mmap(0, 3*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  B: store(q[0:2], 'b')
}

cpu 0 as A { r = store(p[2], 'c') }
cpu 1 as B { s = store(q[2], 'd') }

check {
  A: exit()       = 0
  B: exit()       = 0
  folios_leaked() = 0
  free_pages()    = 4
}

expect {
  always A:r == 0 || A:r == SIGKILL
  always B:s == SIGKILL  # as big as A, and the younger
  never bug   never livelock   never deadlock   never leak
  sometimes A:r == 0
  sometimes A:r == SIGKILL
  complete
}

scenario oom-victim-in-fault "the victim stores meanwhile: to what it had, or it is killed"
machine  cpus=2 ram=4 oom=kill

setup {
  oom_score_adj(B, -1000) = 0
  A: p = mmap(0, 6*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0:3], 'a')
  B: q = mmap(0, 6*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  B: store(q[0], 'b')
}

cpu 0 as A { r = store(p[0], 'c')   s = load(p[1]) }
cpu 1 as B { store(q[1], 'd') = 0 }

check {
  killed(A)       = 1
  B: load(q[1])   = 'd'
  A: load(p[0])   = SIGKILL
  A: exit()       = 0
  folios_leaked() = 0
}

expect {
  always A:s == 'a' || A:s == SIGKILL
  never bug   never stale_tlb   never rss_mismatch   never leak   complete
}

# reached: oom_reap_task_mm: mmap_lock is taken
scenario oom-victim-forks "the victim copies itself meanwhile: a child has all, or there is none"
machine  cpus=2 ram=4 oom=kill tlb=off

setup {
  oom_score_adj(B, -1000) = 0
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a')
  B: q = mmap(0, 4*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  B: store(q[0:3], 'b')
}

cpu 0 as A { r = fork() }
cpu 1 as B { s = store(q[3], 'd') }

check {
  killall()       = 0
  folios_leaked() = 0
}

expect {
  sometimes A:r == -EINTR
  sometimes A:r > 0
  always B:s == 0 || B:s == SIGBUS(0)
  never bug   never rss_mismatch   never leak   complete
}

scenario oom-victim-unmaps "the victim unmaps meanwhile"
machine  cpus=2 ram=4 oom=kill

setup {
  oom_score_adj(B, -1000) = 0
  A: p = mmap(0, 4*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0:3], 'a')
  B: q = mmap(0, 4*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  B: store(q[0], 'b')
}

cpu 0 as A { munmap(p, 4*4K) = 0 | SIGKILL }
cpu 1 as B { s = store(q[1], 'd') }

check {
  A: exit()       = 0
  B: exit()       = 0
  folios_leaked() = 0
}

expect {
  always B:s == 0 || B:s == SIGBUS(0)
  sometimes B:s == 0
  never bug   never rss_mismatch   never leak   complete
}

# reached: out_of_memory: a process is exiting, out_of_memory: a process has exited
scenario oom-victim-exits "who would be the victim is exiting already"
machine  cpus=2 ram=4 oom=kill tlb=off

setup {
  oom_score_adj(B, -1000) = 0
  A: p = mmap(0, 4*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0:3], 'a')
  B: q = mmap(0, 4*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  B: store(q[0], 'b')
}

cpu 0 as A { exit() = 0 }
cpu 1 as B { s = store(q[1], 'd') = 0 }

check {
  tasks()         = 1
  B: load(q[1])   = 'd'
  B: load(q[0])   = 'b'
  folios_leaked() = 0
}

expect { never bug   never livelock   never rss_mismatch   never leak   complete }

scenario oom-reaper-vs-swapoff "swapoff brings back what the reaper is taking"
machine  cpus=2 ram=4 swap=S:4 oom=kill lru=lists lru_batch=1 tlb=off

setup {
  oom_score_adj(B, -1000)        = 0
  A: p = mmap(0, 4*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0:3], 'a')
  A: madvise(p[0], MADV_PAGEOUT) = 0
  B: q = mmap(0, 4*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  B: store(q[0], 'b')
}

cpu 0 as K { r = swapoff(S) }
cpu 1 as B { s = store(q[1], 'd') }

check {
  A: exit()       = ?
  folios_leaked() = 0
}

expect {
  always K:r == 0 || K:r == -ENOMEM || K:r == -EINTR || K:r == SIGKILL
  never bug   never livelock   never swap_count   never rss_mismatch   never leak   complete
}

scenario oom-with-lists "with LRU lists and batches"
machine  cpus=2 ram=4 oom=kill lru=lists

setup {
  A: p = mmap(0, 6*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0:3], 'a')
  B: q = mmap(0, 6*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  B: store(q[0], 'b')
}

cpu 0 as A { r = load(p[0]) }
cpu 1 as B { store(q[1], 'd') = 0 }

check {
  killed(A)       = 1
  B: load(q[1])   = 'd'
  A: exit()       = 0
  folios_leaked() = 0
}

expect { always A:r == 'a' || A:r == SIGKILL   never bug   never rss_mismatch   never leak   complete }
