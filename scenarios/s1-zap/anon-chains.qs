# A private page is looked for where it may be: in the mapping that made it and in those that were forked from that one.

scenario childs-page-pageout "what the child wrote is the child's: reclaim finds it there, and the parent's stays"
machine  cpus=1 ram=16 swap=S:4

setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a')
  A: B = fork()
  B: store(p[0], 'b')
}

check {
  B: madvise(p, 4K, MADV_PAGEOUT) = 0
  B: pagemap(p[0])                = PM_SWAP
  A: pagemap(p[0])                = PM_ANON
  A: load(p[0])                   = 'a'
  B: load(p[0])                   = 'b'
}

expect { never bug   never lost_store   complete }

scenario childs-page-moved "the child's page moves while the parent writes its own"
machine  cpus=2 nodes=2 ram=16

setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a')
  A: B = fork()
  B: store(p[0], 'b')
}

cpu 0 as A { store(p[0], 'c') = 0 }
cpu 1 as K { move_pages(B, p[0], 1) = 1 }

check {
  A: load(p[0])                   = 'c'
  B: load(p[0])                   = 'b'
  B: store(p[0], 'd'), load(p[0]) = 'd'
}

expect { never bug   never lost_store   never stale_pte   complete }

scenario page-of-three-poisoned "a page that two children share with their parent fails: all three are told"
machine  cpus=1 ram=16

setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a')
  A: B = fork()
  A: C = fork()
}

check {
  poison(C, p[0]) = 0
  A: load(p[0])   = SIGBUS(4)
  B: load(p[0])   = SIGBUS(4)
  C: load(p[0])   = SIGBUS(4)
}

expect { never bug   complete }

scenario page-of-three-reclaimed "it goes to swap from all three, and who brings it back shares it with the others"
machine  cpus=1 ram=16 swap=S:4

setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a')
  A: B = fork()
  A: C = fork()
}

check {
  reclaim(1)
  A: pagemap(p[0]) = PM_SWAP
  B: pagemap(p[0]) = PM_SWAP
  C: pagemap(p[0]) = PM_SWAP
  B: load(p[0])    = 'a'
  A: load(p[0])    = 'a'
  C: load(p[0])    = 'a'
  poison(A, p[0])  = 0  # what was read can be read again
  A: pagemap(p[0]) = PM_SWAP
  B: pagemap(p[0]) = PM_SWAP
  C: pagemap(p[0]) = PM_SWAP
  C: load(p[0])    = 'a'
}

expect { never bug   complete }

scenario sibling-is-spared "a page of one child fails: its sibling and its parent have their own"
machine  cpus=1 ram=16

setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a')
  A: B = fork()
  A: C = fork()
  B: store(p[0], 'b')
  B: D = fork()
}

check {
  poison(B, p[0]) = 0
  A: load(p[0])   = 'a'
  B: load(p[0])   = SIGBUS(4)
  C: load(p[0])   = 'a'
  D: load(p[0])   = SIGBUS(4)
}

expect { never bug   complete }

scenario parent-exits-first "the parents go: the grandchild's pages are still found, theirs and its own"
machine  cpus=1 nodes=2 ram=32 swap=S:4

setup {
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a'), store(p[1], 'a')
  A: B = fork()
  B: store(p[1], 'b')
  B: C = fork()
  A: exit() = 0
  B: exit() = 0
}

check {
  move_pages(C, p[0], 1)            = 1
  move_pages(C, p[1], 1)            = 1
  C: load(p[0])                     = 'a'
  C: store(p[1], 'c')               = 0
  C: D = fork()
  D: store(p[0], 'd')               = 0
  C: madvise(p, 2*4K, MADV_PAGEOUT) = 0
  C: pagemap(p[0])                  = PM_SWAP
  D: pagemap(p[0])                  = PM_ANON
  C: load(p[0])                     = 'a'
  poison(C, p[1])                   = 0
  C: load(p[1])                     = SIGBUS(4)
  D: load(p[1])                     = SIGBUS(4)
  C: exit()                         = 0
  D: exit()                         = 0
}

# reached: anon_vma_fork: an anon_vma that nobody uses
expect { never bug   never lost_store   complete }

scenario exit-vs-reclaim "a child leaves the trees of its parent while reclaim walks them"
machine  cpus=2 ram=16 swap=S:4

setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a')
  A: B = fork()
}

cpu 0 as B { munmap(p, 4K) = 0 }
cpu 1 as K { reclaim(1) }

check {
  A: load(p[0])       = 'a'
  A: store(p[0], 'b') = 0
  A: load(p[0])       = 'b'
  rss(B).anon         = 0
  rss(B).swapents     = 0
}

expect { never bug   never lost_store   never rss_mismatch   complete }

scenario parent-exits-vs-move "the parent dies while the page that it shared moves: the child has it"
machine  cpus=2 nodes=2 ram=16

setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a')
  A: B = fork()
}

cpu 0 as A { munmap(p, 4K) = 0 }
cpu 1 as K { move_pages(B, p[0], 1) }

check {
  B: load(p[0])       = 'a'
  B: store(p[0], 'b') = 0
  B: load(p[0])       = 'b'
  rss(A).anon         = 0
}

expect { never bug   never lost_store   never stale_pte   complete }

scenario last-sharer "a page becomes its last user's own when that writes it, and is found as such"
machine  cpus=1 nodes=2 ram=16

setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a')
  A: B = fork()
  A: munmap(p, 4K) = 0
}

check {
  B: store(p[0], 'b')    = 0
  move_pages(B, p[0], 1) = 1
  B: load(p[0])          = 'b'
  B: C = fork()
  C: store(p[0], 'c')    = 0
  B: load(p[0])          = 'b'
}

expect { never bug   never lost_store   complete }

scenario huge-page-left-alone "a huge page that the parent gave up is the child's own once it is written"
machine  cpus=1 nodes=2 ram=32 thp=2 PTRS_PER_PTE=2

setup {
  A: p = mmap(2*4K, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: madvise(p, 2*4K, MADV_HUGEPAGE) = 0
  A: store(p[0], 'a'), store(p[1], 'b')
  A: B = fork()
  A: exit()                          = 0
}

check {
  B: store(p[0], 'c')    = 0
  B: pagemap(p[0])       = PM_HUGE
  move_pages(B, p[0], 1) = 1
  B: D = fork()
  B: load(p[0])          = 'c'
  D: load(p[1])          = 'b'
}

expect { never bug   never lost_store   complete }
