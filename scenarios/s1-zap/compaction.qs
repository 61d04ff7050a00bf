# Compaction: pages move to higher frames, so that free ones lie together.

scenario compaction-makes-room "a huge page can be made after compaction that could not before"
machine  cpus=1 ram=8 thp=4 PTRS_PER_PTE=4

# Every second page is given back: four are free, no four lie together.
setup {
  A: p = mmap(4*4K, 8*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a'), store(p[1], 'b'), store(p[2], 'c'), store(p[3], 'd')
  A: store(p[4], 'e'), store(p[5], 'f'), store(p[6], 'g')
  A: madvise(p[1], MADV_DONTNEED) = 0, madvise(p[3], MADV_DONTNEED) = 0, madvise(p[5], MADV_DONTNEED) = 0
  A: madvise(p[6], MADV_DONTNEED) = 0
}

check {
  collapse(A, p[0]) = 0
  A: pagemap(p[0])  = PM_HUGE
  A: load(p[0])     = 'a'
  A: load(p[1])     = 0
  A: load(p[2])     = 'c'
  A: load(p[4])     = 'e'
}

expect { never bug   complete }

scenario compaction-vs-store "pages are written while compaction moves them"
machine  cpus=2 ram=8

setup {
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a'), store(p[1], 'b')
}

cpu 0 as A { store(p[0], 'x') = 0   store(p[1], 'y') = 0 }
cpu 1 as K { compact() = ? }

check {
  A: load(p[0]) = 'x'
  A: load(p[1]) = 'y'
  rss(A).anon   = 2
}

expect { never bug   never lost_store   never stale_tlb   complete }
