# What may go wrong outside the memory manager: no memory, a device that cannot read. Each failure is a choice of the
# exploration, like a switch of tasks: it comes and it does not come, in every order.

scenario swapoff-without-memory "swapoff that gets no memory fails, and the device stays what it was"
machine  cpus=2 ram=16 swap=S:8

setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'A')
  A: madvise(p, 4K, MADV_PAGEOUT) = 0
}

cpu 0 as A { load(p[0]) = 'A' }
cpu 1 as B { r = swapoff(S)   [may fail: page_alloc] }

check {
  A: load(p[0])   = 'A'
  rss(A).anon     = 1
  rss(A).swapents = 0
  folios_leaked() = 0
  B: swapoff(S)   = 0 | -EINVAL
}

expect { sometimes B:r == 0   sometimes B:r == -ENOMEM   never leak   never swap_count   complete }

scenario swap-read-error "a page that cannot be read back is lost to who touches it, and to nobody else"
machine  cpus=2 ram=16 swap=S:8

setup {
  A: p = mmap(0, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'A')
  A: store(p[1], 'B')
  A: madvise(p, 8K, MADV_PAGEOUT) = 0
}

cpu 0 as A { r = load(p[0])   [may fail: io_read] }
cpu 1 as A { load(p[1]) = 'B' }

check {
  A: load(p[1])   = 'B'
  folios_leaked() = 0
}

expect { sometimes A:r == 'A'   sometimes A:r == SIGBUS   never leak   never swap_count   complete }
