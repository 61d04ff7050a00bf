# From the page cache to the store and back: what was stored through a mapping is known to the page table alone until
# fsync, reclaim or an unmapping looks.

scenario fsync-vs-store "fsync clears the dirty bit of an entry while a program stores through it"
machine  cpus=2 ram=16

setup {
  A: fd = open("f", O_RDWR|O_CREAT)
  A: ftruncate(fd, 4K) = 0
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: store(p[0], 'a')
}

cpu 0 as A { fsync(fd) = 0 }
cpu 1 as A { store(p[0], 'b') = 0 }

check {
  A: fsync(fd)                   = 0
  A: fstat(fd).st_blocks         = 8
  A: madvise(p[0], MADV_PAGEOUT) = 0
  rss(A).file                    = 0
  A: pread(fd, 0)                = 'b'
}

expect { never lost_store   never rss_mismatch   complete }

scenario reclaim-vs-store "reclaim writes and drops a page that is stored to"
machine  cpus=2 ram=8

setup {
  A: fd = open("f", O_RDWR|O_CREAT)
  A: ftruncate(fd, 4K) = 0
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: store(p[0], 'a')
}

cpu 0 as A { madvise(p[0], MADV_PAGEOUT) = 0 }
cpu 1 as A { store(p[0], 'b') = 0 }

check {
  A: load(p[0])   = 'b'
  A: pread(fd, 0) = 'b'
  folios_leaked() = 0
}

expect { never lost_store   never rss_mismatch   complete }

# reached: filemap_create_folio: somebody else was first
scenario read-vs-fault "two readers bring the same page in"
machine  cpus=2 ram=16

setup {
  A: fd = open("f", O_RDWR|O_CREAT)
  A: pwrite(fd, 'a', 0)          = 1
  A: invalidate_inode_pages2(fd) = 0
  A: p = mmap(0, 4K, PROT_READ, MAP_SHARED, fd, 0)
}

cpu 0 as A { load(p[0]) = 'a' }
cpu 1 as A { pread(fd, 0) = 'a' }

check {
  rss(A).file     = 1
  folios_leaked() = 0
}

expect { never lost_store   never leak   complete }

scenario read-error "a page that cannot be read gives SIGBUS and -EIO, and the next one who tries may read it"
machine  cpus=2 ram=16

setup {
  A: fd = open("f", O_RDWR|O_CREAT)
  A: pwrite(fd, 'a', 0)          = 1
  A: invalidate_inode_pages2(fd) = 0
  A: p = mmap(0, 4K, PROT_READ, MAP_SHARED, fd, 0)
}

cpu 0 as A { r = load(p[0])   [may fail: io_read] }
cpu 1 as A { s = pread(fd, 0)   [may fail: io_read] }

check {
  A: load(p[0])   = 'a'
  folios_leaked() = 0
}

expect { sometimes A:r == SIGBUS(2)   sometimes A:s == -EIO   never lost_store   never leak   complete }

scenario write-error "a page that cannot be written stays dirty, and one fsync hears of it"
machine  cpus=2 ram=16

setup {
  A: fd = open("f", O_RDWR|O_CREAT)
  A: pwrite(fd, 'a', 0) = 1
}

cpu 0 as A { r = fsync(fd)   [may fail: io_write] }
cpu 1 as A { pwrite(fd, 'b', 0) = 1 }

check {
  A: fsync(fd)           = 0
  A: fstat(fd).st_blocks = 8
  A: pread(fd, 0)        = 'b'
}

expect { sometimes A:r == -EIO   sometimes A:r == 0   never lost_store   complete }
