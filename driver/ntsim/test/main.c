#include "check.h"

#include "ntsim.h"

int check_failed;

int main(void)
{
    static const test_case *const files[] = {table_tests,        open_tests, duplicate_tests, query_process_tests,
                                             query_system_tests, life_tests, fault_tests,     fuzz_tests};
    int number = 0;
    int failed = 0;
    printf("TAP version 13\n");
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        for (const test_case *test = files[i]; test->name != NULL; test++)
        {
            check_failed = 0;
            test->run();
            if (check_failed == 0 && ntsim_open_handles() != 0)
            {
                printf("# %u handles left open\n", ntsim_open_handles());
                check_failed = 1;
            }
            ntsim_unload();
            failed += check_failed;
            printf("%sok %d - %s\n", check_failed ? "not " : "", ++number, test->name);
        }
    printf("1..%d\n# %d passed, %d failed\n", number, number - failed, failed);
    return failed == 0 ? 0 : 1;
}
