/* Where and when the guard may be asked; every failure at every site; many threads at once. */
#include <pthread.h>

#include "bench.h"

static void where_the_kernel_must_not_be_asked_the_answer_is_unknown(void)
{
    PEPROCESS process = process_object(NOTEPAD_PID);
    PETHREAD thread = thread_object(NTSIM_TID(NOTEPAD_PID, 0));
    TL_GUARD_TARGET held = process_by_id(NOTEPAD_PID, NULL);
    TL_GUARD_TARGET targets[6];
    const TL_GUARD_IDENTITY expected = held.Identity;
    for (KIRQL irql = APC_LEVEL; irql <= DISPATCH_LEVEL; irql++)
    {
        const uint64_t asked = ntsim_kernel_calls(NTSIM_ZwQueryInformationProcess);
        ntsim_kernel_set_irql(irql);
        targets[0] = process_by_id(NOTEPAD_PID, NULL);
        targets[1] = thread_by_id(NTSIM_TID(NOTEPAD_PID, 0), NULL);
        TlQueryProcess(&bench_guard, process, NULL, &targets[2]);
        TlQueryThread(&bench_guard, thread, NULL, &targets[3]);
        targets[4] = process_by_id(NOTEPAD_PID, &expected);
        targets[5] = thread_by_id(NTSIM_TID(NOTEPAD_PID, 0), &expected);
        for (size_t i = 0; i < ARRAYSIZE(targets); i++)
        {
            CHECK(targets[i].Process == NULL && targets[i].Thread == NULL);
            CHECK_EQ(targets[i].Verdict.Verdict, TL_VERDICT_UNKNOWN);
            CHECK_EQ(targets[i].Verdict.Status, STATUS_INVALID_LEVEL);
        }
        CHECK_REFUSED(&held, TL_OPERATION_READ, 0, TL_VERDICT_UNKNOWN, TL_REASON_QUERY_FAILED, STATUS_INVALID_LEVEL);
        ntsim_kernel_set_irql(PASSIVE_LEVEL);
        CHECK_EQ(ntsim_kernel_calls(NTSIM_ZwQueryInformationProcess), asked);
    }
    CHECK_ALLOWED(&held, TL_OPERATION_READ, 0, TL_VERDICT_ORDINARY, TL_REASON_ORDINARY);
    TlReleaseTarget(&held);
    ObDereferenceObject(process);
    ObDereferenceObject(thread);
}

static void a_target_is_released_at_dispatch_level(void)
{
    TL_GUARD_TARGET target = thread_by_id(NTSIM_TID(NOTEPAD_PID, 0), NULL);
    ntsim_kernel_set_irql(DISPATCH_LEVEL);
    TlReleaseTarget(&target);
    ntsim_kernel_set_irql(PASSIVE_LEVEL);
}

static void a_guard_that_was_not_started_refuses(void)
{
    TL_GUARD_TARGET target = process_by_id(NOTEPAD_PID, NULL);
    const TL_GUARD_STATE started = bench_guard;
    memset(&bench_guard, 0, sizeof bench_guard);
    CHECK_REFUSED(&target, TL_OPERATION_READ, 0, TL_VERDICT_UNKNOWN, TL_REASON_QUERY_FAILED, STATUS_DEVICE_NOT_READY);
    TlReleaseTarget(&target);
    target = process_by_id(NOTEPAD_PID, NULL);
    CHECK(target.Process == NULL);
    CHECK_EQ(target.Verdict.Status, STATUS_DEVICE_NOT_READY);
    memset(&bench_guard, 0xEE, sizeof bench_guard);
    ntsim_kernel_fail(NTSIM_RtlGetVersion, 1, STATUS_UNSUCCESSFUL);
    CHECK_EQ(TlGuardStart(&bench_guard), STATUS_UNSUCCESSFUL);
    target = process_by_id(NOTEPAD_PID, NULL);
    CHECK_EQ(target.Verdict.Status, STATUS_DEVICE_NOT_READY);
    bench_guard = started;
}

/* ---- every call that can fail, failed at every site ---- */

static int wrong;

/* Whatever failed: the function ran once if the call was allowed and else not at all, and never on a trustlet. */
static void expect_consistent(TL_GUARD_TARGET target, UINT32 operations, bool is_trustlet)
{
    TL_GUARD_DECISION decision;
    const unsigned before = acted;
    act_answer = STATUS_SUCCESS;
    const NTSTATUS status = call(&target, operations, 0, &decision);
    const bool allowed = decision.Decision == TL_DECISION_ALLOW;
    const bool consistent =
        allowed ? status == STATUS_SUCCESS && acted == before + 1 && target.Process != NULL
                : status == TL_STATUS_REFUSED && acted == before && decision.Decision == TL_DECISION_REFUSE;
    if (!consistent || (is_trustlet && (allowed || target.Verdict.Verdict == TL_VERDICT_ORDINARY)))
    {
        printf("# %s: status 0x%x, decision %u, acted %u times\n", ntsim_fault_site_name(), (unsigned)status,
               decision.Decision, acted - before);
        wrong++;
    }
    TlReleaseTarget(&target);
}

