# Moving pages under use: accesses wait for the move, zaps win over it, counters follow the folio.

scenario munmap-vs-migration "a zapped migration entry is counted by its folio's class"
machine  cpus=2 nodes=2 ram=16

setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a')
}

cpu 0 as A { munmap(p, 4K) = 0 }
cpu 1 as K { move_pages(A, p[0], 1) }

check {
  rss(A).anon     = 0
  rss(A).swapents = 0
  folios_leaked() = 0
}

# reached: migrate_folio: nobody has it any more
expect            { never bug   never rss_mismatch   complete }
expect with D1-10 { sometimes rss_mismatch   preemptions 1 }

scenario store-vs-migration "a store waits for the page that is being moved, and none is lost"
machine  cpus=2 nodes=2 ram=16

setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a')
}

cpu 0 as A { store(p[0], 'b') = 0, load(p[0]) = 'b', store(p[0], 'c') = 0 }
cpu 1 as K { move_pages(A, p[0], 1) = 1 }

check {
  A: load(p[0]) = 'c'
  rss(A).anon   = 1
}

expect { never bug   never lost_store   never stale_tlb   never livelock   complete }

scenario fork-vs-migration "fork copies a migration entry, and the walk that removes it finds the copy"
machine  cpus=2 nodes=2 ram=16

setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a')
}

cpu 0 as A { C = fork() }
cpu 1 as K { move_pages(A, p[0], 1) }

check {
  A: store(p[0], 'b') = 0
  C: load(p[0])       = 'a'
  A: load(p[0])       = 'b'
  rss(C).anon         = 1
}

expect { never bug   never lost_store   never stale_pte   complete }

scenario reclaim-vs-migration "a page is wanted by reclaim and by a move at once: one has it"
machine  cpus=2 nodes=2 ram=16 swap=S:4

setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a')
}

cpu 0 as A { madvise(p, 4K, MADV_PAGEOUT) = 0 }
cpu 1 as K { move_pages(A, p[0], 1) = 1 | -EBUSY | -ENOENT }

check {
  A: load(p[0]) = 'a'
  rss(A).anon   = 1
}

expect { never bug   never lost_store   complete }

scenario migration-of-a-cached-page "a page in the swap cache takes its slots along"
machine  cpus=1 nodes=2 ram=16 swap=S:4

setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a'), madvise(p, 4K, MADV_PAGEOUT) = 0   [keep_swapcache]
  A: load(p[0])                                     = 'a'
}

check {
  move_pages(A, p[0], 1)          = 1
  A: load(p[0])                   = 'a'
  A: madvise(p, 4K, MADV_PAGEOUT) = 0
  A: load(p[0])                   = 'a'
}

expect { never bug   complete }

scenario file-page-vs-pread "a page of a file is read while it moves"
machine  cpus=2 nodes=2 ram=16

setup {
  A: fd = memfd_create("f", 0), pwrite(fd, fill('f', 4K), 0) = 4K
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: load(p[0])                                              = 'f'
}

cpu 0 as A { pread(fd, 0) = 'f' }
cpu 1 as K { move_pages(A, p[0], 1) = 1 | -EBUSY }

check {
  A: load(p[0])   = 'f'
  A: pread(fd, 0) = 'f'
}

# reached: migrate_folio: somebody else has a reference
expect { never bug   never lost_store   complete }
