/* EXAMINE: the very object behind a handle. */
#include <string.h>

#include "bench.h"

#define KERNEL_HANDLE_OF_SYSTEM ((HANDLE)(ULONG_PTR)0xFFFFFFFF80000004u)

static void a_handle_with_one_right_is_examined(void)
{
    examined result;
    const HANDLE handle = process_handle(LSAISO_PID, 0x10);
    const TL_EXAMINE_REQUEST request = examine_request(handle, TL_KIND_PROCESS);
    CHECK_EQ(examine(&request, &result), STATUS_SUCCESS);
    CHECK_EQ(ntsim_kernel_close(handle), 0);
    CHECK_EQ(result.reply.ReferenceStatus, 0);
    CHECK_EQ(result.reply.GrantedAccess, 0x10);
    CHECK_EQ(result.reply.AccessSufficient, 1);
    CHECK_EQ(result.reply.Identity, 0);
    CHECK_EQ(result.reply.Thread, 0);
    CHECK_EQ(result.reply.Tid, 0);
    CHECK_EQ(result.record.Pid, LSAISO_PID);
    CHECK_EQ(result.record.Verdict, 2);
}

static void a_handle_of_nothing_is_reported(void)
{
    examined result;
    const TL_EXAMINE_REQUEST request = examine_request((HANDLE)(ULONG_PTR)0x7770, TL_KIND_PROCESS);
    CHECK_EQ(examine(&request, &result), STATUS_SUCCESS);
    CHECK_EQ(result.reply.ReferenceStatus, 0xC0000008);
    CHECK_EQ(result.reply.GrantedAccess, 0);
    CHECK_EQ(result.reply.AccessSufficient, 0);
    CHECK_EQ(result.record.Verdict, 0);
    CHECK_EQ(result.record.OpenStatus, 0xC0000008);
}

static void a_kernel_handles_value_names_nothing(void)
{
    examined result;
    TL_EXAMINE_REQUEST request = examine_request(KERNEL_HANDLE_OF_SYSTEM, TL_KIND_PROCESS);
    CHECK_EQ(examine(&request, &result), STATUS_SUCCESS);
    CHECK_EQ(result.reply.ReferenceStatus, 0xC0000008);
    CHECK_EQ(result.record.Pid, 0);
}

static void the_kind_is_not_guessed(void)
{
    examined result;
    const HANDLE process = process_handle(NOTEPAD_PID, 0x1000);
    const HANDLE thread = thread_handle(NOTEPAD_PID, 0, 0x10);
    TL_EXAMINE_REQUEST request = examine_request(process, TL_KIND_THREAD);
    CHECK_EQ(examine(&request, &result), STATUS_SUCCESS);
    CHECK_EQ(result.reply.ReferenceStatus, 0xC0000024);
    request = examine_request(thread, TL_KIND_PROCESS);
    CHECK_EQ(examine(&request, &result), STATUS_SUCCESS);
    CHECK_EQ(result.reply.ReferenceStatus, 0xC0000024);
    CHECK_EQ(result.record.Verdict, 0);
    CHECK_EQ(ntsim_kernel_close(process), 0);
    CHECK_EQ(ntsim_kernel_close(thread), 0);
}

static void pseudo_handles_are_the_caller(void)
{
    examined result;
    TL_EXAMINE_REQUEST request = examine_request((HANDLE)(LONG_PTR)-1, TL_KIND_PROCESS);
    CHECK_EQ(examine(&request, &result), STATUS_SUCCESS);
    CHECK_EQ(result.record.Pid, AGENT_PID);
    CHECK_EQ(result.record.Verdict, 1);
    request = examine_request((HANDLE)(LONG_PTR)-2, TL_KIND_THREAD);
    CHECK_EQ(examine(&request, &result), STATUS_SUCCESS);
    CHECK_EQ(result.record.Pid, AGENT_PID);
    CHECK_EQ(result.reply.Tid, NTSIM_TID(AGENT_PID, 0));
    CHECK_EQ(result.reply.Thread, 1);
}

