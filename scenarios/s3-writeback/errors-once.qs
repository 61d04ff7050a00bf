# An error of writeback is told once to each open file that was there when it happened, and to the next one that is
# opened only if nobody has heard of it by then.

scenario two-descriptors "each of two open files hears of an error once"
machine  cpus=2 ram=16

setup {
  A: fd = open("f", O_RDWR|O_CREAT)
  B: gd = open("f", O_RDWR)
  A: pwrite(fd, 'a', 0) = 1
}

cpu 0 as A { r = fsync(fd)   [fail: io_write nth=1] }
cpu 1 as B { s = fsync(gd) }

check {
  A: fsync(fd)    = 0 | -EIO
  B: fsync(gd)    = 0 | -EIO
  A: fsync(fd)    = 0
  B: fsync(gd)    = 0
  A: pread(fd, 0) = 'a'
}

expect { sometimes A:r == -EIO   sometimes B:s == -EIO   never lost_store   complete }

scenario opened-after "who opens the file after an error that nobody has heard of hears of it"
machine  cpus=1 ram=16

setup {
  A: fd = open("f", O_RDWR|O_CREAT)
  A: pwrite(fd, 'a', 0)  = 1
}

cpu 0 as A { reclaim(16)   [fail: io_write nth=1] }

check {
  B: gd = open("f", O_RDWR)
  B: fsync(gd)              = -EIO
  C: hd = open("f", O_RDWR)
  C: fsync(hd)              = 0
  A: fsync(fd)              = -EIO
  A: fsync(fd)              = 0
}

expect { never lost_store   complete }

scenario child-shares "a child has its parent's open file: one of the two hears of the error"
machine  cpus=1 ram=16

setup {
  A: fd = open("f", O_RDWR|O_CREAT)
  A: pwrite(fd, 'a', 0) = 1
  A: C = fork()
}

cpu 0 as A { reclaim(16)   [fail: io_write nth=1] }

check {
  C: fsync(fd) = -EIO
  A: fsync(fd) = 0
}

expect { never lost_store   complete }

scenario mapping-keeps "a mapping reports for the descriptor it was made with, also after that is closed"
machine  cpus=1 ram=16

setup {
  A: fd = open("f", O_RDWR|O_CREAT)
  A: ftruncate(fd, 4K) = 0
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: gd = open("f", O_RDWR)
  A: close(fd)         = 0
  A: store(p[0], 'a')  = 0
}

cpu 0 as A { r = fsync(gd)   [fail: io_write nth=1] }

check {
  A: msync(p, 4K, MS_SYNC) = -EIO
  A: msync(p, 4K, MS_SYNC) = 0
  A: load(p[0])            = 'a'
}

expect { always A:r == -EIO   never lost_store   complete }
