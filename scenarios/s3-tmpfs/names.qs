scenario tmpfs-paths "dots, slashes, and what is no directory"
machine  cpus=1 ram=16 tmpfs=tmp:0

setup {
  A: mkdir("/tmp/d", 0755)                 = 0
  A: fd = open("/tmp/d/f", O_CREAT|O_EXCL|O_RDWR, 0644)
  A: stat("//tmp/./d/../d//f").st_size     = 0
  A: stat("/tmp/d/f/").st_size             = -ENOTDIR
  A: stat("/tmp/d/f/..").st_size           = -ENOTDIR
  A: stat("").st_size                      = -ENOENT
  A: stat("/tmp/"+fill('a', 255)).st_size  = -ENOENT
  A: stat("/tmp/"+fill('a', 256)).st_size  = -ENAMETOOLONG
  A: stat("/tmp"+fill('/', 4091)).st_size  = 60
  A: stat("/tmp"+fill('/', 4092)).st_nlink = -ENAMETOOLONG
  A: mkdir("/tmp/d", 0755)                 = -EEXIST
  A: mkdir("/tmp/e/", 01777)               = 0
  A: stat("/tmp/e").st_mode                = (S_IFDIR|01777)
  A: mkdir("/tmp/none/e", 0755)            = -ENOENT
  A: mkdir("/tmp/d/f/e", 0755)             = -ENOTDIR
  A: mkdir("/", 0755)                      = -EEXIST
  A: mkdir("/tmp/..", 0755)                = -EEXIST
  A: rmdir("/tmp/e/.")                     = -EINVAL
  A: rmdir("/tmp/e/..")                    = -ENOTEMPTY
  A: rmdir("/tmp/d")                       = -ENOTEMPTY
  A: rmdir("/tmp/d/f")                     = -ENOTDIR
  A: rmdir("/")                            = -EBUSY
  A: rmdir("/tmp/e/")                      = 0
  A: rmdir("/tmp/e")                       = -ENOENT
  A: unlink("/tmp/d")                      = -EISDIR
  A: unlink("/tmp/d/f/")                   = -ENOTDIR
  A: unlink("/tmp/d/")                     = -EISDIR
  A: unlink("/tmp/.")                      = -EISDIR
  A: mknod("/tmp/x/", S_IFREG|0600)        = -ENOENT
  A: mkdir("/quire", 0755)                 = -EROFS
  A: mknod("/quire", S_IFREG|0600)         = -EROFS
  A: rmdir("/tmp")                         = -EROFS
}

check {
  A: getdents("/tmp/d")       = 1
  A: getdents("/tmp/d", "f")  = 1
  A: getdents("/tmp/d", "..") = 1
  A: getdents("/tmp/d/f")     = -ENOTDIR
  A: stat("/tmp").st_nlink    = 3
  A: stat("/tmp").st_mode     = (S_IFDIR|01777)
  A: stat("/tmp/d").st_nlink  = 2
  A: stat("/tmp/d").st_size   = 60
  A: unlink("/tmp/d/f")       = 0
  A: stat("/tmp/d").st_size   = 40
  A: fstat(fd).st_nlink       = 0
}

expect { never check   complete }

scenario tmpfs-open "the flags of open, and what each refuses"
machine  cpus=1 ram=16 tmpfs=tmp:0

