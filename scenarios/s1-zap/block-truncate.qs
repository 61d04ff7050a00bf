# Truncation of a file that has a store behind its page cache. Bringing a page in takes the invalidate lock, so that no
# page is read from the store between its removal from the cache and its removal from the store.

# reached: filemap_fault: truncated meanwhile, filemap_lock_folio: folio left the file while it was unlocked
scenario block-truncate-vs-fault "a shared fault while the file is truncated below the page"
machine  cpus=2 ram=16

setup {
  A: fd = open("f", O_RDWR|O_CREAT)
  A: pwrite(fd, 'a', 0) = 1
  A: fsync(fd)          = 0
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
}

cpu 0 as A { ftruncate(fd, 0) = 0 }
cpu 1 as A { load(p[0]) = 'a' | SIGBUS(2) }

check {
  A: load(p[0])          = SIGBUS(2)
  rss(A).file            = 0
  A: ftruncate(fd, 4K)   = 0
  A: load(p[0])          = 0
  A: fstat(fd).st_blocks = 0
  folios_leaked()        = 0
}

expect { never lost_store   never stale_pte   never leak   complete }

scenario block-truncate-vs-cow-fault "a private copy is made between the passes of a truncation"
ref      "mm: Don't skip swap entry even if zap_details specified"  # D1-9, D1-8
machine  cpus=2 ram=16

setup {
  A: fd = open("f", O_RDWR|O_CREAT)
  A: pwrite(fd, 'f', 0) = 1
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
}

cpu 0 as A { ftruncate(fd, 0) = 0 }
cpu 1 as A { store(p[0], 'c') = 0 | SIGBUS(2) }

check {
  A: load(p[0])   = SIGBUS(2)
  rss(A).anon     = 0
  folios_leaked() = 0
}

expect           { never lost_store   never leak   complete }
expect with D1-9 { sometimes lost_store   preemptions 2 }
expect with D1-8 { sometimes lost_store   preemptions 2 }

# reached: block_write_full_folio: truncated meanwhile, write_cache_pages: folio left the file
scenario block-truncate-vs-fsync "a page is written out while the file is truncated below it"
machine  cpus=2 ram=16

setup {
  A: fd = open("f", O_RDWR|O_CREAT)
  A: pwrite(fd, 'a', 0)  = 1
  A: pwrite(fd, 'b', 4K) = 1
}

cpu 0 as A { ftruncate(fd, 4K) = 0 }
cpu 1 as A { fsync(fd) = 0 }

check {
  A: fsync(fd)           = 0
  A: fstat(fd).st_blocks = 8
  A: ftruncate(fd, 8K)   = 0
  A: pread(fd, 0)        = 'a'
  A: pread(fd, 4K)       = 0
}

expect { never lost_store   never leak   complete }

# reached: truncate_inode_pages_range: folio left the file
scenario block-truncate-vs-reclaim "reclaim drops a page that truncation waits for"
machine  cpus=2 ram=8

setup {
  A: fd = open("f", O_RDWR|O_CREAT)
  A: pwrite(fd, 'a', 0) = 1
  A: fsync(fd)          = 0
}

cpu 0 as A { ftruncate(fd, 0) = 0 }
cpu 1 as B { reclaim(1) }

check {
  A: ftruncate(fd, 4K) = 0
  A: pread(fd, 0)      = 0
  folios_leaked()      = 0
}

expect { never uaf   never leak   complete }
