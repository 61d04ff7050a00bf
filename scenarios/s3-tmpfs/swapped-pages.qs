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
