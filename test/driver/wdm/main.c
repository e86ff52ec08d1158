/* The tests of driver/wdm: the whole driver over the simulated kernel. */
#include "stand.h"

extern const test_case start_tests[];
extern const test_case security_tests[];
extern const test_case request_tests[];
extern const test_case drain_tests[];

int check_failed;

int main(void)
{
    static const test_case *const files[] = {start_tests, security_tests, request_tests, drain_tests};
    int number = 0;
    int failed = 0;
    printf("TAP version 13\n");
    for (size_t i = 0; i < RTL_NUMBER_OF(files); i++)
        for (const test_case *test = files[i]; test->name != NULL; test++)
        {
            check_failed = 0;
            stand_boot();
            test->run();
            stand_end();
            failed += check_failed;
            printf("%sok %d - %s\n", check_failed ? "not " : "", ++number, test->name);
        }
    printf("1..%d\n# simulated kernel\n%d passed, %d failed\n", number, number - failed, failed);
    return failed == 0 ? 0 : 1;
}
