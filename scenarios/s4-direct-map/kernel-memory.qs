# What the kernel's own memory is, in one order; and what another CPU may still see of an area that is freed.

scenario areas "areas of the vmalloc space, each followed by a guard page"
machine  cpus=1 ram=16 arch=x86
requires engine

setup {
  A: v = vmalloc(2*4K), w = vmalloc(4K)
  A: store(v[0:2], 'v')        = 0
  A: store(w[0], 'w')          = 0
  A: load(v[1])                = 'v'
  A: load(v[2])                = SIGSEGV(1)  # the guard page
  A: store(v[2], 'x')          = SIGSEGV(1)
  A: load(v[3])                = 'w'
  A: d = page_address(w[0])
  A: load(d)                   = 'w'         # the same page, through the direct map
  A: store(d, 'd'), load(w[0]) = 'd'
  A: vfree(v)                  = 0
  A: load(v[0])                = SIGSEGV(1)
  A: vfree(v)                  = -EINVAL
  A: vfree(w[0]+1)             = -EINVAL
  A: page_address(v[0])        = -EFAULT
  A: vmalloc(0)                = -EINVAL
  A: vmalloc(4K, VM_IOREMAP)   = -EINVAL
  A: vmalloc(64*4K)            = -ENOMEM
  A: x = vmalloc(2*4K)
  A: vfree(x), vfree(w)        = 0
}

check { free_pages() = 16 }

expect { never bug   never leak   complete }

scenario module "text that is read-only and executable, and read-only in the direct map too"
machine  cpus=1 ram=16 arch=x86
requires engine

setup {
  A: v = vmalloc(2*4K, VM_FLUSH_RESET_PERMS), store(v[0:2], 't') = 0
  A: set_memory(v[0], PROT_READ|PROT_EXEC)                       = 0
  A: d = page_address(v[0]), e = page_address(v[1])
  A: store(v[0], 'x')                                            = SIGSEGV(2)
  A: store(d, 'x')                                               = SIGSEGV(2)
  A: store(e, 'x')                                               = 0
  A: load(v[0])                                                  = 't'
  A: set_memory(v, 3*4K, PROT_READ)                              = -EINVAL  # not all of it is one area
  A: set_memory(v, 4K, PROT_GROWSUP)                             = -EINVAL
  A: vfree(v)                                                    = 0
  A: w = vmalloc(2*4K), store(w[0:2], 'w')                       = 0
  A: f = page_address(w[0])
  A: store(f, 'x')                                               = 0
  A: vfree(w)                                                    = 0
}

check { direct_map_holes() = 0 }

expect { never bug   never leak   complete }

scenario debug-pagealloc "with debug_pagealloc a page that is free is not in the direct map"
machine  cpus=1 ram=16 arch=x86 debug_pagealloc=on
requires engine

setup {
  A: v = vmalloc(4K), store(v[0], 'v') = 0
  A: d = page_address(v[0])
  A: load(d)                           = 'v'
  A: vfree(v)                          = 0
  A: load(d)                           = SIGSEGV(1)
  A: store(d, 'x')                     = SIGSEGV(1)
  A: p = mmap(0, 2*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0:2], 'u')                = 0
  A: C = fork()
  C: store(p[0], 'c')                  = 0
}

check {
  A: load(p[0])      = 'u'
  C: load(p[0])      = 'c'
  direct_map_holes() = 13
  killall()
  direct_map_holes() = 16
}

expect { never bug   never fault   complete }

scenario stale-translation "no CPU has a translation of an area that is freed"
machine  cpus=2 ram=16 arch=x86
requires engine

setup { A: v = vmalloc(4K, VM_FLUSH_RESET_PERMS), store(v[0], 'v') = 0 }

cpu 0 as A { vfree(v) = 0 }
cpu 1 as B { load(v[0]) = 'v' | SIGSEGV(1), load(v[0]) = 'v' | SIGSEGV(1) }

check { direct_map_holes() = 0 }

expect           { never bug   never uaf   never stale_tlb   complete }
expect with D4-9 { sometimes stale_tlb }

scenario two-areas "an area's addresses are free for others only when nothing of it is left there"
machine  cpus=2 ram=16 arch=x86
requires engine

setup { A: v = vmalloc(4K) }

cpu 0 as A { vfree(v) = 0 }
cpu 1 as B { w = vmalloc(4K), store(w[0], 'b') = 0 }

check {
  B: load(w[0])      = 'b'
  direct_map_holes() = 0
}

expect { never bug   never uaf   never leak   complete }
