/*
 * What operations on paths are on a real Linux, and the mounts they are on. Plain C, as calls.h, whose marks it has.
 */
#ifndef QUIRE_ORACLE_KERNEL_PATHS_H
#define QUIRE_ORACLE_KERNEL_PATHS_H

/* [begin] */
#include <dirent.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
/* [end] */

/* [begin] Mounts of this process and its children alone, which end with them. What is in the directory `kept`, if there
   is one, can be written after they are made. */
static inline int q_begin_mounts(const char* kept) {
  if (unshare(CLONE_NEWNS) != 0) return -1;
  if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) return -1;
  umask(0);
  return kept == NULL ? 0 : mount(kept, kept, NULL, MS_BIND | MS_REC, NULL);
}
/* [end] */

/* [begin] All mounts are made: nothing else of the root can be written. */
static inline int q_end_mounts(void) { return mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL); }
/* [end] */

/* [begin] The same with a root of its own, in memory, that has the directories a stack is mounted on. What the kernel
   tells, its devices, and `kept`, are the old ones. */
static inline int q_keep(const char* path) {
  char target[256];
  char* slash;
  snprintf(target, sizeof(target), "/tmp%s", path);
  for (slash = strchr(target + 5, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
    *slash = 0;
    (void)mkdir(target, 0755);
    *slash = '/';
  }
  (void)mkdir(target, 0755);
  return mount(path, target, NULL, MS_BIND | MS_REC, NULL);
}
static inline int q_begin_root(const char* kept) {
  static const char* const directories[] = {"/tmp/tmp",   "/tmp/mnt",   "/tmp/layers",
                                            "/tmp/upper", "/tmp/lower", "/tmp/union"};
  size_t i;
  if (unshare(CLONE_NEWNS) != 0) return -1;
  if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) return -1;
  umask(0);
  (void)mkdir("/tmp", 0755);
  if (mount("quire", "/tmp", "tmpfs", 0, "mode=0755") != 0) return -1;
  if (q_keep("/proc") != 0 || q_keep("/sys") != 0 || q_keep("/dev") != 0) return -1;
  if (kept != NULL && q_keep(kept) != 0) return -1;
  for (i = 0; i < sizeof(directories) / sizeof(directories[0]); ++i) (void)mkdir(directories[i], 0755);
  return chroot("/tmp") != 0 ? -1 : chdir("/");
}
/* [end] */

/* [begin] A stack of /upper over /lower. Both are seen by themselves too. */
static inline int q_mount_stack(void) {
  if (mount("quire", "/layers", "tmpfs", 0, "size=0,nr_inodes=0") != 0) return -1;
  if (mkdir("/layers/upper", 01777) != 0 || mkdir("/layers/work", 0755) != 0) return -1;
  if (mount("/layers/upper", "/upper", NULL, MS_BIND, NULL) != 0) return -1;
  if (mount("quire", "/lower", "tmpfs", 0, "size=0,nr_inodes=0") != 0) return -1;
  return mount("quire", "/union", "overlay", 0,
               "lowerdir=/lower,upperdir=/layers/upper,workdir=/layers/work,index=on,xino=off,redirect_dir=off,"
               "metacopy=off");
}
/* [end] */

/* [begin] Limits in pages and inodes; 0: none. A root in memory is a guest's, which may have one directory more. */
static inline int q_mount_tmpfs(const char* path, long pages, long inodes) {
  char options[64];
  struct statfs root;
  if (statfs("/", &root) == 0 && (root.f_type == 0x858458f6L || root.f_type == 0x01021994L)) (void)mkdir(path, 0755);
  snprintf(options, sizeof(options), "size=%ld,nr_inodes=%ld", pages * (long)Q_PAGE, inodes);
  return mount("quire", path, "tmpfs", 0, options);
}
/* [end] */

/* [begin] What the clock has said is UTIME_NOW; who sets a time sets another. */
static inline long q_time(long seconds) {
  return seconds > 0x3fffffffL && seconds < 0xffffffffL ? 0x3fffffffL : seconds;
}
/* [end] */

/* [begin] A field of stat(), by its name. */
static inline long q_stat_field(const struct stat* st, const char* field) {
  if (strcmp(field, "st_blocks") == 0) return (long)st->st_blocks;
  if (strcmp(field, "st_mode") == 0) return (long)st->st_mode;
  if (strcmp(field, "st_nlink") == 0) return (long)st->st_nlink;
  if (strcmp(field, "st_uid") == 0) return (long)st->st_uid;
  if (strcmp(field, "st_gid") == 0) return (long)st->st_gid;
  if (strcmp(field, "st_atime") == 0) return q_time(st->st_atim.tv_sec);
  if (strcmp(field, "st_mtime") == 0) return q_time(st->st_mtim.tv_sec);
  if (strcmp(field, "st_ctime") == 0) return q_time(st->st_ctim.tv_sec);
  return (long)st->st_size;
}
/* [end] */

