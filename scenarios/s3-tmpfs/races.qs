scenario create-vs-create "of two that create a name with O_EXCL one does"
machine  cpus=2 ram=16 tmpfs=tmp:0

cpu 0 as A { r = mknod("/tmp/f", S_IFREG|0600) }
cpu 1 as B { r = mkdir("/tmp/f", 0755) }

check {
  A: getdents("/tmp") = 1
}

expect {
  outcomes { A:r=0 B:r=-EEXIST; A:r=-EEXIST B:r=0 }
  complete
}

scenario create-vs-rmdir "a directory that goes gets no names any more"
# reached: may_create: the directory was removed meanwhile
machine  cpus=2 ram=16 tmpfs=tmp:0

setup { A: mkdir("/tmp/d", 0755) = 0 }

cpu 0 as A { r = mknod("/tmp/d/f", S_IFREG|0600) }
cpu 1 as B { r = rmdir("/tmp/d") }

expect {
  outcomes { A:r=0 B:r=-ENOTEMPTY; A:r=-ENOENT B:r=0 }
  complete
}

scenario crossing-renames "two directories move into each other: one does, and no cycle is left"
machine  cpus=2 ram=16 tmpfs=tmp:0

setup {
  A: mkdir("/tmp/a", 0755) = 0
  A: mkdir("/tmp/b", 0755) = 0
}

cpu 0 as A { r = rename("/tmp/a", "/tmp/b/x") }
cpu 1 as B { r = rename("/tmp/b", "/tmp/a/y") }

check {
  A: getdents("/tmp")      = 1
  A: stat("/tmp").st_nlink = 3
}

expect {
  outcomes { A:r=0 B:r=-ENOENT; A:r=-ENOENT B:r=0; A:r=0 B:r=-EINVAL; A:r=-EINVAL B:r=0 }
  complete
}

scenario unlink-vs-open "a file that is opened while its last name goes is read, or was never found"
machine  cpus=2 ram=16 tmpfs=tmp:4

setup {
  A: fd = open("/tmp/f", O_CREAT|O_RDWR, 0600)
  A: pwrite(fd, 'f', 0) = 1
  A: close(fd)          = 0
}

cpu 0 as A {
  g = open("/tmp/f", O_RDONLY) = 0 | -ENOENT
  r = pread(g, 0)
}
cpu 1 as B { u = unlink("/tmp/f") = 0 }

check {
  A: getdents("/tmp")    = 0
  A: close(g)            = 0 | -EBADF
  statfs("/tmp").f_bfree = 4
}

expect {
  always A:r == 'f' || A:r == -EBADF   sometimes A:r == 'f'   sometimes A:r == -EBADF
  never uaf   never leak   complete
}

scenario link-vs-unlink "a file whose last name goes gets no new one"
# reached: vfs_link: the last name went meanwhile
machine  cpus=2 ram=16 tmpfs=tmp:0

setup { A: mknod("/tmp/f", S_IFREG|0600) = 0 }

cpu 0 as A { r = link("/tmp/f", "/tmp/g") }
cpu 1 as B { r = unlink("/tmp/f") }

check { A: getdents("/tmp") = 0 | 1 }

expect {
  outcomes { A:r=0 B:r=0; A:r=-ENOENT B:r=0 }
  never leak   complete
}

scenario rename-vs-lookup "a name that is replaced leads to the one file or to the other"
machine  cpus=2 ram=16 tmpfs=tmp:0

setup {
  A: mknod("/tmp/old", S_IFREG|0600) = 0
  A: mknod("/tmp/new", S_IFREG|0644) = 0
}

cpu 0 as A { r = rename("/tmp/new", "/tmp/old") = 0 }
cpu 1 as B { m = stat("/tmp/old").st_mode }

check { A: getdents("/tmp") = 1 }

expect {
  outcomes { A:r=0 B:m=33152; A:r=0 B:m=33188 }
  complete
}

scenario rename-vs-dotdot "the way up out of a directory that moves leads to where it was or to where it is"
machine  cpus=2 ram=16 tmpfs=tmp:0

setup {
  A: mkdir("/tmp/a", 0700)   = 0
  A: mkdir("/tmp/b", 0711)   = 0
  A: mkdir("/tmp/a/d", 0755) = 0
}

cpu 0 as A { r = rename("/tmp/a/d", "/tmp/b/d") = 0 }
cpu 1 as B { m = stat("/tmp/a/d/..").st_mode }

check { A: stat("/tmp/b/d/..").st_mode = (S_IFDIR|0711) }

expect {
  outcomes { A:r=0 B:m=16832; A:r=0 B:m=16841; A:r=0 B:m=-ENOENT }
  complete
}

scenario truncate-vs-swap-out "a page that is truncated while it goes to swap is counted once, and its slot is free"
machine  cpus=2 ram=16 swap=S:4 tmpfs=tmp:4

setup {
  A: fd = open("/tmp/f", O_CREAT|O_RDWR, 0600)
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: ftruncate(fd, 4K) = 0
  A: store(p[0], 'a')
}

cpu 0 as A { t = ftruncate(fd, 0) = 0 }
cpu 1 as A { m = madvise(p, 4K, MADV_PAGEOUT) = 0 }

check {
  A: swapoff(S)             = 0
  A: statfs("/tmp").f_bfree = 4
  A: fstat(fd).st_blocks    = 0
}

expect { never uaf   never leak   never check   complete }
