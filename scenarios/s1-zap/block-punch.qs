# A hole punch into a file that has a store behind its page cache: the page goes from the cache and from the store,
# and a private copy of it stays.

scenario block-punch-vs-fault "a fault does not bring back from the store what is being punched"
machine  cpus=2 ram=16

setup {
  A: fd = open("f", O_RDWR|O_CREAT)
  A: pwrite(fd, 'a', 0) = 1
  A: fsync(fd)          = 0
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
}

cpu 0 as A { fallocate(fd, FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE, 0, 4K) = 0 }
cpu 1 as A { load(p[0]) = 'a' | 0 }

check {
  A: load(p[0])          = 0
  A: fstat(fd).st_blocks = 0
  folios_leaked()        = 0
}

expect { never lost_store   never stale_pte   never leak   complete }

scenario block-punch-private "a hole punch keeps a private copy, present or swapped out, and drops what is not copied"
ref      "mm: Don't skip swap entry even if zap_details specified"  # D1-8
machine  cpus=2 ram=16 swap=S:8

setup {
  A: fd = open("f", O_RDWR|O_CREAT)
  A: pwrite(fd, fill('f', 12K), 0) = 12K
  A: p = mmap(0, 12K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: store(p[0], 'c')
  A: store(p[1], 'd')
  A: madvise(p[1], MADV_PAGEOUT)   = 0
  A: load(p[2])                    = 'f'
}

cpu 0 as A { fallocate(fd, FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE, 0, 12K) = 0 }
cpu 1 as A { load(p[1]) = 'd' }

check {
  A: load(p[0]) = 'c'
  A: load(p[1]) = 'd'
  A: load(p[2]) = 0
}

expect           { never lost_store   never rss_mismatch   complete }
expect with D1-8 { sometimes lost_store }

scenario block-punch-part "the part of a page that a hole has is zeros, in the cache and in the store"
machine  cpus=2 ram=16

setup {
  A: fd = open("f", O_RDWR|O_CREAT)
  A: pwrite(fd, fill('f', 8K), 0) = 8K
  A: fsync(fd)                    = 0
}

cpu 0 as A { fallocate(fd, FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE, 2, 4K) = 0 }
cpu 1 as B { reclaim(1) }

check {
  A: pread(fd, 1)      = 'f'
  A: pread(fd, 2)      = 0
  A: pread(fd, 4K)     = 0
  A: pread(fd, 4K+2)   = 'f'
  A: fstat(fd).st_size = 8K
}

expect { never lost_store   never leak   complete }
