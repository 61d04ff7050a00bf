# A private write fault copies a page of the file that truncation is about to remove. It has looked at the size before
# the size changed, and holds the folio until the copy is mapped; the first pass over the mappings was too early for it,
# and the folio leads to mappings of itself only. The second pass, after the folio is gone, finds the copy.

scenario truncate-vs-cow-fault "a private copy is made between the passes of a truncation"
ref      "mm: Don't skip swap entry even if zap_details specified"  # D1-9
machine  cpus=2 ram=16 swap=S:8

setup {
  A: fd = memfd_create("f", 0)
  A: ftruncate(fd, 4K)  = 0
  A: pwrite(fd, 'f', 0) = 1
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
}

cpu 0 as A { ftruncate(fd, 0) = 0 }
cpu 1 as A { store(p[0], 'c') = 0 | SIGBUS(2) }

check {
  A: load(p[0])   = SIGBUS(2)
  rss(A).anon     = 0
  folios_leaked() = 0
}

expect           { never lost_store   never leak   complete }
expect with D1-9 { sometimes lost_store   preemptions 2 }

# A read that has looked at the size and finds no page looks at the size again: a page that is gone is no hole.
# reached: shmem_file_read_iter: truncated meanwhile
scenario truncate-vs-pread "a file is read while it is truncated to nothing"
machine  cpus=2 ram=16

setup {
  A: fd = memfd_create("f", 0)
  A: pwrite(fd, 'f', 0) = 1
}

cpu 0 as A { ftruncate(fd, 0) = 0 }
cpu 1 as A { pread(fd, 0) = 'f' | -ENODATA }

check { A: pread(fd, 0) = -ENODATA }

expect { never lost_store   never leak   complete }
