# What has gone wrong with a file's writeback is said by bits of a word. In 2007 the mask that its pages are allocated
# with was the other part of that word, and whoever replaced it wrote the whole.

scenario mask-vs-error "a stacked file system replaces a file's mask while a page of it cannot be written"
machine  cpus=2 ram=16

setup {
  A: fd = open("f", O_RDWR|O_CREAT)
  A: pwrite(fd, 'a', 0) = 1
}

cpu 0 as A { r = fsync(fd)   [fail: io_write nth=1] }
cpu 1 as A { mapping_set_gfp_mask(fd, GFP_NOFS) = 0 }

check {
  A: s = fsync(fd)
  A: pread(fd, 0) = 'a'
}

expect           { always A:r == -EIO   always A:s == 0   never lost_store   complete }
expect with D3-5 { sometimes A:r == 0   sometimes A:s == -EIO }
