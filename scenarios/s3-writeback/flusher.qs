# What writes dirty pages back by itself, and holds back who makes them: flusher() is what the flusher's task does when
# it is woken. With ram=16, dirty_ratio=26 is 4 pages, dirty_background_ratio=13 is 2, and a pause begins above 3; with
# 13 and 6 it begins above 1, with 20 and 7 above 2.

scenario background "the flusher writes until no more is dirty than the background limit, or as much as it is told"
machine  cpus=1 ram=16 dirty_ratio=26 dirty_background_ratio=13

setup {
  A: fd = open("f", O_RDWR|O_CREAT)
  A: gd = open("g", O_RDWR|O_CREAT)
  A: pwrite(fd, fill('a', 3*4K), 0) = 3*4K
  A: pwrite(gd, fill('b', 4K), 0)   = 4K
}

cpu 0 as A {
  flusher()  = 2
  flusher()  = 0
  flusher(1) = 1
  flusher(9) = 1
  flusher(9) = 0
}

check {
  A: fstat(fd).st_blocks         = 24
  A: fstat(gd).st_blocks         = 8
  A: invalidate_inode_pages2(fd) = 0
  A: pread(fd, 2*4K)             = 'a'
}

expect { never lost_store   complete }

# reached: balance_dirty_pages: pauses until the flusher has written
scenario throttled "a program that makes more dirty than there may be pauses while the flusher runs, and goes on"
machine  cpus=2 ram=16 dirty_ratio=13 dirty_background_ratio=6

setup {
  A: fd = open("f", O_RDWR|O_CREAT)
  A: pwrite(fd, fill('a', 4K), 0) = 4K
}

cpu 0 as A { pwrite(fd, fill('b', 4K), 4K) = 4K }
cpu 1 as K { flusher() }

check {
  A: fsync(fd)                   = 0
  A: invalidate_inode_pages2(fd) = 0
  A: pread(fd, 0)                = 'a'
  A: pread(fd, 4K)               = 'b'
}

expect { never lost_store   never deadlock   complete }

scenario throttled-fault "so does a program that stores through a mapping"
machine  cpus=2 ram=16 dirty_ratio=20 dirty_background_ratio=7

