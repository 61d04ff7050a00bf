# Translations that outlive their entries: whoever takes a page away flushes before the page is anybody else's.

scenario dontneed-vs-store "a page is freed only when no CPU can write to it any more"
machine  cpus=2 ram=16

setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a')
}

cpu 0 as A { madvise(p, 4K, MADV_DONTNEED) = 0 }
cpu 1 as A { store(p[0], 'b') = 0, store(p[0], 'c') = 0 }

check {
  A: load(p[0]) = 0 | 'c'
}

expect            { never bug   never stale_tlb   never uaf   complete }
expect with D1-17 { sometimes stale_tlb }

scenario fork-vs-store "after fork a store of the parent is the parent's alone"
machine  cpus=2 ram=16

setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a')
}

cpu 0 as A { C = fork(), store(p[0], 'x') = 0 }
cpu 1 as A { store(p[0], 'b') = 0, store(p[0], 'c') = 0 }

check {
  C: load(p[0]) = 'a' | 'b' | 'c'
  A: load(p[0]) = 'x' | 'c' | 'b'
}

expect { never bug   never stale_tlb   complete }

scenario truncate-vs-store "a store through an old translation does not reach a page that the file has lost"
machine  cpus=2 ram=16

setup {
  A: fd = memfd_create("f", 0), ftruncate(fd, 4K) = 0
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: store(p[0], 'a')
}

cpu 0 as A { ftruncate(fd, 0) = 0 }
cpu 1 as A { store(p[0], 'b') = 0 | SIGBUS(2), store(p[0], 'c') = 0 | SIGBUS(2) }

check {
  A: load(p[0])        = SIGBUS(2)
  A: ftruncate(fd, 4K) = 0
  A: load(p[0])        = 0
}

expect { never bug   never stale_tlb   never lost_store   complete }

scenario fsync-vs-store "what is written after a page was cleaned is written out by the next fsync"
machine  cpus=2 ram=16

setup {
  A: fd = open("f", O_RDWR|O_CREAT), ftruncate(fd, 4K) = 0
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: store(p[0], 'a')
}

cpu 0 as A { fsync(fd) = 0 }
cpu 1 as A { store(p[0], 'b') = 0, store(p[0], 'c') = 0 }

check {
  A: fsync(fd)                   = 0
  A: munmap(p, 4K)               = 0
  A: invalidate_inode_pages2(fd) = 0
  A: pread(fd, 0)                = 'c'
}

expect { never bug   never lost_store   never stale_tlb   complete }
