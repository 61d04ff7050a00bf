# A file system on a loop device on a file of tmpfs: a page that is written out needs memory for the page below.

scenario loop-write-and-read "what was written is in the file below, also when that is in swap"
machine  cpus=1 ram=16 swap=S:8 disk=2 disk_loop=on

setup { A: fd = open("f", O_RDWR|O_CREAT) }

cpu 0 as A {
  pwrite(fd, 'a', 0)          = 1
  fsync(fd)                   = 0
  invalidate_inode_pages2(fd) = 0
  reclaim(16)
}

check {
  swap_used(S)    = 1
  A: pread(fd, 0) = 'a'
}

expect { never lost_store   never leak   complete }

scenario loop-under-pressure "writeback finds no memory below, and does no IO to get some: it tells, nothing is lost"
machine  cpus=1 ram=6 swap=S:8 disk=2 disk_loop=on

setup {
  A: fd = open("f", O_RDWR|O_CREAT)
  A: pwrite(fd, 'a', 0) = 1
  A: q = mmap(0, 5*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(q[0], '0'), store(q[1], '1'), store(q[2], '2'), store(q[3], '3'), store(q[4], '4')
}

cpu 0 as A { fsync(fd) = -EIO }

check {
  swap_used(S)                   = 0
  A: pread(fd, 0)                = 'a'
  A: munmap(q, 5*4K)             = 0
  A: fsync(fd)                   = 0
  A: invalidate_inode_pages2(fd) = 0
  A: pread(fd, 0)                = 'a'
}

expect { never lost_store   never deadlock   never leak   complete }

scenario loop-reclaim-vs-write "reclaim writes a page to the loop device while a program writes to it again"
machine  cpus=2 ram=12 swap=S:8 disk=2 disk_loop=on

setup {
  A: fd = open("f", O_RDWR|O_CREAT)
  A: ftruncate(fd, 4K) = 0
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: store(p[0], 'a')
}

cpu 0 as A { madvise(p, 4K, MADV_PAGEOUT) = 0 }
cpu 1 as A { store(p[0], 'b') }

check {
  A: fsync(fd)    = 0
  A: pread(fd, 0) = 'b'
}

expect { never lost_store   never deadlock   complete }