setup {
  A: fd = open("f", O_RDWR|O_CREAT)
  A: pwrite(fd, fill('a', 2*4K), 0) = 2*4K
  A: ftruncate(fd, 3*4K)            = 0
  A: p = mmap(0, 3*4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
}

cpu 0 as A { store(p[2], 'b') = 0 }
cpu 1 as K { flusher() }

check {
  A: msync(p, 3*4K, MS_SYNC)     = 0
  A: invalidate_inode_pages2(fd) = 0
  A: load(p[2])                  = 'b'
}

expect { never lost_store   never deadlock   complete }

# reached: __mark_inode_dirty: the inode is being written
scenario dirty-again "a page that becomes dirty while its file is written is not forgotten"
machine  cpus=2 ram=16 dirty_ratio=26 dirty_background_ratio=13

setup {
  A: fd = open("f", O_RDWR|O_CREAT)
  A: pwrite(fd, 'a', 0) = 1
}

cpu 0 as K { flusher(1) }
cpu 1 as A { pwrite(fd, 'b', 4K) = 1 }

check {
  flusher(4)
  A: fstat(fd).st_blocks         = 16
  A: invalidate_inode_pages2(fd) = 0
  A: pread(fd, 0)                = 'a'
  A: pread(fd, 4K)               = 'b'
}

expect { never lost_store   complete }

scenario stored-again "a store through a mapping to a page that is being written is not forgotten"
machine  cpus=2 ram=16 dirty_ratio=26 dirty_background_ratio=13

setup {
  A: fd = open("f", O_RDWR|O_CREAT)
  A: ftruncate(fd, 4K) = 0
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: store(p[0], 'a')  = 0
}

cpu 0 as K { flusher(1) }
cpu 1 as A { store(p[0], 'b') = 0 }

check {
  flusher(4)
  A: invalidate_inode_pages2(fd) = 0
  A: load(p[0])                  = 'b'
}

expect { never lost_store   never stale_tlb   complete }

scenario vs-fsync "fsync() of a file that the flusher is writing returns when all is in the store"
machine  cpus=2 ram=16 dirty_ratio=26 dirty_background_ratio=13

setup {
  A: fd = open("f", O_RDWR|O_CREAT)
  A: pwrite(fd, fill('a', 2*4K), 0) = 2*4K
}

cpu 0 as K { flusher(2) }
cpu 1 as A { fsync(fd) = 0 }

check { A: fstat(fd).st_blocks = 16 }

expect { never lost_store   complete }

scenario vs-truncate "a file is truncated while the flusher writes it"
machine  cpus=2 ram=16 disk=2 dirty_ratio=26 dirty_background_ratio=13

setup {
  A: fd = open("f", O_RDWR|O_CREAT)
  A: pwrite(fd, fill('a', 2*4K), 0) = 2*4K
}

cpu 0 as K { flusher(2) }
cpu 1 as A { ftruncate(fd, 4K) = 0 }

check {
  A: fsync(fd)                   = 0
  A: fstat(fd).st_blocks         = 8
  A: ftruncate(fd, 2*4K)         = 0
  A: invalidate_inode_pages2(fd) = 0
  A: pread(fd, 0)                = 'a'
  A: pread(fd, 4K)               = 0
}

expect { never lost_store   never leak   complete }

scenario vs-reclaim "a page that the flusher writes is wanted by reclaim"
machine  cpus=2 ram=16 dirty_ratio=26 dirty_background_ratio=13

setup {
  A: fd = open("f", O_RDWR|O_CREAT)
  A: pwrite(fd, 'a', 0) = 1
}

cpu 0 as K { flusher(1) }
cpu 1 as R { reclaim(1) }

check { A: pread(fd, 0) = 'a' }

expect { never lost_store   never uaf   complete }

scenario error-of-the-flusher "an error that the flusher meets is told by fsync(), once, and the page stays dirty"
machine  cpus=1 ram=16 dirty_ratio=26 dirty_background_ratio=13

setup {
  A: fd = open("f", O_RDWR|O_CREAT)
  B: gd = open("f", O_RDWR)
  A: pwrite(fd, fill('a', 2*4K), 0) = 2*4K
}

cpu 0 as K { r = flusher(2)   [fail: io_write nth=1] }

check {
  B: fsync(gd)                   = -EIO
  A: fsync(fd)                   = -EIO
  A: fsync(fd)                   = 0
  A: invalidate_inode_pages2(fd) = 0
  A: pread(fd, 0)                = 'a'
  A: pread(fd, 4K)               = 'a'
}

expect { never lost_store   complete }

scenario full-device "a device that is full does not keep the flusher, nor who writes, for ever"
machine  cpus=2 ram=16 disk=1 dirty_ratio=13 dirty_background_ratio=6

setup {
  A: fd = open("f", O_RDWR|O_CREAT)
  A: pwrite(fd, fill('a', 4K), 0) = 4K
}

cpu 0 as A { pwrite(fd, 'b', 4K) = 1 }
cpu 1 as K { flusher() }

check {
  A: fsync(fd)           = -ENOSPC
  A: fstat(fd).st_blocks = 8
  A: pread(fd, 0)        = 'a'
  A: pread(fd, 4K)       = 'b'
  A: ftruncate(fd, 4K)   = 0
  A: fsync(fd)           = 0
}

expect { never deadlock   never livelock   never lost_store   complete }

scenario behind-an-error "pages behind one that cannot be written have their turn"
machine  cpus=1 ram=16 disk=4 disk_bad=0 dirty_ratio=26 dirty_background_ratio=13

setup {
  A: fd = open("f", O_RDWR|O_CREAT)
  A: pwrite(fd, fill('a', 3*4K), 0) = 3*4K
}

cpu 0 as K {
  flusher(9)
  flusher(9)
  flusher(9)
}

check {
  A: fsync(fd)       = -EIO
  A: pread(fd, 0)    = 'a'
  A: pread(fd, 2*4K) = 'a'
}

expect { never lost_store   complete }

# reached: requeue_inode: its turn is used up
scenario turns "files have turns: one that has much to write does not keep another from being written"
machine  cpus=1 ram=16 dirty_ratio=50 dirty_background_ratio=13

setup {
  A: fd = open("f", O_RDWR|O_CREAT)
  A: gd = open("g", O_RDWR|O_CREAT)
  A: pwrite(fd, fill('a', 3*4K), 0) = 3*4K
  A: pwrite(gd, 'b', 0)             = 1
}

cpu 0 as K { flusher(2) = 2 }

check {
  A: fstat(fd).st_blocks = 8
  A: fstat(gd).st_blocks = 8
}

expect { never lost_store   complete }

# reached: writeback_sb_inodes: another task writes the inode
scenario two-flushers "two tasks that write back at once leave no page out and write none at the same time"
machine  cpus=2 ram=16 dirty_ratio=26 dirty_background_ratio=13

setup {
  A: fd = open("f", O_RDWR|O_CREAT)
  A: pwrite(fd, 'a', 0) = 1
}

cpu 0 as K { flusher(1) }
cpu 1 as L { flusher(1) }

check { A: fstat(fd).st_blocks = 8 }

expect { never lost_store   never deadlock   complete }

# reached: inode_wait_for_writeback: the flusher has the inode
scenario vs-eviction "a file goes while the flusher writes it"
machine  cpus=2 ram=16 disk=2 dirty_ratio=26 dirty_background_ratio=13

setup {
  A: fd = open("f", O_RDWR|O_CREAT)
  A: pwrite(fd, fill('a', 2*4K), 0) = 2*4K
  A: unlink("f")                    = 0
  A: unlink("f")                    = -ENOENT
  A: pread(fd, 4K)                  = 'a'
}

cpu 0 as K { flusher(2) }
cpu 1 as A { close(fd) = 0 }

check {
  A: fd = open("f", O_RDWR)    = -ENOENT
  A: gd = open("f", O_RDWR|O_CREAT)
  A: fallocate(gd, 0, 0, 2*4K) = 0
  A: pread(gd, 0)              = 0
}

expect { never uaf   never leak   never deadlock   complete }

# reached: inode_sleep_on_writeback: another task writes the inode
scenario vs-syncfs "syncfs() returns when all that was dirty is in the store, whoever has written it"
machine  cpus=2 ram=16 dirty_ratio=26 dirty_background_ratio=13

setup {
  A: fd = open("f", O_RDWR|O_CREAT)
  A: gd = open("g", O_RDWR|O_CREAT)
  A: pwrite(fd, 'a', 0) = 1
  A: pwrite(gd, 'b', 0) = 1
}

cpu 0 as K { flusher(2) }
cpu 1 as A { syncfs(fd) = 0 }

check {
  A: fstat(fd).st_blocks = 8
  A: fstat(gd).st_blocks = 8
}

expect { never lost_store   never deadlock   never livelock   complete }

scenario syncfs-without-flusher "syncfs() tells each open file once of an error of any file"
machine  cpus=1 ram=16

setup {
  A: fd = open("f", O_RDWR|O_CREAT)
  A: gd = open("g", O_RDWR|O_CREAT)
  A: pwrite(gd, 'b', 0) = 1
}

cpu 0 as A { r = syncfs(fd)   [fail: io_write nth=1] }

check {
  A: syncfs(fd)          = 0
  A: syncfs(gd)          = -EIO
  A: syncfs(gd)          = 0
  A: fsync(gd)           = -EIO
  A: fsync(gd)           = 0
  A: fstat(gd).st_blocks = 8
  A: hd = memfd_create("h", 0)
  A: syncfs(hd)          = 0
}

expect { always A:r == -EIO   never lost_store   complete }

scenario vs-reclaim-and-evict "reclaim cannot write a page of a file that goes, which the flusher has"
machine  cpus=2 ram=16 disk=2 dirty_ratio=26 dirty_background_ratio=13

setup {
  A: fd = open("f", O_RDWR|O_CREAT)
  A: pwrite(fd, 'a', 0) = 1
  A: unlink("f")        = 0
}

cpu 0 as R { reclaim(1)   [may fail: io_write] }
cpu 1 as A { close(fd) = 0 }

check {
  A: gd = open("f", O_RDWR|O_CREAT)
  A: fallocate(gd, 0, 0, 2*4K) = 0
}

expect { never uaf   never leak   never deadlock   complete }
