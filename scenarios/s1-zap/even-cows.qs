# Truncation takes private copies with it, since they are copies of what the file no longer has. A hole punch leaves
# them: the page of the file goes, and what a process wrote for itself is still its own.

scenario even-cows-truncate "truncation removes the private copies beyond the new end"
ref      "mm: Don't skip swap entry even if zap_details specified"  # D1-8
machine  cpus=2 ram=16 swap=S:8

setup {
  A: fd = memfd_create("f", 0)
  A: ftruncate(fd, 8K)               = 0
  A: pwrite(fd, fill('f', 8K), 0)    = 8K
  A: p = mmap(0, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: store(p[0], 'c')
  A: store(p[1], 'd')
  A: madvise(p[1], 4K, MADV_PAGEOUT) = 0
}

cpu 0 as A {
  ftruncate(fd, 0)  = 0
  ftruncate(fd, 8K) = 0
}

check {
  A: load(p[0])   = 0
  A: load(p[1])   = 0
  rss(A).anon     = 0
  rss(A).swapents = 0
  swap_used(S)    = 0
}

expect           { never lost_store   never rss_mismatch   complete }
expect with D1-8 { sometimes lost_store }

scenario even-cows-punch "a hole punch keeps private copies, present and swapped out"
ref      "mm: Don't skip swap entry even if zap_details specified"  # D1-8
machine  cpus=2 ram=16 swap=S:8

setup {
  A: fd = memfd_create("f", 0)
  A: ftruncate(fd, 12K)              = 0
  A: pwrite(fd, fill('f', 12K), 0)   = 12K
  A: p = mmap(0, 12K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: store(p[0], 'c')
  A: store(p[1], 'd')
  A: madvise(p[1], 4K, MADV_PAGEOUT) = 0
  A: load(p[2])                      = 'f'
}

cpu 0 as A { fallocate(fd, FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE, 0, 12K) = 0 }
cpu 1 as A { load(p[0]) = 'c' }

check {
  A: load(p[0]) = 'c'
  A: load(p[1]) = 'd'
  A: load(p[2]) = 0
}

expect           { never lost_store   never rss_mismatch   complete }
expect with D1-8 { sometimes lost_store }
