# A fault into a hole that tmpfs is punching waits, or faults would fill the hole as fast as it is emptied while the
# puncher holds the inode. What it waits on stands in the puncher's stack frame; the punch may have returned, and the
# frame be used for something else, before the waiter runs again.

# reached: shmem_fault: waits for a hole punch
scenario punch-vs-fault "a fault waits for the end of a hole punch, in a queue of the puncher's frame"
ref      "mm: Don't skip swap entry even if zap_details specified"  # D1-13
machine  cpus=2 ram=16 swap=S:8

setup {
  A: fd = memfd_create("f", 0)
  A: ftruncate(fd, 4K)  = 0
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: pwrite(fd, 'a', 0) = 1
}

cpu 0 as A { fallocate(fd, FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE, 0, 4K) = 0 }
cpu 1 as A { load(p[0]) = 'a' | 0 }

check {
  A: load(p[0])   = 0
  folios_leaked() = 0
}

expect            { never uaf   never deadlock   never stale_pte   complete }
expect with D1-13 { sometimes uaf @ shmem_falloc_wait   preemptions 2 }
