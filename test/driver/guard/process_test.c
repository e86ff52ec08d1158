/* Processes: what is held, what is allowed, and what is refused for which reason. */
#include "bench.h"

static void an_ordinary_process_is_held_and_allowed(void)
{
    TL_GUARD_TARGET target = process_by_id(NOTEPAD_PID, NULL);
    CHECK(target.Process != NULL && target.Thread == NULL);
    CHECK_EQ(target.Kind, TL_KIND_PROCESS);
    CHECK_EQ(target.Verdict.Verdict, TL_VERDICT_ORDINARY);
    CHECK_EQ(target.Verdict.Reason, TL_REASON_SECURE_BIT_CLEAR);
    CHECK_EQ(target.Verdict.Evidence, TL_EVIDENCE_DOCUMENTED);
    CHECK_EQ(target.Verdict.Status, STATUS_SUCCESS);
    CHECK_EQ(target.Identity.Pid, NOTEPAD_PID);
    CHECK_EQ(target.Identity.Expect, TL_EXPECT_PID | TL_EXPECT_CREATE_TIME | TL_EXPECT_START_KEY);
    CHECK_EQ(target.ThreadState, TL_THREAD_NONE);
    CHECK_ALLOWED(&target, TL_OPERATION_WRITE, 0, TL_VERDICT_ORDINARY, TL_REASON_ORDINARY);
    CHECK_ALLOWED(&target, TL_PROCESS_OPERATIONS, 0, TL_VERDICT_ORDINARY, TL_REASON_ORDINARY);
    CHECK_EQ(acted, 2);
    TlReleaseTarget(&target);
}

static void a_pointer_is_referenced_by_the_target_itself(void)
{
    TL_GUARD_TARGET target;
    PEPROCESS process = process_object(NOTEPAD_PID);
    CHECK(process != NULL);
    TlQueryProcess(&bench_guard, process, NULL, &target);
    ObDereferenceObject(process);
    CHECK(target.Process == process);
    CHECK_EQ(target.Kind, TL_KIND_PROCESS);
    CHECK_EQ(target.Verdict.Verdict, TL_VERDICT_ORDINARY);
    CHECK_EQ(target.Identity.Pid, NOTEPAD_PID);
    CHECK_ALLOWED(&target, TL_OPERATION_READ, 0, TL_VERDICT_ORDINARY, TL_REASON_ORDINARY);
    TlReleaseTarget(&target);
}

static void the_functions_status_is_the_calls(void)
{
    TL_GUARD_DECISION decision;
    TL_GUARD_TARGET target = process_by_id(NOTEPAD_PID, NULL);
    act_answer = STATUS_ACCESS_DENIED;
    CHECK_EQ(call(&target, TL_OPERATION_READ, 0, &decision), STATUS_ACCESS_DENIED);
    CHECK_EQ(decision.Decision, TL_DECISION_ALLOW);
    CHECK_EQ(decision.Evidence, TL_EVIDENCE_DOCUMENTED);
    CHECK(acted_with == &decision);
    act_answer = STATUS_PARTIAL_COPY;
    CHECK_EQ(call(&target, TL_OPERATION_READ, 0, &decision), STATUS_PARTIAL_COPY);
    CHECK_EQ(acted, 2);
    CHECK_EQ((UINT32)TL_STATUS_REFUSED, 0xE8540001u);
    TlReleaseTarget(&target);
}

static NTSTATUS read_decision(const TL_GUARD_TARGET *target, PVOID context)
{
    const TL_GUARD_DECISION *decision = context;
    (void)target;
    return decision->Decision == TL_DECISION_ALLOW && decision->Reason == TL_REASON_ORDINARY ? STATUS_SUCCESS
                                                                                             : STATUS_DATA_ERROR;
}

static void the_decision_is_there_before_the_function_runs(void)
{
    TL_GUARD_DECISION decision;
    TL_GUARD_TARGET target = process_by_id(NOTEPAD_PID, NULL);
    memset(&decision, 0xEE, sizeof decision);
    CHECK_EQ(TlGuardedCall(&bench_guard, &target, TL_OPERATION_READ, 0, read_decision, &decision, &decision),
             STATUS_SUCCESS);
    TlReleaseTarget(&target);
}

