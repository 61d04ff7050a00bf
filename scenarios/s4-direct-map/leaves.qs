# Large leaves of the direct map and what splitting them can do wrong. A PMD leaf has four pages here.

# reached: another CPU split the leaf while the lock was dropped for a page
scenario split-vs-split "two CPUs change pages of one leaf, and both splits find their place"
machine  cpus=2 ram=16 arch=x86 direct_map_leaf=2M
requires engine

setup {
  A: v = vmalloc(2*4K, VM_ALLOW_HUGE_VMAP)
  A: d = page_address(v[0]), e = page_address(v[1])
}

cpu 0 as A { set_memory(d, 4K, PROT_READ) = 0 }
cpu 1 as B { set_memory(e, 4K, PROT_READ) = 0 }

check {
  A: store(d, 'x')                           = SIGSEGV(2)
  A: store(e, 'x')                           = SIGSEGV(2)
  A: set_memory(d, 4K, PROT_READ|PROT_WRITE) = 0
  A: set_memory(e, 4K, PROT_READ|PROT_WRITE) = 0
  A: vfree(v)                                = 0
}

expect           { never bug   never leak   complete }
expect with D4-8 { sometimes bug }

scenario debug-pagealloc-splits "with debug_pagealloc no leaf is ever split: there are only pages"
machine  cpus=2 ram=16 arch=x86 direct_map_leaf=2M direct_map_shift=3 debug_pagealloc=on
requires engine

cpu 0 as A { v = vmalloc(4K) }
cpu 1 as B { w = vmalloc(4K) }

check {
  A: vfree(v) = 0
  B: vfree(w) = 0
}

expect           { never bug   never leak   never fault   complete }
expect with D4-7 { sometimes bug }

scenario whole-leaf-missing "a leaf is missing as a whole, and there is no page to split it when the image is copied"
machine  cpus=1 ram=16 arch=x86 direct_map_leaf=2M
requires engine

setup {
  A: v = vmalloc(4*4K, VM_ALLOW_HUGE_VMAP)
  A: d = page_address(v[0])
  A: set_memory_whole(d, 4*4K, PROT_NONE) = 0
}

cpu 0 as H { r = hibernate_snapshot() = -ENOMEM   [fail: page_alloc@split_large_page] }

check {
  direct_map_holes()                                 = 4
  A: set_memory_whole(d, 4*4K, PROT_READ|PROT_WRITE) = 0
  A: vfree(v)                                        = 0
}

expect           { never fault   never bug   always H:r == -ENOMEM   complete }
expect with D4-1 { sometimes fault @ safe_copy_page }

# A page is taken out of its leaf for the first time, and there is no page for the split: nobody is told. It stays as it
# was, and what follows does not care; what the copier of an image meets was split by whoever made it invalid.
scenario first-split-fails "vfree() does not notice that a page could not be made invalid, and needs not"
machine  cpus=1 ram=16 arch=x86 direct_map_leaf=2M
requires engine

setup { A: v = vmalloc(4K, VM_FLUSH_RESET_PERMS), store(v[0], 'v') = 0 }

cpu 0 as A { vfree(v) = 0   [fail: page_alloc@split_large_page] }

check {
  direct_map_holes() = 0
  free_pages()       = 16
}

expect { never bug   never leak   complete }

# Who makes pages not present splits the leaf that they are in: the copier then finds pages, and needs none for a split.
scenario new-caller "set_memory() has split the leaf that the copier maps a page of"
machine  cpus=1 ram=32 arch=x86 direct_map_leaf=2M
requires engine

setup {
  A: v = vmalloc(4*4K, VM_ALLOW_HUGE_VMAP)
  A: d = page_address(v[0])
  A: set_memory(d, 4*4K, PROT_NONE) = 0
}

# v, and the page of the table that the split needed
cpu 0 as H { r = hibernate_snapshot() = 5 }

check {
  direct_map_holes()                           = 4
  A: set_memory(d, 4*4K, PROT_READ|PROT_WRITE) = 0
  A: vfree(v)                                  = 0
}

