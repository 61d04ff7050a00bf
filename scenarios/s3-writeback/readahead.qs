# Pages of a file that are read before anybody asks for them: which, by mincore(); what has failed, and who is told.

scenario stream "who reads a file from its beginning has the next pages in the cache"
machine  cpus=1 ram=32 PTRS_PER_PTE=16 readahead=4

setup {
  A: fd = open("f", O_RDWR|O_CREAT)
  A: pwrite(fd, fill('a', 12*4K), 0) = 12*4K
  A: fsync(fd)                       = 0
  A: invalidate_inode_pages2(fd)     = 0
  A: p = mmap(0, 12*4K, PROT_READ, MAP_SHARED, fd, 0)
}

cpu 0 as A {
  mincore(p[0])   = 0
  pread(fd, 0)    = 'a'
  mincore(p[1])   = 1
  mincore(p[2])   = 0
  pread(fd, 4K)   = 'a'
  mincore(p[5])   = 1
  mincore(p[6])   = 0
  pread(fd, 2*4K) = 'a'
  mincore(p[9])   = 1
  mincore(p[10])  = 0
}

check { A: pread(fd, 11*4K) = 'a' }

expect { never lost_store   complete }

scenario advice "a program says how it uses a file"
machine  cpus=1 ram=32 PTRS_PER_PTE=16 readahead=4

setup {
  A: fd = open("f", O_RDWR|O_CREAT)
  A: pwrite(fd, fill('a', 12*4K), 0) = 12*4K
  A: fsync(fd)                       = 0
  A: invalidate_inode_pages2(fd)     = 0
  A: p = mmap(0, 12*4K, PROT_READ, MAP_SHARED, fd, 0)
}

cpu 0 as A {
  posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM)         = 0
  pread(fd, 0)                                       = 'a'
  mincore(p[1])                                      = 0
  posix_fadvise(fd, 4*4K, 2*4K, POSIX_FADV_WILLNEED) = 0
  mincore(p[3])                                      = 0
  mincore(p[4])                                      = 1
  mincore(p[5])                                      = 1
  mincore(p[6])                                      = 0
  readahead(fd, 6*4K, 4K)                            = 0
  mincore(p[6])                                      = 1
  posix_fadvise(fd, 4*4K, 4K+1, POSIX_FADV_DONTNEED) = 0
  mincore(p[4])                                      = 0
  mincore(p[5])                                      = 1
  pwrite(fd, 'b', 5*4K)                              = 1
  posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED)       = 0
  mincore(p[5])                                      = 0
  mincore(p[0])                                      = 0
  posix_fadvise(fd, 0, 0, POSIX_FADV_NORMAL)         = 0
  pread(fd, 0)                                       = 'a'
  mincore(p[1])                                      = 1
  posix_fadvise(fd, 0, -1, POSIX_FADV_NORMAL)        = -EINVAL
  posix_fadvise(fd, 0, 0, 9)                         = -EINVAL
  posix_fadvise(99, 0, 0, POSIX_FADV_NORMAL)         = -EBADF
}

check { A: pread(fd, 5*4K) = 'b' }

expect { never lost_store   complete }

scenario faults "a fault reads around its page, unless the mapping says how it is used"
machine  cpus=1 ram=32 PTRS_PER_PTE=16 readahead=4

