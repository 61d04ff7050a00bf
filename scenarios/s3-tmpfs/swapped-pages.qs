scenario write-into-swapped "a write to a part of a page that is in swap keeps the other bytes, and gives its slot back"
machine  cpus=2 ram=16 swap=S:4 tmpfs=tmp:0

setup {
  A: fd = open("/tmp/f", O_CREAT|O_RDWR, 0600)
  A: pwrite(fd, fill('a', 4K), 0) = 4K
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: load(p[0])                   = 'a'
  A: madvise(p, 4K, MADV_PAGEOUT) = 0
}

cpu 0 as A { w = pwrite(fd, 'b', 1) = 1 }
cpu 1 as A { l = load(p[0]) }

check {
  A: pread(fd, 0) = 'a'
  A: pread(fd, 1) = 'b'
  A: load(p[0])   = 'a'
}

expect            { always A:l == 'a'   never lost_store   never swap_count   never leak   complete }
expect with D3-19 { sometimes lost_store   preemptions 1 }

scenario slot-of-a-shadow "a swap entry that is overwritten in the page cache leaves a slot that nobody frees"
machine  cpus=1 ram=16 swap=S:4 tmpfs=tmp:0

setup {
  A: fd = open("/tmp/f", O_CREAT|O_RDWR, 0600)
  A: pwrite(fd, fill('a', 4K), 0) = 4K
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: load(p[0])                   = 'a'
  A: madvise(p, 4K, MADV_PAGEOUT) = 0
}

cpu 0 as A { pwrite(fd, fill('b', 4K), 0) = 4K }

check { A: swapoff(S) = 0   A: pread(fd, 0) = 'b' }

expect            { never swap_count   never livelock   complete }
expect with D3-13 { sometimes swap_count }

scenario evict-vs-writepage "an inode goes while its page is on the way to swap"
machine  cpus=2 ram=16 swap=S:4 tmpfs=tmp:0

setup {
  A: fd = open("/tmp/f", O_CREAT|O_RDWR, 0600)
  A: pwrite(fd, fill('a', 4K), 0) = 4K
  A: unlink("/tmp/f")             = 0
}

cpu 0 as A { close(fd) = 0 }
cpu 1 as B { reclaim(1) = 0 | 1 }

check { A: swapoff(S) = 0 }

expect            { never uaf   never leak   never livelock   complete }
expect with D3-17 { sometimes uaf   preemptions 2 }

# What swap does not take, because what stands in front of it cannot store it and nothing may go to the device.

scenario not-stored "a page that swap has not stored is the file's again, and its slot is free"
machine  cpus=1 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('a', 4K), 0) = 4K
}

cpu 0 as A { r = reclaim(16)   [fail: zswap_store nth=1] }

check {
  swap_used(S)           = 0
  A: fstat(fd).st_blocks = 8
  A: pread(fd, 0)        = 'a'
  A: ftruncate(fd, 0)    = 0
  folios_leaked()        = 0
}

expect            { always A:r == 0   never bug   never lost_store   complete }
expect with D3-18 { sometimes bug @ pageout }

# reached: shmem_writeout: slot freed while its page was not stored
scenario not-stored-vs-punch "a hole punch frees the slot of a page that swap has not stored: the page is dropped"
machine  cpus=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('a', 4K), 0) = 4K
}

cpu 0 as B { reclaim(1)   [may fail: zswap_store] }
cpu 1 as A { fallocate(fd, FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE, 0, 4K) = 0 }

check {
  A: swapoff(S)          = 0
  A: pread(fd, 0)        = 0
  A: fstat(fd).st_blocks = 0
  folios_leaked()        = 0
}

expect            { never bug   never leak   never swap_count   complete }
expect with D3-18 { sometimes bug @ pageout }

scenario not-stored-vs-fault "a page that swap has not stored is wanted meanwhile"
machine  cpus=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('a', 4K), 0) = 4K
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
}

cpu 0 as B { reclaim(1)   [may fail: zswap_store] }
cpu 1 as A { l = load(p[0]) }

check { A: load(p[0]) = 'a' }

expect { always A:l == 'a'   never bug   never lost_store   never swap_count   complete }

scenario not-stored-vs-swapoff "a page that swap has not stored goes back while swapoff looks for it"
machine  cpus=2 ram=16 swap=S:4

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, fill('a', 4K), 0) = 4K
}

cpu 0 as A { reclaim(1)   [may fail: zswap_store] }
cpu 1 as B { r = swapoff(S) }

check { A: pread(fd, 0) = 'a' }

expect { always B:r == 0   never uaf   never bug   never lost_store   never livelock   complete }

scenario anonymous-not-stored "an anonymous page that swap has not stored stays in the swap cache"
machine  cpus=1 ram=16 swap=S:4

setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'a') = 0
}

cpu 0 as A { madvise(p, 4K, MADV_PAGEOUT) = 0   [fail: zswap_store nth=1] }

check {
  A: pagemap(p[0]) = PM_SWAP
  swap_used(S)     = 1
  A: load(p[0])    = 'a'
}

expect { never bug   never lost_store   complete }