expect            { never fault   never bug   complete }
expect with D4-1  { never fault   never bug   complete }
expect with D4-13 { sometimes check }

# With D4-13 the copier has to split, and may get no page for it: an image less, or a fault if it does not notice.
scenario new-caller-no-page "a leaf that is missing as a whole, when the copier needs a page of it"
machine  cpus=1 ram=32 arch=x86 direct_map_leaf=2M
requires engine

setup {
  A: v = vmalloc(4*4K, VM_ALLOW_HUGE_VMAP)
  A: d = page_address(v[0])
  A: set_memory(d, 4*4K, PROT_NONE) = 0
}

cpu 0 as H { r = hibernate_snapshot() = -ENOMEM   [fail: page_alloc@safe_copy_page] }

expect with D4-13      { never fault   always H:r == -ENOMEM   complete }
expect with D4-1,D4-13 { sometimes fault @ safe_copy_page }

# All of RAM is in use: nothing can be split. The leaf was made read-only as a whole, and needed no split for that.
# reached: a page is kept aside because its permissions could not be reset
scenario reset-fails "a page whose permissions cannot be reset is not freed"
machine  cpus=1 ram=8 arch=x86 direct_map_leaf=2M
requires engine

setup {
  A: v = vmalloc(4*4K, VM_FLUSH_RESET_PERMS|VM_ALLOW_HUGE_VMAP)
  A: d = page_address(v[0])
  A: set_memory_whole(d, 4*4K, PROT_READ) = 0
  A: w = vmalloc(4*4K)
}

cpu 0 as A { vfree(v) = 0 }

check {
  free_pages() = 0
  A: vfree(w)  = 0
  free_pages() = 4
}

expect            { never bug   never leak   complete }
expect with D4-10 { sometimes bug }

# reached: a range of the direct map is changed back because a split failed
scenario range-fails-halfway "a range that cannot be changed all is not changed at all"
machine  cpus=1 ram=32 arch=x86 direct_map_leaf=2M
requires engine

setup {
  A: v = vmalloc(8*4K, VM_ALLOW_HUGE_VMAP)
  A: d = page_address(v[0])
}

cpu 0 as A { set_memory(d, 8*4K, PROT_READ) = -ENOMEM   [fail: page_alloc@split_large_page nth=2] }

check {
  A: store(d[0:8], 'x') = 0
  A: vfree(v)           = 0
}

expect            { never bug   complete }
expect with D4-12 { sometimes bug }

scenario riscv-present-on-a-leaf "kernel_page_present() of a page in a large leaf is the leaf's"
machine  cpus=1 ram=32 arch=riscv direct_map_leaf=2M
requires engine

setup { A: v = vmalloc(4*4K, VM_ALLOW_HUGE_VMAP), store(v[0:4], 0x10) = 0 }

cpu 0 as H { r = hibernate_snapshot() = 4 }

check {
  direct_map_holes() = 0
  A: vfree(v)        = 0
}

expect            { never fault   never bug   complete }
expect with D4-11 { sometimes bug @ copy_data_pages }

scenario reserved-frames "frames that are reserved and nowhere mapped are not saved"
machine  cpus=1 ram=16 arch=x86 reserved=2
requires engine

setup { A: v = vmalloc(4K), store(v[0], 'v') = 0 }

cpu 0 as H { r = hibernate_snapshot() = 1 }

check { A: vfree(v) = 0 }

expect            { never fault   never bug   complete }
expect with D4-16 { sometimes check }

scenario reserved-frames-old "the same with 5.10's copier, which cannot tell that it could not map one"
machine  cpus=1 ram=16 arch=x86 reserved=2 direct_map_rules=v5_10
requires engine

setup { A: v = vmalloc(4K), store(v[0], 'v') = 0 }

cpu 0 as H { r = hibernate_snapshot() = 1 }

check { A: vfree(v) = 0 }

expect            { never fault   never bug   complete }
expect with D4-16 { sometimes fault @ safe_copy_page }
