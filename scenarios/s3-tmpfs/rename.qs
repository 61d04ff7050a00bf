scenario tmpfs-rename "what rename refuses, and what it counts"
machine  cpus=1 ram=16 tmpfs=tmp:0,mnt:0

setup {
  A: mkdir("/tmp/a", 0755)                                        = 0
  A: mkdir("/tmp/a/b", 0755)                                      = 0
  A: mkdir("/tmp/c", 0755)                                        = 0
  A: mknod("/tmp/f", S_IFREG|0600)                                = 0
  A: mknod("/tmp/g", S_IFREG|0600)                                = 0
  A: link("/tmp/f", "/tmp/a/h")                                   = 0
  A: stat("/tmp").st_nlink                                        = 4
  A: rename("/tmp/a", "/tmp/a/b/a")                               = -EINVAL
  A: rename("/tmp/a", "/tmp/a/b")                                 = -EINVAL
  A: rename("/tmp/a/b", "/tmp/a")                                 = -ENOTEMPTY
  A: rename("/tmp/a/b", "/tmp/a", RENAME_EXCHANGE)                = -EINVAL
  A: rename("/tmp/a", "/mnt/a")                                   = -EXDEV
  A: rename("/tmp/none", "/tmp/x")                                = -ENOENT
  A: rename("/tmp/f", "/tmp/none/x")                              = -ENOENT
  A: rename("/tmp/f", "/tmp/g/x")                                 = -ENOTDIR
  A: rename("/tmp/f", "/tmp/c")                                   = -EISDIR
  A: rename("/tmp/c", "/tmp/f")                                   = -ENOTDIR
  A: rename("/tmp/f/", "/tmp/x")                                  = -ENOTDIR
  A: rename("/tmp/f", "/tmp/x/")                                  = -ENOTDIR
  A: rename("/tmp/c", "/tmp/a")                                   = -ENOTEMPTY
  A: rename("/tmp/a/.", "/tmp/x")                                 = -EBUSY
  A: rename("/tmp/a", "/tmp/c/..")                                = -EBUSY
  A: rename("/tmp/f", "/tmp/g", RENAME_NOREPLACE)                 = -EEXIST
  A: rename("/tmp/f", "/tmp/none", RENAME_EXCHANGE)               = -ENOENT
  A: rename("/tmp/f", "/tmp/g", RENAME_NOREPLACE|RENAME_EXCHANGE) = -EINVAL
  A: rename("/tmp/f", "/tmp/g", 8)                                = -EINVAL
  A: rename("/tmp/f", "/tmp/"+fill('n', 256))                     = -ENAMETOOLONG
  A: rename("/tmp", "/x")                                         = -EROFS
  A: rename("/tmp/f", "/x")                                       = -EXDEV
}

check {
  A: rename("/tmp/f", "/tmp/a/h")                  = 0
  A: stat("/tmp/f").st_nlink                       = 2
  A: rename("/tmp/f", "/tmp/g")                    = 0
  A: stat("/tmp/g").st_nlink                       = 2
  A: getdents("/tmp")                              = 3
  A: rename("/tmp/a/b", "/tmp/c")                  = 0
  A: stat("/tmp/a").st_nlink                       = 2
  A: stat("/tmp").st_nlink                         = 4
  A: rename("/tmp/c", "/tmp/a/c")                  = 0
  A: stat("/tmp").st_nlink                         = 3
  A: stat("/tmp/a/c/../h").st_nlink                = 2
  A: rename("/tmp/a/c", "/tmp/g", RENAME_EXCHANGE) = 0
  A: stat("/tmp").st_nlink                         = 4
  A: stat("/tmp/a").st_nlink                       = 2
  A: getdents("/tmp/g")                            = 0
  A: rename("/tmp/a/c", "/tmp/w", RENAME_WHITEOUT) = 0
  A: stat("/tmp/a/c").st_mode                      = (S_IFCHR|0)
  A: getdents("/tmp/a")                            = 2
  A: stat("/tmp/a").st_size                        = 80
  A: rename("/tmp/a", "/tmp/b/")                   = 0
  A: rmdir("/tmp/b")                               = -ENOTEMPTY
}

expect { never check   complete }
