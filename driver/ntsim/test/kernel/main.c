#include "cases.h"

int check_failed;

static const ntsim_program programs[] = {
    {.pid = AGENT_PID, .parent_pid = 4, .name = "agent.exe", .threads = 2},
    {.pid = NOTEPAD_PID, .parent_pid = AGENT_PID, .session_id = 1, .name = "notepad.exe", .threads = 2},
    {.pid = LSAISO_PID, .parent_pid = 4, .name = "LsaIso.exe", .threads = 1, .secure = true},
    {.pid = HIDDEN_PID, .parent_pid = 4, .name = "hidden.exe", .threads = 1, .denied_access = 0x1FFFFF},
};

void boot_build(uint32_t build)
{
    ntsim_system system = NTSIM_WINDOWS_11;
    system.build = build;
    ntsim_kernel_boot(&system, programs, RTL_NUMBER_OF(programs));
}

void boot(void)
{
    boot_build(26100);
}

int main(void)
{
    static const test_case *const files[] = {
        pool_tests,     object_tests,   handle_tests, query_tests,   irql_tests,  lock_tests,   remove_lock_tests,
        security_tests, registry_tests, device_tests, request_tests, order_tests, script_tests, thread_tests};
    int number = 0;
    int failed = 0;
    printf("TAP version 13\n");
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        for (const test_case *test = files[i]; test->name != NULL; test++)
        {
            check_failed = 0;
            boot();
            test->run();
            if (ntsim_kernel_check() != 0)
                check_failed = 1;
            ntsim_kernel_shutdown();
            failed += check_failed;
            printf("%sok %d - %s\n", check_failed ? "not " : "", ++number, test->name);
        }
    printf("1..%d\n# %d passed, %d failed\n", number, number - failed, failed);
    return failed == 0 ? 0 : 1;
}
