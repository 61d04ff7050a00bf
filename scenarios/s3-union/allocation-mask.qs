# With which mask the lower page is allocated, and whose mask that is.

scenario two-stacks-one-file "two stacked mounts write pages of one lower file: its allocation mask is as it was"
machine  cpus=2 ram=16 union=2

setup {
  A: u = open("/union/f", O_RDWR|O_CREAT)
  A: ftruncate(u, 2*4K) = 0
  A: v = open("/union2/f", O_RDWR)
  A: pwrite(u, 'a', 0)  = 1
  A: pwrite(v, 'b', 4K) = 1
}

cpu 0 as A { fsync(u) = 0 }
cpu 1 as A { fsync(v) = 0 }

check {
  A: w = open("/upper/f", O_RDONLY)
  A: pread(w, 0)  = 'a'
  A: pread(w, 4K) = 'b'
}

expect           { never check   never lost_store   complete }
expect with D3-4 { sometimes check   preemptions 2 }

scenario no-file-system-again "reclaim for the lower page must not enter file systems: the upper page is locked"
machine  cpus=1 ram=8 union=1

setup {
  A: fd = open("/union/f", O_RDWR|O_CREAT)
  A: pwrite(fd, 'a', 0) = 1
}

cpu 0 as A { fsync(fd) = 0 }

check { A: pread(fd, 0) = 'a' }

expect            { never lock_order   never deadlock   complete }
expect with D3-10 { sometimes lock_order }

scenario lower-page-by-swapping "memory for the lower page is had by swapping something out, which needs IO"
machine  cpus=1 ram=7 swap=S:8 union=1

setup {
  A: fd = open("/union/f", O_RDWR|O_CREAT)
  A: ftruncate(fd, 4K) = 0
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: q = mmap(0, 6*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a')
  A: store(q[0], '0'), store(q[1], '1'), store(q[2], '2'), store(q[3], '3')
  A: store(q[4], '4'), store(q[5], '5')
}

cpu 0 as A { r = msync(p, 4K, MS_SYNC) }

check {
  A: load(p[0]) = 'a'
  A: load(q[5]) = '5'
}

expect            { always A:r == 0   never lost_store   complete }
expect with D3-11 { sometimes A:r == -ENOMEM }

scenario mask-around-the-look-up "a mask for the lower page alone is enough if the lower writepage needs no memory"
machine  cpus=2 ram=8 swap=S:4 union=1

setup {
  A: fd = open("/union/f", O_RDWR|O_CREAT)
  A: pwrite(fd, 'a', 0) = 1
}

cpu 0 as R { reclaim(1) }
cpu 1 as A { r = fsync(fd) }

check {
  A: pread(fd, 0) = 'a'
  A: swapoff(S)   = 0
  A: pread(fd, 0) = 'a'
}

expect { always A:r == 0   never lock_order   never deadlock   never lost_store   complete }