static void no_isolation_operation_is_allowed_on_a_trustlet(void)
{
    TL_GUARD_TARGET target = process_by_id(LSAISO_PID, NULL);
    CHECK(target.Process != NULL);
    CHECK_EQ(target.Verdict.Verdict, TL_VERDICT_SECURE);
    CHECK_EQ(target.Verdict.Reason, TL_REASON_SECURE_BIT_SET);
    for (UINT32 operation = 1; operation < 1u << 15; operation <<= 1)
        if ((operation & 0x0B7Eu) != 0) /* the process operations among the first twelve */
            CHECK_REFUSED(&target, operation, 0, TL_VERDICT_SECURE, TL_REASON_SECURE, STATUS_SUCCESS);
    CHECK_REFUSED(&target, TL_OPERATION_WRITE | TL_OPERATION_TERMINATE, TL_OPERATION_TERMINATE, TL_VERDICT_SECURE,
                  TL_REASON_SECURE, STATUS_SUCCESS);
    CHECK_EQ(acted, 0);
    TlReleaseTarget(&target);
}

static void its_availability_must_be_accepted_by_name(void)
{
    TL_GUARD_TARGET target = process_by_id(LSAISO_PID, NULL);
    CHECK_REFUSED(&target, TL_OPERATION_TERMINATE, 0, TL_VERDICT_SECURE, TL_REASON_AVAILABILITY, STATUS_SUCCESS);
    CHECK_REFUSED(&target, TL_OPERATION_TERMINATE, TL_OPERATION_DUPLICATE_HANDLE, TL_VERDICT_SECURE,
                  TL_REASON_AVAILABILITY, STATUS_SUCCESS);
    CHECK_REFUSED(&target, TL_OPERATION_TERMINATE | TL_OPERATION_DUPLICATE_HANDLE, TL_OPERATION_TERMINATE,
                  TL_VERDICT_SECURE, TL_REASON_AVAILABILITY, STATUS_SUCCESS);
    CHECK_ALLOWED(&target, TL_OPERATION_TERMINATE, TL_OPERATION_TERMINATE, TL_VERDICT_SECURE,
                  TL_REASON_AVAILABILITY_ACCEPTED);
    TlReleaseTarget(&target);
}

static void nothing_accepted_opens_the_unknown(void)
{
    TL_GUARD_TARGET target = process_by_id(EXITING_PID, NULL);
    CHECK(target.Process != NULL);
    CHECK_EQ(target.Verdict.Verdict, TL_VERDICT_UNKNOWN);
    CHECK_EQ(target.Verdict.Reason, TL_REASON_EXITING);
    CHECK_REFUSED(&target, TL_OPERATION_TERMINATE, TL_OPERATION_TERMINATE, TL_VERDICT_UNKNOWN, TL_REASON_EXITING,
                  STATUS_SUCCESS);
    CHECK_REFUSED(&target, TL_OPERATION_READ, 0, TL_VERDICT_UNKNOWN, TL_REASON_EXITING, STATUS_SUCCESS);
    TlReleaseTarget(&target);
}

static void a_failed_query_is_unknown(void)
{
    ntsim_kernel_fail_secure_call(LSAISO_PID, STATUS_DEVICE_NOT_CONNECTED);
    TL_GUARD_TARGET target = process_by_id(LSAISO_PID, NULL);
    CHECK(target.Process != NULL);
    CHECK_EQ(target.Verdict.Verdict, TL_VERDICT_UNKNOWN);
    CHECK_EQ(target.Verdict.Status, STATUS_DEVICE_NOT_CONNECTED);
    CHECK_REFUSED(&target, TL_OPERATION_WRITE, 0, TL_VERDICT_UNKNOWN, TL_REASON_QUERY_FAILED,
                  STATUS_DEVICE_NOT_CONNECTED);
    TlReleaseTarget(&target);
}

