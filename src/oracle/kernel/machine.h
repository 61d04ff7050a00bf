/*
 * What an exported program asks of the machine, and how it leaves nothing behind. See calls.h for the marks.
 */
#ifndef QUIRE_ORACLE_KERNEL_MACHINE_H
#define QUIRE_ORACLE_KERNEL_MACHINE_H

/* [begin] What is changed on the machine is put right by a process of its own, however this one ends. */
#define Q_UNDO_MAX 16
struct q_undo {
  void (*how)(const char* what);
  char what[128];
};
static struct q_undo* q_undo; /* what that process sees too */
static pid_t q_undoing;
static pid_t q_undone_for;

static void q_undo_all(const sigset_t* blocked) {
  int number = 0;
  int n;
  setsid(); /* not for Ctrl-C */
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  while (getppid() == q_undone_for && number != SIGTERM) sigwait(blocked, &number);
  for (n = Q_UNDO_MAX; n-- > 0;)
    if (q_undo[n].how != NULL) q_undo[n].how(q_undo[n].what);
  _exit(0);
}

static void q_wait_for_undo(void) {
  if (getpid() != q_undone_for) return;
  kill(q_undoing, SIGTERM);
  while (waitpid(q_undoing, NULL, 0) < 0 && errno == EINTR) continue;
}

static void q_start_undoer(void) {
  sigset_t all;
  sigset_t before;
  q_undo = (struct q_undo*)mmap(NULL, sizeof(*q_undo) * Q_UNDO_MAX, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                                -1, 0);
  if (q_undo == MAP_FAILED) q_bail("mmap", "no memory");
  q_undone_for = getpid();
  sigfillset(&all);
  sigprocmask(SIG_BLOCK, &all, &before);
  q_undoing = fork();
  if (q_undoing == 0) q_undo_all(&all);
  sigprocmask(SIG_SETMASK, &before, NULL);
  if (q_undoing < 0) q_bail("fork", strerror(errno));
  atexit(q_wait_for_undo);
}

/*
 * To be called before the change, for this process may be killed at any moment. What is only known with it, as a name
 * that is made up, the call that makes it writes to where that process looks, which is what is returned.
 */
static char* q_at_end(void (*how)(const char*), const char* what) {
  static int count;
  if (q_undo == NULL) q_start_undoer();
  if (count == Q_UNDO_MAX) q_bail("a change of the machine", "too many of them");
  snprintf(q_undo[count].what, sizeof(q_undo[count].what), "%s", what);
  q_undo[count].how = how;
  return q_undo[count++].what;
}
/* [end] */

/* [begin] */
static const char* q_file_system(void) {
  const char* directory = getenv("DIR");
  return directory ? directory : "/var/tmp";
}
/* [end] */

/* [begin] Files on a disk: in a directory of this program, where the environment says (DIR), else in /var/tmp. */
static const char* q_directory;

static void q_empty_directory(const char* path) {
  char file[400];
  struct dirent* entry;
  DIR* directory = opendir(path);
  while (directory != NULL && (entry = readdir(directory)) != NULL) {
    snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
    unlink(file);
  }
  if (directory != NULL) closedir(directory);
}

/* Again while there is something new in it: children of a process that was killed may still be at work. */
static void q_remove_directory(const char* path) {
  int attempt;
  for (attempt = 0; attempt < 600 && rmdir(path) != 0 && errno == ENOTEMPTY; ++attempt) {
    if (attempt > 0) usleep(10000);
    q_empty_directory(path);
  }
}

static void q_make_directory(void) {
  char name[100];
  char* made;
  snprintf(name, sizeof(name), "%s/quire-XXXXXX", q_file_system());
  made = q_at_end(q_remove_directory, name);
  if (mkdtemp(made) == NULL) q_bail(made, strerror(errno));
  q_directory = made;
}

static const char* q_path(const char* name) {
  static __thread char path[400];
  snprintf(path, sizeof(path), "%s/%s", q_directory, name);
  return path;
}
/* [end] */

/* [begin] */
static void q_need_root(void) {
  if (geteuid() != 0) q_skip("needs root");
}
/* [end] */

/* [begin] */
static void q_need_nodes(int nodes) {
  char path[64];
  snprintf(path, sizeof(path), "/sys/devices/system/node/node%d", nodes - 1);
  if (access(path, F_OK) != 0) q_skip("needs more NUMA nodes");
}
/* [end] */

/* [begin] */
static void q_need_uffd(uint64_t wanted) {
  uint64_t features = q_uffd_features();
  if (features == 0) q_skip("needs userfaultfd");
  if (wanted & ~features) q_skip("needs features of userfaultfd that this kernel does not have");
}
/* [end] */

/* [begin] Into a file of sysfs or debugfs. */
static int q_write(const char* path, const char* text) {
  int written;
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  written = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
  close(fd);
  return written ? 0 : -1;
}
/* [end] */

/* [begin] Swap areas of this program: 64 MiB of compressed RAM each, or a file where there is no zram. */
#define Q_AREA_BYTES (64L << 20)

/* Again while somebody has it: a process that was killed may still be in swapoff(). */
static void q_remove_zram(const char* line) {
  char path[64];
  char number[16];
  int attempt;
  if (sscanf(line, "%15s", number) != 1) return; /* none was made */
  for (attempt = 0; attempt < 600; ++attempt) {
    snprintf(path, sizeof(path), "/dev/zram%s", number);
    swapoff(path);
    snprintf(path, sizeof(path), "/sys/block/zram%s/reset", number);
    q_write(path, "1");
    if (q_write("/sys/class/zram-control/hot_remove", number) == 0) return;
    usleep(50000);
  }
}

