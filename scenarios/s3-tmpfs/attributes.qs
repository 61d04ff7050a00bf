scenario tmpfs-permissions "who may do what: bits, the sticky bit, owners"
machine  cpus=1 ram=16 tmpfs=tmp:0

setup {
  A: mkdir("/tmp/d", 0711)              = 0
  A: mkdir("/tmp/open", 0777)           = 0
  A: mkdir("/tmp/locked", 0700)         = 0
  A: mknod("/tmp/d/f", S_IFREG|0604)    = 0
  A: mknod("/tmp/open/f", S_IFREG|0640) = 0
  A: mknod("/tmp/s", S_IFREG|06777)     = 0
  A: mknod("/tmp/x", S_IFREG|0600)      = 0
  A: access("/tmp/x", X_OK)             = -EACCES
  A: access("/tmp/s", X_OK)             = 0
  A: access("/tmp/x", 8)                = -EINVAL
  A: chown("/tmp/s", 1000, -1)          = 0
  A: stat("/tmp/s").st_mode             = (S_IFREG|0777)
  A: chmod("/tmp/s", 04755)             = 0
  A: stat("/tmp/s").st_uid              = 1000
  A: mkdir("/tmp/g", 02777)             = 0
  A: chmod("/tmp/g", 02777)             = 0
  A: chown("/tmp/g", -1, 7)             = 0
}

check {
  A: setuid(1000)                              = 0
  A: getdents("/tmp/d")                        = -EACCES
  A: stat("/tmp/d/f").st_size                  = 0
  A: access("/tmp/d/f", R_OK)                  = -EACCES
  A: stat("/tmp/locked/x").st_size             = -EACCES
  A: unlink("/tmp/d/f")                        = -EACCES
  A: unlink("/tmp/x")                          = -EPERM
  A: rename("/tmp/x", "/tmp/y")                = -EPERM
  A: rename("/tmp/open/f", "/tmp/open/g")      = 0
  A: open("/tmp/open/g", O_WRONLY)             = -EACCES
  A: chmod("/tmp/x", 0777)                     = -EPERM
  A: chown("/tmp/s", 0, -1)                    = -EPERM
  A: chmod("/tmp/s", 04777)                    = 0
  A: stat("/tmp/s").st_mode                    = (S_IFREG|04777)
  A: fd = open("/tmp/s", O_WRONLY)
  A: pwrite(fd, 'x', 0)                        = 1
  A: stat("/tmp/s").st_mode                    = (S_IFREG|0777)
  A: unlink("/tmp/s")                          = 0
  A: mknod("/tmp/mine", S_IFREG|0600)          = 0
  A: stat("/tmp/mine").st_uid                  = 1000
  A: mkdir("/tmp/g/d", 0755)                   = 0
  A: stat("/tmp/g/d").st_gid                   = 7
  A: stat("/tmp/g/d").st_mode                  = (S_IFDIR|02755)
  A: mknod("/tmp/g/f", S_IFREG|02770)          = 0
  A: stat("/tmp/g/f").st_mode                  = (S_IFREG|0770)
  A: utimensat("/tmp/x", UTIME_NOW, UTIME_NOW) = -EACCES
  A: utimensat("/tmp/x", 1, 2)                 = -EPERM
  A: truncate("/tmp/x", 0)                     = -EACCES
  A: mknod("/tmp/locked/f", S_IFREG|0600)      = -EACCES
}

expect { never check   complete }

scenario tmpfs-times "what each call does to the three times"
machine  cpus=1 ram=16 tmpfs=tmp:0

setup {
  A: mkdir("/tmp/d", 0755)                          = 0
  A: fd = open("/tmp/d/f", O_CREAT|O_RDWR, 0600)
  A: utimensat("/tmp/d/f", 100, 200)                = 0
  A: stat("/tmp/d/f").st_atime                      = 100
  A: stat("/tmp/d/f").st_mtime                      = 200
  A: stat("/tmp/d/f").st_ctime                      = UTIME_NOW
  A: utimensat("/tmp/d/f", UTIME_OMIT, 300)         = 0
  A: stat("/tmp/d/f").st_atime                      = 100
  A: stat("/tmp/d/f").st_mtime                      = 300
  A: utimensat("/tmp/none", UTIME_OMIT, UTIME_OMIT) = 0
  A: utimensat("/tmp/none", 1, 1)                   = -ENOENT
  A: utimensat("/tmp/d", 100, 100)                  = 0
}

