#include "bench.h"

#include <stdlib.h>

TL_GUARD_STATE bench_guard;
NTSTATUS bench_status;
unsigned acted;
TL_GUARD_TARGET acted_on;
PVOID acted_with;
NTSTATUS act_answer;

static const ntsim_program programs[] = {
    {.pid = AGENT_PID, .parent_pid = 4, .name = "agent.exe", .threads = 1},
    {.pid = NOTEPAD_PID, .parent_pid = AGENT_PID, .session_id = 1, .name = "notepad.exe", .threads = 2},
    {.pid = LSAISO_PID, .parent_pid = 4, .name = "LsaIso.exe", .threads = 1, .secure = true},
    {.pid = EXITING_PID, .parent_pid = 4, .name = "ending.exe", .threads = 1, .state = NTSIM_PROCESS_EXITING},
};

void bench_boot_on(uint32_t build, uint32_t bits)
{
    const ntsim_system system = {.build = build, .bits = bits};
    ntsim_kernel_boot(&system, programs, ARRAYSIZE(programs));
    acted = 0;
    acted_with = NULL;
    act_answer = STATUS_SUCCESS;
    bench_status = TlGuardStart(&bench_guard);
    if (!ntsim_kernel_attach(AGENT_PID, 0, UserMode))
    {
        printf("Bail out! no agent\n");
        exit(1);
    }
}

void bench_boot(void)
{
    bench_boot_on(26100, NTSIM_SYSTEM_VSM | NTSIM_SYSTEM_HYPERVISOR | NTSIM_SYSTEM_SECURE_BIT);
}

void bench_end(void)
{
    if (ntsim_kernel_check() != 0)
        check_failed = 1;
    ntsim_kernel_shutdown();
}

NTSTATUS act(const TL_GUARD_TARGET *target, PVOID context)
{
    acted++;
    acted_on = *target;
    acted_with = context;
    return act_answer;
}

NTSTATUS call(const TL_GUARD_TARGET *target, UINT32 operations, UINT32 accepted, TL_GUARD_DECISION *decision)
{
    memset(decision, 0xEE, sizeof *decision);
    return TlGuardedCall(&bench_guard, target, operations, accepted, act, decision, decision);
}

TL_GUARD_TARGET process_by_id(uint64_t pid, const TL_GUARD_IDENTITY *expected)
{
    TL_GUARD_TARGET target;
    memset(&target, 0xEE, sizeof target);
    TlQueryProcessById(&bench_guard, (HANDLE)(uintptr_t)pid, expected, &target);
    return target;
}

TL_GUARD_TARGET thread_by_id(uint64_t tid, const TL_GUARD_IDENTITY *expected)
{
    TL_GUARD_TARGET target;
    memset(&target, 0xEE, sizeof target);
    TlQueryThreadById(&bench_guard, (HANDLE)(uintptr_t)tid, expected, &target);
    return target;
}

PEPROCESS process_object(uint32_t pid)
{
    PEPROCESS process = NULL;
    return NT_SUCCESS(PsLookupProcessByProcessId((HANDLE)(uintptr_t)pid, &process)) ? process : NULL;
}

PETHREAD thread_object(uint32_t tid)
{
    PETHREAD thread = NULL;
    return NT_SUCCESS(PsLookupThreadByThreadId((HANDLE)(uintptr_t)tid, &thread)) ? thread : NULL;
}
