# A hibernation image says of a page that it is clean in the swap cache. Before the image is written the slot becomes
# free, because nobody refers to it any more and swap is nearly full; the image takes it for a page of its own. The
# machine that resumes drops the clean page, reads the slot again, and has a page of the image.
# The tasks of a real machine are frozen by then, but not everything that may free swap is a task.

scenario hibernation-image "the slot of a page that the image has recorded as clean is given to the image"
machine  cpus=2 ram=16 swap=S:5

setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: q = mmap(0, 12K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(q[0:3], 'q'), madvise(q, 12K, MADV_PAGEOUT) = 0
  A: store(p[0], 'a')
  A: madvise(p, 4K, MADV_PAGEOUT)                      = 0   [keep_swapcache]
  A: B = fork()
  A: load(p[0])                                        = 'a'
  K: r = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  K: store(r[0], 'r')
}

cpu 0 as K { hibernate(S) = 0 | -ENOSPC }
cpu 1 as B { munmap(p, 4K) = 0 }

check { A: load(p[0]) = 'a' }

expect            { never lost_store   never leak   never deadlock   complete }
expect with D2-12 { sometimes lost_store   preemptions 1 }

scenario hibernation-image-errors "what hibernate() says of the device"
machine  cpus=1 ram=16 swap=S:2,T:8

setup {
  A: p = mmap(0, 12K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0:3], 'a')
}

cpu 0 as A {
  hibernate(S) = -ENOSPC
  hibernate(T) = 0
  hibernate(T) = -EIO   [fail: io_write nth=2]
  swapoff(T)   = 0
  hibernate(T) = -EINVAL
}

check {
  A: load(p[0:3]) = 'a'
  swap_used(S)    = 0
}

expect { never leak   complete }