static void a_thread_is_examined_through_its_process(void)
{
    examined result;
    const HANDLE handle = thread_handle(LSAISO_PID, 0, 0x10);
    const TL_EXAMINE_REQUEST request = examine_request(handle, TL_KIND_THREAD);
    CHECK_EQ(examine(&request, &result), STATUS_SUCCESS);
    CHECK_EQ(ntsim_kernel_close(handle), 0);
    CHECK_EQ(result.reply.Tid, NTSIM_TID(LSAISO_PID, 0));
    CHECK_EQ(result.reply.Thread, 1);
    CHECK_EQ(result.reply.ThreadStatus, 0);
    CHECK_EQ(result.reply.GrantedAccess, 0x10);
    CHECK_EQ(result.record.Pid, LSAISO_PID);
    CHECK_EQ(result.record.Verdict, 2);
}

static void an_ended_thread_has_exited(void)
{
    examined result;
    const HANDLE handle = thread_handle(NOTEPAD_PID, 1, 0x10);
    CHECK(ntsim_kernel_exit_thread(NTSIM_TID(NOTEPAD_PID, 1)));
    const TL_EXAMINE_REQUEST request = examine_request(handle, TL_KIND_THREAD);
    CHECK_EQ(examine(&request, &result), STATUS_SUCCESS);
    CHECK_EQ(ntsim_kernel_close(handle), 0);
    CHECK_EQ(result.reply.Thread, 3);
    CHECK_EQ(result.record.Verdict, 1);
}

static void a_thread_that_will_not_say_is_unpaired(void)
{
    examined result;
    const HANDLE handle = thread_handle(NOTEPAD_PID, 0, 0x10);
    const TL_EXAMINE_REQUEST request = examine_request(handle, TL_KIND_THREAD);
    ntsim_kernel_fail(NTSIM_ZwQueryInformationThread, 1, STATUS_UNSUCCESSFUL);
    CHECK_EQ(examine(&request, &result), STATUS_SUCCESS);
    CHECK_EQ(result.reply.Thread, 2);
    CHECK_EQ(result.reply.ThreadStatus, 0xC0000001);
    CHECK_EQ(result.reply.Tid, NTSIM_TID(NOTEPAD_PID, 0));
    /* The process's handle is the first, the thread's the second. */
    ntsim_kernel_fail(NTSIM_ObOpenObjectByPointer, 2, STATUS_ACCESS_DENIED);
    CHECK_EQ(examine(&request, &result), STATUS_SUCCESS);
    CHECK_EQ(result.reply.Thread, 2);
    CHECK_EQ(result.reply.ThreadStatus, 0xC0000022);
    CHECK_EQ(ntsim_kernel_close(handle), 0);
}

static void access_is_compared_with_what_is_expected(void)
{
    examined result;
    const HANDLE handle = process_handle(NOTEPAD_PID, 0x1010);
    TL_EXAMINE_REQUEST request = examine_request(handle, TL_KIND_PROCESS);
    request.ExpectedAccess = 0x10;
    CHECK_EQ(examine(&request, &result), STATUS_SUCCESS);
    CHECK_EQ(result.reply.AccessSufficient, 1);
    request.ExpectedAccess = 0x30;
    CHECK_EQ(examine(&request, &result), STATUS_SUCCESS);
    CHECK_EQ(result.reply.AccessSufficient, 0);
    CHECK_EQ(result.reply.GrantedAccess, 0x1010);
    CHECK_EQ(result.record.Verdict, 1);
    CHECK_EQ(ntsim_kernel_close(handle), 0);
}

static void no_handle_is_made_and_none_is_left(void)
{
    examined result;
    const HANDLE first = process_handle(NOTEPAD_PID, 0x1000);
    const TL_EXAMINE_REQUEST request = examine_request(first, TL_KIND_PROCESS);
    CHECK_EQ(examine(&request, &result), STATUS_SUCCESS);
    HANDLE second = process_handle(NOTEPAD_PID, 0x1000);
    CHECK_EQ(ntsim_kernel_close(second), 0);
    CHECK_EQ((ULONG_PTR)second - (ULONG_PTR)first, 4);
    CHECK_EQ(ntsim_kernel_close(first), 0);
}

/* ---- whose request it is ---- */

