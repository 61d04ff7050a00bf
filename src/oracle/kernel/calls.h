/*
 * What an operation of a scenario is on a real Linux: plain C, so that the same text stands in exported programs.
 *
 * Every function returns what strace would print after `=`: 0 or more, minus an errno, or Q_SIGNAL(number, si_code) for
 * an access that was answered with a signal. A page is 4096 bytes. One thread at a time in one process may catch
 * signals (q_load, q_store), for what they share is per thread.
 */
#ifndef QUIRE_ORACLE_KERNEL_CALLS_H
#define QUIRE_ORACLE_KERNEL_CALLS_H

/* [begin] */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>
/* [end] */

/* [begin] */
#define Q_PAGE 4096UL
#define Q_SIGNAL(number, code) (-1000000L - (number)*1000L - (code))
/* [end] */

/* [begin] Whatever its si_code. */
#define Q_IS_SIGNAL(value, number) ((value) <= Q_SIGNAL(number, 0) && (value) > Q_SIGNAL((number) + 1, 0))
/* [end] */

/* [begin] */
static inline long q_result(long result) { return result < 0 ? -errno : result; }
/* [end] */

/* [begin] An access that may be answered with SIGBUS or SIGSEGV. Memory that fails elsewhere is only told of. */
static __thread sigjmp_buf q_jump;
static __thread volatile int q_code;
static volatile int q_told;

static inline void q_on_signal(int number, siginfo_t* info, void* context) {
  (void)context;
  if (number == SIGBUS && info->si_code == 5 /* BUS_MCEERR_AO */) {
    q_told = 1;
    return;
  }
  q_code = info->si_code;
  siglongjmp(q_jump, number);
}

static inline void q_catch_signals(void) {
  struct sigaction action;
  memset(&action, 0, sizeof(action));
  action.sa_sigaction = q_on_signal;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGBUS, &action, NULL);
  sigaction(SIGSEGV, &action, NULL);
}
/* [end] */

/* [begin] */
static inline long q_load(const volatile unsigned char* p) {
  int number = sigsetjmp(q_jump, 1);
  return number == 0 ? (long)*p : Q_SIGNAL(number, q_code);
}
/* [end] */

/* [begin] The byte that is in each page of [p, p + length), or the first that differs from the first page's. */
static inline long q_load_range(const volatile unsigned char* p, size_t length) {
  long first = q_load(p);
  size_t offset;
  for (offset = Q_PAGE; offset < length; offset += Q_PAGE) {
    long next = q_load(p + offset);
    if (next != first) return next;
  }
  return first;
}
/* [end] */

/* [begin] One byte into each page that begins in [p, p + length). */
static inline long q_store(volatile unsigned char* p, size_t length, int byte) {
  size_t offset;
  int number = sigsetjmp(q_jump, 1);
  if (number != 0) return Q_SIGNAL(number, q_code);
  for (offset = 0; offset == 0 || offset < length; offset += Q_PAGE) p[offset] = (unsigned char)byte;
  return 0;
}
/* [end] */

/* [begin] */
static inline uint64_t q_pagemap_entry(const void* p) {
  uint64_t entry = 0;
  int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  if (pread(fd, &entry, sizeof(entry), (off_t)((uintptr_t)p / Q_PAGE * sizeof(entry))) != (ssize_t)sizeof(entry))
    entry = 0;
  close(fd);
  return entry;
}
/* [end] */

/* [begin] Every CPU puts the pages that it has collected on the LRU lists: move_pages() of no page does that first. */
static inline void q_drain_lru(void) {
  int node = 0;
  int status = 0;
  void* page = NULL;
  syscall(SYS_move_pages, 0, 0UL, &page, &node, &status, 2 /* MPOL_MF_MOVE */);
}
/* [end] */

/* [begin] */
static inline int q_present_pages(const void* p, size_t length) {
  size_t offset;
  int present = 0;
  for (offset = 0; offset < length; offset += Q_PAGE) present += (int)(q_pagemap_entry((const char*)p + offset) >> 63);
  return present;
}
/* [end] */

/* [begin] MADV_PAGEOUT; again while nothing goes, for pages may be on their way to the lists, or locked. */
#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif
static inline long q_pageout(void* p, size_t length) {
  int present = q_present_pages(p, length);
  int attempt;
  q_drain_lru();
  for (attempt = 0; attempt < 10; ++attempt) {
    if (madvise(p, length, MADV_PAGEOUT) != 0) return -errno;
    if (present == 0 || q_present_pages(p, length) < present) break;
    usleep(100);
  }
  return 0;
}
/* [end] */

/* [begin] */
static inline long q_madvise(void* p, size_t length, int advice) {
  if (advice == MADV_PAGEOUT) return q_pageout(p, length);
  return q_result(madvise(p, length, advice));
}
/* [end] */

/* [begin] */
static inline long q_mincore(void* p) {
  unsigned char resident = 0;
  long result = q_result(mincore(p, Q_PAGE, &resident));
  return result < 0 ? result : resident & 1;
}
/* [end] */

