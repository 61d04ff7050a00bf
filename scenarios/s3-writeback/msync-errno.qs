# What msync() says of its operands and of what is mapped: the same on all kernels.

scenario msync-errno "the errno matrix of msync"
machine  cpus=1 ram=32

setup {
  A: fd = memfd_create("f", 0)
  A: ftruncate(fd, 2*4K) = 0
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: store(p[0:2], 'a')  = 0
  A: q = mmap(0, 3*4K, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS, -1, 0)
  A: munmap(q[1:2])      = 0
  A: mlock(q[2:3])       = 0
}

check {
  A: msync(p, 4K, 8)                        = -EINVAL
  A: msync(p, 4K, MS_SYNC|8)                = -EINVAL
  A: msync(p[0]+1, 4K, MS_SYNC)             = -EINVAL
  A: msync(p[0]+1, 0, MS_SYNC)              = -EINVAL
  A: msync(p, 4K, MS_SYNC|MS_ASYNC)         = -EINVAL
  A: msync(p, -1, MS_SYNC)                  = 0
  A: msync(p, -4K, MS_SYNC)                 = -ENOMEM
  A: msync(p, 0, MS_SYNC)                   = 0
  A: msync(p, 4K, 0)                        = 0
  A: msync(p, 4K, MS_ASYNC)                 = 0
  A: msync(p, 4K, MS_INVALIDATE)            = 0
  A: msync(p, 2*4K, MS_SYNC)                = 0
  A: msync(p[0], 100, MS_SYNC)              = 0
  A: msync(p, 4K, MS_SYNC|MS_INVALIDATE)    = 0
  A: msync(q, 2*4K, MS_SYNC)                = -ENOMEM
  A: msync(q, 2*4K, MS_ASYNC)               = -ENOMEM
  A: msync(q, 2*4K, 0)                      = -ENOMEM
  A: msync(q, 3*4K, MS_SYNC)                = -ENOMEM
  A: msync(q[2], 4K, MS_INVALIDATE)         = -EBUSY
  A: msync(q, 3*4K, MS_INVALIDATE)          = -EBUSY
  A: msync(q, 3*4K, MS_ASYNC|MS_INVALIDATE) = -EBUSY
  A: msync(q[2], 4K, MS_SYNC)               = 0
  A: pread(fd, 4K)                          = 'a'
}

expect { never lost_store   complete }

scenario sync-errno "what fsync, fdatasync and sync_file_range say of their operands"
machine  cpus=1 ram=32

setup {
  A: fd = open("f", O_RDWR|O_CREAT)
  A: pwrite(fd, fill('a', 3*4K), 0) = 3*4K
}

check {
  A: fsync(99)                                                   = -EBADF
  A: fdatasync(99)                                               = -EBADF
  A: sync_file_range(99, 0, 0, 0)                                = -EBADF
  A: sync_file_range(fd, 0, 0, 8)                                = -EINVAL
  A: sync_file_range(fd, -1, 0, 0)                               = -EINVAL
  A: sync_file_range(fd, 0, -1, 0)                               = -EINVAL
  A: sync_file_range(fd, 4K, 0x7fffffffffffffff, 0)              = -EINVAL
  A: sync_file_range(fd, 0, 0, 0)                                = 0
  A: sync_file_range(fd, 4K, 4K, SYNC_FILE_RANGE_WRITE_AND_WAIT) = 0
  A: sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WAIT_BEFORE)      = 0
  A: sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE)            = 0
  A: sync_file_range(fd, 64K, 4K, SYNC_FILE_RANGE_WAIT_AFTER)    = 0
  A: fdatasync(fd)                                               = 0
  A: fsync(fd)                                                   = 0
  A: pread(fd, 2*4K)                                             = 'a'
}

expect { never lost_store   complete }