static void a_kernel_client_and_another_context_are_refused(void)
{
    examined result;
    guarded decision;
    const TL_EXAMINE_REQUEST request = examine_request((HANDLE)(LONG_PTR)-1, TL_KIND_PROCESS);
    const TL_GUARD_REQUEST asked = guard_request((HANDLE)(LONG_PTR)-1, TL_KIND_PROCESS, TL_OPERATION_READ);
    bench_caller.RequestorMode = KernelMode;
    CHECK_EQ(examine(&request, &result), STATUS_NOT_SUPPORTED);
    CHECK_EQ(guard(&asked, &decision), STATUS_NOT_SUPPORTED);
    bench_caller.RequestorMode = UserMode;
    bench_caller.InRequestorContext = FALSE;
    CHECK_EQ(examine(&request, &result), STATUS_NOT_SUPPORTED);
    CHECK_EQ(guard(&asked, &decision), STATUS_NOT_SUPPORTED);
    CHECK_EQ(ntsim_kernel_calls(NTSIM_ObReferenceObjectByHandle), 0);
}

/* ---- identity ---- */

static void an_identity_is_compared_member_by_member(void)
{
    TL_PROCESS_RECORD record;
    examined result;
    CHECK_EQ(query_one(NOTEPAD_PID, &record), STATUS_SUCCESS);
    const HANDLE handle = process_handle(NOTEPAD_PID, 0x1000);
    for (UINT32 expect = 1; expect < 8; expect++)
    {
        TL_EXAMINE_REQUEST request = examine_request(handle, TL_KIND_PROCESS);
        request.Expect = expect;
        request.ExpectedPid = (expect & 1) != 0 ? record.Pid : 0;
        request.ExpectedCreateTime = (expect & 2) != 0 ? record.CreateTime : 0;
        request.ExpectedStartKey = (expect & 4) != 0 ? record.StartKey : 0;
        CHECK_EQ(examine(&request, &result), STATUS_SUCCESS);
        CHECK_EQ(result.reply.Identity, 1);
        if ((expect & 1) != 0)
        {
            TL_EXAMINE_REQUEST other = request;
            other.ExpectedPid = LSAISO_PID;
            CHECK_EQ(examine(&other, &result), STATUS_SUCCESS);
            CHECK_EQ(result.reply.Identity, 2);
        }
        if ((expect & 2) != 0)
        {
            TL_EXAMINE_REQUEST other = request;
            other.ExpectedCreateTime++;
            CHECK_EQ(examine(&other, &result), STATUS_SUCCESS);
            CHECK_EQ(result.reply.Identity, 2);
        }
        if ((expect & 4) != 0)
        {
            TL_EXAMINE_REQUEST other = request;
            other.ExpectedStartKey ^= (UINT64)1 << 48;
            CHECK_EQ(examine(&other, &result), STATUS_SUCCESS);
            CHECK_EQ(result.reply.Identity, 2);
        }
    }
    CHECK_EQ(ntsim_kernel_close(handle), 0);
}

static void an_absent_start_key_matches_nothing(void)
{
    examined result;
    ntsim_kernel_provide_routine("PsGetProcessStartKey", false);
    CHECK(NT_SUCCESS(TlCoreStart(&bench_core)));
    const HANDLE handle = process_handle(NOTEPAD_PID, 0x1000);
    TL_EXAMINE_REQUEST request = examine_request(handle, TL_KIND_PROCESS);
    request.Expect = TL_EXPECT_START_KEY;
    request.ExpectedStartKey = 1;
    CHECK_EQ(examine(&request, &result), STATUS_SUCCESS);
    CHECK_EQ(result.reply.Identity, 2);
    CHECK_EQ(ntsim_kernel_close(handle), 0);
}

static void an_absent_create_time_matches_nothing(void)
{
    examined result;
    const HANDLE handle = process_handle(NOTEPAD_PID, 0x1000);
    TL_EXAMINE_REQUEST request = examine_request(handle, TL_KIND_PROCESS);
    request.Expect = TL_EXPECT_CREATE_TIME;
    request.ExpectedCreateTime = 1;
    ntsim_kernel_fail_query(NTSIM_ZwQueryInformationProcess, 4, 0, 1, STATUS_UNSUCCESSFUL);
    CHECK_EQ(examine(&request, &result), STATUS_SUCCESS);
    CHECK_EQ(result.reply.Identity, 2);
    CHECK_EQ(ntsim_kernel_close(handle), 0);
}

