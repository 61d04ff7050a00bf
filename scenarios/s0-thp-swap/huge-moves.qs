# What else may happen to a huge page on its way to swap, in swap, and back: it is moved, protected, remapped,
# collapsed.

# Each page of a huge page in the swap cache knows its slot. After the move only the first does with D2-13.
scenario migrate-then-split "a huge page in the swap cache moves to another node and is split there"
ref      "swap: Support PMD swap mapping in swap_duplicate()"  # D2-13
machine  cpus=2 ram=16 swap=S:8 PTRS_PER_PTE=2 SWAPFILE_CLUSTER=2 thp=2 thp_swap=pmd nodes=2
requires engine

setup {
  A: p = mmap(8K, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
  A: madvise(p, 8K, MADV_HUGEPAGE) = 0
  A: store(p[0], 6)
  A: store(p[1], 7)
  A: madvise(p, 8K, MADV_PAGEOUT)  = 0
  A: load(p[0])                    = 6
  A: move_pages(A, p[0], 0)        = 0
}

cpu 0 as A { madvise(p[1], 4K, MADV_PAGEOUT) = 0 }

check {
  A: load(p[0])   = 6
  A: load(p[1])   = 7
  killall()
  swap_used(S)    = 0
  folios_leaked() = 0
}

expect            { never bug   never leak   never swap_count   never rss_mismatch   never lost_store   complete }
expect with D2-13 { sometimes bug }

scenario migrate-vs-swap-fault "a huge page moves while another process faults on its entry"
machine  cpus=2 ram=16 swap=S:8 PTRS_PER_PTE=2 SWAPFILE_CLUSTER=2 thp=2 thp_swap=pmd nodes=2
requires engine

setup {
  A: p = mmap(8K, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
  A: madvise(p, 8K, MADV_HUGEPAGE) = 0
  A: store(p[0], 6)
  A: store(p[1], 7)
  A: madvise(p, 8K, MADV_PAGEOUT)  = 0
  A: B = fork()
  A: load(p[0])                    = 6
}

cpu 0 as A { move_pages(A, p[0], 0) }
cpu 1 as B { load(p[1]) = 7 }

check {
  A: load(p[0])    = 6
  A: load(p[1])    = 7
  B: load(p[0])    = 6
  B: pagemap(p[0]) = PM_HUGE
  killall()
  swap_used(S)     = 0
  folios_leaked()  = 0
}

expect { never bug   never leak   never swap_count   never rss_mismatch   never lost_store   complete }

scenario mremap-huge-swap "the entry moves as it is"
machine  cpus=2 ram=16 swap=S:8 PTRS_PER_PTE=2 SWAPFILE_CLUSTER=2 thp=2 thp_swap=pmd
requires engine

setup {
  A: p = mmap(8K, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
  A: madvise(p, 8K, MADV_HUGEPAGE) = 0
  A: store(p[0], 6)
  A: store(p[1], 7)
  A: madvise(p, 8K, MADV_PAGEOUT)  = 0
}

cpu 0 as A { q = mremap(p, 8K, 8K, MREMAP_MAYMOVE|MREMAP_FIXED, 16K) = 16K }

check {
  rss(A).swapents  = 2
  A: load(q[1])    = 7
  A: load(q[0])    = 6
  A: pagemap(q[0]) = PM_HUGE
  killall()
  swap_used(S)     = 0
  folios_leaked()  = 0
}

expect { never bug   never leak   never swap_count   never rss_mismatch   never lost_store   complete }

scenario mremap-part "a part of it moves: the entry becomes PTEs"
machine  cpus=2 ram=16 swap=S:8 PTRS_PER_PTE=2 SWAPFILE_CLUSTER=2 thp=2 thp_swap=pmd
requires engine

setup {
  A: p = mmap(8K, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
  A: madvise(p, 8K, MADV_HUGEPAGE) = 0
  A: store(p[0], 6)
  A: store(p[1], 7)
  A: madvise(p, 8K, MADV_PAGEOUT)  = 0
}

cpu 0 as A { q = mremap(p[1], 4K, 4K, MREMAP_MAYMOVE|MREMAP_FIXED, 16K) = 16K }

check {
  rss(A).swapents = 2
  A: load(q[0])   = 7
  A: load(p[0])   = 6
  killall()
  swap_used(S)    = 0
  folios_leaked() = 0
}

expect { never bug   never leak   never swap_count   never rss_mismatch   never lost_store   complete }

scenario mprotect-huge-swap "rights are judged when the page is back"
machine  cpus=2 ram=16 swap=S:8 PTRS_PER_PTE=2 SWAPFILE_CLUSTER=2 thp=2 thp_swap=pmd
requires engine

setup {
  A: p = mmap(8K, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
  A: madvise(p, 8K, MADV_HUGEPAGE) = 0
  A: store(p[0], 6)
  A: store(p[1], 7)
  A: madvise(p, 8K, MADV_PAGEOUT)  = 0
}

cpu 0 as A { mprotect(p, 8K, PROT_READ) = 0 }

check {
  A: store(p[0], 9)                        = SIGSEGV(2)
  A: load(p[1])                            = 7
  A: pagemap(p[1])                         = PM_HUGE
  A: mprotect(p, 8K, PROT_READ|PROT_WRITE) = 0
  A: store(p[1], 9)                        = 0
  A: load(p[0])                            = 6
  A: load(p[1])                            = 9
  killall()
  swap_used(S)                             = 0
  folios_leaked()                          = 0
}

expect { never bug   never leak   never swap_count   never rss_mismatch   never lost_store   complete }

scenario mprotect-part "rights of a part: the entry becomes PTEs"
machine  cpus=2 ram=16 swap=S:8 PTRS_PER_PTE=2 SWAPFILE_CLUSTER=2 thp=2 thp_swap=pmd
requires engine

setup {
  A: p = mmap(8K, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
  A: madvise(p, 8K, MADV_HUGEPAGE) = 0
  A: store(p[0], 6)
  A: store(p[1], 7)
  A: madvise(p, 8K, MADV_PAGEOUT)  = 0
}

cpu 0 as A { mprotect(p[1], 4K, PROT_READ) = 0 }

check {
  A: store(p[0], 9) = 0
  A: store(p[1], 9) = SIGSEGV(2)
  A: load(p[1])     = 7
  killall()
  swap_used(S)      = 0
  folios_leaked()   = 0
}

expect { never bug   never leak   never swap_count   never rss_mismatch   never lost_store   complete }

scenario uffd-wp-of-huge-swap "write protection by userfaultfd survives swap-in"
machine  cpus=2 ram=16 swap=S:8 PTRS_PER_PTE=2 SWAPFILE_CLUSTER=2 thp=2 thp_swap=pmd
requires engine

setup {
  A: p = mmap(8K, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
  A: madvise(p, 8K, MADV_HUGEPAGE) = 0
  A: store(p[0], 6)
  A: store(p[1], 7)
  A: madvise(p, 8K, MADV_PAGEOUT)  = 0
  A: uffd_register(p, 8K)          = 0
  A: uffd_writeprotect(p, 8K, 1)   = 0
}

cpu 0 as A { store(p[1], 9) }
cpu 1 as A { uffd_writeprotect(p, 8K, 0) = 0 }

check {
  A: load(p[0])   = 6
  A: load(p[1])   = 9
  killall()
  swap_used(S)    = 0
  folios_leaked() = 0
}

expect { never bug   never leak   never swap_count   never deadlock   complete }

scenario collapse-huge-swap "khugepaged brings it back and finds it as it wants it"
machine  cpus=2 ram=16 swap=S:8 PTRS_PER_PTE=2 SWAPFILE_CLUSTER=2 thp=2 thp_swap=pmd
requires engine

setup {
  A: p = mmap(8K, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
  A: madvise(p, 8K, MADV_HUGEPAGE) = 0
  A: store(p[0], 6)
  A: store(p[1], 7)
  A: madvise(p, 8K, MADV_PAGEOUT)  = 0
}

cpu 0 as K { collapse(A, p[0]) = 0 }

check {
  A: pagemap(p[1]) = PM_HUGE
  A: load(p[1])    = 7
  swap_used(S)     = 2
  killall()
  swap_used(S)     = 0
  folios_leaked()  = 0
}

expect { never bug   never leak   never swap_count   never lost_store   complete }

scenario collapse-vs-swap-out "khugepaged makes a huge page while reclaim takes the pages"
machine  cpus=2 ram=16 swap=S:8 PTRS_PER_PTE=2 SWAPFILE_CLUSTER=2 thp=2 thp_swap=pmd
requires engine

setup {
  A: p = mmap(8K, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
  A: madvise(p, 8K, MADV_NOHUGEPAGE) = 0
  A: store(p[0], 6)
  A: store(p[1], 7)
}

cpu 0 as K { collapse(A, p[0]) }
cpu 1 as R { reclaim(2) }

check {
  A: load(p[0])   = 6
  A: load(p[1])   = 7
  killall()
  swap_used(S)    = 0
  folios_leaked() = 0
}

expect { never bug   never leak   never swap_count   never rss_mismatch   never lost_store   complete }

scenario mlock-huge-swap "mlock brings the huge page back, and it stays"
machine  cpus=2 ram=16 swap=S:8 PTRS_PER_PTE=2 SWAPFILE_CLUSTER=2 thp=2 thp_swap=pmd
requires engine

setup {
  A: p = mmap(8K, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
  A: madvise(p, 8K, MADV_HUGEPAGE) = 0
  A: store(p[0], 6)
  A: store(p[1], 7)
  A: madvise(p, 8K, MADV_PAGEOUT)  = 0
}

cpu 0 as A { mlock(p, 8K) = 0 }
cpu 1 as R { reclaim(2) }

check {
  A: pagemap(p[1]) = PM_HUGE
  rss(A).anon      = 2
  A: load(p[0])    = 6
  A: load(p[1])    = 7
  killall()
  swap_used(S)     = 0
  folios_leaked()  = 0
}

expect { never bug   never leak   never swap_count   complete }

scenario willneed-huge-swap "MADV_WILLNEED of one page reads all of a huge cluster"
machine  cpus=2 ram=16 swap=S:8 PTRS_PER_PTE=2 SWAPFILE_CLUSTER=2 thp=2 thp_swap=pmd
requires engine

setup {
  A: p = mmap(8K, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
  A: madvise(p, 8K, MADV_HUGEPAGE) = 0
  A: store(p[0], 6)
  A: store(p[1], 7)
  A: madvise(p, 8K, MADV_PAGEOUT)  = 0
}

cpu 0 as A { madvise(p[1], 4K, MADV_WILLNEED) = 0 }

check {
  A: mincore(p[0]) = 1
  A: load(p[0])    = 6
  A: pagemap(p[0]) = PM_HUGE
  killall()
  swap_used(S)     = 0
  folios_leaked()  = 0
}

expect { never bug   never leak   never swap_count   never rss_mismatch   never lost_store   complete }
