# A page that its file system cannot write now: reclaim is asked to put it on the active list. That code is for reclaim.

scenario write-one-page "tmpfs is asked to write a page by who does not reclaim, and swap is full"
machine  cpus=1 ram=16

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, 'a', 0) = 1
}

cpu 0 as A {
  r = write_one_page(fd, 0)
  s = fsync(fd)
}

check {
  A: pread(fd, 0) = 'a'
}

expect           { always A:r == 0   always A:s == 0   never lost_store   complete }
expect with D3-1 { sometimes A:r == 524288 }
expect with D3-2 { sometimes A:r == -EIO }

scenario write-mapped-page "tmpfs is asked to write a page that a program has mapped, by who does not reclaim"
machine  cpus=1 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: ftruncate(fd, 4K) = 0
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: store(p[0], 'a')  = 0
}

cpu 0 as A { r = write_one_page(fd, 0) }

check {
  A: pagemap(p[0]) = PM_FILE
  A: load(p[0])    = 'a'
  swap_used(S)     = 0
}

expect           { always A:r == 0   never bug   complete }
expect with D3-3 { sometimes bug @ writepage }

scenario reclaim-activates "reclaim may be told to keep a page, and it stays dirty"
machine  cpus=1 ram=16

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, 'a', 0) = 1
}

cpu 0 as A {
  reclaim(16)
  reclaim(16)
}

check {
  A: pread(fd, 0) = 'a'
}

expect            { never lost_store   never bug   complete }
expect with D3-15 { sometimes lost_store }
