# Two ways of getting a dirty page U out of memory: write the lower page at once, or leave it dirty for its own turn.

scenario reclaim-calls-the-lower-writepage "reclaim of the upper page writes the lower one to swap at once"
machine  cpus=2 ram=8 swap=S:4 union=1 union_writepage=lower

setup {
  A: fd = open("/union/f", O_RDWR|O_CREAT)
  A: ftruncate(fd, 4K) = 0
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: store(p[0], 'a')
}

cpu 0 as A { madvise(p, 4K, MADV_PAGEOUT) = 0 }
cpu 1 as A { pread(fd, 0) = 'a' }

check {
  A: below = open("/upper/f", O_RDONLY)
  A: pread(below, 0) = 'a'
  A: load(p[0])      = 'a'
}

expect { never lost_store   never swap_count   complete }

scenario reclaim-dirties-the-lower-page "reclaim of the upper page leaves the lower one its own turn, and dirty"
machine  cpus=2 ram=8 swap=S:4 union=1 union_writepage=dirty

setup {
  A: fd = open("/union/f", O_RDWR|O_CREAT)
  A: ftruncate(fd, 4K) = 0
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: store(p[0], 'a')
}

cpu 0 as A { madvise(p, 4K, MADV_PAGEOUT) = 0 }
cpu 1 as A { pread(fd, 0) = 'a' }

check {
  A: below = open("/upper/f", O_RDONLY)
  A: q = mmap(0, 4K, PROT_READ, MAP_SHARED, below, 0)
  A: madvise(p, 4K, MADV_PAGEOUT) = 0
  A: load(q[0])                   = 'a'
  A: madvise(q, 4K, MADV_PAGEOUT) = 0
  A: load(q[0])                   = 'a'
  A: load(p[0])                   = 'a'
}

expect            { never lost_store   never swap_count   complete }
expect with D3-16 { sometimes lost_store }

scenario write-while-it-goes-down "a program stores to a page that is being written to the lower one"
machine  cpus=2 ram=16 swap=S:8 union=1

setup {
  A: fd = open("/union/f", O_RDWR|O_CREAT)
  A: ftruncate(fd, 4K) = 0
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: store(p[0], 'a')
}

cpu 0 as A { msync(p, 4K, MS_SYNC) = 0 }
cpu 1 as A { store(p[0], 'b') }

check {
  A: msync(p, 4K, MS_SYNC) = 0
  A: below = open("/upper/f", O_RDONLY)
  A: pread(below, 0)       = 'b'
}

expect { never lost_store   complete }

# reached: unionfs_writepage: truncated meanwhile
scenario truncate-vs-writeback "a file is truncated while its page is being written to the lower one"
machine  cpus=2 ram=8 union=1

setup {
  A: fd = open("/union/f", O_RDWR|O_CREAT)
  A: pwrite(fd, 'a', 0) = 1
}

cpu 0 as A { fsync(fd) = 0 }
cpu 1 as A { ftruncate(fd, 0) = 0 }

check {
  A: ftruncate(fd, 4K) = 0
  A: pread(fd, 0)      = 0
  A: below = open("/upper/f", O_RDONLY)
  A: pread(below, 0)   = 0
}

expect { never lost_store   never leak   complete }

# reached: unionfs_fault: truncated meanwhile
scenario truncate-vs-fault "a file is truncated while its page is being brought in from the lower one"
machine  cpus=2 ram=8 union=1

setup {
  A: fd = open("/union/f", O_RDWR|O_CREAT)
  A: ftruncate(fd, 4K) = 0
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
}

cpu 0 as A { load(p[0]) = 0 | SIGBUS(2) }
cpu 1 as A { ftruncate(fd, 0) = 0 }

check { A: load(p[0]) = SIGBUS(2) }

expect { never leak   complete }

scenario punch-vs-writeback "a hole is punched while its page is being written to the lower one"
machine  cpus=2 ram=8 union=1

setup {
  A: fd = open("/union/f", O_RDWR|O_CREAT)
  A: ftruncate(fd, 4K)  = 0
  A: pwrite(fd, 'a', 0) = 1
}

cpu 0 as A { fsync(fd) = 0 }
cpu 1 as A { fallocate(fd, FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE, 0, 4K) = 0 }

check {
  A: pread(fd, 0)    = 0
  A: fsync(fd)       = 0
  A: below = open("/upper/f", O_RDONLY)
  A: pread(below, 0) = 0
}

expect { never lost_store   never leak   complete }
