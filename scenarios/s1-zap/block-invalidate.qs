# invalidate_inode_pages2(): what a direct write does, so that nobody goes on to read from the cache what it has
# overwritten in the store. And callers from outside that unmap a file and leave its pages cached.

# reached: invalidate_inode_pages2_range: mapped again
scenario block-invalidate-vs-fault "a page is mapped again between the range pass and its folio lock"
machine  cpus=2 ram=16

setup {
  A: fd = open("f", O_RDWR|O_CREAT)
  A: pwrite(fd, 'a', 0) = 1
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: load(p[0])         = 'a'
}

cpu 0 as A { r = invalidate_inode_pages2(fd) }
cpu 1 as A { store(p[0], 'b') = 0 }

check {
  A: load(p[0])   = 'b'
  folios_leaked() = 0
}

expect { never lost_store   never stale_pte   always A:r == 0   complete }

# reached: invalidate_inode_pages2_range: folio left the file
scenario block-invalidate-vs-truncate "a folio that invalidation waits for is truncated"
machine  cpus=2 ram=16

setup {
  A: fd = open("f", O_RDWR|O_CREAT)
  A: pwrite(fd, 'a', 0) = 1
}

cpu 0 as A { r = invalidate_inode_pages2(fd) }
cpu 1 as A { ftruncate(fd, 0) = 0 }

check {
  A: ftruncate(fd, 4K) = 0
  A: pread(fd, 0)      = 0
  folios_leaked()      = 0
}

expect { never lost_store   never leak   always A:r == 0   complete }

scenario block-invalidate-private "invalidation keeps private copies"
machine  cpus=2 ram=16

setup {
  A: fd = open("f", O_RDWR|O_CREAT)
  A: pwrite(fd, fill('f', 8K), 0) = 8K
  A: p = mmap(0, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: load(p[1])                   = 'f'
}

cpu 0 as A { invalidate_inode_pages2(fd, 0, 8K) = 0 }
cpu 1 as A { store(p[0], 'c') = 0 }

check {
  A: load(p[0]) = 'c'
  A: load(p[1]) = 'f'
  rss(A).anon   = 1
  rss(A).file   = 1
}

expect { never lost_store   never rss_mismatch   complete }

scenario block-launder-fails "a page that cannot be written is not dropped"
machine  cpus=2 ram=16

setup {
  A: fd = open("f", O_RDWR|O_CREAT)
  A: pwrite(fd, 'a', 0) = 1
}

cpu 0 as A { r = invalidate_inode_pages2(fd)   [may fail: io_write] }
cpu 1 as A { s = fsync(fd) }

check { A: pread(fd, 0) = 'a' }

expect { never lost_store   sometimes A:r == -EIO   sometimes A:r == 0   complete }

scenario gfs2-inode-sync "gfs2 unmaps a file and leaves the pages cached"
machine  cpus=2 ram=16

setup {
  A: fd = open("f", O_RDWR|O_CREAT)
  A: pwrite(fd, fill('f', 8K), 0) = 8K
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: q = mmap(0, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: store(q[1], 'c')
}

cpu 0 as A { gfs2_inode_sync(fd) = 0 }
cpu 1 as A { store(p[0], 'b') = 0 }

check {
  A: load(p[0])   = 'b'
  A: load(q[0])   = 'b'
  A: load(q[1])   = 'c'
  A: pread(fd, 0) = 'b'
  rss(A).anon     = 1
}

expect { never lost_store   never rss_mismatch   complete }

scenario vmwgfx-dirty-unmap "vmwgfx unmaps a range to see what is written next"
machine  cpus=2 ram=16

setup {
  A: fd = memfd_create("bo", 0)
  A: ftruncate(fd, 8K) = 0
  A: p = mmap(0, 8K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: store(p[0], 'a')
  A: store(p[1], 'b')
}

cpu 0 as A { vmwgfx_dirty_unmap(fd, 0, 4K) = 0 }
cpu 1 as A { store(p[1], 'c') = 0 }

check {
  A: pagemap(p[0]) = 0
  A: pagemap(p[1]) = 1
  A: load(p[0])    = 'a'
  A: load(p[1])    = 'c'
}

expect { never lost_store   never rss_mismatch   complete }
