# Who unlocks which page: the upper page U is the stacked writepage's own, the lower page l is unlocked by the lower
# writepage, but for one outcome.

scenario no-lower-page "writeback finds no memory for the lower page: the upper one is dirty again, and unlocked"
machine  cpus=2 ram=16 union=1

setup {
  A: fd = open("/union/f", O_RDWR|O_CREAT)
  A: ftruncate(fd, 4K) = 0
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: store(p[0], 'a')
}

cpu 0 as A { r = msync(p, 4K, MS_SYNC)   [may fail: page_alloc] }
cpu 1 as A { load(p[0]) = 'a' }

check {
  A: fsync(fd)    = 0 | -ENOMEM
  A: pread(fd, 0) = 'a'
}

expect           { never deadlock   never lost_store   complete }
expect with D3-6 { sometimes bug }

scenario lower-writepage-fails "the lower writepage fails: it has unlocked its page, and the upper one is unlocked too"
machine  cpus=2 ram=16 union=1

setup {
  A: fd = open("/union/f", O_RDWR|O_CREAT)
  A: ftruncate(fd, 4K) = 0
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: store(p[0], 'a')
}

cpu 0 as A { r = msync(p, 4K, MS_SYNC)   [may fail: writepage] }
cpu 1 as A { load(p[0]) = 'a' }

check {
  A: pread(fd, 0) = 'a'
}

expect           { never double_unlock   never deadlock   never lost_store   always A:r <= 0   complete }
expect with D3-7 { sometimes bug }
expect with D3-8 { sometimes double_unlock }

scenario lower-page-to-activate "reclaim without swap: the lower page stays locked for its caller, who unlocks it"
machine  cpus=2 ram=16 union=1

setup {
  A: fd = open("/union/f", O_RDWR|O_CREAT)
  A: pwrite(fd, 'a', 0) = 1
}

cpu 0 as A { reclaim(4) }
cpu 1 as A { pwrite(fd, 'b', 0) = 1 }

check {
  A: fsync(fd)    = 0
  A: pread(fd, 0) = 'b'
}

expect           { never deadlock   never lost_store   complete }
expect with D3-9 { sometimes bug }
