/* The tests of driver/core, over the simulated kernel. */
#include "bench.h"

extern const test_case validate_tests[];
extern const test_case hello_stats_tests[];
extern const test_case query_tests[];
extern const test_case census_tests[];
extern const test_case examine_tests[];
extern const test_case guard_tests[];
extern const test_case values_tests[];
extern const test_case secure_tests[];
extern const test_case fault_site_tests[];
extern const test_case lying_tests[];
extern const test_case decide_tests[];
extern const test_case detail_tests[];

int check_failed;

int main(void)
{
    static const test_case *const files[] = {validate_tests,   values_tests, guard_tests,   hello_stats_tests,
                                             query_tests,      census_tests, examine_tests, secure_tests,
                                             fault_site_tests, lying_tests,  decide_tests,  detail_tests};
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
