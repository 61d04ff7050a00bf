# Two mappings become one also where only one of them has pages of its own; fork then copies the entries of both.

scenario merge-with-untouched "a mapping with pages of its own takes in its neighbour, which has read zeros only"
machine  cpus=1 ram=16

check {
  A: p = mmap(0, 4K, PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_POPULATE, -1, 0)
  A: q = mmap(0, 4K, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: mprotect(p[0], PROT_READ) = 0
  A: load(q[0])                = 0
  A: C = fork()
  C: pagemap(q[0])             = PM_ZERO
}

expect { never bug   complete }
