# A page of tmpfs that is in swap, and in the page cache too: a stacked file system takes the lower page from the page
# cache alone, as in 2007. Whatever meets the older copy has to know that it is older.

scenario stale-slot-at-writepage "a page is swapped out that has an older copy in swap"
machine  cpus=1 ram=16 swap=S:8 union=1 union_find=around

setup {
  A: fd = open("/union/f", O_RDWR|O_CREAT)
  A: ftruncate(fd, 4K)            = 0
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: store(p[0], 'a')
  A: msync(p, 4K, MS_SYNC)        = 0
  A: below = open("/upper/f", O_RDONLY)
  A: q = mmap(0, 4K, PROT_READ, MAP_SHARED, below, 0)
  A: load(q[0])                   = 'a'
  A: madvise(q, 4K, MADV_PAGEOUT) = 0
  A: store(p[0], 'b')
}

cpu 0 as A { madvise(p, 4K, MADV_PAGEOUT) = 0 }

check {
  A: pread(below, 0) = 'b'
  A: load(p[0])      = 'b'
}

expect             { never bug   never swap_count   never lost_store   complete }
expect with D3-12a { sometimes bug }

scenario swapoff-of-an-older-copy "swapoff meets a page in swap whose newer copy is cached"
machine  cpus=2 ram=16 swap=S:8 union=1 union_find=around union_writepage=dirty

setup {
  A: fd = open("/union/f", O_RDWR|O_CREAT)
  A: ftruncate(fd, 4K)            = 0
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: store(p[0], 'a')
  A: msync(p, 4K, MS_SYNC)        = 0
  A: below = open("/upper/f", O_RDONLY)
  A: q = mmap(0, 4K, PROT_READ, MAP_SHARED, below, 0)
  A: load(q[0])                   = 'a'
  A: madvise(q, 4K, MADV_PAGEOUT) = 0
  A: store(p[0], 'b')
}

cpu 0 as A { madvise(p, 4K, MADV_PAGEOUT) = 0 }
cpu 1 as B { r = swapoff(S) }

check {
  A: pread(below, 0) = 'b'
  A: load(p[0])      = 'b'
}

expect             { always B:r == 0   never livelock   never lost_store   complete }
expect with D3-12b { sometimes livelock }

scenario reader-of-an-older-copy "a reader is given what was written last, wherever the older copy is"
machine  cpus=1 ram=16 swap=S:8 union=1 union_find=around union_writepage=dirty

setup {
  A: fd = open("/union/f", O_RDWR|O_CREAT)
  A: ftruncate(fd, 4K)            = 0
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: store(p[0], 'a')
  A: msync(p, 4K, MS_SYNC)        = 0
  A: below = open("/upper/f", O_RDONLY)
  A: q = mmap(0, 4K, PROT_READ, MAP_SHARED, below, 0)
  A: load(q[0])                   = 'a'
  A: madvise(q, 4K, MADV_PAGEOUT) = 0
  A: store(p[0], 'b')
}

cpu 0 as A {
  madvise(p, 4K, MADV_PAGEOUT) = 0
  r = pread(below, 0)
}

check { A: load(p[0]) = 'b' }

expect             { always A:r == 'b'   never lost_store   complete }
expect with D3-12c { sometimes lost_store }

scenario truncation-of-both-copies "truncation frees what is cached, and the older copy in swap"
machine  cpus=1 ram=16 swap=S:8 union=1 union_find=around union_writepage=dirty

setup {
  A: fd = open("/union/f", O_RDWR|O_CREAT)
  A: ftruncate(fd, 4K)            = 0
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: store(p[0], 'a')
  A: msync(p, 4K, MS_SYNC)        = 0
  A: below = open("/upper/f", O_RDONLY)
  A: q = mmap(0, 4K, PROT_READ, MAP_SHARED, below, 0)
  A: load(q[0])                   = 'a'
  A: madvise(q, 4K, MADV_PAGEOUT) = 0
  A: store(p[0], 'b')
  A: madvise(p, 4K, MADV_PAGEOUT) = 0
}

cpu 0 as A { ftruncate(fd, 0) = 0 }

check { swap_used(S) = 0 }

expect             { never swap_count   never leak   complete }
expect with D3-12d { sometimes swap_count }
