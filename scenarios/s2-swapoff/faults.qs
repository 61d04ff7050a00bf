# Faults against each other and against what changes the page meanwhile. Small on purpose: each explains branches of the
# fault path that exist for one race only.

# reached: do_anonymous_page: somebody else mapped a page
scenario first-touch "two threads store to the same untouched page"
machine  cpus=2 ram=16 swap=S:8

setup { A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) }

cpu 0 as A { store(p[0], 'a') = 0 }
cpu 1 as A { store(p[0]+1, 'b') = 0 }

check {
  A: load(p[0]) = 'a'   A: load(p[0]+1) = 'b'
  rss(A).anon     = 1
  folios_leaked() = 0
}

expect { never lost_store   never leak   complete }

# reached: do_swap_page: entry changed
scenario two-swap-ins "two threads fault the same swapped page"
machine  cpus=2 ram=16 swap=S:8

setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a')
  A: madvise(p, 4K, MADV_PAGEOUT) = 0
}

cpu 0 as A { load(p[0]) = 'a' }
cpu 1 as A { load(p[0]) = 'a' }

check {
  rss(A).anon     = 1
  folios_leaked() = 0
}

expect { never lost_store   never leak   complete }

# reached: do_swap_page: another fault reads the slot
scenario two-swap-ins-around-the-cache "the same on a device that is read around the swap cache"
machine  cpus=2 ram=16 swap=S:8 synchronous_swap=on

setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a')
  A: madvise(p, 4K, MADV_PAGEOUT) = 0
}

cpu 0 as A { load(p[0]) = 'a' }
cpu 1 as A { load(p[0]) = 'a' }

check {
  rss(A).anon     = 1
  folios_leaked() = 0
}

expect { never lost_store   never leak   complete }

# reached: shmem_fault: waits for a hole punch, shmem_get_folio: folio left the file while it was unlocked
scenario fault-into-a-hole "a fault into a range that is being punched"
machine  cpus=2 ram=16 swap=S:8

setup {
  A: fd = memfd_create("f", 0)
  A: ftruncate(fd, 4K)  = 0
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: pwrite(fd, 'a', 0) = 1
}

cpu 0 as A { fallocate(fd, FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE, 0, 4K) = 0 }
cpu 1 as A { load(p[0]) = 'a' | 0 }

check { A: load(p[0]) = 0 }

expect { never lost_store   never stale_pte   complete }

# reached: shmem_get_folio: truncated meanwhile
scenario fault-beyond-the-end "a fault while the file is truncated below the page"
machine  cpus=2 ram=16 swap=S:8

setup {
  A: fd = memfd_create("f", 0)
  A: ftruncate(fd, 4K)  = 0
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: pwrite(fd, 'a', 0) = 1
}

cpu 0 as A { ftruncate(fd, 0) = 0 }
cpu 1 as A { load(p[0]) = 'a' | SIGBUS(2) }

check { A: load(p[0]) = SIGBUS(2) }

expect { never lost_store   never stale_pte   complete }

# reached: shmem_swapin_folio: entry changed while the folio was unlocked
scenario two-tmpfs-swap-ins "two threads fault the same swapped page of a file"
machine  cpus=2 ram=16 swap=S:8

setup {
  A: fd = memfd_create("f", 0)
  A: ftruncate(fd, 4K)            = 0
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: store(p[0], 'a')
  A: madvise(p, 4K, MADV_PAGEOUT) = 0
}

cpu 0 as A { load(p[0]) = 'a' }
cpu 1 as A { load(p[0]) = 'a' }

check { rss(A).shmem = 1 }

expect { never lost_store   never leak   complete }

# reached: shmem_undo_range: page and swap entry changed places
scenario punch-vs-pageout "a page is swapped out while a hole is punched over it"
machine  cpus=2 ram=16 swap=S:8

setup {
  A: fd = memfd_create("f", 0)
  A: ftruncate(fd, 4K) = 0
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: store(p[0], 'a')
}

cpu 0 as A { fallocate(fd, FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE, 0, 4K) = 0 }
cpu 1 as A { madvise(p, 4K, MADV_PAGEOUT) = 0 }

check {
  A: load(p[0])   = 0
  folios_leaked() = 0
}

expect { never lost_store   never leak   complete }