static void a_process_without_identity_is_not_the_expected_one(void)
{
    examined result;
    ntsim_kernel_provide_routine("PsGetProcessStartKey", false);
    CHECK(NT_SUCCESS(TlCoreStart(&bench_core)));
    const HANDLE handle = process_handle(NOTEPAD_PID, 0x1000);
    TL_EXAMINE_REQUEST request = examine_request(handle, TL_KIND_PROCESS);
    request.Expect = TL_EXPECT_CREATE_TIME;
    request.ExpectedCreateTime = 1;
    ntsim_kernel_fail_query(NTSIM_ZwQueryInformationProcess, 4, 0, 1, STATUS_UNSUCCESSFUL);
    CHECK_EQ(examine(&request, &result), STATUS_SUCCESS);
    CHECK_EQ(ntsim_kernel_close(handle), 0);
    CHECK_EQ(result.record.Verdict, 1);
    CHECK_EQ(result.reply.Identity, 2);
}

static void a_process_of_which_nothing_is_known_is_not_called_another(void)
{
    guarded result;
    const HANDLE handle = process_handle(NOTEPAD_PID, 0x10);
    TL_GUARD_REQUEST request = guard_request(handle, TL_KIND_PROCESS, TL_OPERATION_READ);
    request.Expect = TL_EXPECT_PID | TL_EXPECT_CREATE_TIME;
    request.ExpectedPid = NOTEPAD_PID;
    request.ExpectedCreateTime = 1;
    ntsim_kernel_fail(NTSIM_ObOpenObjectByPointer, 1, STATUS_INSUFFICIENT_RESOURCES);
    CHECK_EQ(guard(&request, &result), STATUS_SUCCESS);
    CHECK_EQ(ntsim_kernel_close(handle), 0);
    CHECK_EQ(result.reply.Identity, 0);
    CHECK_EQ(result.reply.Decision, 0);
    CHECK_EQ(result.reply.Reason, 0);
    CHECK_EQ(result.reply.Status, 0xC000009A);
}

const test_case examine_tests[] = {
    {"EXAMINE: a handle with VM_READ alone is examined", a_handle_with_one_right_is_examined},
    {"EXAMINE: a handle that is not open is reported with its status", a_handle_of_nothing_is_reported},
    {"EXAMINE: the value of a kernel handle names nothing", a_kernel_handles_value_names_nothing},
    {"EXAMINE: the kind is taken as stated, never guessed", the_kind_is_not_guessed},
    {"EXAMINE: -1 and -2 are the caller", pseudo_handles_are_the_caller},
    {"EXAMINE: a thread is examined with its process", a_thread_is_examined_through_its_process},
    {"EXAMINE: a thread that ended has exited", an_ended_thread_has_exited},
    {"EXAMINE: a thread that will not say whether it lives is unpaired", a_thread_that_will_not_say_is_unpaired},
    {"EXAMINE: the granted access is compared with the expected one", access_is_compared_with_what_is_expected},
    {"EXAMINE: no handle is made for the caller", no_handle_is_made_and_none_is_left},
    {"EXAMINE and GUARD: a kernel-mode client, or another process's context, is refused before the handle is touched",
     a_kernel_client_and_another_context_are_refused},
    {"EXAMINE: each expected member of an identity is compared", an_identity_is_compared_member_by_member},
    {"EXAMINE: an absent start key matches nothing", an_absent_start_key_matches_nothing},
    {"EXAMINE: an absent create time matches nothing", an_absent_create_time_matches_nothing},
    {"EXAMINE: a process that has no identity to tell is not the expected one",
     a_process_without_identity_is_not_the_expected_one},
    {"GUARD: a process of which nothing is known is refused for that",
     a_process_of_which_nothing_is_known_is_not_called_another},
    {0},
};
