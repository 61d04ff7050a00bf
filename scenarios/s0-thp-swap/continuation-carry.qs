# With digits as small as they can be (1 reference in the byte, digits of 0 and 1) a count is a binary number: the
# second reference needs the first page, the fourth the second, and a reference that goes may borrow through both.

scenario continuation-carry "a count grows through two digits and shrinks again"
machine  cpus=2 ram=16 swap=S:8 SWAP_MAP_MAX=1 SWAP_CONT_MAX=1

setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 7)
  A: madvise(p, 4K, MADV_PAGEOUT) = 0
  repeat 4 { A: fork() }
}

cpu 0 as A { c = fork() }

check {
  swap_count(S, 1) = 6
  A: load(p[0])    = 7
  swap_count(S, 1) = 5
  killall()
  swap_used(S)     = 0
  folios_leaked()  = 0
}

expect { never bug   never leak   never swap_count   complete }

scenario carry-vs-borrow "fork carries into a new digit while an exit borrows from the old one"
machine  cpus=2 ram=16 swap=S:8 SWAP_MAP_MAX=1 SWAP_CONT_MAX=1

setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 7)
  A: madvise(p, 4K, MADV_PAGEOUT) = 0
  A: fork()
  A: B = fork()
}

cpu 0 as A { c = fork() }
cpu 1 as B { munmap(p, 4K) = 0 }

check {
  swap_count(S, 1) = 3
  A: load(p[0])    = 7
  killall()
  swap_used(S)     = 0
  folios_leaked()  = 0
}

expect { never bug   never leak   never swap_count   complete }

scenario neighbours "two counts of different clusters share their pages: one adds a page, the other borrows"
machine  cpus=2 ram=16 swap=S:8 SWAP_MAP_MAX=1 SWAP_CONT_MAX=1 SWAPFILE_CLUSTER=1

setup {
  A: p = mmap(0, 8K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 7)
  A: store(p[1], 8)
  A: madvise(p, 8K, MADV_PAGEOUT) = 0
  A: B = fork()
  A: C = fork()
  A: munmap(p[1], 4K)             = 0
}

cpu 0 as A { c = fork() }
cpu 1 as B { munmap(p[1], 4K) = 0 }

check {
  swap_count(S, 1) = 4
  swap_count(S, 2) = 1
  A: load(p[0])    = 7
  C: load(p[1])    = 8
  killall()
  swap_used(S)     = 0
  folios_leaked()  = 0
}

expect { never race   never bug   never leak   never swap_count   complete }
