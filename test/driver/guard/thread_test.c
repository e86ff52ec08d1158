/* Threads: judged by their process, and only while they live. */
#include "bench.h"

static void a_thread_is_held_with_its_process(void)
{
    TL_GUARD_TARGET target = thread_by_id(NTSIM_TID(NOTEPAD_PID, 1), NULL);
    CHECK(target.Process != NULL && target.Thread != NULL);
    CHECK_EQ(target.Kind, TL_KIND_THREAD);
    CHECK_EQ(target.Tid, NTSIM_TID(NOTEPAD_PID, 1));
    CHECK_EQ(target.Identity.Pid, NOTEPAD_PID);
    CHECK_EQ(target.ThreadState, TL_THREAD_PAIRED);
    CHECK_EQ(target.Verdict.Verdict, TL_VERDICT_ORDINARY);
    CHECK_ALLOWED(&target, TL_OPERATION_QUEUE_APC, 0, TL_VERDICT_ORDINARY, TL_REASON_ORDINARY);
    /* The whole of a DLL brought in by an APC, in one call: every operation is known for a thread target. */
    CHECK_ALLOWED(&target,
                  TL_OPERATION_QUEUE_APC | TL_OPERATION_ALLOCATE | TL_OPERATION_WRITE | TL_OPERATION_LOAD_LIBRARY, 0,
                  TL_VERDICT_ORDINARY, TL_REASON_ORDINARY);
    CHECK_REFUSED(&target, 1u << 15, 0, TL_VERDICT_UNKNOWN, TL_REASON_QUERY_FAILED, STATUS_INVALID_PARAMETER);
    TlReleaseTarget(&target);
    CHECK(target.Process == NULL && target.Thread == NULL);
}

static void a_pointer_to_a_thread_is_referenced(void)
{
    TL_GUARD_TARGET target;
    PETHREAD thread = thread_object(NTSIM_TID(NOTEPAD_PID, 0));
    CHECK(thread != NULL);
    TlQueryThread(&bench_guard, thread, NULL, &target);
    ObDereferenceObject(thread);
    CHECK(target.Thread == thread);
    CHECK_ALLOWED(&target, TL_OPERATION_SET_CONTEXT, 0, TL_VERDICT_ORDINARY, TL_REASON_ORDINARY);
    TlReleaseTarget(&target);
}

static void a_trustlets_thread_gets_no_apc(void)
{
    TL_GUARD_TARGET target = thread_by_id(NTSIM_TID(LSAISO_PID, 0), NULL);
    CHECK_EQ(target.Verdict.Verdict, TL_VERDICT_SECURE);
    CHECK_REFUSED(&target, TL_OPERATION_QUEUE_APC, 0, TL_VERDICT_SECURE, TL_REASON_SECURE, STATUS_SUCCESS);
    CHECK_REFUSED(&target, TL_OPERATION_SET_CONTEXT, 0, TL_VERDICT_SECURE, TL_REASON_SECURE, STATUS_SUCCESS);
    CHECK_REFUSED(&target, TL_OPERATION_SET_WINDOWS_HOOK, 0, TL_VERDICT_SECURE, TL_REASON_SECURE, STATUS_SUCCESS);
    CHECK_REFUSED(&target, TL_OPERATION_QUEUE_APC | TL_OPERATION_SUSPEND, TL_OPERATION_SUSPEND, TL_VERDICT_SECURE,
                  TL_REASON_SECURE, STATUS_SUCCESS);
    CHECK_REFUSED(&target, TL_OPERATION_SUSPEND, 0, TL_VERDICT_SECURE, TL_REASON_AVAILABILITY, STATUS_SUCCESS);
    CHECK_ALLOWED(&target, TL_OPERATION_SUSPEND, TL_OPERATION_SUSPEND, TL_VERDICT_SECURE,
                  TL_REASON_AVAILABILITY_ACCEPTED);
    TlReleaseTarget(&target);
}

static void an_ended_thread_is_refused(void)
{
    TL_GUARD_TARGET target = thread_by_id(NTSIM_TID(NOTEPAD_PID, 1), NULL);
    PETHREAD thread = thread_object(NTSIM_TID(NOTEPAD_PID, 1));
    CHECK_EQ(target.ThreadState, TL_THREAD_PAIRED);
    CHECK(ntsim_kernel_exit_thread(NTSIM_TID(NOTEPAD_PID, 1)));
    CHECK_REFUSED(&target, TL_OPERATION_QUEUE_APC, 0, TL_VERDICT_ORDINARY, TL_REASON_THREAD_EXITED, STATUS_SUCCESS);
    TlReleaseTarget(&target);
    TlQueryThread(&bench_guard, thread, NULL, &target);
    ObDereferenceObject(thread);
    CHECK_EQ(target.ThreadState, TL_THREAD_EXITED);
    CHECK_EQ(target.Verdict.Verdict, TL_VERDICT_ORDINARY);
    CHECK_REFUSED(&target, TL_OPERATION_QUEUE_APC, 0, TL_VERDICT_ORDINARY, TL_REASON_THREAD_EXITED, STATUS_SUCCESS);
    TlReleaseTarget(&target);
}

