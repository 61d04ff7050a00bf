scenario punch-private "hole punch drops file pages of a private mapping and nothing that was COWed"
ref      "mm: Don't skip swap entry even if zap_details specified"  # the example of the discussion, whole
machine  cpus=2 nodes=2 ram=32 swap=S:8

setup {
  A: fd = memfd_create("f", 0), ftruncate(fd, 6*4K)    = 0
  A: pwrite(fd, fill('f', 6*4K), 0)                    = 6*4K
  A: p = mmap(0, 6*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: load(p[0])                                        = 'f'  # the file's page
  A: store(p[1], 'c')                                         # a copy, present
  A: store(p[2], 'c'), madvise(p[2], 4K, MADV_PAGEOUT) = 0    # a copy in swap
  A: store(p[3], 'c')                                         # a copy that is being moved
}

# The folio that is moved away stays anonymous until it is freed: its migration entries are judged by it.
cpu 0 as A { fallocate(fd, FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE, 0, 6*4K) = 0 }
cpu 1 as K { move_pages(A, p[3], 1) = 1 }

check {
  A: load(p[0]) = 0
  A: load(p[1]) = 'c'
  A: load(p[2]) = 'c'
  A: load(p[3]) = 'c'
  rss(A).anon   = 3
}

expect                          { never bug   never lost_store   complete }
expect with D1-5                { sometimes lost_store }
expect with D1-6                { sometimes lost_store   preemptions 1 }
# Verdict: what skipped every swap-like entry when details were given kept all of them under a hole punch.
expect with D1-1,D1-2,D1-3,D1-4 { never lost_store   complete }