/* [begin] The byte at an offset; -ENODATA at the end of the file. */
static inline long q_pread(int fd, off_t offset) {
  unsigned char byte = 0;
  long result = q_result(pread(fd, &byte, 1, offset));
  return result == 0 ? -ENODATA : result < 0 ? result : byte;
}
/* [end] */

/* [begin] The same byte, length times. */
static inline long q_pwrite_fill(int fd, int byte, size_t length, off_t offset) {
  char* buffer = (char*)malloc(length + 1);
  long result;
  if (buffer == NULL) return -ENOMEM;
  memset(buffer, byte, length);
  result = q_result(pwrite(fd, buffer, length, offset));
  free(buffer);
  return result;
}
/* [end] */

/* [begin] */
static inline long q_st_blocks(int fd) {
  struct stat st;
  long result = q_result(fstat(fd, &st));
  return result < 0 ? result : (long)st.st_blocks;
}
/* [end] */

/* [begin] */
static inline long q_st_size(int fd) {
  struct stat st;
  long result = q_result(fstat(fd, &st));
  return result < 0 ? result : (long)st.st_size;
}
/* [end] */

/* [begin] */
static inline long q_mmap(uintptr_t hint, size_t length, int prot, int flags, int fd, off_t offset) {
  void* p = mmap((void*)hint, length, prot, flags, fd, offset);
  return p == MAP_FAILED ? -errno : (long)(intptr_t)p;
}
/* [end] */

/* [begin] */
static inline long q_mremap(void* p, size_t old_length, size_t new_length, int flags, uintptr_t target) {
  void* q = mremap(p, old_length, new_length, flags, (void*)target);
  return q == MAP_FAILED ? -errno : (long)(intptr_t)q;
}
/* [end] */

/* [begin] The flags of the frame behind a present page (needs root): /proc/kpageflags. */
static inline uint64_t q_kpageflags(uint64_t pagemap_entry) {
  uint64_t pfn = pagemap_entry & ((1ULL << 55) - 1);
  uint64_t flags = 0;
  int fd = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  if (pread(fd, &flags, sizeof(flags), (off_t)(pfn * sizeof(flags))) != (ssize_t)sizeof(flags)) flags = 0;
  close(fd);
  return flags;
}
/* [end] */

/* [begin] The swap type that stands for a marker: the last one, since 6.2. */
static inline unsigned q_marker_type(void) {
  struct utsname name;
  int major = 0;
  int minor = 0;
  if (uname(&name) != 0 || sscanf(name.release, "%d.%d", &major, &minor) != 2) return 31;
  return major > 6 || (major == 6 && minor >= 2) ? 31 : 30;
}
/* [end] */

/* [begin] The swap type that stands for failed memory: the first that is no device's. */
static inline unsigned q_hwpoison_type(void) {
  struct utsname name;
  int major = 0;
  int minor = 0;
  if (uname(&name) != 0 || sscanf(name.release, "%d.%d", &major, &minor) != 2) return 24;
  if (major < 6 || (major == 6 && minor < 2)) return 26;
  return major == 6 && minor < 15 ? 27 : 24;
}
/* [end] */

/* [begin] What maps a page, from /proc/self/pagemap. */
enum {
  Q_PM_NONE,
  Q_PM_FILE,
  Q_PM_ANON,
  Q_PM_SWAP,
  Q_PM_ZERO,
  Q_PM_MIGRATION,
  Q_PM_HWPOISON,
  Q_PM_UFFD_WP = 9,
  Q_PM_GUARD = 10,
  Q_PM_HUGE = 12,
  Q_PM_HUGE_FILE = 13,
  Q_PM_POISONED = 14
};
static inline long q_pagemap(const void* p) {
  uint64_t entry = q_pagemap_entry(p);
  int file = (int)(entry >> 61) & 1;
  unsigned type = (unsigned)(entry & 31);
  if (entry >> 63) {
    uint64_t flags = q_kpageflags(entry);
    if (flags >> 24 & 1) return Q_PM_ZERO;
    if (flags >> 22 & 1) return file ? Q_PM_HUGE_FILE : Q_PM_HUGE;
    return file ? Q_PM_FILE : Q_PM_ANON;
  }
  if (entry >> 58 & 1) return Q_PM_GUARD;
  if (!(entry >> 62 & 1)) return Q_PM_NONE;
  if (type == q_marker_type()) return entry >> 57 & 1 ? Q_PM_UFFD_WP : Q_PM_POISONED;
  if (type == q_hwpoison_type()) return Q_PM_HWPOISON;
  return type > q_hwpoison_type() ? Q_PM_MIGRATION : Q_PM_SWAP;
}
/* [end] */

/* [begin] Pages of a class in mappings: 0 anonymous, 1 of files, 2 of tmpfs, 3 in swap; in those of [from, to), and in
   those that have one of `count` other addresses. smaps counts failed memory as if it were mapped; here it is not. */