static void a_silent_thread_is_refused(void)
{
    TL_GUARD_TARGET target = thread_by_id(NTSIM_TID(NOTEPAD_PID, 0), NULL);
    ntsim_kernel_fail_query(NTSIM_ZwQueryInformationThread, -1, 0, 0, STATUS_INVALID_INFO_CLASS);
    CHECK_REFUSED(&target, TL_OPERATION_QUEUE_APC, 0, TL_VERDICT_UNKNOWN, TL_REASON_THREAD_MISMATCH, STATUS_SUCCESS);
    TlReleaseTarget(&target);
    target = thread_by_id(NTSIM_TID(NOTEPAD_PID, 0), NULL);
    CHECK_EQ(target.ThreadState, TL_THREAD_UNPAIRED);
    CHECK_EQ(target.ThreadStatus, STATUS_INVALID_INFO_CLASS);
    CHECK_REFUSED(&target, TL_OPERATION_QUEUE_APC, 0, TL_VERDICT_UNKNOWN, TL_REASON_THREAD_MISMATCH, STATUS_SUCCESS);
    TlReleaseTarget(&target);
}

static void a_process_that_ends_takes_its_threads_along(void)
{
    TL_GUARD_TARGET target = thread_by_id(NTSIM_TID(NOTEPAD_PID, 0), NULL);
    CHECK(ntsim_kernel_exit_process(NOTEPAD_PID));
    TL_GUARD_DECISION decision;
    CHECK_EQ(call(&target, TL_OPERATION_QUEUE_APC, 0, &decision), TL_STATUS_REFUSED);
    CHECK_EQ(acted, 0);
    CHECK_EQ(decision.Verdict, TL_VERDICT_UNKNOWN);
    CHECK_EQ(decision.Reason, TL_REASON_EXITING);
    TlReleaseTarget(&target);
}

static void a_tid_of_nobody_is_gone(void)
{
    static const uint64_t tids[] = {NOBODY_PID, NTSIM_TID(NOTEPAD_PID, 0) + 1u,
                                    0x100000000u + NTSIM_TID(NOTEPAD_PID, 0), NOTEPAD_PID};
    for (size_t i = 0; i < ARRAYSIZE(tids); i++)
    {
        TL_GUARD_TARGET target = thread_by_id(tids[i], NULL);
        CHECK(target.Process == NULL && target.Thread == NULL);
        CHECK_REFUSED(&target, TL_OPERATION_QUEUE_APC, 0, TL_VERDICT_UNKNOWN, TL_REASON_GONE, STATUS_INVALID_CID);
        TlReleaseTarget(&target);
    }
}

static void a_thread_whose_process_is_not_found_is_not_held(void)
{
    ntsim_kernel_fail(NTSIM_PsLookupProcessByProcessId, 1, STATUS_INVALID_CID);
    TL_GUARD_TARGET target = thread_by_id(NTSIM_TID(NOTEPAD_PID, 0), NULL);
    CHECK(target.Process == NULL && target.Thread == NULL);
    CHECK_REFUSED(&target, TL_OPERATION_QUEUE_APC, 0, TL_VERDICT_UNKNOWN, TL_REASON_GONE, STATUS_INVALID_CID);
    TlReleaseTarget(&target);
}

const test_case thread_tests[] = {
    {"thread: it is held with its process, and every operation can be asked for", a_thread_is_held_with_its_process},
    {"thread: a target references what it was given by pointer", a_pointer_to_a_thread_is_referenced},
    {"thread: a trustlet's thread gets no APC", a_trustlets_thread_gets_no_apc},
    {"thread: one that has ended is refused", an_ended_thread_is_refused},
    {"thread: one that does not say whether it lives is refused", a_silent_thread_is_refused},
    {"thread: one whose process has ended is refused", a_process_that_ends_takes_its_threads_along},
    {"thread: a tid of nobody is gone", a_tid_of_nobody_is_gone},
    {"thread: one whose process is not found is not held", a_thread_whose_process_is_not_found_is_not_held},
    {0},
};