/* [begin] */
static inline long q_stat(const char* path, const char* field) {
  struct stat st;
  long result = q_result(stat(path, &st));
  return result < 0 ? result : q_stat_field(&st, field);
}
/* [end] */

/* [begin] */
static inline long q_lstat(const char* path, const char* field) {
  struct stat st;
  long result = q_result(lstat(path, &st));
  return result < 0 ? result : q_stat_field(&st, field);
}
/* [end] */

/* [begin] */
static inline long q_fstat(int fd, const char* field) {
  struct stat st;
  long result = q_result(fstat(fd, &st));
  return result < 0 ? result : q_stat_field(&st, field);
}
/* [end] */

/* [begin] */
static inline long q_statfs(const char* path, const char* field) {
  struct statfs about;
  long result = q_result(statfs(path, &about));
  if (result < 0) return result;
  if (strcmp(field, "f_blocks") == 0) return (long)about.f_blocks;
  if (strcmp(field, "f_bfree") == 0) return (long)about.f_bfree;
  if (strcmp(field, "f_files") == 0) return (long)about.f_files;
  if (strcmp(field, "f_ffree") == 0) return (long)about.f_ffree;
  if (strcmp(field, "f_bsize") == 0) return (long)about.f_bsize;
  return (long)about.f_namelen;
}
/* [end] */

/* [begin] How long the target is; whether it is this one, if one is asked for. */
static inline long q_readlink(const char* path, const char* wanted) {
  char target[4096];
  long result = q_result(readlink(path, target, sizeof(target)));
  if (result < 0 || wanted == NULL) return result;
  return strlen(wanted) == (size_t)result && memcmp(target, wanted, (size_t)result) == 0;
}
/* [end] */

/* [begin] */
#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE 1
#define RENAME_EXCHANGE 2
#define RENAME_WHITEOUT 4
#endif
static inline long q_rename(const char* from, const char* to, unsigned flags) {
  return q_result(syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, flags));
}
/* [end] */

/* [begin] In seconds. */
static inline long q_utimensat(const char* path, long atime, long mtime) {
  struct timespec times[2];
  memset(times, 0, sizeof(times));
  times[0].tv_sec = atime;
  times[1].tv_sec = mtime;
  if (atime == UTIME_NOW || atime == UTIME_OMIT) times[0].tv_nsec = atime;
  if (mtime == UTIME_NOW || mtime == UTIME_OMIT) times[1].tv_nsec = mtime;
  return q_result(utimensat(AT_FDCWD, path, times, 0));
}
/* [end] */

/* [begin] The same byte, length times. */
static inline long q_setxattr(const char* path, const char* name, int byte, size_t length, int flags) {
  char* buffer = (char*)malloc(length + 1);
  long result;
  if (buffer == NULL) return -ENOMEM;
  memset(buffer, byte, length);
  result = q_result(setxattr(path, name, buffer, length, flags));
  free(buffer);
  return result;
}
/* [end] */

/* [begin] The length of the value; with a buffer its first byte. */
static inline long q_getxattr(const char* path, const char* name, size_t size) {
  unsigned char* buffer = (unsigned char*)malloc(size + 1);
  long result;
  if (buffer == NULL) return -ENOMEM;
  result = q_result(getxattr(path, name, buffer, size));
  if (result > 0 && size > 0) result = buffer[0];
  free(buffer);
  return result;
}
/* [end] */

/* [begin] */
static inline long q_listxattr(const char* path, size_t size) {
  char* buffer = (char*)malloc(size + 1);
  long result;
  if (buffer == NULL) return -ENOMEM;
  result = q_result(listxattr(path, buffer, size));
  free(buffer);
  return result;
}
/* [end] */

/* [begin] How many names but "." and "..", or whether this one is there. */
static inline long q_getdents(const char* path, const char* wanted) {
  long count = 0;
  struct dirent* entry;
  DIR* directory = opendir(path);
  if (directory == NULL) return -errno;
  while ((entry = readdir(directory)) != NULL) {
    int dots = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
    count += wanted != NULL ? strcmp(entry->d_name, wanted) == 0 : !dots;
  }
  closedir(directory);
  return count;
}
/* [end] */

#endif
