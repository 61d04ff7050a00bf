# Names of a stacked file system: layers, whiteouts, opaque directories, and what is copied up.

scenario whiteout "a name that is removed stays below, and does not show"
machine  cpus=1 ram=16 union=1

setup {
  A: l = open("/lower/f", O_RDWR|O_CREAT, 0644)
  A: pwrite(l, 'l', 0) = 1
}

cpu 0 as A {
  unlink("/union/f")         = 0
  open("/union/f", O_RDONLY) = -ENOENT
  getdents("/union")         = 0
  getdents("/upper", "f")    = 1
  u = open("/union/f", O_RDWR|O_CREAT, 0644)
  getdents("/union")         = 1
}

check {
  A: pread(l, 0)              = 'l'
  A: stat("/union/f").st_size = 0
}

expect { never leak   complete }

scenario opaque-directory "a directory that is made in the place of one below shows nothing of it"
machine  cpus=1 ram=16 union=1

setup {
  A: mkdir("/lower/d", 0755) = 0
  A: l = open("/lower/d/f", O_RDWR|O_CREAT, 0644)
}

cpu 0 as A {
  rmdir("/union/d")              = -ENOTEMPTY
  rename("/union/d", "/union/e") = -EXDEV
  unlink("/union/d/f")           = 0
  rmdir("/union/d")              = 0
  mkdir("/union/d", 0755)        = 0
  getdents("/union/d")           = 0
}

check { A: getdents("/lower/d") = 1 }

expect { never leak   complete }

scenario rename-up "a file from below is copied up by a rename, and leaves a whiteout"
machine  cpus=1 ram=16 union=1

setup {
  A: l = open("/lower/f", O_RDWR|O_CREAT, 0600)
  A: pwrite(l, 'l', 0)           = 1
  A: utimensat("/lower/f", 5, 7) = 0
}

cpu 0 as A {
  rename("/union/f", "/union/g") = 0
  getdents("/union")             = 1
  getdents("/upper")             = 2
  stat("/union/g").st_mtime      = 7
}

check {
  A: u = open("/union/g", O_RDONLY)
  A: pread(u, 0)             = 'l'
  A: getdents("/lower", "f") = 1
}

expect { never leak   complete }

scenario unnamed-and-open "a file whose last name is gone keeps its pages as long as it is open"
machine  cpus=1 ram=16 union=1

setup {
  A: fd = open("/union/f", O_RDWR|O_CREAT, 0644)
  A: pwrite(fd, fill('f', 4K), 0) = 4K
}

cpu 0 as A {
  unlink("/union/f")              = 0
  mknod("/union/w", S_IFCHR|0600) = -EPERM
  open("/union/f", O_RDONLY)      = -ENOENT
}

check {
  A: pread(fd, 0) = 'f'
  A: close(fd)    = 0
  folios_leaked() = 0
}

expect { never leak   complete }

scenario counts-of-directories "how long a directory of a stack is, and how many names it has, is what a layer says"
machine  cpus=1 ram=16 union=1

setup {
  A: mkdir("/lower/d", 0755)           = 0
  A: mkdir("/lower/d/e", 0755)         = 0
  A: stat("/union/d").st_nlink         = 3
  A: stat("/union/d").st_size          = 60
  A: mknod("/union/d/f", S_IFREG|0600) = 0
}

check {
  A: stat("/union/d").st_nlink = 1
  A: stat("/union/d").st_size  = 60
  A: rmdir("/union/d/e")       = 0
  A: stat("/union/d").st_size  = 80
  A: stat("/union").st_nlink   = 1
  A: getdents("/union/d")      = 1
}

expect { never check   complete }

scenario refused-attribute "a layer refuses the attribute, and what it was for has been copied up for it"
machine  cpus=1 ram=16 union=1

setup { A: mkdir("/lower/d", 0755) = 0 }

check {
  A: setxattr("/union/d", "none.a", 'v', XATTR_CREATE) = -EOPNOTSUPP
  A: stat("/union/d").st_nlink                         = 1
  A: stat("/upper/d").st_nlink                         = 2
  A: setxattr("/union/d", "user.", 'v', XATTR_CREATE)  = -EINVAL
}

expect { never check   complete }
