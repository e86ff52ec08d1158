/* QUERY, and with it what a record says of a process. */
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "pool.h"

static void a_trustlet_is_secure(void)
{
    TL_PROCESS_RECORD record;
    CHECK_EQ(query_one(LSAISO_PID, &record), STATUS_SUCCESS);
    CHECK_EQ(record.Pid, LSAISO_PID);
    CHECK_EQ(record.ParentPid, 4);
    CHECK_EQ(record.Verdict, 2);
    CHECK_EQ(record.Reason, 7);
    CHECK_EQ(record.Evidence, 3);
    CHECK_EQ(record.Status, 0);
    CHECK_EQ(record.Flags & 0x80, 0x80);
    CHECK_EQ(record.Present, 0x1 | 0x2 | 0x4 | 0x10 | 0x40 | 0x80);
    CHECK(record.CreateTime != 0);
    CHECK(record.StartKey != 0);
}

static void an_ordinary_process_is_ordinary(void)
{
    TL_PROCESS_RECORD record;
    CHECK_EQ(query_one(NOTEPAD_PID, &record), STATUS_SUCCESS);
    CHECK_EQ(record.Verdict, 1);
    CHECK_EQ(record.Reason, 8);
    CHECK_EQ(record.Evidence, 3);
    CHECK_EQ(record.OpenStatus, 0);
    CHECK_EQ(record.ExtendedStatus, 0);
}

static void a_protected_process_is_ordinary_and_says_its_protection(void)
{
    TL_PROCESS_RECORD record;
    CHECK_EQ(query_one(PROTECTED_PID, &record), STATUS_SUCCESS);
    CHECK_EQ(record.Verdict, 1);
    CHECK_EQ(record.Protection, 0x41);
    CHECK_EQ(record.Flags, 0x1);
}

static void a_process_that_refuses_every_right_is_answered_all_the_same(void)
{
    TL_PROCESS_RECORD record;
    CHECK_EQ(query_one(HIDDEN_PID, &record), STATUS_SUCCESS);
    CHECK_EQ(record.OpenStatus, 0);
    CHECK_EQ(record.Verdict, 1);
}

static void an_exiting_process_is_unknown(void)
{
    TL_PROCESS_RECORD record;
    CHECK_EQ(query_one(EXITING_PID, &record), STATUS_SUCCESS);
    CHECK_EQ(record.Verdict, 0);
    CHECK_EQ(record.Reason, 1);
    CHECK_EQ(record.Flags & 0x84, 0x4);
}

static void an_exiting_trustlet_is_secure(void)
{
    TL_PROCESS_RECORD record;
    CHECK(ntsim_kernel_mark_exiting(LSAISO_PID));
    CHECK_EQ(query_one(LSAISO_PID, &record), STATUS_SUCCESS);
    CHECK_EQ(record.Flags & 0x84, 0x84);
    CHECK_EQ(record.Verdict, 2);
}

static void a_pid_that_nobody_has_is_gone(void)
{
    TL_PROCESS_RECORD record;
    CHECK_EQ(query_one(NOBODY_PID, &record), STATUS_SUCCESS);
    CHECK_EQ(record.Pid, NOBODY_PID);
    CHECK_EQ(record.OpenStatus, (UINT32)STATUS_INVALID_CID);
    CHECK_EQ(record.Verdict, 0);
    CHECK_EQ(record.Reason, 2);
    CHECK_EQ(record.Status, 0xC000000B);
    CHECK_EQ(record.Present, 0);
}

static void a_pid_beside_another_is_nobodys(void)
{
    for (UINT32 low = 1; low < 4; low++)
    {
        TL_PROCESS_RECORD record;
        CHECK_EQ(query_one(NOTEPAD_PID + low, &record), STATUS_SUCCESS);
        CHECK_EQ(record.Pid, NOTEPAD_PID + low);
        CHECK_EQ(record.Reason, 2);
        CHECK_EQ(record.Flags, 0);
    }
}

