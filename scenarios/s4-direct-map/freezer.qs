# Who is frozen before an image is made, and who is not.

scenario user-task "a user task is frozen between its calls, and its vfree() is whole"
machine  cpus=2 ram=16 arch=x86
requires engine

setup { U: v = vmalloc(4K, VM_FLUSH_RESET_PERMS), store(v[0], 'v') = 0 }

cpu 0 as U { vfree(v) = 0 }
cpu 1 as H { img = hibernate_snapshot() = 0 | 1 }

check { direct_map_holes() = 0 }

expect { never fault   never bug   complete }

# reached: a task does not freeze within the time limit
scenario freeze-timeout "a task that does not freeze in time keeps the machine awake"
machine  cpus=2 ram=16 arch=x86
requires engine

setup { U: v = vmalloc(4K, VM_FLUSH_RESET_PERMS) }

cpu 0 as U { vfree(v) = 0 }
cpu 1 as H { r = hibernate_snapshot() = 0 | 1 | -EBUSY   [may fail: freeze_timeout] }

check {
  direct_map_holes()      = 0
  H: hibernate_snapshot() = 0
}

expect { never fault   never bug   sometimes H:r == -EBUSY   complete }

scenario kernel-thread "a kernel thread that frees in its loop is frozen too"
machine  cpus=2 ram=16 arch=x86
requires engine

setup {
  V: kthread(PF_KTHREAD)                                     = 0
  V: v = vmalloc(4K, VM_FLUSH_RESET_PERMS), store(v[0], 'v') = 0
}

cpu 0 as V { vfree(v) = 0 }
cpu 1 as H { img = hibernate_snapshot() = 0 | 1 }

check { direct_map_holes() = 0 }

expect            { never fault   never bug   complete }
expect with D4-15 { sometimes fault @ safe_copy_page }

scenario user-only "freezing user tasks alone is enough while one CPU runs"
machine  cpus=2 ram=16 arch=x86 freeze_scope=user
requires engine

setup {
  V: kthread(PF_KTHREAD)                                     = 0
  V: v = vmalloc(4K, VM_FLUSH_RESET_PERMS), store(v[0], 'v') = 0
}

cpu 0 as V { vfree(v) = 0 }
cpu 1 as H { img = hibernate_snapshot() = 0 | 1 }

check { direct_map_holes() = 0 }

expect { never fault   never bug   complete }

# reached: more pages are to be saved than when memory for the image was allocated
scenario count-drift "what was allocated after memory for the image was is counted again with one CPU"
machine  cpus=2 ram=64 arch=x86
requires engine

setup { V: kthread(PF_KTHREAD|PF_NOFREEZE) = 0 }

cpu 0 as V { v = vmalloc(4K), store(v[0], 'v') = 0 }
cpu 1 as H { img = hibernate_snapshot() = 0 | 1 }

check { direct_map_holes() = 0 }

expect            { never fault   never bug   complete }
expect with D4-14 { sometimes bug @ swsusp_save }