/* Its path, or NULL where there is no zram. Reading hot_add makes a device, and gives its number. */
static const char* q_make_zram(void) {
  static char path[64];
  char size[64];
  char bytes[32];
  char* number;
  int add = open("/sys/class/zram-control/hot_add", O_RDONLY | O_CLOEXEC);
  if (add < 0) return NULL;
  number = q_at_end(q_remove_zram, "");
  if (read(add, number, 15) <= 0) number[0] = '\0';
  close(add);
  number[strcspn(number, "\n")] = '\0';
  if (number[0] == '\0') return NULL;
  snprintf(path, sizeof(path), "/dev/zram%s", number);
  snprintf(size, sizeof(size), "/sys/block/zram%s/disksize", number);
  snprintf(bytes, sizeof(bytes), "%ld", Q_AREA_BYTES);
  if (q_write(size, bytes) != 0) q_skip("needs swap: a zram device cannot be given a size");
  return path;
}

static void q_remove_swap_file(const char* path) {
  int attempt;
  for (attempt = 0; attempt < 100 && swapoff(path) != 0 && errno != EINVAL && errno != ENOENT; ++attempt) usleep(50000);
  unlink(path);
}

static const char* q_make_swap_file(void) {
  char name[128];
  char* made;
  int fd;
  snprintf(name, sizeof(name), "%.80s/quire-swap-XXXXXX", q_file_system());
  made = q_at_end(q_remove_swap_file, name);
  fd = mkstemp(made);
  if (fd < 0 || fallocate(fd, 0, 0, Q_AREA_BYTES) != 0) q_skip("needs swap: there is no zram, and no room for a file");
  close(fd);
  return made;
}

/* As mkswap(8) does. */
static void q_make_swap_header(const char* path) {
  char page[4096] = {0};
  unsigned version_and_last[2] = {1, Q_AREA_BYTES / 4096 - 1};
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  memcpy(page + 1024, version_and_last, sizeof(version_and_last));
  memcpy(page + sizeof(page) - 10, "SWAPSPACE2", 10);
  if (fd < 0 || pwrite(fd, page, sizeof(page), 0) != (ssize_t)sizeof(page) || fsync(fd) != 0) q_bail(path, "no mkswap");
  close(fd);
}

static const char* q_make_swap_area(void) {
  static char paths[4][128];
  static int areas;
  char* path = paths[areas++];
  const char* made = q_make_zram();
  snprintf(path, sizeof(paths[0]), "%s", made != NULL ? made : q_make_swap_file());
  q_make_swap_header(path);
  if (swapon(path, 0) != 0) q_skip("needs swap: swapon() is refused");
  return path;
}
/* [end] */

/* [begin] Empty, and on; pages go to the area of the highest priority first. */
static void q_swap_on(const char* path, int priority) {
  (void)swapoff(path);
  if (swapon(path, SWAP_FLAG_PREFER | priority) != 0) q_bail("swapon", strerror(errno));
}
/* [end] */

/* [begin] For others than root any area will do. */
static void q_need_swap(void) {
  char line[512];
  int lines = 0;
  FILE* swaps;
  if (geteuid() == 0) {
    q_swap_on(q_make_swap_area(), 100);
    return;
  }
  swaps = fopen("/proc/swaps", "re");
  while (swaps != NULL && fgets(line, sizeof(line), swaps) != NULL) ++lines;
  if (swaps != NULL) fclose(swaps);
  if (lines < 2) q_skip("needs root, or an active swap area");
}
/* [end] */

/* [begin] A fault is to map the page that it is about, and not those around it. */
static int q_faults_around = 1; /* where the kernel cannot be talked out of it */

static void q_remove_mount(const char* path) {
  umount2(path, MNT_DETACH);
  rmdir(path);
}

static void q_set_fault_around(const char* path_and_bytes) {
  char path[100];
  char bytes[32];
  if (sscanf(path_and_bytes, "%99s %31s", path, bytes) == 2) q_write(path, bytes);
}

static void q_map_one_page_per_fault(void) {
  char path[128] = "/sys/kernel/debug/fault_around_bytes";
  char before[128];
  char bytes[32] = "";
  char* mounted;
  FILE* file;
  if (access(path, W_OK) != 0) {
    mounted = q_at_end(q_remove_mount, "/var/tmp/quire-debug-XXXXXX");
    if (mkdtemp(mounted) != NULL) (void)mount("none", mounted, "debugfs", 0, NULL);
    snprintf(path, sizeof(path), "%.90s/fault_around_bytes", mounted);
  }
  file = fopen(path, "re");
  if (file != NULL && fscanf(file, "%31s", bytes) == 1) {
    snprintf(before, sizeof(before), "%.95s %s", path, bytes);
    q_at_end(q_set_fault_around, before);
    q_faults_around = q_write(path, "4096") != 0;
  }
  if (file != NULL) fclose(file);
}

/* Whether a look at what is mapped holds; nothing follows from one that neighbours may be in. */
static int q_holds_alone(int holds) { return holds || !q_faults_around ? holds : Q_NOT_TOLD; }
/* [end] */

#endif
