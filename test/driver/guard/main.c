/* The tests of driver/guard and driver/sample, over the simulated kernel. */
#include "bench.h"

extern const test_case process_tests[];
extern const test_case identity_tests[];
extern const test_case thread_tests[];
extern const test_case context_tests[];
extern const test_case sample_tests[];

int check_failed;

int main(void)
{
    static const test_case *const files[] = {process_tests, identity_tests, thread_tests, context_tests, sample_tests};
    int number = 0;
    int failed = 0;
    printf("TAP version 13\n");
    for (size_t i = 0; i < ARRAYSIZE(files); i++)
        for (const test_case *test = files[i]; test->name != NULL; test++)
        {
            check_failed = 0;
            bench_boot();
            test->run();
            bench_end();
            failed += check_failed;
            printf("%sok %d - %s\n", check_failed ? "not " : "", ++number, test->name);
        }
    printf("1..%d\n# simulated kernel\n%d passed, %d failed\n", number, number - failed, failed);
    return failed == 0 ? 0 : 1;
}
