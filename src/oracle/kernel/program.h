/*
 * What an exported program needs besides its calls (calls.h, which explains the marks), its reports (tap.h) and its
 * machine (machine.h): names of results and, from the mark on that says so, processes that take turns.
 */
#ifndef QUIRE_ORACLE_KERNEL_PROGRAM_H
#define QUIRE_ORACLE_KERNEL_PROGRAM_H

/* [begin] */
static const char* q_text(long got) {
  static __thread char text[64];
#define Q_NAME(number) \
  case -(number):      \
    return "-" #number
  switch (got) {
    Q_NAME(EPERM);
    Q_NAME(ENOENT);
    Q_NAME(EINTR);
    Q_NAME(EIO);
    Q_NAME(ENXIO);
    Q_NAME(EBADF);
    Q_NAME(EAGAIN);
    Q_NAME(ENOMEM);
    Q_NAME(EACCES);
    Q_NAME(EFAULT);
    Q_NAME(EBUSY);
    Q_NAME(EEXIST);
    Q_NAME(EINVAL);
    Q_NAME(ENOSPC);
    Q_NAME(ENODATA);
    default:
      break;
  }
#undef Q_NAME
  if (got <= -1000000)
    snprintf(text, sizeof(text), "signal %ld, si_code %ld", (-1000000 - got) / 1000, (-1000000 - got) % 1000);
  else
    snprintf(text, sizeof(text), "%ld", got);
  return text;
}
/* [end] */

/* [begin] */
static const char* q_byte_text(long got) {
  static __thread char text[16];
  if (got <= ' ' || got > '~') return q_text(got);
  snprintf(text, sizeof(text), "'%c'", (char)got);
  return text;
}
/* [end] */

/* [begin] */
static const char* q_pagemap_text(long got) {
  switch (got) {
    case Q_PM_NONE:
      return "PM_NONE";
    case Q_PM_FILE:
      return "PM_FILE";
    case Q_PM_ANON:
      return "PM_ANON";
    case Q_PM_SWAP:
      return "PM_SWAP";
    case Q_PM_ZERO:
      return "PM_ZERO";
    case Q_PM_MIGRATION:
      return "PM_MIGRATION";
    case Q_PM_HWPOISON:
      return "PM_HWPOISON";
    case Q_PM_UFFD_WP:
      return "PM_UFFD_WP";
    case Q_PM_GUARD:
      return "PM_GUARD";
    case Q_PM_HUGE:
      return "PM_HUGE";
    case Q_PM_HUGE_FILE:
      return "PM_HUGE_FILE";
    case Q_PM_POISONED:
      return "PM_POISONED";
    default:
      return q_text(got);
  }
}
/* [end] */

/* [begin] What the rest is of no use without. */
static long q_must(const char* call, long got) {
  if (got < 0) q_bail(call, q_text(got));
  return got;
}
/* [end] */

/* [begin] */
#define Q_ARENA 0x1000000000UL
#define Q_ARENA_END 0x2000000000UL
/* [end] */

/* [begin] Mappings side by side, from a fixed address on: the lowest place that is free. */
#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif
static long q_mmap_lowest(size_t length, int prot, int flags, int fd, off_t offset) {
  uintptr_t place = Q_ARENA;
  long got;
  do {
    place += Q_PAGE;
    got = q_mmap(place, length, prot, flags | MAP_FIXED_NOREPLACE, fd, offset);
  } while (got == -EEXIST && place < Q_ARENA_END);
  return got;
}
/* [end] */

/* [processes] */

/* [begin] Processes take turns: each goes through all steps, and does those that are its own. */
static struct q_shared* s;
static int q_me = MAIN; /* which one this is */
static int q_step;      /* the step that this one has come to */
static int q_at_work;   /* whether it does that step */
/* [end] */

/* [begin] */
static void q_share(void) {
  s = (struct q_shared*)mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (s == MAP_FAILED) q_bail("mmap", "no memory");
  signal(SIGCHLD, SIG_IGN); /* none of the children stays as a zombie */
  prctl(PR_SET_CHILD_SUBREAPER, 1);
}
/* [end] */

/* [begin] */
static int q_alive(int pid) { return pid > 0 && (kill(pid, 0) == 0 || errno == EPERM); }
/* [end] */

/* [begin] */
static void q_idle(void) {
  while (q_alive(s->pids[MAIN])) usleep(10000);
  _exit(1);
}
/* [end] */

/* [begin] */
static long q_end(int pid) {
  if (pid <= 0) return 0;
  kill(pid, SIGKILL);
  while (q_alive(pid)) usleep(100);
  return 0;
}
/* [end] */

/* [begin] */
static long q_end_all(void) {
  int n;
  for (n = MAIN + 1; n < PROCESSES; ++n) q_end(s->pids[n]);
  for (n = 0; n < s->children; ++n) q_end(s->child[n]);
  return 0;
}
/* [end] */

/* [begin] How many processes there are. */
static long q_tasks(void) {
  long tasks = 0;
  int n;
  for (n = MAIN + 1; n < PROCESSES; ++n) tasks += q_alive(s->pids[n]);
  for (n = 0; n < s->children; ++n) tasks += q_alive(s->child[n]);
  return tasks;
}
/* [end] */

/* [begin] Waits until *word is value. What never comes ends the program. */
static void q_wait_for(const int* word, int value) {
  int waited;
  for (waited = 0; __atomic_load_n(word, __ATOMIC_ACQUIRE) != value; ++waited) {
    if (waited < 100)
      sched_yield();
    else
      usleep(100);
    if (q_me != MAIN && !q_alive(s->pids[MAIN])) _exit(1);
    if (q_me != MAIN || (waited < 100000 && s->trouble[0] == '\0')) continue;
    q_end_all();
    q_bail(s->trouble[0] != '\0' ? s->trouble : "a call", "the rest is of no use without it");
  }
}
/* [end] */