static void ask_everything(void)
{
    const TL_GUARD_IDENTITY pid_only = {.Expect = TL_EXPECT_PID, .Pid = NOTEPAD_PID};
    PEPROCESS process = process_object(LSAISO_PID);
    PETHREAD thread = thread_object(NTSIM_TID(LSAISO_PID, 0));
    TL_GUARD_TARGET target;
    TL_SECURE_ANSWER secure = {0xEE};

    expect_consistent(process_by_id(NOTEPAD_PID, &pid_only), TL_OPERATION_READ, false);
    expect_consistent(process_by_id(LSAISO_PID, NULL), TL_OPERATION_WRITE, true);
    expect_consistent(thread_by_id(NTSIM_TID(NOTEPAD_PID, 0), NULL), TL_OPERATION_QUEUE_APC, false);
    expect_consistent(thread_by_id(NTSIM_TID(LSAISO_PID, 0), NULL), TL_OPERATION_QUEUE_APC, true);
    TlQueryProcess(&bench_guard, process, NULL, &target);
    expect_consistent(target, TL_OPERATION_DUMP, true);
    TlQueryThread(&bench_guard, thread, NULL, &target);
    expect_consistent(target, TL_OPERATION_SET_CONTEXT, true);
    if (!NT_SUCCESS(IsSecureProcess(NtCurrentProcess(), &secure)) && secure.Verdict != TL_VERDICT_UNKNOWN)
        wrong++;
    if (process != NULL)
        ObDereferenceObject(process);
    if (thread != NULL)
        ObDereferenceObject(thread);
}

static void check_every_site(uint32_t build, uint32_t bits)
{
    int sites = 0;
    wrong = 0;
    bench_end();
    while (ntsim_next_fault_site())
    {
        bench_boot_on(build, bits);
        /* A driver whose guard does not start may go on: everything is refused. */
        ask_everything();
        if (!NT_SUCCESS(bench_status) && acted != 0)
            wrong++;
        sites += ntsim_fault_site_hit();
        bench_end();
        if (check_failed != 0)
            printf("# after a failure of %s\n", ntsim_fault_site_name());
    }
    bench_boot();
    printf("# %d call sites failed, one at a time, on build %u\n", sites, build);
    CHECK_EQ(wrong, 0);
    CHECK(sites >= 12);
}

static void every_site_on_windows_11(void)
{
    check_every_site(26100, NTSIM_SYSTEM_VSM | NTSIM_SYSTEM_SECURE_BIT);
}

static void every_site_before_the_bit(void)
{
    check_every_site(14393, NTSIM_SYSTEM_SECURE_BIT);
}

/* ---- threads ---- */

#define WORKERS 4
#define ROUNDS 200

static int mistakes;

static NTSTATUS count_act(const TL_GUARD_TARGET *target, PVOID context)
{
    (void)target;
    (*(unsigned *)context)++;
    return STATUS_SUCCESS;
}

static void *worker(void *shared)
{
    unsigned ran = 0;
    unsigned allowed = 0;
    if (!ntsim_kernel_attach(AGENT_PID, 0, UserMode))
        (void)__atomic_add_fetch(&mistakes, 1, __ATOMIC_RELAXED);
    for (int i = 0; i < ROUNDS; i++)
    {
        TL_GUARD_DECISION decision;
        TL_GUARD_TARGET own = process_by_id(i % 2 == 0 ? LSAISO_PID : NOTEPAD_PID, NULL);
        const NTSTATUS status = TlGuardedCall(&bench_guard, &own, TL_OPERATION_READ, 0, count_act, &ran, &decision);
        allowed += decision.Decision == TL_DECISION_ALLOW;
        if (i % 2 == 0 && status != TL_STATUS_REFUSED)
            (void)__atomic_add_fetch(&mistakes, 1, __ATOMIC_RELAXED);
        TlReleaseTarget(&own);
        /* One target, used by all at once. */
        if (!NT_SUCCESS(TlGuardedCall(&bench_guard, shared, TL_OPERATION_READ, 0, count_act, &ran, &decision)))
            (void)__atomic_add_fetch(&mistakes, 1, __ATOMIC_RELAXED);
        allowed++;
    }
    if (ran != allowed)
        (void)__atomic_add_fetch(&mistakes, 1, __ATOMIC_RELAXED);
    ntsim_kernel_detach();
    return NULL;
}

static void many_threads_ask_at_once(void)
{
    static const ntsim_program again = {.pid = NOTEPAD_PID, .name = "again.exe", .threads = 1};
    pthread_t threads[WORKERS];
    TL_GUARD_TARGET shared = process_by_id(AGENT_PID, NULL);
    mistakes = 0;
    for (int i = 0; i < WORKERS; i++)
        CHECK_EQ(pthread_create(&threads[i], NULL, worker, &shared), 0);
    for (int i = 0; i < ROUNDS; i++)
    {
        (void)ntsim_kernel_exit_process(NOTEPAD_PID);
        (void)ntsim_kernel_start_process(&again);
    }
    for (int i = 0; i < WORKERS; i++)
        CHECK_EQ(pthread_join(threads[i], NULL), 0);
    CHECK_EQ(mistakes, 0);
    TlReleaseTarget(&shared);
}

const test_case context_tests[] = {
    {"context: above PASSIVE_LEVEL the answer is unknown, and nobody is asked",
     where_the_kernel_must_not_be_asked_the_answer_is_unknown},
    {"context: a target may be released at DISPATCH_LEVEL", a_target_is_released_at_dispatch_level},
    {"context: a guard that was not started refuses", a_guard_that_was_not_started_refuses},
    {"faults: whichever call fails, the function runs once on allow and never else, and nothing leaks",
     every_site_on_windows_11},
    {"faults: nor on a Windows before the bit", every_site_before_the_bit},
    {"threads: many ask at once while the process ends and starts", many_threads_ask_at_once},
    {0},
};
