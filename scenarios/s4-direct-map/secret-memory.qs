# Secret memory: its pages leave the direct map, and while there is any nobody hibernates.

scenario gate "hibernation is refused while a memfd_secret() exists, mapped or open"
machine  cpus=1 ram=32 arch=x86

setup {
  A: hibernation_available()                    = 1
  A: memfd_secret(1)                            = -EINVAL
  A: fd = memfd_secret(0)
  A: hibernation_available()                    = 0
  A: ftruncate(fd, 2*4K)                        = 0
  A: ftruncate(fd, 4K)                          = -EINVAL  # the size is set once
  A: mmap(0, 4K, PROT_READ, MAP_PRIVATE, fd, 0) = -EINVAL
  A: p = mmap(0, 3*4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: load(p[0])                                 = 0
  A: store(p[0:2], 's')                         = 0
  A: load(p[1])                                 = 's'
  A: load(p[2])                                 = SIGBUS(2)
  A: pread(fd, 0)                               = -ESPIPE
  A: pwrite(fd, 'x', 0)                         = -ESPIPE
  A: fsync(fd)                                  = -EINVAL
  A: close(fd)                                  = 0
}

check {
  A: load(p[0:2])            = 's'
  A: hibernation_available() = 0
  A: munmap(p, 3*4K)         = 0
  A: hibernation_available() = 1
}

expect { never bug   never leak   complete }

scenario refused "what is in the direct map, and what a snapshot says"
machine  cpus=1 ram=32 arch=x86
requires engine

setup {
  A: fd = memfd_secret(0), ftruncate(fd, 2*4K) = 0
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: store(p[0:2], 's')                        = 0
}

check {
  direct_map_holes()      = 2
  A: hibernate_snapshot() = -EPERM
  A: munmap(p, 2*4K)      = 0
  A: hibernate_snapshot() = -EPERM
  A: close(fd)            = 0
  A: hibernate_snapshot() = 0
  direct_map_holes()      = 0
}

expect { never bug   never fault   never leak   complete }

scenario split-fails "a page that cannot be taken out of the direct map is nobody's secret"
machine  cpus=1 ram=32 arch=x86 direct_map_leaf=2M
requires engine

setup {
  A: fd = memfd_secret(0), ftruncate(fd, 4K) = 0
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
}

cpu 0 as A { store(p[0], 's')   [fail: page_alloc@split_large_page] }

check {
  direct_map_holes() = 0
  A: load(p[0])      = 0
  direct_map_holes() = 1
}

expect           { never bug   never leak   complete }
expect with D4-2 { sometimes bug }

# reached: secretmem_fault: somebody else was first
scenario two-faults "two threads meet in a page of a secret file"
machine  cpus=2 ram=32 arch=x86 tlb=off
requires engine

setup {
  A: fd = memfd_secret(0), ftruncate(fd, 4K) = 0
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
}

cpu 0 as A { store(p[0], 'a') = 0 }
cpu 1 as A { load(p[0]) = 0 | 'a' }

check {
  A: load(p[0])      = 'a'
  direct_map_holes() = 1
}

expect { never bug   never leak   complete }

scenario no-direct-map "arm64 whose direct map has large leaves has no secret memory"
machine  cpus=1 ram=16 arch=arm64 direct_map_leaf=2M
requires engine

check { A: memfd_secret(0) = -ENOSYS }

expect { never bug   complete }
