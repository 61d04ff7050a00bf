// Scenario files that the tests of the language share. Not part of the library.
#pragma once

#include <array>
#include <string_view>

namespace quire::scenario {

inline constexpr std::string_view kFreeSwapExample =
    R"qs(scenario free-swap-vs-swapoff "a hole punch frees the last swap reference while swapoff tears the device down"
ref      "mm: swap: Fix race between free_swap_and_cache() and swapoff()"        # S2, CVE-2024-26960
machine  cpus=2 ram=16 swap=S:8

setup {
  A: fd = memfd_create("f", 0)
  A: ftruncate(fd, 4K)                                                     = 0
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0)
  A: store(p[0], 'A')
  A: madvise(p, 4K, MADV_PAGEOUT)                                          = 0   [keep_swapcache]
}

cpu 0 as A { fallocate(fd, FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE, 0, 4K) = 0 }
cpu 1 as B { r = swapoff(S) }

check {
  A: load(p[0]) = 0
  swap_used(S)  = 0
}

expect           { never uaf   never leak   always B:r == 0   complete }
expect with D2-1 { sometimes uaf @ free_swap_and_cache   preemptions 1 }
)qs";

inline constexpr std::string_view kPunchExample =
    R"qs(scenario punch-private "hole punch drops file pages of a private mapping and nothing that was COWed"
machine  cpus=2 nodes=2 ram=32 swap=S:8
setup {
  A: fd = memfd_create("f", 0),  ftruncate(fd, 6*4K)                       = 0
  A: pwrite(fd, fill('f', 6*4K), 0)                                        = 6*4K
  A: p = mmap(0, 6*4K, PROT_READ|PROT_WRITE, MAP_PRIVATE, fd, 0)
  A: load(p[0])                                                            = 'f'  # file page, mapped clean
  A: store(p[1], 'c')                                                             # COWed, present
  A: store(p[2], 'c'), madvise(p[2], 4K, MADV_PAGEOUT)                     = 0    # COWed, swap entry
  A: store(p[3], 'c')                                                             # COWed, will migrate
}
cpu 0 as A { fallocate(fd, FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE, 0, 6*4K) = 0 }
cpu 1 as K { move_pages(A, p[3], 1) }
check {
  A: load(p[0]) = 0     A: load(p[1]) = 'c'   A: load(p[2]) = 'c'   A: load(p[3]) = 'c'
  rss(A).anon = 3
}
expect           { never bug   never lost_store   complete }
expect with D1-6 { sometimes lost_store @ zap_pte_range }
)qs";

inline constexpr std::string_view kForkExample =
    R"qs(scenario fork-continuation "fork cannot grow a full swap count"
machine  cpus=2 ram=16 swap=S:8 SWAP_MAP_MAX=2
setup {
  A: p = mmap(0, 4K, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0),  store(p[0], 7)
  A: madvise(p, 4K, MADV_PAGEOUT)                                          = 0
  repeat SWAP_MAP_MAX - 1 { A: fork() }
}
cpu 0 as A { c = fork()  = -ENOMEM   [fail: page_alloc@add_swap_count_continuation nth=1] }
cpu 1 as C { r = swapoff(S) }
check { A: load(p[0]) = 7   tasks() = SWAP_MAP_MAX   killall()   swap_used(S) = 0   folios_leaked() = 0 }
expect { never bug   never leak   always A:c == -ENOMEM }
)qs";

inline constexpr std::string_view kVunmapExample =
    R"qs(scenario vunmap-hibernate "a page is out of the direct map when the snapshot copies it"
machine  cpus=2 ram=32 arch=riscv
requires engine
setup { K: v = vmalloc(4*4K, VM_FLUSH_RESET_PERMS)   K: store(v[0:4], 0x11) }
cpu 0 as K { vfree(v) }
cpu 1 as H { img = hibernate_snapshot() }
check { image_pages(img) = saveable_pages()   direct_map_holes() = 0 }
expect           { never fault   never stale_tlb   complete }
expect with D4-4 { sometimes fault @ safe_copy_page }
)qs";

// Every construct that the four above leave out.
inline constexpr std::string_view kEverythingExample =
    R"qs(# The license of the file.

# About the first scenario.
scenario every-thing-1 "quotes \" and \x01 and \\"   # named
# above the reference
ref "one"
ref "two"
cell "a \"table\"" "hole punch" m-F  # one of many
machine real cpus=4 ram=64K swap=S:8,T:1M thp=on arch=x86-64
        SWAP_MAP_MAX=2 rcu_spinlock_is_reader=off kswapd_fast=on  # two lines
requires root,thp_swap

setup {   # opening

  # first
  A: p = mmap(0, 2M, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = ?

  # detached

  A: load(p[3]+8) = SIGBUS(2) | SIGSEGV(1) | SIGBUS | 'c' | '\n' | '\''
  A: open("x", O_RDWR, 0644) = -1 ENOMEM (Can't allocate memory)  # strace
  A: store(p[0:512], (1 + 2) * 3 - (4 - 5) - -6), # split
  munmap(p, 4K) = 0 | -EINTR | blocked
  B: mmap(0, # why zero
          0x1000, PROT_READ) = 0x7f00 [may fail: slab] [async]
  repeat 3 {
    # inner
    C: fork() [fail: page_alloc@copy_pte_range]
    repeat 2 { C: fork()  C: exit(0) }
  }   # after repeat
  repeat 1 { }
  # tail
}
cpu 0 as A { r = fallocate(fd, FALLOC_FL_ZERO_RANGE, 0, 1G) }  # one line
# about the second cpu
cpu 1 as kswapd { }
interrupt on cpu 1 { end_writeback(p[0]) }
schedule early-free {
  A@free_swap_and_cache:after_put < B@swapoff:before-free < A@f:x
  A@f:x < B@g:y; B@g:z < A@f:w  # two chains
}
check { fstat(fd).st_blocks = 8 }
expect {
  outcomes { A:r=0 B:r=-EINTR; A:r=-EINTR B:r=0 }
  outcomes {
    A:r=0 x=? # any

    A:r=SIGBUS(2)
  }
  sometimes A:r == 0 && B:r != -EINTR || r >= 4K*2   never rcu; never check
  complete
  preemptions 2   within 50000
}
)qs";

inline constexpr std::array<std::string_view, 5> kExamples{kFreeSwapExample, kPunchExample, kForkExample,
                                                           kVunmapExample, kEverythingExample};

}  // namespace quire::scenario
