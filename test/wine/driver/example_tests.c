#include "tests.h"

#include <stdlib.h>

/* Runs the example on a pid and answers its exit code. */
static DWORD run_example(const char *program, DWORD pid)
{
    char command[2 * MAX_PATH];
    STARTUPINFOA startup = {.cb = sizeof startup};
    PROCESS_INFORMATION started = {0};
    DWORD exit_code = 0;
    snprintf(command, sizeof command, "\"%s\" %lu %s", program, pid, simulation.device);
    if (!CreateProcessA(program, command, NULL, NULL, FALSE, 0, NULL, NULL, &startup, &started))
        return 0xFFFFFFFF;
    WaitForSingleObject(started.hProcess, 30000);
    GetExitCodeProcess(started.hProcess, &exit_code);
    CloseHandle(started.hProcess);
    CloseHandle(started.hThread);
    return exit_code;
}

void example_tests(const char *program)
{
    stand_in trustlet = start_stand_in();
    stand_in ordinary = start_stand_in();
    script_process(trustlet.pid, 0, 0x80, 0xFF);
    script_process(ordinary.pid, 0, 0, 0xFF);
    check(run_example(program, trustlet.pid) == 10, "the example says 10 of a trustlet");
    check(run_example(program, ordinary.pid) == 0, "the example says 0 of an ordinary process");
    script_process(ordinary.pid, 0xC0000001, 0, 0xFF);
    check(run_example(program, ordinary.pid) == 11, "the example says 11 of a process that cannot be judged");
    check(run_example(program, 0x7FFFFFFC) == 1, "the example says 1 of a pid that nobody has");
    end_stand_in(&trustlet);
    end_stand_in(&ordinary);
}