static void idle_is_the_idle_process(void)
{
    TL_PROCESS_RECORD record;
    CHECK_EQ(query_one(0, &record), STATUS_SUCCESS);
    CHECK_EQ(record.Verdict, 0);
    CHECK_EQ(record.Reason, 5);
}

static void what_wine_calls_an_unknown_pid_means_the_same(void)
{
    TL_PROCESS_RECORD record;
    ntsim_kernel_fail(NTSIM_PsLookupProcessByProcessId, 1, STATUS_INVALID_PARAMETER);
    CHECK_EQ(query_one(NOTEPAD_PID, &record), STATUS_SUCCESS);
    CHECK_EQ(record.OpenStatus, 0xC000000B);
    CHECK_EQ(record.Reason, 2);
}

/* ---- failures and lies ---- */

static void a_failed_query_is_unknown_with_its_status(void)
{
    TL_PROCESS_RECORD record;
    ntsim_kernel_fail_secure_call(LSAISO_PID, STATUS_DEVICE_NOT_CONNECTED);
    CHECK_EQ(query_one(LSAISO_PID, &record), STATUS_SUCCESS);
    CHECK_EQ(record.Verdict, 0);
    CHECK_EQ(record.Reason, 0);
    CHECK_EQ(record.Status, 0xC000009D);
    CHECK_EQ(record.ExtendedStatus, 0xC000009D);
    CHECK_EQ(record.Present & TL_PRESENT_FLAGS, 0);
}

static void a_query_that_is_denied_is_unknown_for_that_reason(void)
{
    TL_PROCESS_RECORD record;
    ntsim_kernel_fail_query(NTSIM_ZwQueryInformationProcess, 0, NOTEPAD_PID, 1, STATUS_ACCESS_DENIED);
    CHECK_EQ(query_one(NOTEPAD_PID, &record), STATUS_SUCCESS);
    CHECK_EQ(record.Verdict, 0);
    CHECK_EQ(record.Reason, 4);
}

static void a_success_that_wrote_nothing_is_no_answer(void)
{
    static const NTSTATUS lies[] = {STATUS_SUCCESS, 0x00000103, 0x40000000};
    for (size_t i = 0; i < ARRAYSIZE(lies); i++)
    {
        TL_PROCESS_RECORD record;
        ntsim_kernel_fail(NTSIM_ZwQueryInformationProcess, 1, lies[i]);
        CHECK_EQ(query_one(NOTEPAD_PID, &record), STATUS_SUCCESS);
        CHECK_EQ(record.Verdict, 0);
        CHECK_EQ(record.Reason, 0);
        CHECK_EQ(record.ExtendedStatus, 0xC0000001);
        CHECK_EQ(record.Present & (TL_PRESENT_FLAGS | TL_PRESENT_PARENT), 0);
    }
}

static void a_failed_handle_of_our_own_is_a_failed_open(void)
{
    TL_PROCESS_RECORD record;
    ntsim_kernel_fail(NTSIM_ObOpenObjectByPointer, 1, STATUS_PROCESS_IS_TERMINATING);
    CHECK_EQ(query_one(NOTEPAD_PID, &record), STATUS_SUCCESS);
    CHECK_EQ(record.OpenStatus, 0xC000010A);
    CHECK_EQ(record.Verdict, 0);
    CHECK_EQ(record.Reason, 1);
    CHECK_EQ(record.Present, 0);
}

static void what_fails_beside_the_bit_is_absent_and_changes_no_verdict(void)
{
    TL_PROCESS_RECORD record;
    ntsim_kernel_fail_query(NTSIM_ZwQueryInformationProcess, 61, 0, 1, STATUS_INVALID_INFO_CLASS);
    ntsim_kernel_fail_query(NTSIM_ZwQueryInformationProcess, 4, 0, 1, STATUS_UNSUCCESSFUL);
    CHECK_EQ(query_one(PROTECTED_PID, &record), STATUS_SUCCESS);
    CHECK_EQ(record.Present, TL_PRESENT_EXTENDED_STATUS | TL_PRESENT_FLAGS | TL_PRESENT_PARENT | TL_PRESENT_START_KEY);
    CHECK_EQ(record.Protection, 0);
    CHECK_EQ(record.CreateTime, 0);
    CHECK_EQ(record.Verdict, 1);
}