setup {
  A: mkdir("/tmp/d", 0755)                              = 0
  A: symlink("f", "/tmp/l")                             = 0
  A: symlink("none", "/tmp/dangling")                   = 0
  A: open("/tmp/f", O_RDWR)                             = -ENOENT
  A: fd = open("/tmp/f", O_CREAT|O_RDWR, 0600)
  A: pwrite(fd, fill('f', 2*4K), 0)                     = 2*4K
  A: open("/tmp/f", O_CREAT|O_EXCL|O_RDWR, 0600)        = -EEXIST
  A: open("/tmp/l", O_CREAT|O_EXCL|O_RDWR, 0600)        = -EEXIST
  A: open("/tmp/l", O_RDONLY|O_NOFOLLOW)                = -ELOOP
  A: open("/tmp/l", O_RDONLY|O_NOFOLLOW|O_DIRECTORY)    = -ENOTDIR
  A: open("/tmp/f", O_RDONLY|O_DIRECTORY)               = -ENOTDIR
  A: open("/tmp/d", O_RDWR)                             = -EISDIR
  A: open("/tmp/d", O_CREAT|O_RDONLY, 0600)             = -EISDIR
  A: open("/tmp/x/", O_CREAT|O_RDWR, 0600)              = -EISDIR
  A: open("/tmp/..", O_CREAT|O_RDWR, 0600)              = -EISDIR
  A: open("/tmp/f/", O_RDONLY)                          = -ENOTDIR
  A: open("/tmp/"+fill('n', 256), O_CREAT|O_RDWR, 0600) = -ENAMETOOLONG
  A: open("/quire", O_CREAT|O_RDWR, 0600)               = -EROFS
  A: mknod("/tmp/w", S_IFCHR|0600)                      = 0
  A: open("/tmp/w", O_RDWR)                             = -ENXIO
}

check {
  A: ro = open("/tmp/l", O_RDONLY)
  A: pread(ro, 4K)                                        = 'f'
  A: pwrite(ro, 'x', 0)                                   = -EBADF
  A: ftruncate(ro, 0)                                     = -EINVAL
  A: fallocate(ro, 0, 0, 4K)                              = -EBADF
  A: mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_SHARED, ro, 0) = -EACCES
  A: close(ro)                                            = 0
  A: wo = open("/tmp/f", O_WRONLY|O_APPEND)
  A: pread(wo, 0)                                         = -EBADF
  A: mmap(0, 4K, PROT_READ, MAP_SHARED, wo, 0)            = -EACCES
  A: pwrite(wo, 'a', 0)                                   = 1
  A: pread(fd, 0)                                         = 'f'
  A: pread(fd, 2*4K)                                      = 'a'
  A: stat("/tmp/l").st_size                               = 2*4K+1
  A: close(wo)                                            = 0
  A: t = open("/tmp/f", O_RDONLY|O_TRUNC)
  A: fstat(fd).st_size                                    = 0
  A: close(t)                                             = 0
  A: t = open("/tmp/dangling", O_CREAT|O_RDWR, 0600)
  A: stat("/tmp/none").st_size                            = 0
  A: close(t)                                             = 0
  A: t = open("/tmp/d", O_RDONLY|O_DIRECTORY)
  A: pread(t, 0)                                          = -EISDIR
  A: mmap(0, 4K, PROT_READ, MAP_SHARED, t, 0)             = -ENODEV
}

expect { never check   complete }

scenario tmpfs-symlinks "symlinks are followed forty times"
machine  cpus=1 ram=16 tmpfs=tmp:0

setup {
  A: mkdir("/tmp/d", 0755)                 = 0
  A: symlink("d", "/tmp/l")                = 0
  A: symlink("/tmp/loop", "/tmp/loop")     = 0
  A: symlink("", "/tmp/x")                 = -ENOENT
  A: symlink("d", "/tmp/l")                = -EEXIST
  A: symlink(""+fill('t', 4095), "/tmp/x") = 0
  A: symlink(""+fill('t', 4096), "/tmp/y") = -ENAMETOOLONG
  A: mknod("/tmp/l/f", S_IFREG|0600)       = 0
}

check {
  A: readlink("/tmp/l")        = 1
  A: readlink("/tmp/l", "d")   = 1
  A: readlink("/tmp/l", "e")   = 0
  A: readlink("/tmp/x")        = 4095
  A: lstat("/tmp/x").st_blocks = 8
  A: readlink("/tmp/d")        = -EINVAL
  A: lstat("/tmp/l").st_mode   = (S_IFLNK|0777)
  A: stat("/tmp/l").st_mode    = (S_IFDIR|0755)
  A: lstat("/tmp/l/").st_mode  = (S_IFDIR|0755)
  A: stat("/tmp/loop").st_mode = -ELOOP
  A: rmdir("/tmp/l/")          = -ENOTDIR
  A: rmdir("/tmp/l")           = -ENOTDIR
  A: unlink("/tmp/l")          = 0
  A: stat("/tmp/d/f").st_mode  = (S_IFREG|0600)
}

expect { never check   complete }
