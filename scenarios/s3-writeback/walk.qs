# The walk over the dirty pages of a file.

scenario first-error "the first page that cannot be written is told of, whatever becomes of those behind it"
machine  cpus=1 ram=16

setup {
  A: fd = open("f", O_RDWR|O_CREAT)
  A: pwrite(fd, fill('a', 3*4K), 0) = 3*4K
}

cpu 0 as A { r = sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE)   [fail: get_block nth=1] }

check {
  A: fsync(fd)           = -ENOSPC
  A: fsync(fd)           = 0
  A: fstat(fd).st_blocks = 24
}

expect            { always A:r == -ENOSPC   never lost_store   complete }
expect with D3-14 { sometimes A:r == 0 }

scenario all-are-tried "an integrity writeback goes on behind a page that cannot be written"
machine  cpus=1 ram=16

setup {
  A: fd = open("f", O_RDWR|O_CREAT)
  A: pwrite(fd, fill('a', 3*4K), 0) = 3*4K
}

cpu 0 as A { r = fsync(fd)   [fail: get_block nth=2] }

check {
  A: fstat(fd).st_blocks         = 16
  A: invalidate_inode_pages2(fd) = 0
  A: pread(fd, 4K)               = 'a'
}

expect { always A:r == -ENOSPC   never lost_store   complete }

scenario not-written "a page for which there is no room stays dirty"
machine  cpus=1 ram=16

setup {
  A: fd = open("f", O_RDWR|O_CREAT)
  A: pwrite(fd, 'a', 0) = 1
}

cpu 0 as A { r = fsync(fd)   [fail: get_block nth=1] }

check {
  A: fsync(fd)                   = 0
  A: invalidate_inode_pages2(fd) = 0
  A: pread(fd, 0)                = 'a'
}

expect            { always A:r == -ENOSPC   never lost_store   complete }
expect with D3-15 { sometimes lost_store }

# reached: write_cache_pages: somebody else wrote the folio
# reached: write_cache_pages: waits for who writes the folio
scenario two-writers "two integrity writebacks of the same page: both return when it is in the store"
machine  cpus=2 ram=16

setup {
  A: fd = open("f", O_RDWR|O_CREAT)
  A: pwrite(fd, 'a', 0) = 1
}

cpu 0 as A { fsync(fd) = 0 }
cpu 1 as A { fsync(fd) = 0 }

check {
  A: fstat(fd).st_blocks = 8
}

expect { never lost_store   complete }

# reached: do_page_mkwrite: folio left the file
scenario mkwrite-vs-truncate "a page of a file is written to again while the file is truncated"
machine  cpus=2 ram=16

setup {
  A: fd = open("f", O_RDWR|O_CREAT)
  A: ftruncate(fd, 4K) = 0
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: load(p[0])        = 0
}

cpu 0 as A { r = store(p[0], 'a') }
cpu 1 as A { ftruncate(fd, 0) = 0 }

check {
  A: ftruncate(fd, 4K) = 0
  A: fsync(fd)         = 0
  A: pread(fd, 0)      = 0
  folios_leaked()      = 0
}

expect { sometimes A:r == 0   sometimes A:r == SIGBUS(2)   never stale_pte   never rss_mismatch   complete }
