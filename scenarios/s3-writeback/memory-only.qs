scenario memory-only "advice, readahead and syncfs where pages are nowhere but in memory"
machine  cpus=1 ram=16 tmpfs=tmp:0

setup {
  A: fd = open("/tmp/f", O_CREAT|O_RDWR, 0600)
  A: wo = open("/tmp/f", O_WRONLY)
  A: m = memfd_create("f", 0)
  A: d = open("/tmp", O_RDONLY|O_DIRECTORY)
}

cpu 0 as A {
  pwrite(fd, fill('a', 2*4K), 0)                = 2*4K
  syncfs(fd)                                    = 0
  syncfs(m)                                     = 0
  syncfs(77)                                    = -EBADF
  posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED)  = 0
  posix_fadvise(fd, 0, -1, POSIX_FADV_DONTNEED) = -EINVAL
  posix_fadvise(fd, 0, 0, 6)                    = -EINVAL
  posix_fadvise(m, 0, 4K, POSIX_FADV_WILLNEED)  = 0
  posix_fadvise(wo, 0, 4K, POSIX_FADV_RANDOM)   = 0
  posix_fadvise(77, 0, 4K, POSIX_FADV_RANDOM)   = -EBADF
  readahead(fd, 0, 4K)                          = 0
  readahead(wo, 0, 4K)                          = -EBADF
  readahead(d, 0, 4K)                           = -EINVAL
  readahead(m, 0, 4K)                           = 0
  readahead(77, 0, 4K)                          = -EBADF
}

check { A: pread(fd, 4K) = 'a' }

expect { never lost_store   complete }
