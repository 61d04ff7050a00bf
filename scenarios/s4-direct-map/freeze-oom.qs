# reached: out_of_memory: tasks are frozen
scenario no-kill-while-frozen "memory for the image is short: hibernation fails, and nobody is killed for it"
machine  cpus=1 ram=8 PTRS_PER_PTE=16 oom=kill arch=x86
requires engine

setup {
  A: p = mmap(0, 6*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0:5], 'a') = 0
}

cpu 0 as H { r = hibernate_snapshot() = -ENOMEM }

check {
  killed(A)     = 0
  A: load(p[4]) = 'a'
}

expect { never bug   never leak   complete }