/* [begin] Whether it is this process that does the next step; if so, when its turn has come. */
static int q_turn(int who) {
  if (q_at_work) __atomic_add_fetch(&s->step, 1, __ATOMIC_RELEASE);
  q_at_work = who == q_me;
  ++q_step;
  if (q_at_work) q_wait_for(&s->step, q_step);
  return q_at_work;
}
/* [end] */

/* [begin] What the rest is of no use without. */
static long q_need(const char* call, long got) {
  if (got >= 0) return got;
  snprintf(s->trouble, sizeof(s->trouble), "%s = %s", call, q_text(got));
  q_idle();
  return got;
}
/* [end] */

/* [begin] A result, which may come once in each round. */
static void q_note(int n, int holds, const char* call, const char* expected, const char* got) {
  s->outcomes[n].call = call;
  s->outcomes[n].expected = expected;
  s->outcomes[n].times++;
  if (s->outcomes[n].failures == 0 && s->outcomes[n].not_told == 0)
    snprintf(s->outcomes[n].got, sizeof(s->outcomes[n].got), "%s", got);
  if (holds == Q_NOT_TOLD) s->outcomes[n].not_told++;
  if (!holds) s->outcomes[n].failures++;
}
/* [end] */

/* [begin] */
static int q_report(void) {
  char got[128];
  int holds;
  int n;
  for (n = 0; n < OUTCOMES; ++n) {
    if (s->outcomes[n].times == 0) {
      q_expect(0, "a call", "to return", "nothing");
      continue;
    }
    snprintf(got, sizeof(got), "%s", s->outcomes[n].got);
    if (s->outcomes[n].failures != 0 && s->outcomes[n].times > 1)
      snprintf(got, sizeof(got), "%s (not as expected %d of %d times)", s->outcomes[n].got, s->outcomes[n].failures,
               s->outcomes[n].times);
    holds = s->outcomes[n].not_told != 0 ? Q_NOT_TOLD : 1;
    if (s->outcomes[n].failures != 0) holds = 0;
    q_expect(holds, s->outcomes[n].call, s->outcomes[n].expected, got);
  }
  return q_finish();
}
/* [end] */

/* [begin] */
static void q_begin_round(int round) {
  memset(s, 0, offsetof(struct q_shared, outcomes));
  s->round = round;
  s->pids[MAIN] = getpid();
  s->step = 1;
  q_step = 0;
  q_at_work = 0;
}
/* [end] */

/* [begin] */
static void q_start(int who, void (*steps)(void)) {
  pid_t pid = fork();
  if (pid < 0) q_bail("fork", q_text(-errno));
  if (pid != 0) {
    s->pids[who] = pid;
    return;
  }
  q_me = who;
  steps();
  q_idle();
}
/* [end] */

/* [begin] A child that does nothing but live. */
static long q_fork(void) {
  unsigned n;
  pid_t pid = fork();
  if (pid < 0) return -errno;
  if (pid == 0) q_idle();
  n = (unsigned)__atomic_fetch_add(&s->children, 1, __ATOMIC_RELAXED);
  s->child[n % (sizeof(s->child) / sizeof(s->child[0]))] = pid;
  return pid;
}
/* [end] */

/* [begin] A child that goes on as process who from here; 0 there. */
static long q_fork_as(int who) {
  pid_t pid = fork();
  if (pid < 0) return -errno;
  if (pid != 0) return s->pids[who] = pid;
  s->pids[who] = getpid();
  q_me = who;
  q_at_work = 0;
  return 0;
}
/* [end] */

/* [begin] A child of a block, which does its part of the check. */
static long q_fork_from_block(int who, void (*check)(void)) {
  long pid = q_fork_as(who);
  if (pid != 0) return pid;
  while (__atomic_load_n(&s->check_step, __ATOMIC_ACQUIRE) == 0) {
    usleep(100);
    if (!q_alive(s->pids[MAIN])) _exit(1);
  }
  q_step = s->check_step;
  check();
  (void)q_turn(MAIN);
  q_idle();
  return 0;
}
/* [end] */

/* [begin] Blocks run on CPUs of their own, all at once but for a delay that differs from round to round. */
static void q_meet(int block, int cpu) {
  int wait = (int)((unsigned)s->round * 2654435761U >> (8 * (block % 4)) & 0xff) * 16;
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  CPU_SET(cpu % (int)sysconf(_SC_NPROCESSORS_ONLN), &cpus);
  sched_setaffinity(0, sizeof(cpus), &cpus);
  __atomic_add_fetch(&s->blocks_ready, 1, __ATOMIC_ACQ_REL);
  while (__atomic_load_n(&s->blocks_ready, __ATOMIC_ACQUIRE) != BLOCKS + 1) sched_yield();
  while (wait-- > 0) __atomic_signal_fence(__ATOMIC_SEQ_CST);
}
/* [end] */

/* [begin] */
static void q_block_ends(void) { __atomic_add_fetch(&s->blocks_ended, 1, __ATOMIC_ACQ_REL); }
/* [end] */

/* [begin] */
static void q_start_block(void* (*block)(void*)) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, block, NULL) == 0)
    pthread_detach(thread);
  else
    (void)q_need("pthread_create", -EAGAIN);
}
/* [end] */

/* [begin] The last to come to where blocks meet: by then nobody who may end has a step to finish. */
static void q_wait_for_blocks(void) {
  __atomic_add_fetch(&s->blocks_ready, 1, __ATOMIC_ACQ_REL);
  q_wait_for(&s->blocks_ended, BLOCKS);
  __atomic_store_n(&s->check_step, q_step, __ATOMIC_RELEASE);
}
/* [end] */

#endif
