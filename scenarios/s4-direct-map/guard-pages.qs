scenario guard-page-not-saved "the other half of a page, which debug_guardpage_minorder keeps aside, is in no image"
machine  cpus=1 ram=16 arch=x86 guardpage_minorder=1 debug_pagealloc=on
requires engine

setup { A: v = vmalloc(4K), store(v[0], 'v') = 0 }

cpu 0 as H { r = hibernate_snapshot() = 1 }

check { A: vfree(v) = 0 }

expect            { never fault   never bug   never uaf   complete }
expect with D4-16 { sometimes bug @ swsusp_save }

scenario guard-pages-are-nobodys "half of RAM is kept aside as guards, and comes back with its other halves"
machine  cpus=1 ram=8 arch=x86 guardpage_minorder=1 PTRS_PER_PTE=16 debug_pagealloc=on
requires engine

setup { A: p = mmap(0, 8*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) }

cpu 0 as A {
  store(p[0:4], 'a') = 0
  vmalloc(4K)        = -ENOMEM
  munmap(p, 8*4K)    = 0
  v = vmalloc(4*4K)
}

check { A: vfree(v) = 0 }

expect { never fault   never bug   complete }
