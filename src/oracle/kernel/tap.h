/* How an exported program says what it saw: TAP, with the exit codes of kselftest. See calls.h for the marks. */
#ifndef QUIRE_ORACLE_KERNEL_TAP_H
#define QUIRE_ORACLE_KERNEL_TAP_H

/* [begin] */
static int q_tests;
static int q_failures;
/* [end] */

/* [begin] */
static void q_plan(int tests) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  printf("TAP version 13\n1..%d\n", tests);
}
/* [end] */

/* [begin] */
static void q_skip(const char* why) {
  printf("TAP version 13\n1..0 # SKIP %s\n", why);
  exit(4);
}
/* [end] */

/* [begin] */
static void q_bail(const char* call, const char* why) {
  printf("Bail out! %s: %s\n", call, why);
  exit(1);
}
/* [end] */

/* [begin] Or that something does not hold, but would if other things were as they should be. */
#define Q_NOT_TOLD 2
/* [end] */

/* [begin] */
static void q_expect(int holds, const char* call, const char* expected, const char* got) {
  ++q_tests;
  if (holds == Q_NOT_TOLD) {
    printf("ok %d - %s # SKIP expected %s, got %s: neighbours are mapped too\n", q_tests, call, expected, got);
  } else if (holds) {
    printf("ok %d - %s = %s\n", q_tests, call, got);
  } else {
    printf("not ok %d - %s # expected %s, got %s\n", q_tests, call, expected, got);
    ++q_failures;
  }
}
/* [end] */

/* [begin] */
static int q_finish(void) { return q_failures == 0 ? 0 : 1; }
/* [end] */

#endif
