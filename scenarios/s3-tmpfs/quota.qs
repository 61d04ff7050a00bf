scenario tmpfs-pages "a full tmpfs: -ENOSPC, and what was there stays"
machine  cpus=1 ram=16 swap=S:8 tmpfs=tmp:4

setup {
  A: fd = open("/tmp/f", O_CREAT|O_RDWR, 0600)
  A: statfs("/tmp").f_blocks           = 4
  A: statfs("/tmp").f_bfree            = 4
  A: statfs("/tmp").f_bsize            = 4K
  A: statfs("/tmp").f_namelen          = 255
  A: fallocate(fd, 0, 0, 5*4K)         = -ENOSPC
  A: stat("/tmp/f").st_size            = 0
  A: pwrite(fd, fill('a', 3*4K), 0)    = 3*4K
  A: pwrite(fd, fill('b', 2*4K), 3*4K) = 4K
  A: pwrite(fd, fill('c', 4K), 4*4K)   = -ENOSPC
  A: ftruncate(fd, 6*4K)               = 0
  A: p = mmap(0, 6*4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: store(p[5], 'd')                  = SIGBUS(2)
  A: load(p[5])                        = SIGBUS(2)
  A: madvise(p[0:2], MADV_PAGEOUT)     = 0
}

check {
  A: statfs("/tmp").f_bfree                                          = 0
  A: fstat(fd).st_blocks                                             = 32
  A: pread(fd, 0)                                                    = 'a'
  A: pread(fd, 3*4K)                                                 = 'b'
  A: pread(fd, 4*4K)                                                 = 0
  A: fallocate(fd, FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE, 4K, 4K) = 0
  A: statfs("/tmp").f_bfree                                          = 1
  A: store(p[5], 'd')                                                = 0
  A: pread(fd, 5*4K)                                                 = 'd'
  A: munmap(p, 6*4K)                                                 = 0
  A: unlink("/tmp/f")                                                = 0
  A: statfs("/tmp").f_bfree                                          = 0
  A: close(fd)                                                       = 0
  A: statfs("/tmp").f_bfree                                          = 4
}

expect { never check   complete }

scenario tmpfs-inodes "as many inodes as nr_inodes says; names and attributes count too"
machine  cpus=1 ram=16 tmpfs=tmp:0 nr_inodes=tmp:4

setup {
  A: statfs("/tmp").f_files                      = 4
  A: statfs("/tmp").f_ffree                      = 3
  A: mknod("/tmp/a", S_IFREG|0600)               = 0
  A: mkdir("/tmp/b", 0755)                       = 0
  A: link("/tmp/a", "/tmp/c")                    = 0
  A: mknod("/tmp/d", S_IFREG|0600)               = -ENOSPC
  A: mkdir("/tmp/d", 0755)                       = -ENOSPC
  A: symlink("a", "/tmp/d")                      = -ENOSPC
  A: link("/tmp/a", "/tmp/d")                    = -ENOSPC
  A: open("/tmp/d", O_CREAT|O_RDWR, 0600)        = -ENOSPC
  A: rename("/tmp/a", "/tmp/d", RENAME_WHITEOUT) = -ENOSPC
  A: setxattr("/tmp/a", "user.a", 'v', 0)        = -ENOSPC
}

check {
  A: getdents("/tmp")                                = 3
  A: stat("/tmp/a").st_nlink                         = 2
  A: unlink("/tmp/a")                                = 0
  A: statfs("/tmp").f_ffree                          = 1
  A: setxattr("/tmp/c", "user.a", fill('v', 900), 0) = 0
  A: statfs("/tmp").f_ffree                          = 0
  A: mknod("/tmp/d", S_IFREG|0600)                   = -ENOSPC
  A: setxattr("/tmp/c", "user.b", fill('v', 100), 0) = -ENOSPC
  A: setxattr("/tmp/c", "user.b", fill('v', 10), 0)  = 0
  A: removexattr("/tmp/c", "user.a")                 = 0
  A: removexattr("/tmp/c", "user.b")                 = 0
  A: mknod("/tmp/d", S_IFREG|0600)                   = 0
  A: rmdir("/tmp/b")                                 = 0
  A: statfs("/tmp").f_ffree                          = 1
}

expect { never check   complete }

scenario tmpfs-seek "data and holes: what is in swap is data, what was only allocated is none"
machine  cpus=1 ram=16 swap=S:8 tmpfs=tmp:0

setup {
  A: fd = open("/tmp/f", O_CREAT|O_RDWR, 0600)
  A: ftruncate(fd, 6*4K+100)         = 0
  A: pwrite(fd, fill('a', 4K), 4K)   = 4K
  A: pwrite(fd, fill('b', 4K), 3*4K) = 4K
  A: fallocate(fd, 0, 4*4K, 4K)      = 0
  A: p = mmap(0, 4*4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: load(p[1])                      = 'a'
  A: madvise(p[1], 4K, MADV_PAGEOUT) = 0
}

check {
  A: lseek(fd, 0, SEEK_DATA)                 = 4K
  A: lseek(fd, 4K+8, SEEK_DATA)              = 4K+8
  A: lseek(fd, 4K, SEEK_HOLE)                = 2*4K
  A: lseek(fd, 2*4K, SEEK_DATA)              = 3*4K
  A: lseek(fd, 3*4K, SEEK_HOLE)              = 4*4K
  A: lseek(fd, 4*4K, SEEK_DATA)              = -ENXIO
  A: lseek(fd, 6*4K+99, SEEK_HOLE)           = 6*4K+99
  A: lseek(fd, 6*4K+100, SEEK_HOLE)          = -ENXIO
  A: lseek(fd, -1, SEEK_DATA)                = -ENXIO
  A: lseek(fd, 10, SEEK_SET)                 = 10
  A: lseek(fd, 5, SEEK_CUR)                  = 15
  A: lseek(fd, -16, SEEK_CUR)                = -EINVAL
  A: lseek(fd, -100, SEEK_END)               = 6*4K
  A: lseek(fd, 0, 9)                         = -EINVAL
  A: lseek(99, 0, SEEK_SET)                  = -EBADF
  A: pread(fd, -1)                           = -EINVAL
  A: pwrite(fd, 'x', -1)                     = -EINVAL
  A: pwrite(fd, 'x', 0x7fffffffffffffff)     = -EINVAL
  A: pread(fd, 0x7fffffffffffffff)           = -EINVAL
  A: ftruncate(fd, -1)                       = -EINVAL
  A: ftruncate(fd, 0x7fffffffffffffff)       = 0
  A: fstat(fd).st_size                       = 0x7fffffffffffffff
  A: fallocate(fd, 0, 0x7fffffffffffffff, 2) = -EFBIG
  A: fallocate(fd, 0, -1, 2)                 = -EINVAL
  A: fallocate(fd, 0, 0, 0)                  = -EINVAL
  A: truncate("/tmp/f", 0)                   = 0
  A: truncate("/tmp", 0)                     = -EISDIR
  A: truncate("/tmp/f", -1)                  = -EINVAL
}

expect { never check   complete }

scenario hole-read-and-dropped "reclaim drops a page of a hole that was only read; it is counted out when room is short"
machine  cpus=1 ram=16 swap=S:8 tmpfs=tmp:3

setup {
  A: f = open("/tmp/f", O_RDWR|O_CREAT, 0644)
  A: ftruncate(f, 4*4K)          = 0
  A: p = mmap(0, 3*4K, PROT_READ, MAP_SHARED|MAP_POPULATE, f, 4K)
  A: madvise(p[0], MADV_PAGEOUT) = 0
}

check {
  A: load(p[0])                    = 0
  A: pwrite(f, 'a', 0)             = -ENOSPC
  A: madvise(p[1:3], MADV_PAGEOUT) = 0
  A: pwrite(f, 'a', 0)             = 1
  A: pwrite(f, 'b', 8K)            = 1
  A: load(p[2])                    = SIGBUS(2)
}

expect { never check   complete }
