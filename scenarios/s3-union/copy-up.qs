# A file of the lower layer is copied up when a program may write to it.

scenario copy-up "the lower file stays as it was, and both are read where they are"
machine  cpus=1 ram=16 union=1

setup {
  A: l = open("/lower/f", O_RDWR|O_CREAT)
  A: pwrite(l, 'l', 0)  = 1
  A: pwrite(l, 'm', 4K) = 1
  A: r = open("/union/f", O_RDONLY)
  A: p = mmap(0, 2*4K, PROT_READ, MAP_SHARED, r, 0)
  A: load(p[0])         = 'l'
}

cpu 0 as A {
  open("/upper/f", O_RDONLY) = -ENOENT
  fd = open("/union/f", O_RDWR)
  pwrite(fd, 'u', 0)         = 1
  load(p[0])                 = 'u'
  pread(fd, 4K)              = 'm'
  fsync(fd)                  = 0
}

check {
  A: pread(l, 0)      = 'l'
  A: u = open("/upper/f", O_RDONLY)
  A: pread(u, 0)      = 'u'
  A: pread(u, 4K)     = 'm'
  A: fstat(u).st_size = 4097
}

expect { never lost_store   complete }

# reached: ovl_get_inode: somebody else was first
scenario one-inode "two programs find a file of the layers at once: it has one inode, and one page in the cache"
machine  cpus=2 ram=8 union=1

setup {
  A: l = open("/lower/f", O_RDWR|O_CREAT)
  A: pwrite(l, 'l', 0) = 1
}

cpu 0 as A { u = open("/union/f", O_RDONLY) }
cpu 1 as A { v = open("/union/f", O_RDONLY) }

check {
  A: pread(u, 0)       = 'l'
  A: w = open("/union/f", O_RDWR)
  A: pwrite(w, 'v', 0) = 1
  A: pread(u, 0)       = 'v'
}

expect { never leak   complete }
