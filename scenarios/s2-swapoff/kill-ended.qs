# A process that is no more takes no signal.

scenario kill-ended "a signal for a process that has ended"
machine  cpus=1 ram=16

cpu 0 as A {
  B = fork()
  kill(B) = 0
}

check {
  B: exit()
  A: kill(B) = -ESRCH
}

expect { never bug   complete }