check {
  A: pwrite(fd, 'x', 0)                        = 1
  A: stat("/tmp/d/f").st_mtime                 = UTIME_NOW
  A: stat("/tmp/d/f").st_atime                 = 100
  A: pread(fd, 0)                              = 'x'
  A: stat("/tmp/d/f").st_atime                 = UTIME_NOW
  A: stat("/tmp/d").st_mtime                   = 100
  A: utimensat("/tmp/d/f", 100, 100)           = 0
  A: ftruncate(fd, 1)                          = 0
  A: stat("/tmp/d/f").st_mtime                 = UTIME_NOW
  A: utimensat("/tmp/d/f", 100, 100)           = 0
  A: fallocate(fd, 0, 0, 4K)                   = 0
  A: stat("/tmp/d/f").st_mtime                 = UTIME_NOW
  A: utimensat("/tmp/d/f", 100, 100)           = 0
  A: chmod("/tmp/d/f", 0644)                   = 0
  A: setxattr("/tmp/d/f", "trusted.a", 'x', 0) = 0
  A: link("/tmp/d/f", "/tmp/g")                = 0
  A: stat("/tmp/d/f").st_mtime                 = 100
  A: stat("/tmp/d").st_mtime                   = 100
  A: rename("/tmp/d/f", "/tmp/d/h")            = 0
  A: stat("/tmp/d/h").st_mtime                 = 100
  A: stat("/tmp/d").st_mtime                   = UTIME_NOW
  A: getdents("/tmp/d")                        = 1
  A: stat("/tmp/d").st_atime                   = UTIME_NOW
}

expect { never check   complete }

scenario tmpfs-xattrs "extended attributes: names, sizes, who may"
machine  cpus=1 ram=16 tmpfs=tmp:0

setup {
  A: mknod("/tmp/f", S_IFREG|0666)                                 = 0
  A: mkdir("/tmp/d", 01777)                                        = 0
  A: symlink("f", "/tmp/l")                                        = 0
  A: setxattr("/tmp/f", "user.a", fill('v', 100), 0)               = 0
  A: setxattr("/tmp/f", "user.a", 'v', XATTR_CREATE)               = -EEXIST
  A: setxattr("/tmp/f", "user.b", 'v', XATTR_REPLACE)              = -ENODATA
  A: setxattr("/tmp/f", "user.b", fill('w', 0), XATTR_CREATE)      = 0
  A: setxattr("/tmp/f", "user.c", 'v', XATTR_CREATE|XATTR_REPLACE) = -ENODATA
  A: setxattr("/tmp/f", "user.a", 'v', 4)                          = -EINVAL
  A: setxattr("/tmp/f", "user.", 'v', 0)                           = -EINVAL
  A: setxattr("/tmp/f", "", 'v', 0)                                = -ERANGE
  A: setxattr("/tmp/f", "user."+fill('n', 251), 'v', 0)            = -ERANGE
  A: setxattr("/tmp/f", "user."+fill('n', 250), 'v', 0)            = 0
  A: removexattr("/tmp/f", "user."+fill('n', 250))                 = 0
  A: setxattr("/tmp/f", "none.a", 'v', 0)                          = -EOPNOTSUPP
  A: setxattr("/tmp/f", "a", 'v', 0)                               = -EOPNOTSUPP
  A: setxattr("/tmp/f", "user.big", fill('v', 65537), 0)           = -E2BIG
  A: setxattr("/tmp/f", "user.big", fill('v', 65536), 0)           = 0
  A: removexattr("/tmp/f", "user.big")                             = 0
  A: setxattr("/tmp/f", "trusted.t", 't', 0)                       = 0
  A: setxattr("/tmp/f", "security.s", 's', 0)                      = 0
  A: setxattr("/tmp/l", "user.l", 'l', 0)                          = 0
}

check {
  A: getxattr("/tmp/f", "user.a")             = 100
  A: getxattr("/tmp/f", "user.a", 99)         = -ERANGE
  A: getxattr("/tmp/f", "user.a", 100)        = 'v'
  A: getxattr("/tmp/f", "user.b")             = 0
  A: getxattr("/tmp/f", "user.l", 1)          = 'l'
  A: getxattr("/tmp/f", "user.none")          = -ENODATA
  A: getxattr("/tmp/f", "none.a")             = -EOPNOTSUPP
  A: getxattr("/tmp/none", "user.a")          = -ENOENT
  A: removexattr("/tmp/f", "user.none")       = -ENODATA
  A: removexattr("/tmp/f", "user.b")          = 0
  A: listxattr("/tmp/f")                      = 35
  A: listxattr("/tmp/f", 34)                  = -ERANGE
  A: listxattr("/tmp/f", 35)                  = 35
  A: setuid(1000)                             = 0
  A: listxattr("/tmp/f")                      = 25
  A: getxattr("/tmp/f", "trusted.t")          = -ENODATA
  A: setxattr("/tmp/f", "trusted.t", 'x', 0)  = -EPERM
  A: setxattr("/tmp/f", "security.s", 'x', 0) = -EPERM
  A: getxattr("/tmp/f", "security.s", 1)      = 's'
  A: setxattr("/tmp/f", "user.a", 'x', 0)     = 0
  A: setxattr("/tmp/d", "user.a", 'x', 0)     = -EPERM
}

expect { never check   complete }
