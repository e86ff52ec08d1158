/* GUARD: what the examination of a handle comes to. */
#include "bench.h"

static void check_guard(UINT32 pid, ACCESS_MASK access, UINT32 operations, UINT32 accepted, UINT8 decision,
                        UINT8 verdict, UINT8 reason)
{
    guarded result;
    const HANDLE handle = process_handle(pid, access);
    TL_GUARD_REQUEST request = guard_request(handle, TL_KIND_PROCESS, operations);
    request.Accepted = accepted;
    CHECK_EQ(guard(&request, &result), STATUS_SUCCESS);
    CHECK_EQ(ntsim_kernel_close(handle), 0);
    CHECK_EQ(result.reply.Decision, decision);
    CHECK_EQ(result.reply.Verdict, verdict);
    CHECK_EQ(result.reply.Reason, reason);
    CHECK_EQ(result.record.Pid, pid);
}

static void the_guard_allows_what_is_ordinary(void)
{
    check_guard(NOTEPAD_PID, 0x10, TL_OPERATION_READ, 0, 1, 1, 9);
    if (check_failed == 0)
        check_guard(PROTECTED_PID, 0x38, TL_OPERATION_READ | TL_OPERATION_WRITE, 0, 1, 1, 9);
}

static void the_guard_refuses_a_trustlet(void)
{
    check_guard(LSAISO_PID, 0x1FFFFF, TL_OPERATION_READ, 0, 0, 2, 10);
    if (check_failed == 0)
        check_guard(LSAISO_PID, 0x1FFFFF, TL_OPERATION_READ | TL_OPERATION_TERMINATE, TL_OPERATION_TERMINATE, 0, 2, 10);
}

static void the_guard_asks_before_a_trustlet_is_ended(void)
{
    check_guard(LSAISO_PID, 0x41, TL_OPERATION_TERMINATE, 0, 0, 2, 11);
    if (check_failed == 0)
        check_guard(LSAISO_PID, 0x41, TL_OPERATION_TERMINATE | TL_OPERATION_DUPLICATE_HANDLE, TL_OPERATION_TERMINATE, 0,
                    2, 11);
    if (check_failed == 0)
        check_guard(LSAISO_PID, 0x41, TL_OPERATION_TERMINATE | TL_OPERATION_DUPLICATE_HANDLE,
                    TL_OPERATION_TERMINATE | TL_OPERATION_DUPLICATE_HANDLE, 1, 2, 12);
}

static void the_guard_refuses_a_handle_without_the_right(void)
{
    check_guard(NOTEPAD_PID, 0x1000, TL_OPERATION_READ, 0, 0, 1, 14);
    /* A trustlet is called by its name even then. */
    if (check_failed == 0)
        check_guard(LSAISO_PID, 0x1000, TL_OPERATION_READ, 0, 0, 2, 10);
}

static void the_guard_refuses_an_ending_process(void)
{
    check_guard(EXITING_PID, 0x10, TL_OPERATION_READ, 0, 0, 0, 1);
}

static void the_guard_refuses_a_handle_of_nothing(void)
{
    guarded result;
    const TL_GUARD_REQUEST request = guard_request((HANDLE)(ULONG_PTR)0x7770, TL_KIND_PROCESS, TL_OPERATION_READ);
    CHECK_EQ(guard(&request, &result), STATUS_SUCCESS);
    CHECK_EQ(result.reply.Decision, 0);
    CHECK_EQ(result.reply.Reason, 13);
    CHECK_EQ(result.reply.Status, 0xC0000008);
    CHECK_EQ(result.reply.ReferenceStatus, 0xC0000008);
}

static void the_guard_refuses_another_than_expected(void)
{
    guarded result;
    const HANDLE handle = process_handle(NOTEPAD_PID, 0x10);
    TL_GUARD_REQUEST request = guard_request(handle, TL_KIND_PROCESS, TL_OPERATION_READ);
    request.Expect = TL_EXPECT_CREATE_TIME;
    request.ExpectedCreateTime = 12345;
    CHECK_EQ(guard(&request, &result), STATUS_SUCCESS);
    CHECK_EQ(ntsim_kernel_close(handle), 0);
    CHECK_EQ(result.reply.Decision, 0);
    CHECK_EQ(result.reply.Verdict, 0);
    CHECK_EQ(result.reply.Reason, 3);
}

static void a_threads_guard_looks_at_its_process_and_its_life(void)
{
    guarded result;
    HANDLE handle = thread_handle(LSAISO_PID, 0, 0x10);
    TL_GUARD_REQUEST request = guard_request(handle, TL_KIND_THREAD, TL_OPERATION_QUEUE_APC);
    CHECK_EQ(guard(&request, &result), STATUS_SUCCESS);
    CHECK_EQ(ntsim_kernel_close(handle), 0);
    CHECK_EQ(result.reply.Reason, 10);
    handle = thread_handle(NOTEPAD_PID, 1, 0x10);
    request = guard_request(handle, TL_KIND_THREAD, TL_OPERATION_QUEUE_APC);
    CHECK_EQ(guard(&request, &result), STATUS_SUCCESS);
    CHECK_EQ(result.reply.Decision, 1);
    CHECK(ntsim_kernel_exit_thread(NTSIM_TID(NOTEPAD_PID, 1)));
    CHECK_EQ(guard(&request, &result), STATUS_SUCCESS);
    CHECK_EQ(result.reply.Decision, 0);
    CHECK_EQ(result.reply.Reason, 17);
    ntsim_kernel_fail(NTSIM_ZwQueryInformationThread, 1, STATUS_UNSUCCESSFUL);
    CHECK_EQ(guard(&request, &result), STATUS_SUCCESS);
    CHECK_EQ(result.reply.Reason, 16);
    CHECK_EQ(ntsim_kernel_close(handle), 0);
}

static void a_threads_process_that_cannot_be_found_is_gone(void)
{
    guarded result;
    const HANDLE handle = thread_handle(NOTEPAD_PID, 0, 0x10);
    const TL_GUARD_REQUEST request = guard_request(handle, TL_KIND_THREAD, TL_OPERATION_QUEUE_APC);
    ntsim_kernel_fail(NTSIM_PsLookupProcessByProcessId, 1, STATUS_INVALID_CID);
    CHECK_EQ(guard(&request, &result), STATUS_SUCCESS);
    CHECK_EQ(ntsim_kernel_close(handle), 0);
    CHECK_EQ(result.reply.Decision, 0);
    CHECK_EQ(result.reply.Reason, 2);
}

const test_case guard_tests[] = {
    {"GUARD: what is ordinary is allowed", the_guard_allows_what_is_ordinary},
    {"GUARD: a trustlet is refused", the_guard_refuses_a_trustlet},
    {"GUARD: an availability operation on a trustlet needs each of its names accepted",
     the_guard_asks_before_a_trustlet_is_ended},
    {"GUARD: a handle without the operation's right is refused", the_guard_refuses_a_handle_without_the_right},
    {"GUARD: a process that is ending is refused", the_guard_refuses_an_ending_process},
    {"GUARD: a handle that is not open is refused as such", the_guard_refuses_a_handle_of_nothing},
    {"GUARD: another process than expected is refused", the_guard_refuses_another_than_expected},
    {"GUARD: a thread is judged by its process and must live", a_threads_guard_looks_at_its_process_and_its_life},
    {"GUARD: a thread whose process cannot be found is gone", a_threads_process_that_cannot_be_found_is_gone},
    {0},
};
