# A migration entry of the file's own page, skipped by a range unmapping: harmless where each folio is unmapped again
# under its lock, since nobody who holds a folio's lock meets a migration entry of it; harmful where that is all.

scenario truncate-migrating-file-page "the locked phase of truncation makes up for a skipped migration entry"
ref      "mm: Don't skip swap entry even if zap_details specified"  # verdict: true for file folios
machine  cpus=2 nodes=2 ram=16

setup {
  A: fd = memfd_create("f", 0), ftruncate(fd, 2*4K) = 0
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: store(p[1], 'f')
}

cpu 0 as A { ftruncate(fd, 4K) = 0 }
cpu 1 as K { move_pages(A, p[1], 1) }

check {
  A: pagemap(p[1]) = PM_NONE
  rss(A).shmem     = 0
  A: load(p[1])    = SIGBUS(2)
}

expect           { never bug   never stale_pte   never leak   complete }
expect with D1-4 { never bug   never stale_pte   never leak   complete }

scenario punch-migrating-file-page "the locked phase of a hole punch makes up for a skipped migration entry"
machine  cpus=2 nodes=2 ram=16

setup {
  A: fd = memfd_create("f", 0), ftruncate(fd, 2*4K) = 0
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: store(p[1], 'f')
}

cpu 0 as A { fallocate(fd, FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE, 4K, 4K) = 0 }
cpu 1 as K { move_pages(A, p[1], 1) }

check {
  A: pagemap(p[1]) = PM_NONE
  rss(A).shmem     = 0
  A: load(p[1])    = 0
}

expect           { never bug   never stale_pte   complete }
expect with D1-4 { never bug   never stale_pte   complete }

scenario outside-caller-migrating-file-page "a caller without a locked phase relies on every entry being gone"
machine  cpus=2 nodes=2 ram=16

setup {
  A: fd = open("f", O_RDWR|O_CREAT), ftruncate(fd, 4K) = 0
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: store(p[0], 'f')
}

# After it nothing of the file may be mapped: another node is about to change it.
cpu 0 as A { gfs2_inode_sync(fd) = 0 }
cpu 1 as K { move_pages(A, p[0], 1) }

check {
  A: pagemap(p[0]) = PM_NONE
  A: load(p[0])    = 'f'
}

expect           { never bug   never stale_pte   complete }
expect with D1-4 { sometimes stale_pte   preemptions 1 }

scenario outside-caller-dirty-range "the same with a caller that unmaps a range to see its next write"
machine  cpus=2 nodes=2 ram=16

setup {
  A: fd = open("f", O_RDWR|O_CREAT), ftruncate(fd, 2*4K) = 0
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: store(p[0], 'f'), store(p[1], 'g')
}

cpu 0 as A { vmwgfx_dirty_unmap(fd, 0, 4K) = 0 }
cpu 1 as K { move_pages(A, p[0], 1) }

check {
  A: pagemap(p[0]) = PM_NONE
  A: pagemap(p[1]) = PM_FILE
  A: load(p[0])    = 'f'
}

expect           { never bug   never stale_pte   complete }
expect with D1-4 { sometimes stale_pte   preemptions 1 }

# Verdict: who holds a folio's lock never meets a migration entry of it; the per-folio unmapping asserts that. Two
# mappings, so that the folio is mapped again by one while the other still has its migration entry.
scenario page-locked-caller "no migration entry of a page whose lock is held"
ref      "mm: Don't skip swap entry even if zap_details specified"
machine  cpus=2 nodes=2 ram=16

setup {
  A: fd = memfd_create("f", 0), ftruncate(fd, 4K) = 0
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: q = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: store(p[0], 'f'), load(q[0])                 = 'f'
}

cpu 0 as A { ftruncate(fd, 0) = 0 }
cpu 1 as K { compact() = ? }

check {
  A: load(p[0]) = SIGBUS(2)
  A: load(q[0]) = SIGBUS(2)
}

expect           { never bug   never stale_pte   complete }
expect with D1-4 { never bug   never stale_pte   complete }
