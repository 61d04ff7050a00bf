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