static void without_the_routine_there_is_no_start_key(void)
{
    TL_PROCESS_RECORD record;
    ntsim_kernel_provide_routine("PsGetProcessStartKey", false);
    CHECK(NT_SUCCESS(TlCoreStart(&bench_core)));
    CHECK_EQ(query_one(NOTEPAD_PID, &record), STATUS_SUCCESS);
    CHECK_EQ(record.Present & TL_PRESENT_START_KEY, 0);
    CHECK_EQ(record.StartKey, 0);
    CHECK_EQ(record.Verdict, 1);
}

static void a_start_key_of_0_is_absent(void)
{
    static const ntsim_program programs[] = {{.pid = AGENT_PID, .threads = 1},
                                             {.pid = NOTEPAD_PID, .sequence_number = NTSIM_ABSENT}};
    bench_end();
    bench_boot_with(programs, 2);
    TL_PROCESS_RECORD record;
    CHECK_EQ(query_one(NOTEPAD_PID, &record), STATUS_SUCCESS);
    CHECK_EQ(record.StartKey, 0);
    CHECK_EQ(record.Present & TL_PRESENT_START_KEY, 0);
}

/* ---- batches ---- */

typedef struct batch
{
    TL_QUERY_REQUEST request;
    UINT32 pids[TL_MAX_PIDS + 1];
} batch;

static batch *new_batch(UINT32 count)
{
    batch *made = calloc(1, sizeof *made);
    made->request.Header.Size = 24;
    made->request.Header.Version = 1;
    made->request.Header.Message = TL_MESSAGE_QUERY;
    made->request.Header.ReplySize = 16;
    made->request.Header.RecordSize = 64;
    made->request.PidCount = count;
    return made;
}

static void four_thousand_and_ninety_six_pids_are_answered_in_their_order(void)
{
    static const UINT32 pids[] = {LSAISO_PID, NOTEPAD_PID, NOBODY_PID, NOTEPAD_PID};
    static const UINT8 verdicts[] = {2, 1, 0, 1};
    const ULONG length = 16 + 4096 * 64;
    batch *input = new_batch(4096);
    UINT8 *output = malloc(length);
    ULONG_PTR information;
    for (UINT32 i = 0; i < 4096; i++)
        input->pids[i] = pids[i % 4];
    const NTSTATUS status = bench_send(TL_IOCTL_QUERY, input, 24 + 4096 * 4, output, length, &information);
    int wrong = 0;
    for (UINT32 i = 0; i < 4096; i++)
    {
        TL_PROCESS_RECORD record;
        memcpy(&record, output + 16 + (size_t)i * 64, sizeof record);
        wrong += record.Pid != pids[i % 4] || record.Verdict != verdicts[i % 4];
    }
    free(input);
    free(output);
    CHECK_EQ(status, STATUS_SUCCESS);
    CHECK_EQ(information, length);
    CHECK_EQ(wrong, 0);
}

static void a_room_one_byte_short_is_refused_whole(void)
{
    batch *input = new_batch(3);
    UINT8 output[16 + 3 * 64];
    const NTSTATUS status = bench_send(TL_IOCTL_QUERY, input, 24 + 3 * 4, output, sizeof output - 1, NULL);
    free(input);
    CHECK_EQ(status, STATUS_BUFFER_TOO_SMALL);
}

static void an_abandoned_batch_ends_between_two_processes(void)
{
    batch *input = new_batch(8);
    UINT8 output[16 + 8 * 64];
    bench_patience = 3;
    const uint64_t before = ntsim_kernel_calls(NTSIM_PsLookupProcessByProcessId);
    const NTSTATUS status = bench_send(TL_IOCTL_QUERY, input, 24 + 8 * 4, output, sizeof output, NULL);
    free(input);
    CHECK_EQ(status, STATUS_CANCELLED);
    CHECK_EQ(ntsim_kernel_calls(NTSIM_PsLookupProcessByProcessId) - before, 3);
    CHECK_EQ(bench_core.Counters.Cancelled, 1);
}

