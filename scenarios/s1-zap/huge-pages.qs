# Huge pages: one PMD entry for all pages of a table (two here). Splitting it is never seen but in what maps the page.

scenario huge-fault "a write to a mapping that wants huge pages makes one"
machine  cpus=1 ram=16 thp=2 PTRS_PER_PTE=2 swap=S:4

setup {
  A: p = mmap(2*4K, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: madvise(p, 2*4K, MADV_HUGEPAGE) = 0
  A: store(p[0], 'a')
}

check {
  A: pagemap(p[1])                = PM_HUGE
  rss(A).anon                     = 2
  A: store(p[1], 'b')             = 0
  A: madvise(p[0], MADV_DONTNEED) = 0
  A: pagemap(p[1])                = PM_ANON
  rss(A).anon                     = 1
  A: load(p[0])                   = 0
  A: load(p[1])                   = 'b'
}

expect { never bug   complete }

scenario huge-fork "after fork both halves are shared, and copied page by page"
machine  cpus=1 ram=16 thp=2 PTRS_PER_PTE=2

setup {
  A: p = mmap(2*4K, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: madvise(p, 2*4K, MADV_HUGEPAGE) = 0
  A: store(p[0], 'a'), store(p[1], 'b')
  A: C = fork()
}

check {
  C: pagemap(p[0])    = PM_HUGE
  rss(C).anon         = 2
  A: store(p[0], 'x') = 0
  C: load(p[0])       = 'a'
  C: load(p[1])       = 'b'
  A: load(p[1])       = 'b'
  A: load(p[0])       = 'x'
  C: store(p[1], 'y') = 0
  A: load(p[1])       = 'b'
  C: exit()           = 0
  A: store(p[1], 'z') = 0
}

expect { never bug   complete }

scenario huge-pageout "a huge page goes to swap in pieces that lie together"
machine  cpus=1 ram=16 thp=2 PTRS_PER_PTE=2 swap=S:4

setup {
  A: p = mmap(2*4K, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: madvise(p, 2*4K, MADV_HUGEPAGE) = 0
  A: store(p[0], 'a'), store(p[1], 'b')
}

check {
  A: madvise(p, 2*4K, MADV_PAGEOUT) = 0
  A: pagemap(p[0])                  = PM_SWAP
  rss(A).swapents                   = 2
  swap_used(S)                      = 2
  A: load(p[1])                     = 'b'
  A: load(p[0])                     = 'a'
}

expect { never bug   complete }

scenario huge-poison "of a huge page only the page that has failed is lost"
machine  cpus=1 ram=16 thp=2 PTRS_PER_PTE=2

setup {
  A: p = mmap(2*4K, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: madvise(p, 2*4K, MADV_HUGEPAGE) = 0
  A: store(p[0], 'a'), store(p[1], 'b')
}

check {
  poison(A, p[1]) = 0
  A: load(p[0])   = 'a'
  A: load(p[1])   = SIGBUS(4)
  rss(A).anon     = 1
}

expect { never bug   complete }

scenario huge-migration-vs-dontneed "a huge page is moved as a whole while a part of it goes"
machine  cpus=2 nodes=2 ram=16 thp=2 PTRS_PER_PTE=2

setup {
  A: p = mmap(2*4K, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: madvise(p, 2*4K, MADV_HUGEPAGE) = 0
  A: store(p[0], 'a'), store(p[1], 'b')
}

cpu 0 as A { madvise(p[0], MADV_DONTNEED) = 0 }
cpu 1 as K { move_pages(A, p[0], 1) }

check {
  A: load(p[1]) = 'b'
  A: load(p[0]) = 0
}

expect { never bug   never lost_store   never leak   complete }

scenario collapse-vs-store "khugepaged makes a huge page of two while they are written"
machine  cpus=2 ram=16 thp=2 PTRS_PER_PTE=2

setup {
  A: p = mmap(2*4K, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a'), store(p[1], 'b')
}

cpu 0 as A { store(p[0], 'x') = 0, store(p[1], 'y') = 0 }
cpu 1 as K { r = collapse(A, p[0]) = 0 | -EAGAIN }

check {
  rss(A).anon   = 2
  A: load(p[0]) = 'x'
  A: load(p[1]) = 'y'
}

expect { never bug   never lost_store   never stale_tlb   sometimes K:r == 0   complete }

scenario collapse-vs-reclaim "khugepaged and reclaim want the same page"
machine  cpus=2 ram=16 thp=2 PTRS_PER_PTE=2 swap=S:4

setup {
  A: p = mmap(2*4K, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a'), store(p[1], 'b')
}

cpu 0 as A { madvise(p[0], MADV_PAGEOUT) = 0 }
cpu 1 as K { collapse(A, p[0]) = 0 | -EAGAIN }

check {
  A: load(p[0]) = 'a'
  A: load(p[1]) = 'b'
  rss(A).anon   = 2
}

# reached: collapse_huge_page: a page is in use
expect { never bug   never lost_store   complete }

scenario collapse-file "pages of a file become a huge page, and private copies stay what they are"
machine  cpus=1 ram=16 thp=2 PTRS_PER_PTE=2

setup {
  A: fd = memfd_create("f", 0), pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(2*4K, 2*4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: q = mmap(4*4K, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: madvise(p, 2*4K, MADV_HUGEPAGE)                           = 0
  A: store(p[0], 'a')
  A: store(q[1], 'c')
}

check {
  collapse(A, p[0])                                                 = 0
  A: load(p[0])                                                     = 'a'
  A: pagemap(p[1])                                                  = PM_HUGE_FILE
  A: pagemap(q[1])                                                  = PM_ANON
  A: load(q[1])                                                     = 'c'
  A: load(q[0])                                                     = 'a'
  rss(A).shmem                                                      = 3
  A: fallocate(fd, FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE, 0, 4K) = 0
  A: load(p[0])                                                     = 0
  A: load(p[1])                                                     = 'f'
  A: pread(fd, 4K)                                                  = 'f'
}

expect { never bug   complete }

scenario empty-pmd "who unmaps one huge folio waits for the CPU that has taken its PMD away"
ref      "mm: Don't skip swap entry even if zap_details specified"
machine  cpus=2 ram=16 thp=2 PTRS_PER_PTE=2

setup {
  A: fd = memfd_create("f", 0), pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(2*4K, 2*4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: madvise(p, 2*4K, MADV_HUGEPAGE)                           = 0
  A: load(p[0])                                                = 'f'
  collapse(A, p[0])                                            = 0
  A: load(p[0])                                                = 'f'
  A: pagemap(p[0])                                             = PM_HUGE_FILE
}

cpu 0 as A { madvise(p, 2*4K, MADV_DONTNEED) = 0 }
cpu 1 as A { ftruncate(fd, 0) = 0 }

check {
  rss(A).shmem  = 0
  A: load(p[0]) = SIGBUS(2)
}

# reached: zap_pmd_range: the PMD is empty
expect            { never bug   complete }
expect with D1-12 { sometimes bug @ truncate_inode_folio }

scenario huge-fault-twice "two CPUs write to a huge page that is not there yet"
machine  cpus=2 ram=16 thp=2 PTRS_PER_PTE=2

setup {
  A: p = mmap(2*4K, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: madvise(p, 2*4K, MADV_HUGEPAGE) = 0
}

cpu 0 as A { store(p[0], 'a') = 0 }
cpu 1 as A { store(p[1], 'b') = 0 }

check {
  rss(A).anon   = 2
  A: load(p[0]) = 'a'
  A: load(p[1]) = 'b'
}

# reached: do_huge_pmd_anonymous_page: somebody else mapped something
expect { never bug   never lost_store   never leak   complete }

scenario punch-part-vs-pread "a part of a huge page of a file is punched while it is read"
machine  cpus=2 ram=16 thp=2 PTRS_PER_PTE=2

setup {
  A: fd = memfd_create("f", 0), pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(2*4K, 2*4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: madvise(p, 2*4K, MADV_HUGEPAGE)                           = 0
  collapse(A, p[0])                                            = 0
  A: load(p[0])                                                = 'f'
}

cpu 0 as A { fallocate(fd, FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE, 0, 4K) = 0 }
cpu 1 as A { pread(fd, 4K) = 'f' }

check {
  A: pread(fd, 0) = 0
  A: load(p[1])   = 'f'
}

# reached: split_folio: somebody else has a reference
expect { never bug   never lost_store   never leak   complete }

scenario huge-page-of-two-mappings "a mapping that is split in the middle of a huge page splits it"
machine  cpus=1 ram=16 thp=2 PTRS_PER_PTE=2

setup {
  A: p = mmap(2*4K, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: madvise(p, 2*4K, MADV_HUGEPAGE) = 0
  A: store(p[0], 'a'), store(p[1], 'b')
}

check {
  A: madvise(p[1], 4K, MADV_NOHUGEPAGE) = 0
  A: pagemap(p[0])                      = PM_ANON
  A: C = fork()
  rss(C).anon                           = 2
  C: load(p[1])                         = 'b'
  C: exit()                             = 0
}

expect { never bug   never rss_mismatch   complete }

scenario collapse-file-vs-punch "a huge page of a file is made while its pages are punched: neither waits for the other"
machine  cpus=2 ram=16 thp=2 PTRS_PER_PTE=2

setup {
  A: fd = memfd_create("f", 0), pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(2*4K, 2*4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: madvise(p, 2*4K, MADV_HUGEPAGE)                           = 0
}

cpu 0 as A { fallocate(fd, FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE, 0, 2*4K) = 0 }
cpu 1 as K { r = collapse(A, p[0]) }

check {
  A: load(p[0]) = 0
  A: load(p[1]) = 0
}

# reached: collapse_file: a page is in use
expect { never deadlock   never bug   never lost_store   sometimes K:r == 0   complete }

scenario huge-poison-vs-dontneed "a page of a huge page fails while another is discarded"
machine  cpus=2 ram=16 thp=2 PTRS_PER_PTE=2

setup {
  A: p = mmap(2*4K, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: madvise(p, 2*4K, MADV_HUGEPAGE) = 0
  A: store(p[0], 'a'), store(p[1], 'b')
}

cpu 0 as A { madvise(p[1], 4K, MADV_DONTNEED) = 0 }
cpu 1 as K { r = poison(A, p[0]) = 0 | -EBUSY }

check {
  A: load(p[0]) = 'a' | SIGBUS(4)
  A: load(p[1]) = 0
}

expect { never bug   never leak   sometimes K:r == 0   complete }

scenario huge-file-part-vs-store "a part of a huge page of a file is discarded while the other part is written"
machine  cpus=2 ram=16 thp=2 PTRS_PER_PTE=2

setup {
  A: fd = memfd_create("f", 0), pwrite(fd, fill('f', 2*4K), 0) = 2*4K
  A: p = mmap(2*4K, 2*4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: madvise(p, 2*4K, MADV_HUGEPAGE)                           = 0
  collapse(A, p[0])                                            = 0
  A: load(p[0])                                                = 'f'
}

# Each of them undoes what the other does, but for one time only.
cpu 0 as A { madvise(p[0], 4K, MADV_DONTNEED) = 0 }
cpu 1 as A { store(p[1], 'x') = 0 }

check { A: load(p[1]) = 'x' }

expect { never bug   never livelock   never lost_store   complete }

scenario huge-parts "a part of a huge page is paged out, moved, lent and collapsed again by itself"
machine  cpus=1 nodes=2 ram=16 device=2 thp=4 PTRS_PER_PTE=4 swap=S:8 SWAPFILE_CLUSTER=2

setup {
  A: p = mmap(4*4K, 4*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: madvise(p, 4*4K, MADV_HUGEPAGE) = 0
  A: store(p[0], 'a'), store(p[1], 'b'), store(p[2], 'c'), store(p[3], 'd')
}

check {
  A: pagemap(p[1])                   = PM_HUGE
  A: madvise(p[1], 4K, MADV_PAGEOUT) = 0
  A: pagemap(p[1])                   = PM_SWAP
  A: pagemap(p[2])                   = PM_ANON
  collapse(A, p[0])                  = 0
  A: pagemap(p[1])                   = PM_HUGE
  A: madvise(p[0], MADV_DONTNEED)    = 0
  move_pages(A, p[1], 1)             = 1
  collapse(A, p[0])                  = 0
  device_private(A, p[2])            = 0
  A: pagemap(p[2])                   = PM_DEVICE_PRIVATE
  A: pagemap(p[3])                   = PM_ANON
  A: load(p[0])                      = 0
  A: load(p[1])                      = 'b'
  A: load(p[2])                      = 'c'
  A: load(p[3])                      = 'd'
}

expect { never bug   complete }

scenario huge-page-larger-than-a-cluster "what swap has no room for as a whole is swapped in pieces"
machine  cpus=1 ram=16 thp=4 PTRS_PER_PTE=4 swap=S:8 SWAPFILE_CLUSTER=2

setup {
  A: p = mmap(4*4K, 4*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: madvise(p, 4*4K, MADV_HUGEPAGE) = 0
  A: store(p[0], 'a'), store(p[3], 'd')
}

check {
  A: madvise(p, 4*4K, MADV_PAGEOUT) = 0
  A: madvise(p, 4*4K, MADV_PAGEOUT) = 0
  rss(A).swapents                   = 4
  A: load(p[0])                     = 'a'
  A: load(p[3])                     = 'd'
}

expect { never bug   complete }

scenario huge-exit-vs-punch "a process ends while a hole punch takes its huge page away, and all is counted in the end"
machine  cpus=2 ram=16 PTRS_PER_PTE=2 thp=2

setup {
  A: fd = memfd_create("f", 0)
  A: ftruncate(fd, 8K)             = 0
  A: p = mmap(8K, 8K, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_FIXED, fd, 0)
  A: madvise(p, 8K, MADV_HUGEPAGE) = 0
  A: store(p[0], 'a'), store(p[1], 'b')
  A: collapse(A, p[0])             = 0
  A: B = fork()
  B: load(p[1])                    = 'b'
}

cpu 0 as A { fallocate(fd, FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE, 0, 8K) = 0 }
cpu 1 as B { exit() }

check {
  A: load(p[0])   = 0
  rss(A).shmem    = 1 | 2
  killall()
  folios_leaked() = 0
}

expect { never bug   never rss_mismatch   never leak   complete }

# reached: copy_pte_range: the child's table was empty and is gone
scenario huge-file-fork-vs-collapse "a collapse takes the empty table of the child away when fork is about to fill it"
machine  cpus=2 ram=16 PTRS_PER_PTE=2 thp=2

setup {
  A: fd = memfd_create("f", 0)
  A: ftruncate(fd, 8K) = 0
  A: p = mmap(8K, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_FIXED, fd, 0)
  A: store(p[1], 'b')
}

cpu 0 as A { C = fork() }
cpu 1 as A { collapse(A, p[0]) = 0 | -EAGAIN }

check {
  A: load(p[0])   = 0
  A: load(p[1])   = 'b'
  C: load(p[0])   = 0
  C: load(p[1])   = 'b'
  killall()
  folios_leaked() = 0
}

expect { never bug   never null_deref   never rss_mismatch   never leak   complete }

scenario collapse-of-a-block-file "the pages of a block-backed file are written one by one: no huge page of them"
machine  cpus=1 ram=16 thp=2 PTRS_PER_PTE=2

setup {
  A: fd = open("f", O_RDWR|O_CREAT), ftruncate(fd, 2*4K) = 0
  A: p = mmap(2*4K, 2*4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: store(p[0], 'a')
}

check {
  collapse(A, p[0]) = -EINVAL
  A: pread(fd, 4K)  = 0
  A: pread(fd, 0)   = 'a'
}

expect { never bug   complete }
