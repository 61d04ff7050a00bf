/* The same as tap.h, by what tools/testing/selftests/kselftest.h has. See calls.h for the marks. */
#ifndef QUIRE_ORACLE_KERNEL_KSFT_H
#define QUIRE_ORACLE_KERNEL_KSFT_H

/* [begin] */
static void q_plan(int tests) {
  ksft_print_header();
  ksft_set_plan(tests);
}
/* [end] */

/* [begin] */
static void q_skip(const char* why) {
  ksft_print_header();
  ksft_exit_skip("%s\n", why);
}
/* [end] */

/* [begin] */
static void q_bail(const char* call, const char* why) { ksft_exit_fail_msg("%s: %s\n", call, why); }
/* [end] */

/* [begin] Or that something does not hold, but would if other things were as they should be. */
#define Q_NOT_TOLD 2
/* [end] */

/* [begin] */
static void q_expect(int holds, const char* call, const char* expected, const char* got) {
  if (holds == Q_NOT_TOLD) {
    ksft_test_result_skip("%s: expected %s, got %s: neighbours are mapped too\n", call, expected, got);
    return;
  }
  if (!holds) ksft_print_msg("%s: expected %s, got %s\n", call, expected, got);
  ksft_test_result(holds, "%s = %s\n", call, expected);
}
/* [end] */

/* [begin] */
static int q_finish(void) {
  ksft_finished();
  return KSFT_FAIL;
}
/* [end] */

#endif
