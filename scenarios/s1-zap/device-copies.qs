# Private copies that a device has are no file's pages: a hole punch leaves them, whatever their mapping pointer says.

scenario punch-device-copies "hole punch leaves private copies that a device has"
machine  cpus=1 ram=16 device=2

setup {
  A: fd = memfd_create("f", 0), ftruncate(fd, 2*4K) = 0
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: store(p[0], 'c'), store(p[1], 'd')
  device_private(A, p[0])                           = 0
  device_exclusive(A, p[1])                         = 0
}

check {
  A: fallocate(fd, FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE, 0, 2*4K) = 0
  A: pagemap(p[0])                                                    = PM_DEVICE_PRIVATE
  A: pagemap(p[1])                                                    = PM_DEVICE_EXCLUSIVE
  rss(A).anon                                                         = 2
  A: load(p[0])                                                       = 'c'
  A: load(p[1])                                                       = 'd'
  A: pagemap(p[0])                                                    = PM_ANON
}

expect            { never bug   complete }
expect with D1-11 { sometimes stale_pte   preemptions 0 }

scenario device-page-vs-fault "the device takes a page while the CPU uses it"
machine  cpus=2 ram=16 device=2

setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a')
}

cpu 0 as A { store(p[0], 'b') = 0 }
cpu 1 as D { device_private(A, p[0]) = 0 | -EBUSY }

check {
  rss(A).anon   = 1
  A: load(p[0]) = 'b'
}

expect { never bug   never lost_store   never stale_tlb   complete }

scenario exclusive-page-vs-fault "the device wants a page alone while the CPU writes it"
machine  cpus=2 ram=16

setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a')
}

cpu 0 as A { store(p[0], 'b') = 0 }
cpu 1 as D { device_exclusive(A, p[0]) = 0 | -EBUSY | -EINVAL }

check {
  rss(A).anon   = 1
  A: load(p[0]) = 'b'
}

# reached: remove_device_exclusive_entry: entry changed
expect { never bug   never lost_store   never stale_tlb   complete }

# reached: migrate_to_ram: another fault moves the page
scenario device-page-two-faults "two threads fault on a page that a device has: one of them brings it back"
machine  cpus=2 ram=16 device=2

setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a')
  device_private(A, p[0]) = 0
}

cpu 0 as A { load(p[0]) = 'a' }
cpu 1 as A { load(p[0]) = 'a' }

check {
  A: pagemap(p[0]) = PM_ANON
  rss(A).anon      = 1
}

expect { never bug   never livelock   never leak   complete }
