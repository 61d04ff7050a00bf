# swapoff that is refused or interrupted leaves the device as usable as before.

scenario swapoff-interrupted "a signal comes while swapoff walks: the device is on, and every page is there"
machine  cpus=2 ram=16 swap=S:8

setup {
  A: p = mmap(0, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a'), store(p[1], 'b')
  A: madvise(p, 8K, MADV_PAGEOUT) = 0
  A: C = fork()
  C: store(p[0], 'c')
  C: madvise(p, 4K, MADV_PAGEOUT) = 0
}

cpu 0 as B { r = swapoff(S) }
cpu 1 as A { kill(B) = 0 }

check {
  A: load(p[0]) = 'a', load(p[1]) = 'b'
  C: load(p[0]) = 'c', load(p[1]) = 'b'
  A: store(p[0], 'A')
  A: madvise(p, 8K, MADV_PAGEOUT) = 0
  A: load(p[0]) = 'A', load(p[1]) = 'b'
  A: swapoff(S)                   = 0 | -EINVAL
}

expect { sometimes B:r == 0   sometimes B:r == -EINTR   never lost_store   never leak   never swap_count   complete }

scenario swapoff-without-privileges "who has no privileges can neither turn swap on nor off"
machine  cpus=1 ram=16 swap=S:8

setup { B: setuid(1000) = 0 }

cpu 0 as B {
  r = swapoff(S)
  s = swapon(S)
  t = setuid(0)
}

check {
  A: swapon(S)  = -EBUSY
  A: swapoff(S) = 0
  A: swapoff(S) = -EINVAL
  B: swapon(S)  = -EPERM
}

expect { always B:r == -EPERM   always B:s == -EPERM   always B:t == -EPERM   complete }

scenario swapoff-without-room "what is in swap fits neither into RAM nor into another area"
machine  cpus=1 ram=4 swap=S:8
requires engine  # the size of the area is what it is about

setup {
  A: p = mmap(0, 16K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0:3], 'a')
  A: madvise(p, 12K, MADV_PAGEOUT)                  = 0
  A: store(p[3], 'a')
  A: madvise(p, 16K, MADV_PAGEOUT)                  = 0
  A: q = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(q[0], 'b'), madvise(q, 4K, MADV_PAGEOUT) = 0
}

cpu 0 as A {
  r = swapoff(S)
  munmap(q, 4K) = 0
  s = swapoff(S)
}

check { A: load(p[0]) = 'a' }

expect { always A:r == -ENOMEM   always A:s == 0   never lost_store   never leak   complete }

scenario swapon-vs-swapoff "swapon again while swapoff runs: it is on or off in the end, and the page is there"
machine  cpus=2 ram=16 swap=S:8

setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a')
  A: madvise(p, 4K, MADV_PAGEOUT) = 0
}

cpu 0 as A { r = swapoff(S) }
cpu 1 as B { s = swapon(S) }

check {
  A: load(p[0])                   = 'a'
  A: madvise(p, 4K, MADV_PAGEOUT) = 0
  A: load(p[0])                   = 'a'
  B: swapon(S)                    = 0 | -EBUSY
  B: swapon(S)                    = -EBUSY
}

expect { always A:r == 0   sometimes B:s == 0   sometimes B:s == -EBUSY   never uaf   never leak   complete }

scenario two-swapoffs "two tasks turn the same area off: one of them does"
machine  cpus=2 ram=16 swap=S:8

setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a')
  A: madvise(p, 4K, MADV_PAGEOUT) = 0
}

cpu 0 as A { r = swapoff(S) }
cpu 1 as B { s = swapoff(S) }

check {
  A: load(p[0]) = 'a'
  A: swapoff(S) = -EINVAL
}

expect { outcomes { A:r=0 B:s=-EINVAL; A:r=-EINVAL B:s=0 }   never uaf   never leak   complete }