static void what_counts_is_the_answer_at_the_call(void)
{
    ntsim_kernel_fail_query(NTSIM_ZwQueryInformationProcess, 0, NOTEPAD_PID, 1, STATUS_INSUFFICIENT_RESOURCES);
    TL_GUARD_TARGET target = process_by_id(NOTEPAD_PID, NULL);
    CHECK_EQ(target.Verdict.Verdict, TL_VERDICT_UNKNOWN);
    CHECK_ALLOWED(&target, TL_OPERATION_READ, 0, TL_VERDICT_ORDINARY, TL_REASON_ORDINARY);
    ntsim_kernel_fail_query(NTSIM_ZwQueryInformationProcess, 0, NOTEPAD_PID, 1, STATUS_INSUFFICIENT_RESOURCES);
    CHECK_REFUSED(&target, TL_OPERATION_READ, 0, TL_VERDICT_UNKNOWN, TL_REASON_QUERY_FAILED,
                  STATUS_INSUFFICIENT_RESOURCES);
    TlReleaseTarget(&target);
    TL_GUARD_TARGET trustlet = process_by_id(LSAISO_PID, NULL);
    trustlet.Verdict.Verdict = TL_VERDICT_ORDINARY;
    CHECK_REFUSED(&trustlet, TL_OPERATION_READ, 0, TL_VERDICT_SECURE, TL_REASON_SECURE, STATUS_SUCCESS);
    TlReleaseTarget(&trustlet);
}

static void before_15063_a_clear_bit_beside_a_secure_kernel_is_unknown(void)
{
    bench_end();
    bench_boot_on(14393, NTSIM_SYSTEM_VSM | NTSIM_SYSTEM_SECURE_BIT);
    TL_GUARD_TARGET target = process_by_id(NOTEPAD_PID, NULL);
    CHECK_REFUSED(&target, TL_OPERATION_READ, 0, TL_VERDICT_UNKNOWN, TL_REASON_DOWNLEVEL_BIT, STATUS_SUCCESS);
    TlReleaseTarget(&target);
    target = process_by_id(LSAISO_PID, NULL);
    CHECK_REFUSED(&target, TL_OPERATION_READ, 0, TL_VERDICT_SECURE, TL_REASON_SECURE, STATUS_SUCCESS);
    TlReleaseTarget(&target);
    bench_end();
    bench_boot_on(14393, 0);
    target = process_by_id(NOTEPAD_PID, NULL);
    CHECK_EQ(target.Verdict.Evidence, TL_EVIDENCE_DERIVED);
    TL_GUARD_DECISION decision;
    CHECK_EQ(call(&target, TL_OPERATION_READ, 0, &decision), STATUS_SUCCESS);
    CHECK_EQ(decision.Evidence, TL_EVIDENCE_DERIVED);
    CHECK_ALLOWED(&target, TL_OPERATION_READ, 0, TL_VERDICT_ORDINARY, TL_REASON_ORDINARY);
    TlReleaseTarget(&target);
}

static void a_pid_of_nobody_is_gone(void)
{
    /* An id that is nobody's; one whose low bits the kernel would ignore; one that is NOTEPAD_PID only if cut to 32
     * bits. */
    static const uint64_t pids[] = {NOBODY_PID, NOTEPAD_PID + 1u, 0x100000000u + NOTEPAD_PID};
    for (size_t i = 0; i < ARRAYSIZE(pids); i++)
    {
        TL_GUARD_TARGET target = process_by_id(pids[i], NULL);
        CHECK(target.Process == NULL);
        CHECK_EQ(target.Identity.Expect, 0);
        CHECK_EQ(target.Verdict.Reason, TL_REASON_GONE);
        CHECK_REFUSED(&target, TL_OPERATION_READ, 0, TL_VERDICT_UNKNOWN, TL_REASON_GONE, STATUS_INVALID_CID);
        TlReleaseTarget(&target);
    }
    TL_GUARD_TARGET idle = process_by_id(0, NULL);
    CHECK_REFUSED(&idle, TL_OPERATION_READ, 0, TL_VERDICT_UNKNOWN, TL_REASON_IDLE_PROCESS, STATUS_INVALID_CID);
    TlReleaseTarget(&idle);
}

static void a_pointer_that_was_never_filled_is_refused(void)
{
    TL_GUARD_TARGET target;
    TlQueryProcess(&bench_guard, NULL, NULL, &target);
    CHECK_REFUSED(&target, TL_OPERATION_READ, 0, TL_VERDICT_UNKNOWN, TL_REASON_QUERY_FAILED, STATUS_INVALID_PARAMETER);
    TlReleaseTarget(&target);
    TlQueryThread(&bench_guard, NULL, NULL, &target);
    CHECK_REFUSED(&target, TL_OPERATION_QUEUE_APC, 0, TL_VERDICT_UNKNOWN, TL_REASON_QUERY_FAILED,
                  STATUS_INVALID_PARAMETER);
    TlReleaseTarget(&target);
}

