# Markers that look like failed memory (UFFDIO_POISON).

scenario poisoned-marker "it is SIGBUS until the range is discarded, and belongs to private data"
machine  cpus=1 ram=16

setup {
  A: fd = memfd_create("f", 0), pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: uffd_register(p[0:2]) = 0, uffd_poison(p[0]) = 0
}

check {
  A: load(p[0])                                                     = SIGBUS(4)
  A: store(p[0], 'x')                                               = SIGBUS(4)
  A: load(p[1])                                                     = 'f'
  A: uffd_poison(p[1])                                              = -EEXIST
  A: C = fork()
  C: load(p[0])                                                     = SIGBUS(4)
  A: fallocate(fd, FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE, 0, 4K) = 0
  A: pagemap(p[0])                                                  = PM_POISONED
  A: load(p[0])                                                     = SIGBUS(4)
  A: ftruncate(fd, 0)                                               = 0
  A: load(p[0])                                                     = SIGBUS(2)
  A: ftruncate(fd, 4K)                                              = 0
  A: load(p[0])                                                     = 0
}

expect { never bug   complete }

scenario poisoned-in-part "what was marked before the first page that cannot be stays marked"
machine  cpus=1 ram=16

setup {
  A: fd = memfd_create("f", 0), ftruncate(fd, 2*4K) = 0
  A: p = mmap(0, 4*4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
}

check {
  A: uffd_poison(p[0])              = -ENOENT
  A: uffd_register(p[0:4])          = 0
  A: store(p[1], 'b')               = 0
  A: uffd_poison(p[0:2])            = -EAGAIN
  A: pagemap(p[0])                  = PM_POISONED
  A: uffd_poison(p[0:2])            = -EEXIST
  A: load(p[1])                     = 'b'
  A: uffd_poison(p[2])              = -EFAULT
  A: uffd_poison(p[0:5])            = -ENOENT
  A: uffd_poison(p, 0)              = -EINVAL
  A: mprotect(p[0], PROT_READ)      = 0
  A: madvise(p[0:2], MADV_DONTNEED) = 0
  A: pagemap(p[0])                  = PM_NONE
  # Two mappings are not one.
  A: uffd_poison(p[0:2]) = -ENOENT
  A: pagemap(p[0])       = PM_NONE
}

expect { never bug   complete }

scenario register-block-file "a file that can be read again has no write protection"
machine  cpus=1 ram=16

setup {
  A: fd = open("f", O_RDWR|O_CREAT), pwrite(fd, 'f', 0) = 1
  A: p = mmap(4K, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: q = mmap(2*4K, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
}

check {
  A: uffd_register(q[0])        = -EINVAL
  A: uffd_register(p, 2*4K)     = -EINVAL
  A: uffd_writeprotect(p[0], 1) = -ENOENT
  A: uffd_register(p[0])        = 0
  A: uffd_writeprotect(p[0], 1) = 0
  A: uffd_register(p[5])        = -EINVAL
}

expect { never bug   complete }
