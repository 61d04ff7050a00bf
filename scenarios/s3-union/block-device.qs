# A file system on a device that can be full, and that has blocks which fail: when a program is told, and what stays.

scenario disk-full-at-write "blocks are allocated by write: a full device is that call's error"
machine  cpus=1 ram=16 disk=2 disk_alloc=write

setup {
  A: fd = open("f", O_RDWR|O_CREAT)
}

cpu 0 as A {
  pwrite(fd, fill('a', 2*4K), 0)                                 = 2*4K
  pwrite(fd, 'c', 2*4K)                                          = -ENOSPC
  fsync(fd)                                                      = 0
  fallocate(fd, FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE, 0, 4K) = 0
  pwrite(fd, 'c', 2*4K)                                          = 1
  fsync(fd)                                                      = 0
  fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 4K)                      = -ENOSPC
}

check {
  A: fstat(fd).st_blocks         = 16
  A: invalidate_inode_pages2(fd) = 0
  A: pread(fd, 0)                = 0
  A: pread(fd, 4K)               = 'a'
  A: pread(fd, 2*4K)             = 'c'
}

expect { never lost_store   never leak   complete }

scenario disk-full-at-writeback "blocks are allocated by writeback: a full device is an error of fsync, once"
machine  cpus=1 ram=16 disk=1 disk_alloc=writeback

setup {
  A: fd = open("f", O_RDWR|O_CREAT)
}

cpu 0 as A {
  pwrite(fd, fill('a', 2*4K), 0) = 2*4K
  fsync(fd)                      = -ENOSPC
  pread(fd, 4K)                  = 'a'
  ftruncate(fd, 4K)              = 0
  fsync(fd)                      = 0
}

check {
  A: fstat(fd).st_blocks         = 8
  A: invalidate_inode_pages2(fd) = 0
  A: pread(fd, 0)                = 'a'
}

expect { never lost_store   never leak   complete }

scenario mapped-hole-on-a-full-disk "a store through a mapping into a hole of a full disk is a SIGBUS"
machine  cpus=1 ram=16 disk=1 disk_alloc=write

setup {
  A: fd = open("f", O_RDWR|O_CREAT)
  A: ftruncate(fd, 2*4K) = 0
  A: pwrite(fd, 'a', 0)  = 1
  A: fsync(fd)           = 0
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
}

cpu 0 as A {
  store(p[1], 'b')                                               = SIGBUS(2)
  load(p[1])                                                     = 0
  store(p[1], 'b')                                               = SIGBUS(2)
  store(p[0], 'c')                                               = 0
  fallocate(fd, FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE, 0, 4K) = 0
  store(p[1], 'b')                                               = 0
  msync(p, 2*4K, MS_SYNC)                                        = 0
}

check {
  A: invalidate_inode_pages2(fd) = 0
  A: pread(fd, 0)                = 0
  A: pread(fd, 4K)               = 'b'
  A: fstat(fd).st_blocks         = 8
}

expect { never lost_store   never leak   complete }

scenario mapped-hole-at-writeback "a store through a mapping into a hole gets its block when it is written out"
machine  cpus=1 ram=16 disk=1 disk_alloc=writeback

setup {
  A: fd = open("f", O_RDWR|O_CREAT)
  A: ftruncate(fd, 2*4K) = 0
  A: pwrite(fd, 'a', 0)  = 1
  A: fsync(fd)           = 0
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
}

cpu 0 as A {
  store(p[1], 'b')        = 0
  msync(p, 2*4K, MS_SYNC) = -ENOSPC
  load(p[1])              = 'b'
}

check {
  A: pread(fd, 0)        = 'a'
  A: fstat(fd).st_blocks = 8
}

expect { never lost_store   complete }

scenario mkwrite-vs-truncate-on-a-disk "the block that a store through a mapping has taken goes with the truncation"
machine  cpus=2 ram=16 disk=1 disk_alloc=write

setup {
  A: fd = open("f", O_RDWR|O_CREAT)
  A: ftruncate(fd, 4K) = 0
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: load(p[0])        = 0
}

cpu 0 as A { r = store(p[0], 'a') }
cpu 1 as A { ftruncate(fd, 0) = 0 }

check {
  A: fstat(fd).st_blocks = 0
  A: pwrite(fd, 'b', 0)  = 1
  A: fsync(fd)           = 0
}

expect { sometimes A:r == 0   sometimes A:r == SIGBUS(2)   never leak   never lost_store   complete }

scenario truncate-part-on-a-disk "what a truncation takes of a page is zeros when the file grows again"
machine  cpus=2 ram=16 disk=4

setup {
  A: fd = open("f", O_RDWR|O_CREAT)
  A: pwrite(fd, fill('a', 4K), 0) = 4K
  A: fsync(fd)                    = 0
  A: invalidate_inode_pages2(fd)  = 0
}

cpu 0 as A { ftruncate(fd, 4) = 0   ftruncate(fd, 4K) = 0 }
cpu 1 as A { fsync(fd) = 0 }

check {
  A: fsync(fd)                   = 0
  A: invalidate_inode_pages2(fd) = 0
  A: pread(fd, 3)                = 'a'
  A: pread(fd, 4)                = 0
}

expect { never lost_store   complete }

scenario bad-block "a page whose block is bad stays dirty, and its writer is told"
machine  cpus=1 ram=16 disk=4 disk_bad=1

setup {
  A: fd = open("f", O_RDWR|O_CREAT)
}

cpu 0 as A {
  pwrite(fd, fill('a', 2*4K), 0) = 2*4K
  fsync(fd)                      = -EIO
  pread(fd, 4K)                  = 'a'
}

check {
  A: invalidate_inode_pages2(fd) = -EIO
  A: pread(fd, 0)                = 'a'
  A: pread(fd, 4K)               = 'a'
}

expect { never lost_store   complete }

scenario two-files-one-disk "two files take the last block at once: one is told, and both read what they have"
machine  cpus=2 ram=16 disk=2 disk_alloc=write

setup {
  A: f = open("f", O_RDWR|O_CREAT)
  A: g = open("g", O_RDWR|O_CREAT)
  A: pwrite(f, 'a', 0) = 1
}

cpu 0 as A { r = pwrite(f, 'b', 4K) }
cpu 1 as A { s = pwrite(g, 'c', 0) }

check {
  A: fsync(f)    = 0
  A: fsync(g)    = 0
  A: pread(f, 0) = 'a'
}

expect {
  outcomes { A:r=1 A:s=-ENOSPC; A:r=-ENOSPC A:s=1 }
  never leak   complete
}