static void no_memory_is_an_answer_and_not_half_of_one(void)
{
    TL_PROCESS_RECORD record;
    ntsim_kernel_fail(NTSIM_ExAllocatePool2, 0, STATUS_SUCCESS);
    CHECK_EQ(query_one(NOTEPAD_PID, &record), STATUS_INSUFFICIENT_RESOURCES);
}

static void an_older_windows_allocates_zeroed_memory_too(void)
{
    ntsim_kernel_provide_routine("ExAllocatePool2", false);
    CHECK(NT_SUCCESS(TlCoreStart(&bench_core)));
    TL_PROCESS_RECORD record;
    CHECK_EQ(query_one(NOTEPAD_PID, &record), STATUS_SUCCESS);
    CHECK_EQ(ntsim_kernel_calls(NTSIM_ExAllocatePoolWithTag), 1);
    ntsim_kernel_fail(NTSIM_ExAllocatePoolWithTag, 1, STATUS_SUCCESS);
    CHECK_EQ(query_one(NOTEPAD_PID, &record), STATUS_INSUFFICIENT_RESOURCES);
    const UINT8 *memory = TlAllocatePageable(100);
    CHECK(memory != NULL);
    int set = 0;
    for (int i = 0; i < 100; i++)
        set += memory[i] != 0;
    TlFree((PVOID)(ULONG_PTR)memory);
    CHECK_EQ(set, 0);
}

const test_case query_tests[] = {
    {"QUERY: a trustlet is secure, with the evidence and every fact there is", a_trustlet_is_secure},
    {"QUERY: an ordinary process is ordinary", an_ordinary_process_is_ordinary},
    {"QUERY: a protected process is ordinary, and its protection is told",
     a_protected_process_is_ordinary_and_says_its_protection},
    {"QUERY: a process whose DACL refuses everything is answered all the same",
     a_process_that_refuses_every_right_is_answered_all_the_same},
    {"QUERY: an exiting process is unknown", an_exiting_process_is_unknown},
    {"QUERY: an exiting trustlet is secure still", an_exiting_trustlet_is_secure},
    {"QUERY: a pid that nobody has is gone", a_pid_that_nobody_has_is_gone},
    {"QUERY: a pid one beside another's is nobody's, though the kernel ignores its low bits",
     a_pid_beside_another_is_nobodys},
    {"QUERY: pid 0 is the idle process", idle_is_the_idle_process},
    {"QUERY: STATUS_INVALID_PARAMETER of a lookup is an unknown pid too",
     what_wine_calls_an_unknown_pid_means_the_same},
    {"QUERY: a failed extended query is unknown with its status", a_failed_query_is_unknown_with_its_status},
    {"QUERY: a denied extended query is unknown as denied", a_query_that_is_denied_is_unknown_for_that_reason},
    {"QUERY: a success that wrote nothing is no answer", a_success_that_wrote_nothing_is_no_answer},
    {"QUERY: a kernel handle that cannot be opened is a failed open", a_failed_handle_of_our_own_is_a_failed_open},
    {"QUERY: a fact that fails is absent, and changes no verdict",
     what_fails_beside_the_bit_is_absent_and_changes_no_verdict},
    {"QUERY: without PsGetProcessStartKey there is no start key", without_the_routine_there_is_no_start_key},
    {"QUERY: a start key of 0 is absent", a_start_key_of_0_is_absent},
    {"QUERY: 4,096 pids are answered in their order", four_thousand_and_ninety_six_pids_are_answered_in_their_order},
    {"QUERY: an output one byte short is refused whole", a_room_one_byte_short_is_refused_whole},
    {"QUERY: an abandoned batch ends between two processes", an_abandoned_batch_ends_between_two_processes},
    {"QUERY: without memory there is no answer", no_memory_is_an_answer_and_not_half_of_one},
    {"QUERY: without ExAllocatePool2 memory is zeroed all the same", an_older_windows_allocates_zeroed_memory_too},
    {0},
};
