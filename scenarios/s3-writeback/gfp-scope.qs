# Who holds what a file system needs says so for a stretch of its way, and no allocation in it enters file systems.

scenario nofs-scope "an allocation in a NOFS scope reclaims what is clean, and writes no page of a file"
machine  cpus=1 ram=8

setup {
  A: fd = open("f", O_RDWR|O_CREAT)
  A: pwrite(fd, fill('a', 7*4K), 0) = 7*4K
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
}

cpu 0 as A {
  f = memalloc_flags_save(PF_MEMALLOC_NOFS)
  r = store(p[0], 'b')
  s = store(p[1], 'b')
  memalloc_flags_restore(f) = 0
  t = store(p[1], 'c')
}

check {
  A: load(p[0])   = 'b'
  A: load(p[1])   = 'c'
  A: pread(fd, 0) = 'a'
}

expect { never bug   always A:f == PF_MEMALLOC_NOFS   always A:s == SIGBUS(0)   always A:t == 0   complete }

scenario nofs-scope-left "who reclaims in a NOFS scope with a mask of its own is reported"
machine  cpus=1 ram=8

setup {
  A: fd = open("f", O_RDWR|O_CREAT)
  A: pwrite(fd, 'a', 0) = 1
}

cpu 0 as A {
  memalloc_flags_save(PF_MEMALLOC_NOFS) = PF_MEMALLOC_NOFS
  reclaim(1)
}

expect { sometimes bug @ pageout }