static inline int q_any_inside(const uintptr_t* addresses, int count, uintptr_t start, uintptr_t end) {
  int i;
  for (i = 0; i < count; ++i)
    if (addresses[i] >= start && addresses[i] < end) return 1;
  return 0;
}

/* Of the pages of [start, end): how many are in swap, are failed memory, and of that anonymous. */
static inline void q_count_entries(uintptr_t start, uintptr_t end, long counts[3]) {
  for (; start < end; start += Q_PAGE) {
    long kind = q_pagemap((const void*)start);
    counts[0] += kind == Q_PM_SWAP;
    counts[1] += kind == Q_PM_HWPOISON;
    counts[2] += kind == Q_PM_HWPOISON &&
                 (q_kpageflags((q_pagemap_entry((const void*)start) & ((1ULL << 55) - 1)) >> 5) >> 12 & 1);
  }
}

static inline long q_rss(uintptr_t from, uintptr_t to, const uintptr_t* addresses, int count, int which) {
  char line[512];
  long pages = 0;
  long failed[3] = {0, 0, 0};
  int inside = 0;
  int shmem = 0;
  long rss = 0;
  FILE* smaps = fopen("/proc/self/smaps", "re");
  if (smaps == NULL) return -errno;
  while (fgets(line, sizeof(line), smaps) != NULL) {
    unsigned long start;
    unsigned long end;
    long kib;
    if (sscanf(line, "%lx-%lx ", &start, &end) == 2) {
      inside = (start >= from && end <= to) || q_any_inside(addresses, count, start, end);
      shmem = strstr(line, "/memfd:") != NULL || strstr(line, "/dev/zero") != NULL;
      memset(failed, 0, sizeof(failed));
      if (inside) q_count_entries(start, end, failed);
      if (which == 3) pages += failed[0];
    }
    if (!inside) continue;
    if (sscanf(line, "Rss: %ld kB", &kib) == 1) rss = kib / 4 - failed[1];
    if (sscanf(line, "Anonymous: %ld kB", &kib) == 1) {
      if (which == 0) pages += kib / 4 - failed[2];
      if (which == (shmem ? 2 : 1)) pages += rss - (kib / 4 - failed[2]);
    }
  }
  fclose(smaps);
  return pages;
}
/* [end] */

/* [begin] After the areas that are on, but before those of the machine. */
static inline long q_swapon(const char* path) {
  static int priority = 50;
  if (priority > 0) --priority; /* a process may ask very often */
  return q_result(swapon(path, SWAP_FLAG_PREFER | priority));
}
/* [end] */

/* [begin] Pages in use of a swap area. */
static inline long q_swap_used(const char* path) {
  char line[512];
  long used = 0;
  FILE* swaps = fopen("/proc/swaps", "re");
  if (swaps == NULL) return -errno;
  while (fgets(line, sizeof(line), swaps) != NULL) {
    char name[256];
    long kib;
    if (sscanf(line, "%255s %*s %*s %ld", name, &kib) == 2 && strcmp(name, path) == 0) used = kib / 4;
  }
  fclose(swaps);
  return used;
}
/* [end] */

/* [begin] The memory of a page fails. Since 6.11 the caller is told at once that it may not go on. The page of zeros
   stays: it is everybody's, and would have failed for good. */
static inline long q_poison(void* p) {
  int number;
  if (q_load((const volatile unsigned char*)p) < 0 || q_pagemap(p) == Q_PM_ZERO) return -EFAULT;
  number = sigsetjmp(q_jump, 1);
  return number == 0 ? q_result(madvise(p, Q_PAGE, 100 /* MADV_HWPOISON */)) : 0;
}
/* [end] */

/* [begin] */
static inline long q_memfd_secret(int flags) { return q_result(syscall(447 /* SYS_memfd_secret */, flags)); }
/* [end] */

/* [begin] Only reads: what the file says when the kernel refuses to hibernate is "[disabled]". */
static inline long q_hibernation_available(void) {
  char says[128] = "";
  int fd = open("/sys/power/disk", O_RDONLY | O_CLOEXEC);
  long length;
  if (fd < 0) return -errno;
  length = q_result(read(fd, says, sizeof says - 1));
  close(fd);
  return length < 0 ? length : strstr(says, "[disabled]") == NULL;
}
/* [end] */

/* [begin] */
static inline long q_compact(void) {
  long result;
  int fd = open("/proc/sys/vm/compact_memory", O_WRONLY | O_CLOEXEC);
  if (fd < 0) return -errno;
  result = q_result(write(fd, "1", 1));
  close(fd);
  return result < 0 ? result : 0;
}
/* [end] */

/* [begin] */
static inline long q_move_page(int pid, void* p, int node) {
  int status = 0;
  long result = q_result(syscall(SYS_move_pages, pid, 1UL, &p, &node, &status, 2 /* MPOL_MF_MOVE */));
  if (result < 0) return result;
  /* More than 0: so many pages could not be moved now, and nothing was said of them. */
  return result > 0 ? -EBUSY : status;
}
/* [end] */

#endif
