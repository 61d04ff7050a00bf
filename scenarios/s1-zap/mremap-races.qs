# mremap() beside whoever comes to the pages from the other side: none of them may miss an entry, or meet it twice.

scenario mremap-vs-reclaim "a page goes to swap while its mapping moves"
machine  cpus=2 ram=16 swap=S:4

setup {
  A: p = mmap(4K, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a')
}

cpu 0 as A { q = mremap(p, 4K, 4K, MREMAP_MAYMOVE|MREMAP_FIXED, 5*4K) }
cpu 1 as B { reclaim(1) }

check {
  A: load(5*4K) = 'a'
  A: load(p[0]) = SIGSEGV(1)
}

expect { never bug   never lost_store   never stale_tlb   complete }

scenario mremap-vs-migration "a page moves in memory while its mapping moves in the address space"
machine  cpus=2 nodes=2 ram=16

setup {
  A: p = mmap(4K, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a')
}

cpu 0 as A { q = mremap(p, 4K, 4K, MREMAP_MAYMOVE|MREMAP_FIXED, 5*4K) }
cpu 1 as B { move_pages(A, p[0], 1) }

check {
  A: load(5*4K)       = 'a'
  A: store(5*4K, 'b') = 0
  A: load(p[0])       = SIGSEGV(1)
}

expect { never bug   never stale_pte   never stale_tlb   complete }

scenario mremap-vs-store "a store to the old place is in the moved page, or is refused"
machine  cpus=2 ram=16

setup {
  A: p = mmap(4K, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a')
}

cpu 0 as A { mremap(p, 4K, 4K, MREMAP_MAYMOVE|MREMAP_FIXED, 5*4K)   x = load(5*4K) }
cpu 1 as A { w = store(p[0], 'b') }

check { A: load(5*4K) = 'a' | 'b' }

expect {
  never stale_tlb   complete
  outcomes { A:x=98 A:w=0; A:x=97 A:w=SIGSEGV(1) }
}

scenario mremap-vs-fork "a child has the page where it was, or where it is"
machine  cpus=2 ram=16

setup {
  A: p = mmap(4K, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a')
}

cpu 0 as A { mremap(p, 4K, 4K, MREMAP_MAYMOVE|MREMAP_FIXED, 5*4K) }
cpu 1 as A { C = fork() }

check {
  A: load(5*4K) = 'a'
  rss(C).anon   = 1
}

expect { never bug   never stale_tlb   complete }

scenario mremap-vs-punch "a hole is punched into a file while its mapping moves"
machine  cpus=2 ram=16

setup {
  A: fd = memfd_create("f", 0)
  A: ftruncate(fd, 4K) = 0
  A: p = mmap(4K, 4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: store(p[0], 'a')
}

cpu 0 as A { mremap(p, 4K, 4K, MREMAP_MAYMOVE|MREMAP_FIXED, 5*4K) }
cpu 1 as A { fallocate(fd, FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE, 0, 4K) = 0 }

check { A: load(5*4K) = 0 }

expect { never bug   never stale_pte   complete }

scenario mremap-huge-vs-reclaim "a huge page moves while reclaim splits it"
machine  cpus=2 ram=16 thp=2 PTRS_PER_PTE=2 swap=S:4

setup {
  A: p = mmap(2*4K, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: madvise(p, 2*4K, MADV_HUGEPAGE) = 0
  A: store(p[0], 'a'), store(p[1], 'b')
}

cpu 0 as A { mremap(p, 2*4K, 2*4K, MREMAP_MAYMOVE|MREMAP_FIXED, 4*4K) }
cpu 1 as B { reclaim(2) }

check {
  A: load(4*4K) = 'a'
  A: load(5*4K) = 'b'
}

expect { never bug   complete }
