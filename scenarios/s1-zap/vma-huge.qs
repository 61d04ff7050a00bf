# A huge page that reclaim splits into PTEs: at no moment nothing is mapped there, so that whoever looks at the PMD
# without its lock does not pass by.

scenario vma-unmap-vs-split "munmap of a huge page while reclaim splits it"
machine  cpus=2 ram=16 thp=2 PTRS_PER_PTE=2 swap=S:4

setup {
  A: p = mmap(2*4K, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: madvise(p, 2*4K, MADV_HUGEPAGE) = 0
  A: store(p[0], 'a'), store(p[1], 'b')
}

cpu 0 as A { munmap(p, 2*4K) = 0 }
cpu 1 as B { reclaim(2) }

check {
  rss(A).anon     = 0
  rss(A).swapents = 0
  swap_used(S)    = 0 | 2
  folios_leaked() = 0
}

expect { never bug   never stale_pte   never leak   complete }

scenario mprotect-vs-split "rights are taken from a huge page while reclaim splits it"
machine  cpus=2 ram=16 thp=2 PTRS_PER_PTE=2 swap=S:4

setup {
  A: p = mmap(2*4K, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: madvise(p, 2*4K, MADV_HUGEPAGE) = 0
  A: store(p[0], 'a'), store(p[1], 'b')
}

cpu 0 as A { mprotect(p, 2*4K, PROT_READ) = 0 }
cpu 1 as B { reclaim(2) }

check {
  A: store(p[1], 'x') = SIGSEGV(2)
  A: load(p[1])       = 'b'
}

expect { never bug   complete }

# reached: do_huge_pmd_anonymous_page: somebody else mapped something
scenario vma-huge-two-faults "two CPUs write to a place that is to be a huge page"
machine  cpus=2 ram=16 thp=2 PTRS_PER_PTE=2

setup {
  A: p = mmap(2*4K, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: madvise(p, 2*4K, MADV_HUGEPAGE) = 0
}

cpu 0 as A { store(p[0], 'a') = 0 }
cpu 1 as A { store(p[1], 'b') = 0 }

check {
  A: load(p[0])   = 'a'
  A: load(p[1])   = 'b'
  rss(A).anon     = 2
  folios_leaked() = 0
}

expect { never bug   never leak   never lost_store   complete }
