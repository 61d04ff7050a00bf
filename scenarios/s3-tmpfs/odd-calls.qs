# Calls that are rarely made, and what a kernel says of them.

scenario fallocate-again "what is allocated twice is data: an error of the second must not undo the first"
machine  cpus=1 ram=16 tmpfs=tmp:0

setup {
  A: fd = open("/tmp/f", O_RDWR|O_CREAT, 0644)
  A: fallocate(fd, 0, 0, 2*4K) = 0
  A: lseek(fd, 0, SEEK_DATA)   = -ENXIO
  A: fallocate(fd, 0, 4K, 4K)  = 0
}

check {
  A: lseek(fd, 0, SEEK_DATA)  = 4K
  A: lseek(fd, 4K, SEEK_HOLE) = 2*4K
  A: pread(fd, 4K)            = 0
}

expect { never check   complete }

scenario noreplace-whiteout "a whiteout is left by a rename that replaces nothing"
machine  cpus=1 ram=16 tmpfs=tmp:0

setup {
  A: mknod("/tmp/f", S_IFREG|0600)                                = 0
  A: mknod("/tmp/g", S_IFREG|0600)                                = 0
  A: rename("/tmp/f", "/tmp/g", RENAME_NOREPLACE|RENAME_WHITEOUT) = -EEXIST
  A: rename("/tmp/f", "/tmp/h", RENAME_NOREPLACE|RENAME_WHITEOUT) = 0
  A: rename("/tmp/f", "/tmp/h", RENAME_EXCHANGE|RENAME_WHITEOUT)  = -EINVAL
  A: rename("/tmp/f", "/tmp/h", RENAME_EXCHANGE|RENAME_NOREPLACE) = -EINVAL
}

check {
  A: lstat("/tmp/f").st_mode = S_IFCHR
  A: stat("/tmp/h").st_mode  = (S_IFREG|0600)
  A: getdents("/tmp")        = 3
}

expect { never check   complete }

scenario xattr-room-first "room for all of a value comes before what it replaces, and before whether it may"
machine  cpus=1 ram=16 tmpfs=tmp:0 nr_inodes=tmp:3

setup {
  A: mknod("/tmp/f", S_IFREG|0600)                               = 0
  A: setxattr("/tmp/f", "user.a", fill('v', 600), 0)             = 0
  A: setxattr("/tmp/f", "user.a", fill('w', 600), 0)             = -ENOSPC
  A: setxattr("/tmp/f", "user.a", fill('w', 600), XATTR_CREATE)  = -ENOSPC
  A: setxattr("/tmp/f", "user.b", fill('w', 600), XATTR_REPLACE) = -ENOSPC
  A: setxattr("/tmp/f", "user.b", 'w', XATTR_REPLACE)            = -ENODATA
  A: setxattr("/tmp/f", "user.a", fill('x', 100), 0)             = 0
  A: setxattr("/tmp/f", "user.a", fill('y', 800), XATTR_REPLACE) = 0
}

check {
  A: getxattr("/tmp/f", "user.a", 1000) = 'y'
  A: removexattr("/tmp/f", "user.a")    = 0
  A: statfs("/tmp").f_ffree             = 1
}

expect { never check   complete }

scenario open-no-name "what open() says of a path that has no name at its end"
machine  cpus=1 ram=16 tmpfs=tmp:0

setup {
  A: mkdir("/tmp/d", 0755)                           = 0
  A: open("/tmp/d/..", O_RDWR|O_CREAT, 0600)         = -EISDIR
  A: open("/tmp/d/..", O_RDWR|O_CREAT|O_EXCL, 0600)  = -EEXIST
  A: open("/tmp/d/.", O_RDONLY|O_CREAT|O_EXCL, 0600) = -EEXIST
  A: open("", O_RDONLY|O_NOFOLLOW)                   = -ENOENT
  A: open("", O_RDWR|O_CREAT, 0600)                  = -ENOENT
}

check { A: getdents("/tmp") = 1 }

expect { never check   complete }

scenario seek-in-a-directory "a directory has a place to read on from, and no end"
machine  cpus=1 ram=16 tmpfs=tmp:0

setup {
  A: mkdir("/tmp/d", 0755)   = 0
  A: fd = open("/tmp/d", O_RDONLY)
  A: lseek(fd, 2, SEEK_SET)  = 2
  A: lseek(fd, 3, SEEK_CUR)  = 5
  A: lseek(fd, -1, SEEK_SET) = -EINVAL
  A: lseek(fd, 0, SEEK_END)  = -EINVAL
  A: lseek(fd, 0, SEEK_DATA) = -EINVAL
  A: lseek(fd, 0, SEEK_HOLE) = -EINVAL
}

check {
  A: pread(fd, 0)            = -EISDIR
  A: ftruncate(fd, 0)        = -EINVAL
  A: fallocate(fd, 0, 0, 4K) = -EBADF
}

expect { never check   complete }

scenario memfd-attributes "a file without a name is whoever's has made it, and has no name"
machine  cpus=1 ram=16

check {
  A: fd = memfd_create("f", 0)
  A: fstat(fd).st_mode  = (S_IFREG|0777)
  A: fstat(fd).st_nlink = 0
  A: fstat(fd).st_uid   = 0
  A: fstat(fd).st_mtime = UTIME_NOW
  A: setuid(1000)       = 0
  A: setuid(1000)       = 0
  A: setuid(1001)       = -EPERM
  A: g = memfd_create("g", 0)
  A: fstat(g).st_uid    = 1000
  A: pwrite(g, 'g', 0)  = 1
}

expect { never check   complete }

scenario device-of-another "with O_CREAT nobody opens another's device in a directory of all"
machine  cpus=1 ram=16 tmpfs=tmp:0

setup {
  A: mknod("/tmp/w", S_IFCHR|0666)        = 0
  A: open("/tmp/w", O_RDWR|O_CREAT, 0600) = -ENXIO
  A: chown("/tmp/w", 1000, -1)            = 0
}

check {
  A: open("/tmp/w", O_RDWR|O_CREAT, 0600) = -EACCES
  A: open("/tmp/w", O_RDWR)               = -ENXIO
  A: chmod("/tmp", 01775)                 = 0
  A: open("/tmp/w", O_RDWR|O_CREAT, 0600) = -ENXIO
}

expect { never check   complete }

scenario long-symlink-to-itself "a symlink as long as a path may be leads to itself, forty times in each call"
machine  cpus=1 ram=16 tmpfs=tmp:0

setup { A: symlink("/tmp/a"+fill('/', 4066), "/tmp/a") = 0 }

check {
  A: mkdir("/tmp/a/c/c/d", 0777)  = -ELOOP
  A: stat("/tmp/a").st_mode       = -ELOOP
  A: open("/tmp/a/", O_RDONLY)    = -ELOOP
  A: truncate("/tmp/a", 4K)       = -ELOOP
  A: access("/tmp/a", X_OK)       = -ELOOP
  A: getdents("/tmp/a", ".")      = -ELOOP
  A: rmdir("/tmp/a/b")            = -ELOOP
  A: chmod("/tmp/a", 0600)        = -ELOOP
  A: link("/tmp/a/b", "/tmp/c")   = -ELOOP
  A: rename("/tmp/a/b", "/tmp/c") = -ELOOP
  A: unlink("/tmp/a/b")           = -ELOOP
  A: lstat("/tmp/a").st_size      = 4072
}

expect { never check   complete }
