# Reclaim takes a clean folio out of the swap cache by freezing its references. Once they are thawed another reclaimer,
# which goes through all frames, may get one of its own: who thaws twice takes that away again. The engine did so once;
# real threads with little memory hit it now and then, this scenario shows it in its sixth execution.

scenario two-reclaimers "two reclaimers find the same clean folio of the swap cache"
machine  cpus=2 ram=4 swap=S:8

setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
  A: store(p[0], 'A')
  A: madvise(p, 4K, MADV_PAGEOUT) = 0   [keep_swapcache]
}

cpu 0 as A { reclaim(1) }
cpu 1 as B { reclaim(1) }

check {
  A: load(p[0])   = 'A'
  folios_leaked() = 0
}

expect { never bug   never uaf   never leak   complete }