static void a_released_target_is_refused(void)
{
    TL_GUARD_TARGET target = process_by_id(NOTEPAD_PID, NULL);
    TlReleaseTarget(&target);
    CHECK(target.Process == NULL);
    CHECK_EQ(target.Kind, 0);
    CHECK_EQ(target.Identity.Expect | target.Identity.Pid | target.Identity.CreateTime, 0);
    CHECK_EQ(target.Verdict.Evidence, TL_EVIDENCE_DOCUMENTED);
    TlReleaseTarget(&target);
    CHECK_REFUSED(&target, TL_OPERATION_READ, 0, TL_VERDICT_UNKNOWN, TL_REASON_INVALID_HANDLE, STATUS_INVALID_HANDLE);
    const TL_GUARD_TARGET never_queried = {0};
    CHECK_REFUSED(&never_queried, TL_OPERATION_READ, 0, TL_VERDICT_UNKNOWN, TL_REASON_QUERY_FAILED, STATUS_SUCCESS);
}

static void operations_that_make_no_sense_are_refused(void)
{
    static const UINT32 wrong[][2] = {
        {0, 0},                                                        /* none */
        {1u << 15, 0},                                                 /* one there is not */
        {0x80000001u, 0},                                              /* one there is, and one there is not */
        {TL_OPERATION_QUEUE_APC, 0},                                   /* a thread's, on a process */
        {TL_OPERATION_READ | TL_OPERATION_SUSPEND, 0},                 /* a process's and a thread's */
        {TL_OPERATION_READ, TL_OPERATION_READ},                        /* accepts what nobody can */
        {TL_OPERATION_TERMINATE, TL_OPERATION_TERMINATE | (1u << 20)}, /* and what does not exist */
    };
    TL_GUARD_TARGET target = process_by_id(NOTEPAD_PID, NULL);
    const uint64_t asked = ntsim_kernel_calls(NTSIM_ZwQueryInformationProcess);
    for (size_t i = 0; i < ARRAYSIZE(wrong); i++)
        CHECK_REFUSED(&target, wrong[i][0], wrong[i][1], TL_VERDICT_UNKNOWN, TL_REASON_QUERY_FAILED,
                      STATUS_INVALID_PARAMETER);
    CHECK_EQ(ntsim_kernel_calls(NTSIM_ZwQueryInformationProcess), asked);
    TlReleaseTarget(&target);
}

static void is_secure_process_is_there_under_its_own_name(void)
{
    TL_SECURE_ANSWER secure = {0xEE};
    CHECK_EQ(IsSecureProcess(NtCurrentProcess(), &secure), STATUS_SUCCESS);
    CHECK_EQ(secure.Verdict, TL_VERDICT_ORDINARY);
    CHECK_EQ(IsSecureProcess((HANDLE)(uintptr_t)0x7770, &secure), STATUS_INVALID_HANDLE);
    CHECK_EQ(secure.Verdict, TL_VERDICT_UNKNOWN);
}

const test_case process_tests[] = {
    {"process: an ordinary one is held, and its operations are allowed", an_ordinary_process_is_held_and_allowed},
    {"process: a target references what it was given by pointer", a_pointer_is_referenced_by_the_target_itself},
    {"process: the function's status is the call's", the_functions_status_is_the_calls},
    {"process: the decision is written before the function runs", the_decision_is_there_before_the_function_runs},
    {"process: no isolation operation is allowed on a trustlet", no_isolation_operation_is_allowed_on_a_trustlet},
    {"process: a trustlet's availability must be accepted by name", its_availability_must_be_accepted_by_name},
    {"process: nothing accepted opens the unknown", nothing_accepted_opens_the_unknown},
    {"process: a failed query is unknown", a_failed_query_is_unknown},
    {"process: what counts is the answer at the call", what_counts_is_the_answer_at_the_call},
    {"process: before build 15063", before_15063_a_clear_bit_beside_a_secure_kernel_is_unknown},
    {"process: a pid of nobody is gone", a_pid_of_nobody_is_gone},
    {"process: a pointer that was never filled is refused", a_pointer_that_was_never_filled_is_refused},
    {"process: a released target is refused, and may be released again", a_released_target_is_refused},
    {"process: operations that make no sense are refused unasked", operations_that_make_no_sense_are_refused},
    {"process: IsSecureProcess is exported", is_secure_process_is_there_under_its_own_name},
    {0},
};
