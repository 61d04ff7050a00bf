scenario mprotect-read-only-file "a shared mapping of a file that is open for reading only never becomes writable"
machine  cpus=1 ram=16 tmpfs=tmp:0

setup {
  A: fd = open("/tmp/f", O_CREAT|O_RDWR, 0600)
  A: pwrite(fd, fill('a', 3*4K), 0) = 3*4K
  A: ro = open("/tmp/f", O_RDONLY)
  A: p = mmap(0, 3*4K, PROT_READ, MAP_SHARED, ro, 0)
  A: q = mmap(0, 4K, PROT_READ, MAP_PRIVATE, ro, 0)
  A: w = mmap(0, 4K, PROT_READ, MAP_SHARED, fd, 0)
}

cpu 0 as A {
  mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_SHARED, ro, 0) = -EACCES
  mprotect(p, 3*4K, PROT_READ|PROT_WRITE)              = -EACCES
  mprotect(p, 3*4K, PROT_WRITE)                        = -EACCES
  mprotect(p[1], 4K, PROT_NONE)                        = 0
  mprotect(p[1], 4K, PROT_READ|PROT_WRITE)             = -EACCES
  mprotect(p[1], 4K, PROT_READ)                        = 0
  store(p[0], 'b')                                     = SIGSEGV(2)
  madvise(p, 4K, MADV_REMOVE)                          = -EACCES
  msync(p, 3*4K, MS_SYNC)                              = 0
  mprotect(q, 4K, PROT_READ|PROT_WRITE)                = 0
  store(q[0], 'c')                                     = 0
  mprotect(w, 4K, PROT_READ|PROT_WRITE)                = 0
  store(w[0], 'd')                                     = 0
}

check {
  A: load(p[0])   = 'd'
  A: load(q[0])   = 'c'
  A: pread(fd, 0) = 'd'
}

expect { never lost_store   complete }

scenario mprotect-up-to-read-only "mprotect() changes what lies before the mapping that it may not change"
machine  cpus=1 ram=16 tmpfs=tmp:0

setup {
  A: fd = open("/tmp/f", O_CREAT|O_RDWR, 0600)
  A: pwrite(fd, fill('a', 4K), 0) = 4K
  A: ro = open("/tmp/f", O_RDONLY)
  A: p = mmap(0, 2*4K, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: r = mmap(p[1], 4K, PROT_READ, MAP_SHARED|MAP_FIXED, ro, 0)
}

cpu 0 as A {
  mprotect(p, 2*4K, PROT_READ|PROT_WRITE) = -EACCES
  store(p[0], 'b')                        = 0
  store(p[1], 'b')                        = SIGSEGV(2)
}

check {
  A: load(p[0]) = 'b'
  A: load(p[1]) = 'a'
}

expect { never lost_store   complete }
