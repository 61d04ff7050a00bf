# What the mail of 2020 left open: can the copier of a hibernation image meet __vunmap() halfway, and is it handled? An
# area with VM_FLUSH_RESET_PERMS is freed in five steps; between the second and the fourth its pages are in use and not
# in the direct map. V is a kernel thread that nobody freezes: it stops where it stands when its CPU goes offline.

# reached: a page is mapped for its copy
scenario x86-vunmap-vs-copy "x86: a page that is in use and invalid is mapped for its copy"
ref      "arch, mm: improve robustness of direct map manipulation"
machine  cpus=2 ram=16 arch=x86
requires engine

setup {
  V: kthread(PF_KTHREAD|PF_NOFREEZE)                         = 0
  V: v = vmalloc(4K, VM_FLUSH_RESET_PERMS), store(v[0], 'v') = 0
}

cpu 0 as V { vfree(v) = 0 }
cpu 1 as H { img = hibernate_snapshot() }

check { direct_map_holes() = 0 }

expect            { never fault   never bug   never lost_store   never stale_tlb   complete }
expect with D4-3  { sometimes fault @ safe_copy_page }
expect with D4-4  { never fault   never bug   complete }
expect with D4-5  { sometimes bug }
expect with D4-6a { sometimes lost_store @ copy_data_pages }
expect with D4-6b { sometimes bug @ copy_data_pages }
expect with D4-6c { sometimes bug @ copy_data_pages }

scenario arm64-vunmap-vs-copy "arm64 with rodata=full: the same"
machine  cpus=2 ram=16 arch=arm64 rodata_full=on
requires engine

setup {
  V: kthread(PF_KTHREAD|PF_NOFREEZE)                         = 0
  V: v = vmalloc(4K, VM_FLUSH_RESET_PERMS), store(v[0], 'v') = 0
}

cpu 0 as V { vfree(v) = 0 }
cpu 1 as H { img = hibernate_snapshot() }

check { direct_map_holes() = 0 }

expect            { never fault   never bug   never lost_store   never stale_tlb   complete }
expect with D4-3  { sometimes fault @ safe_copy_page }
expect with D4-4  { never fault   never bug   complete }
expect with D4-5  { sometimes bug }
expect with D4-6a { sometimes lost_store @ copy_data_pages }
expect with D4-6b { sometimes bug @ copy_data_pages }
expect with D4-6c { sometimes bug @ copy_data_pages }

scenario riscv-vunmap-vs-copy "RISC-V: the same; with its guards of 5.10 the copier's map does nothing"
machine  cpus=2 ram=16 arch=riscv
requires engine

setup {
  V: kthread(PF_KTHREAD|PF_NOFREEZE)                         = 0
  V: v = vmalloc(4K, VM_FLUSH_RESET_PERMS), store(v[0], 'v') = 0
}

cpu 0 as V { vfree(v) = 0 }
cpu 1 as H { img = hibernate_snapshot() }

check { direct_map_holes() = 0 }

expect            { never fault   never bug   never lost_store   never stale_tlb   complete }
expect with D4-3  { sometimes fault @ safe_copy_page }
expect with D4-4  { sometimes fault @ safe_copy_page }
expect with D4-5  { sometimes bug }
expect with D4-6a { sometimes lost_store @ copy_data_pages }
expect with D4-6b { sometimes bug @ copy_data_pages }
expect with D4-6c { sometimes bug @ copy_data_pages }

scenario arm64-plain-vunmap-vs-copy "arm64 without rodata=full: nothing ever becomes invalid"
machine  cpus=2 ram=16 arch=arm64
requires engine

setup {
  V: kthread(PF_KTHREAD|PF_NOFREEZE)                         = 0
  V: v = vmalloc(4K, VM_FLUSH_RESET_PERMS), store(v[0], 'v') = 0
}

cpu 0 as V { vfree(v) = 0 }
cpu 1 as H { img = hibernate_snapshot() }

check { direct_map_holes() = 0 }

expect           { never fault   never bug   never lost_store   never stale_tlb   complete }
expect with D4-3 { sometimes uaf @ safe_copy_page }
expect with D4-4 { never fault   never bug   complete }
expect with D4-5 { never fault   never bug   complete }

# P3 is false where the versions say so, and one CPU is enough: V needs only to be preempted in the window.
scenario riscv-old-one-cpu "RISC-V 5.10: invalid acts always, map only with debug_pagealloc"
machine  cpus=1 ram=16 arch=riscv direct_map_rules=v5_10
requires engine

setup {
  V: kthread(PF_KTHREAD|PF_NOFREEZE)                         = 0
  V: v = vmalloc(4K, VM_FLUSH_RESET_PERMS), store(v[0], 'v') = 0
}

cpu 0 as V { vfree(v) = 0 }
cpu 0 as H { img = hibernate_snapshot() }

expect { sometimes fault @ safe_copy_page   preemptions 1 }

scenario x86-old "x86 5.10: both act always"
machine  cpus=2 ram=16 arch=x86 direct_map_rules=v5_10
requires engine

setup {
  V: kthread(PF_KTHREAD|PF_NOFREEZE)                         = 0
  V: v = vmalloc(4K, VM_FLUSH_RESET_PERMS), store(v[0], 'v') = 0
}

cpu 0 as V { vfree(v) = 0 }
cpu 1 as H { img = hibernate_snapshot() }

check { direct_map_holes() = 0 }

expect { never fault   never bug   never lost_store   complete }

# The series in its first versions: pages are unmapped by debug_pagealloc, and the copier maps by a call whose guard is
# rodata=full alone.
scenario arm64-series-v1 "arm64 in the series' first versions: debug_pagealloc unmaps, set_direct_map does nothing"
machine  cpus=1 ram=16 arch=arm64 direct_map_rules=series_v1 debug_pagealloc=on
requires engine

setup {
  V: kthread(PF_KTHREAD|PF_NOFREEZE)   = 0
  V: v = vmalloc(4K), store(v[0], 'v') = 0
}

cpu 0 as V { vfree(v) = 0 }
cpu 0 as H { img = hibernate_snapshot() }

expect { sometimes fault @ safe_copy_page   preemptions 1 }

scenario arm64-debug-pagealloc "arm64 with debug_pagealloc: one guard for all"
machine  cpus=2 ram=16 arch=arm64 debug_pagealloc=on
requires engine

setup {
  V: kthread(PF_KTHREAD|PF_NOFREEZE)   = 0
  V: v = vmalloc(4K), store(v[0], 'v') = 0
}

cpu 0 as V { vfree(v) = 0 }
cpu 1 as H { img = hibernate_snapshot() }

expect           { never fault   never bug   never lost_store   complete }
expect with D4-4 { sometimes fault @ safe_copy_page   preemptions 1 }

# P1 is false: other CPUs run while the image is copied.
scenario copy-without-quiesce "without P1 the copier's look at a page says nothing of it when it copies"
machine  cpus=2 ram=16 arch=x86 copy_without_quiesce=on
requires engine

setup {
  V: kthread(PF_KTHREAD|PF_NOFREEZE)                         = 0
  V: v = vmalloc(4K, VM_FLUSH_RESET_PERMS), store(v[0], 'v') = 0
}

cpu 0 as V { vfree(v) = 0 }
cpu 1 as H { img = hibernate_snapshot() }

expect { sometimes fault @ safe_copy_page }
