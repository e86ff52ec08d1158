/* Thirty lines of test harness: TAP out, a failed check ends its test, a test that leaks a handle fails. */
#ifndef TRUSTLET_NTSIM_TEST_CHECK_H
#define TRUSTLET_NTSIM_TEST_CHECK_H

#include <stdint.h>
#include <stdio.h>

extern int check_failed;

#define CHECK(condition)                                                                                               \
    do                                                                                                                 \
    {                                                                                                                  \
        if (!(condition))                                                                                              \
        {                                                                                                              \
            printf("# %s:%d: %s\n", __FILE__, __LINE__, #condition);                                                   \
            check_failed = 1;                                                                                          \
            return;                                                                                                    \
        }                                                                                                              \
    } while (0)

/* Compares as 64-bit numbers; statuses are sign-extended on both sides. */
#define CHECK_EQ(actual, expected)                                                                                     \
    do                                                                                                                 \
    {                                                                                                                  \
        const int64_t a_ = (int64_t)(actual), e_ = (int64_t)(expected);                                                \
        if (a_ != e_)                                                                                                  \
        {                                                                                                              \
            printf("# %s:%d: %s is 0x%llx, not 0x%llx\n", __FILE__, __LINE__, #actual, (unsigned long long)a_,         \
                   (unsigned long long)e_);                                                                            \
            check_failed = 1;                                                                                          \
            return;                                                                                                    \
        }                                                                                                              \
    } while (0)

typedef struct
{
    const char *name;
    void (*run)(void);
} test_case;

/* Each file's tests end with an empty name. */
extern const test_case table_tests[];
extern const test_case open_tests[];
extern const test_case duplicate_tests[];
extern const test_case query_process_tests[];
extern const test_case query_system_tests[];
extern const test_case life_tests[];
extern const test_case fault_tests[];
extern const test_case fuzz_tests[];

#endif
