# A page that the end of a file is in is mapped whole: what is stored behind the end is there until somebody zeroes it.

scenario behind-the-end-of-a-block-file "a byte stored behind the end of a file, in its last page; then the file grows"
machine  cpus=1 ram=16

check {
  A: fd = open("g", O_RDWR|O_CREAT)
  A: ftruncate(fd, 100)   = 0
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: store(p[0]+200, 'x') = 0
  A: load(p[0]+200)       = 'x'
  A: ftruncate(fd, 8K)    = 0
  A: pread(fd, 200)       = 'x'
}

expect { never bug   complete }

scenario behind-the-end-of-a-tmpfs-file "the same on tmpfs"
machine  cpus=1 ram=16

check {
  A: fd = memfd_create("g", 0)
  A: ftruncate(fd, 100)   = 0
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: store(p[0]+200, 'x') = 0
  A: ftruncate(fd, 8K)    = 0
  A: pread(fd, 200)       = 'x'
}

expect { never bug   complete }
