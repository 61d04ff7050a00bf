/*
 * userfaultfd: pages whose next write waits until they are resolved, and pages that look like failed memory. Nobody
 * reads the events: what waits goes on when the range is resolved. See calls.h for the marks and the results.
 */
#ifndef QUIRE_ORACLE_KERNEL_UFFD_H
#define QUIRE_ORACLE_KERNEL_UFFD_H

#include "oracle/kernel/calls.h"

/* [begin] */
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
/* [end] */

/* [begin] What is younger than headers in use. */
#ifndef UFFD_USER_MODE_ONLY
#define UFFD_USER_MODE_ONLY 1
#endif
#ifndef UFFDIO_POISON
struct uffdio_poison {
  struct uffdio_range range;
  uint64_t mode;
  int64_t updated;
};
#define UFFDIO_POISON _IOWR(UFFDIO, 8, struct uffdio_poison)
#endif
#define Q_UFFD_WP (1ULL << 0 | 1ULL << 12) /* UFFD_FEATURE_PAGEFAULT_FLAG_WP, UFFD_FEATURE_WP_HUGETLBFS_SHMEM: 5.19 */
#define Q_UFFD_POISON (1ULL << 14)         /* UFFD_FEATURE_POISON: 6.6 */
/* [end] */

/* [begin] Those who have no right to the faults of the kernel get those of the program. The number is above those of
   files, which are as if it did not exist. */
static inline int q_uffd_open(void) {
  int high;
  int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
  if (fd < 0 && errno == EPERM) fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY);
  if (fd < 0) return fd;
  high = fcntl(fd, F_DUPFD_CLOEXEC, 500);
  close(fd);
  return high;
}
/* [end] */

/* [begin] The features that the kernel has; 0: no userfaultfd for this process. */
static inline uint64_t q_uffd_features(void) {
  struct uffdio_api api;
  int fd = q_uffd_open();
  memset(&api, 0, sizeof(api));
  api.api = UFFD_API;
  if (fd >= 0 && ioctl(fd, UFFDIO_API, &api) != 0) api.features = 0;
  if (fd >= 0) close(fd);
  return api.features;
}
/* [end] */

/* [begin] The userfaultfd of this process; one that a fork has left is of its parent's memory. Its number is none that
   a file of the program would have. */
static inline int q_uffd(void) {
  static int fd = -1;
  static int owner;
  int low;
  struct uffdio_api api;
  if (fd >= 0 && owner == getpid()) return fd;
  memset(&api, 0, sizeof(api));
  api.api = UFFD_API;
  api.features = q_uffd_features() & (Q_UFFD_WP | Q_UFFD_POISON);
  if (fd >= 0) close(fd);
  owner = getpid();
  low = q_uffd_open();
  fd = low < 0 ? low : fcntl(low, F_DUPFD_CLOEXEC, 500);
  if (low >= 0) close(low);
  if (fd < 0 || ioctl(fd, UFFDIO_API, &api) == 0) return fd < 0 ? -errno : fd;
  close(fd);
  fd = -1;
  return -errno;
}
/* [end] */

/* [begin] */
static inline struct uffdio_range q_uffd_range(const void* p, size_t length) {
  struct uffdio_range range;
  range.start = (uintptr_t)p;
  range.len = length;
  return range;
}
/* [end] */

/* [begin] */
static inline long q_uffd_register(const void* p, size_t length) {
  struct uffdio_register to;
  int fd = q_uffd();
  memset(&to, 0, sizeof(to));
  to.range = q_uffd_range(p, length);
  to.mode = UFFDIO_REGISTER_MODE_WP;
  return fd < 0 ? fd : q_result(ioctl(fd, UFFDIO_REGISTER, &to));
}
/* [end] */

/* [begin] Or resolves the range: what waits for it goes on. */
static inline long q_uffd_writeprotect(const void* p, size_t length, long protect) {
  struct uffdio_writeprotect to;
  int fd = q_uffd();
  memset(&to, 0, sizeof(to));
  to.range = q_uffd_range(p, length);
  to.mode = protect ? UFFDIO_WRITEPROTECT_MODE_WP : 0;
  return fd < 0 ? fd : q_result(ioctl(fd, UFFDIO_WRITEPROTECT, &to));
}
/* [end] */

/* [begin] */
static inline long q_uffd_poison(const void* p, size_t length) {
  struct uffdio_poison to;
  int fd = q_uffd();
  memset(&to, 0, sizeof(to));
  to.range = q_uffd_range(p, length);
  return fd < 0 ? fd : q_result(ioctl(fd, UFFDIO_POISON, &to));
}
/* [end] */

#endif