setup {
  A: fd = open("f", O_RDWR|O_CREAT)
  A: pwrite(fd, fill('a', 12*4K), 0)  = 12*4K
  A: fsync(fd)                        = 0
  A: invalidate_inode_pages2(fd)      = 0
  A: p = mmap(0, 12*4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: madvise(p[8], 4*4K, MADV_RANDOM) = 0
}

cpu 0 as A {
  load(p[4])       = 'a'
  mincore(p[1])    = 0
  mincore(p[2])    = 1
  mincore(p[5])    = 1
  mincore(p[6])    = 0
  load(p[9])       = 'a'
  mincore(p[8])    = 0
  mincore(p[10])   = 0
  store(p[3], 'b') = 0
}

check {
  A: msync(p, 12*4K, MS_SYNC) = 0
  A: pread(fd, 3*4K)          = 'b'
}

expect { never lost_store   complete }

scenario read-ahead-failed "a page that could not be read ahead is read by who needs it, who is told"
machine  cpus=1 ram=32 readahead=4 disk=12 disk_bad=1

setup {
  A: fd = open("f", O_RDWR|O_CREAT)
  A: pwrite(fd, fill('a', 4K), 0)                                  = 4K
  A: fsync(fd)                                                     = 0
  A: fallocate(fd, 0, 4K, 4K)                                      = 0
  A: pwrite(fd, fill('c', 4K), 2*4K)                               = 4K
  A: sync_file_range(fd, 2*4K, 4K, SYNC_FILE_RANGE_WRITE_AND_WAIT) = 0
  A: invalidate_inode_pages2(fd)                                   = 0
}

cpu 0 as A {
  pread(fd, 0)    = 'a'
  pread(fd, 4K)   = 0
  pread(fd, 2*4K) = 'c'
}

check { A: pread(fd, 0) = 'a' }

expect { never lost_store   complete }

scenario read-ahead-injected "a failed request of the readahead is no error of the read that caused it"
machine  cpus=1 ram=32 readahead=4 disk=12

setup {
  A: fd = open("f", O_RDWR|O_CREAT)
  A: pwrite(fd, fill('a', 4*4K), 0) = 4*4K
  A: fsync(fd)                      = 0
  A: invalidate_inode_pages2(fd)    = 0
}

cpu 0 as A {
  r = pread(fd, 0)   [fail: io_read nth=1]
  s = pread(fd, 4K)
}

check { A: pread(fd, 0) = 'a' }

expect { always A:r == 'a'   always A:s == 'a'   never lost_store   complete }

# reached: page_cache_ra_unbounded: somebody else was first
scenario two-readers "two tasks read the same pages ahead"
machine  cpus=2 ram=32 readahead=2

setup {
  A: fd = open("f", O_RDWR|O_CREAT)
  A: pwrite(fd, fill('a', 3*4K), 0) = 3*4K
  A: fsync(fd)                      = 0
  A: invalidate_inode_pages2(fd)    = 0
  B: gd = open("f", O_RDONLY)
}

cpu 0 as A { r = pread(fd, 0) }
cpu 1 as B { s = pread(gd, 0) }

check { folios_leaked() = 0 }

expect { always A:r == 'a'   always B:s == 'a'   never deadlock   never lost_store   complete }

scenario readahead-vs-truncate "pages are read ahead while the file is truncated: none is left behind its end"
machine  cpus=2 ram=32 readahead=2

setup {
  A: fd = open("f", O_RDWR|O_CREAT)
  A: pwrite(fd, fill('a', 2*4K), 0) = 2*4K
  A: fsync(fd)                      = 0
  A: invalidate_inode_pages2(fd)    = 0
}

cpu 0 as A { r = pread(fd, 0) = 'a' | -ENODATA }
cpu 1 as A { ftruncate(fd, 0) = 0 }

check {
  A: ftruncate(fd, 2*4K) = 0
  A: pread(fd, 0)        = 0
  A: pread(fd, 4K)       = 0
}

expect { never lost_store   never leak   never deadlock   complete }

scenario readahead-vs-write "a page is written to while it is read ahead: the write stays"
machine  cpus=2 ram=32 readahead=2

setup {
  A: fd = open("f", O_RDWR|O_CREAT)
  A: pwrite(fd, fill('a', 2*4K), 0) = 2*4K
  A: fsync(fd)                      = 0
  A: invalidate_inode_pages2(fd)    = 0
}

cpu 0 as A { pread(fd, 0) = 'a' }
cpu 1 as A { pwrite(fd, 'b', 4K) = 1 }

check {
  A: pread(fd, 4K)               = 'b'
  A: fsync(fd)                   = 0
  A: invalidate_inode_pages2(fd) = 0
  A: pread(fd, 4K)               = 'b'
}

expect { never lost_store   never deadlock   complete }

# reached: page_cache_async_ra: the mark of another stream
scenario mark-of-another "who meets the mark that another open file has left reads ahead behind what is cached"
machine  cpus=1 ram=32 PTRS_PER_PTE=16 readahead=4

setup {
  A: fd = open("f", O_RDWR|O_CREAT)
  A: gd = open("f", O_RDONLY)
  A: pwrite(fd, fill('a', 12*4K), 0) = 12*4K
  A: fsync(fd)                       = 0
  A: invalidate_inode_pages2(fd)     = 0
  A: p = mmap(0, 12*4K, PROT_READ, MAP_SHARED, fd, 0)
}

cpu 0 as A {
  pread(fd, 0)  = 'a'
  mincore(p[2]) = 0
  pread(gd, 4K) = 'a'
  mincore(p[2]) = 1
}

check { A: pread(fd, 11*4K) = 'a' }

expect { never lost_store   complete }

# reached: page_cache_sync_ra: a stream has left its traces in the cache
scenario traces "a stream that another file has read up to here goes on"
machine  cpus=1 ram=32 PTRS_PER_PTE=16 readahead=8

setup {
  A: fd = open("f", O_RDWR|O_CREAT)
  A: gd = open("f", O_RDONLY)
  A: pwrite(fd, fill('a', 12*4K), 0) = 12*4K
  A: fsync(fd)                       = 0
  A: invalidate_inode_pages2(fd)     = 0
  A: readahead(fd, 4K, 3*4K)         = 0
  A: p = mmap(0, 12*4K, PROT_READ, MAP_SHARED, fd, 0)
}

cpu 0 as A {
  pread(gd, 4*4K) = 'a'
  mincore(p[7])   = 1
  mincore(p[8])   = 0
}

check { A: pread(fd, 11*4K) = 'a' }

expect { never lost_store   complete }

scenario fault-around-leaves-the-mark "the marked page is left to its own fault, which has the next pages read"
machine  cpus=1 ram=32 PTRS_PER_PTE=16 readahead=8 fault_around_pages=4

setup {
  A: fd = open("f", O_RDWR|O_CREAT)
  A: pwrite(fd, fill('a', 12*4K), 0) = 12*4K
  A: fsync(fd)                       = 0
  A: invalidate_inode_pages2(fd)     = 0
  A: p = mmap(0, 12*4K, PROT_READ, MAP_SHARED, fd, 0)
}

cpu 0 as A {
  load(p[0])    = 'a'
  mincore(p[7]) = 1
  load(p[3])    = 'a'
  mincore(p[8]) = 0
  load(p[6])    = 'a'
  mincore(p[8]) = 1
}

check {
  A: pagemap(p[5]) = PM_FILE
  A: load(p[8])    = 'a'
}

expect { never lost_store   complete }
