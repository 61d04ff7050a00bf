# Markers of userfaultfd's write protection: a page of a file that is not mapped is still protected.

scenario dontneed-keeps-marker "MADV_DONTNEED of a file's mapping keeps its write protection"
machine  cpus=1 ram=16

setup {
  A: fd = memfd_create("f", 0), pwrite(fd, fill('f', 4K), 0) = 4K
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: load(p[0])                                              = 'f'
  A: uffd_register(p[0])                                     = 0
  A: uffd_writeprotect(p, 4K, 1)                             = 0
}

check {
  A: madvise(p, 4K, MADV_DONTNEED) = 0
  A: pagemap(p[0])                 = PM_UFFD_WP
  A: madvise(p, 4K, MADV_DONTNEED) = 0
  A: pagemap(p[0])                 = PM_UFFD_WP
  A: load(p[0])                    = 'f'
  A: munmap(p, 4K)                 = 0
  A: pagemap(p[0])                 = PM_NONE
}

expect            { never bug   complete }
expect with D1-16 { sometimes stale_pte   preemptions 0 }

scenario guard-over-marker "a guard takes the place of a marker, which is no page that could be zapped"
machine  cpus=1 ram=16

setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS, -1, 0)
  A: uffd_register(p[0]) = 0, uffd_writeprotect(p[0], 1) = 0
}

check {
  A: pagemap(p[0])                     = PM_UFFD_WP
  A: madvise(p[0], MADV_GUARD_INSTALL) = 0
  A: load(p[0])                        = SIGSEGV(1)
}

expect { never bug   complete }

scenario failed-page-protected "a page that has failed is protected as well, and its marker stays"
machine  cpus=1 ram=16

setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a')
  poison(A, p[0])                = 0
  A: uffd_register(p[0])         = 0
  A: uffd_writeprotect(p, 4K, 1) = 0
}

check {
  A: B = fork()
  A: madvise(p, 4K, MADV_DONTNEED) = 0
  A: pagemap(p[0])                 = PM_UFFD_WP
  B: madvise(p, 4K, MADV_DONTNEED) = 0
  B: pagemap(p[0])                 = PM_NONE
}

expect { never bug   complete }
