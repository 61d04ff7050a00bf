# Whether a page that was used is likely to be used again is asked for each page that is unmapped, also by truncation,
# which holds no mmap_lock.

scenario recency-vs-truncate "MADV_RANDOM makes another mapping of it while the file's pages are unmapped"
machine  cpus=2 ram=16

setup {
  A: fd = memfd_create("f", 0), ftruncate(fd, 4K) = 0
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: store(p[0], 'a')
}

cpu 0 as A { madvise(p, 4K, MADV_RANDOM) = 0 }
cpu 1 as A { ftruncate(fd, 0) = 0 }

check {
  A: load(p[0]) = SIGBUS(2)
}

expect { never bug   complete }
