/* CENSUS: every process once, in parts or whole, and never judged by another's answer. */
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "process_list.h"

/* A reply taken apart. */
typedef struct census
{
    NTSTATUS status;
    TL_CENSUS_REPLY reply;
    TL_PROCESS_RECORD records[64];
    char names[64][32];
    ULONG_PTR length;
} census;

static census take(const TL_CENSUS_REQUEST *request, ULONG room)
{
    census result;
    UINT8 *output = malloc(room);
    memset(&result, 0, sizeof result);
    result.status = bench_send(TL_IOCTL_CENSUS, request, sizeof *request, output, room, &result.length);
    if (NT_SUCCESS(result.status))
    {
        memcpy(&result.reply, output, sizeof result.reply);
        for (UINT32 i = 0; i < result.reply.Header.RecordCount && i < 64; i++)
        {
            TL_PROCESS_RECORD *record = &result.records[i];
            memcpy(record, output + 48 + (size_t)i * 64, sizeof *record);
            for (UINT32 c = 0; c + 1 < record->NameLength && c / 2 < 31; c += 2)
                result.names[i][c / 2] = (char)output[record->NameOffset + c];
        }
    }
    free(output);
    return result;
}

static census take_all(void)
{
    const TL_CENSUS_REQUEST request = census_request();
    return take(&request, 0x10000);
}

static TL_CENSUS_REQUEST after(const census *part)
{
    TL_CENSUS_REQUEST request = census_request();
    request.Flags = TL_CENSUS_RESUME;
    request.CursorPid = part->reply.NextPid;
    request.CursorSequence = part->reply.NextSequence;
    request.CursorCreateTime = part->reply.NextCreateTime;
    return request;
}

static const TL_PROCESS_RECORD *find(const census *part, UINT32 pid)
{
    for (UINT32 i = 0; i < part->reply.Header.RecordCount; i++)
        if (part->records[i].Pid == pid)
            return &part->records[i];
    return NULL;
}

static void everyone_is_there_once(void)
{
    static const UINT32 pids[] = {0, 4, AGENT_PID, NOTEPAD_PID, LSAISO_PID, PROTECTED_PID, HIDDEN_PID, EXITING_PID};
    const census all = take_all();
    CHECK_EQ(all.status, STATUS_SUCCESS);
    CHECK_EQ(all.reply.Header.RecordCount, BENCH_PROCESSES);
    CHECK_EQ(all.reply.Total, BENCH_PROCESSES);
    CHECK_EQ(all.reply.Remaining, 0);
    CHECK_EQ(all.reply.Flags, 0);
    for (size_t i = 0; i < ARRAYSIZE(pids); i++)
        CHECK(find(&all, pids[i]) != NULL);
}

static void a_record_says_what_the_list_and_the_process_say(void)
{
    const census all = take_all();
    const TL_PROCESS_RECORD *record = find(&all, LSAISO_PID);
    CHECK(record != NULL);
    CHECK_EQ(record->Verdict, 2);
    CHECK_EQ(record->Present, 0x1FF);
    CHECK_EQ(record->ParentPid, 4);
    CHECK_EQ(record->Classification, 0);
    CHECK_EQ(record->NameLength, 20);
    CHECK_EQ(strcmp(all.names[record - all.records], "LsaIso.exe"), 0);
    record = find(&all, NOTEPAD_PID);
    CHECK_EQ(record->SessionId, 1);
    CHECK_EQ(strcmp(all.names[record - all.records], "notepad.exe"), 0);
    record = find(&all, 0);
    CHECK_EQ(record->Verdict, 0);
    CHECK_EQ(record->Reason, 5);
}

static void records_come_in_census_order(void)
{
    const census all = take_all();
    TL_PROCESS_LIST list;
    CHECK_EQ(TlReadProcessList(&bench_core.System, &list), STATUS_SUCCESS);
    int wrong = list.Count != BENCH_PROCESSES;
    for (UINT32 i = 0; i < list.Count; i++)
    {
        wrong += list.Processes[i].Key.Pid != all.records[i].Pid;
        if (i > 0)
            wrong += TlCompareCensusKeys(&list.Processes[i - 1].Key, &list.Processes[i].Key) >= 0;
    }
    TlFreeProcessList(&list);
    CHECK_EQ(wrong, 0);
}

static void keys_are_compared_member_by_member(void)
{
    static const TL_CENSUS_KEY keys[] = {{0, 0, 0}, {0, 0, 4}, {0, 9, 0}, {0, 9, 8},
                                         {1, 0, 0}, {1, 0, 2}, {1, 7, 0}, {UINT64_C(1) << 40, 0, 0}};
    for (int i = 0; i < (int)ARRAYSIZE(keys); i++)
        for (int j = 0; j < (int)ARRAYSIZE(keys); j++)
        {
            const LONG order = TlCompareCensusKeys(&keys[i], &keys[j]);
            CHECK_EQ(order < 0, i < j);
            CHECK_EQ(order > 0, i > j);
        }
}

static void check_in_parts(ULONG room)
{
    UINT32 seen[BENCH_PROCESSES] = {0};
    UINT32 count = 0;
    TL_CENSUS_REQUEST request = census_request();
    for (int round = 0; round < 20; round++)
    {
        const census part = take(&request, room);
        CHECK_EQ(part.status, STATUS_SUCCESS);
        CHECK_EQ(part.reply.Total, BENCH_PROCESSES);
        for (UINT32 i = 0; i < part.reply.Header.RecordCount; i++)
        {
            for (UINT32 j = 0; j < count; j++)
                CHECK(seen[j] != part.records[i].Pid);
            CHECK(count < BENCH_PROCESSES);
            seen[count++] = part.records[i].Pid;
        }
        CHECK_EQ(part.reply.Remaining, BENCH_PROCESSES - count);
        CHECK_EQ(part.reply.Flags, count < BENCH_PROCESSES ? TL_CENSUS_MORE : 0u);
        if (part.reply.Flags == 0)
        {
            CHECK_EQ(count, BENCH_PROCESSES);
            return;
        }
        request = after(&part);
    }
    CHECK(false);
}

static void parts_make_a_whole(void)
{
    /* The longest record here is 64 + 22 bytes. */
    for (ULONG room = 48 + 64 + 22; room < 48 + 3 * 90 && check_failed == 0; room += 2)
        check_in_parts(room);
}

static void a_room_without_one_record_is_too_small(void)
{
    const census all = take_all();
    const TL_CENSUS_REQUEST request = census_request();
    const ULONG first = 48 + 64 + all.records[0].NameLength;
    CHECK_EQ(take(&request, 48).status, STATUS_BUFFER_TOO_SMALL);
    CHECK_EQ(take(&request, first - 1).status, STATUS_BUFFER_TOO_SMALL);
    const census one = take(&request, first);
    CHECK_EQ(one.status, STATUS_SUCCESS);
    CHECK_EQ(one.reply.Header.RecordCount, 1);
    CHECK_EQ(one.records[0].Pid, all.records[0].Pid);
    CHECK_EQ(one.length, first);
    /* So it is in the middle of a census. */
    const ULONG second = 48 + 64 + all.records[1].NameLength;
    const TL_CENSUS_REQUEST rest = after(&one);
    CHECK_EQ(take(&rest, second - 1).status, STATUS_BUFFER_TOO_SMALL);
    CHECK_EQ(take(&rest, second).reply.Header.RecordCount, 1);
}

static void after_the_last_there_is_nothing(void)
{
    const census all = take_all();
    const TL_CENSUS_REQUEST request = after(&all);
    const census rest = take(&request, 48);
    CHECK_EQ(rest.status, STATUS_SUCCESS);
    CHECK_EQ(rest.reply.Header.RecordCount, 0);
    CHECK_EQ(rest.reply.Flags, 0);
    CHECK_EQ(rest.reply.Total, BENCH_PROCESSES);
    CHECK_EQ(rest.reply.Remaining, 0);
    CHECK_EQ(rest.length, 48);
}

static void who_comes_and_goes_is_there_at_most_once(void)
{
    static const ntsim_program late = {.pid = 6000, .name = "late.exe"};
    UINT32 times_notepad = 0, times_late = 0, times_hidden = 0;
    TL_CENSUS_REQUEST request = census_request();
    for (int round = 0; round < 20; round++)
    {
        const census part = take(&request, 48 + 64 + 22);
        CHECK_EQ(part.status, STATUS_SUCCESS);
        times_notepad += find(&part, NOTEPAD_PID) != NULL;
        times_late += find(&part, 6000) != NULL;
        times_hidden += find(&part, HIDDEN_PID) != NULL;
        if (round == 0)
            CHECK(ntsim_kernel_exit_process(HIDDEN_PID));
        if (round == 1)
            CHECK(ntsim_kernel_start_process(&late));
        /* Whoever was shown first has gone, and his pid is another's. */
        if (round == 4)
            CHECK(ntsim_kernel_reuse_pid(AGENT_PID + 4, &late) || true);
        if (part.reply.Flags == 0)
            break;
        request = after(&part);
    }
    CHECK_EQ(times_notepad, 1);
    CHECK_EQ(times_late, 1);
    CHECK_EQ(times_hidden, 0);
}

/* ---- pids that change hands ---- */

static const ntsim_program replacement = {.pid = NOTEPAD_PID, .name = "other.exe"};

static void replace_notepad(void *context)
{
    (void)context;
    (void)ntsim_kernel_reuse_pid(NOTEPAD_PID, &replacement);
}

static void a_pid_that_changed_hands_is_gone(void)
{
    /* Between the list and the first lookup. */
    ntsim_kernel_hook(NTSIM_PsLookupProcessByProcessId, 1, replace_notepad, NULL);
    const census all = take_all();
    const TL_PROCESS_RECORD *record = find(&all, NOTEPAD_PID);
    CHECK(record != NULL);
    CHECK_EQ(record->Verdict, 0);
    CHECK_EQ(record->Reason, 2);
    CHECK_EQ(record->Present & (TL_PRESENT_REUSED | TL_PRESENT_FLAGS | TL_PRESENT_START_KEY | TL_PRESENT_PROTECTION),
             TL_PRESENT_REUSED);
    CHECK_EQ(record->Flags, 0);
    CHECK_EQ(record->StartKey, 0);
}

static void end_notepad(void *context)
{
    (void)context;
    (void)ntsim_kernel_exit_process(NOTEPAD_PID);
}

static void a_process_that_ended_after_the_list_is_gone(void)
{
    ntsim_kernel_hook(NTSIM_PsLookupProcessByProcessId, 1, end_notepad, NULL);
    const census all = take_all();
    const TL_PROCESS_RECORD *record = find(&all, NOTEPAD_PID);
    CHECK(record != NULL);
    CHECK_EQ(record->Reason, 2);
    CHECK_EQ(record->OpenStatus, 0xC000000B);
    CHECK(record->CreateTime != 0);
    CHECK_EQ(record->Present & (TL_PRESENT_CREATE_TIME | TL_PRESENT_REUSED), TL_PRESENT_CREATE_TIME);
}

static void an_answer_without_a_create_time_is_no_answer(void)
{
    ntsim_kernel_fail_query(NTSIM_ZwQueryInformationProcess, 4, LSAISO_PID, 0, STATUS_UNSUCCESSFUL);
    const census all = take_all();
    const TL_PROCESS_RECORD *record = find(&all, LSAISO_PID);
    CHECK(record != NULL);
    CHECK_EQ(record->Verdict, 0);
    CHECK_EQ(record->Reason, 0);
    CHECK_EQ(record->ExtendedStatus, 0xC0000001);
    CHECK_EQ(record->Present & (TL_PRESENT_FLAGS | TL_PRESENT_PROTECTION | TL_PRESENT_REUSED), 0);
    CHECK_EQ(find(&all, NOTEPAD_PID)->Verdict, 1);
}

/* ---- older Windows ---- */

static void before_1709_create_time_and_pid_make_the_order(void)
{
    bench_end();
    bench_boot_on(15063, NTSIM_SYSTEM_VSM | NTSIM_SYSTEM_SECURE_BIT);
    const census all = take_all();
    CHECK_EQ(all.reply.Header.RecordCount, BENCH_PROCESSES);
    CHECK_EQ(all.reply.NextSequence, 0);
    CHECK(all.reply.NextCreateTime != 0);
    const TL_PROCESS_RECORD *record = find(&all, LSAISO_PID);
    CHECK_EQ(record->Verdict, 2);
    CHECK_EQ(record->Present & TL_PRESENT_CLASSIFICATION, 0);
    for (ULONG room = 48 + 64 + 22; room < 48 + 3 * 90 && check_failed == 0; room += 10)
        check_in_parts(room);
}

/* ---- failures ---- */

static void a_list_that_cannot_be_read_is_a_failure(void)
{
    ntsim_kernel_fail_query(NTSIM_ZwQuerySystemInformation, 5, 0, 1, STATUS_ACCESS_DENIED);
    CHECK_EQ(take_all().status, STATUS_ACCESS_DENIED);
    ntsim_kernel_fail_query(NTSIM_ZwQuerySystemInformation, 5, 0, 1, 0x00000103);
    CHECK_EQ(take_all().status, STATUS_UNSUCCESSFUL);
}

static void a_list_that_grows_is_asked_for_again(void)
{
    ntsim_kernel_fail_query(NTSIM_ZwQuerySystemInformation, 5, 0, 1, STATUS_INFO_LENGTH_MISMATCH);
    CHECK_EQ(take_all().reply.Header.RecordCount, BENCH_PROCESSES);
    CHECK_EQ(bench_core.Counters.CensusRestarts, 1);
    ntsim_kernel_fail_query(NTSIM_ZwQuerySystemInformation, 5, 0, 1, STATUS_BUFFER_TOO_SMALL);
    CHECK_EQ(take_all().reply.Header.RecordCount, BENCH_PROCESSES);
    CHECK_EQ(bench_core.Counters.CensusRestarts, 2);
}

static void a_list_that_never_fits_is_given_up(void)
{
    ntsim_kernel_fail_query(NTSIM_ZwQuerySystemInformation, 5, 0, 0, STATUS_INFO_LENGTH_MISMATCH);
    const census all = take_all();
    CHECK(all.status == STATUS_INFO_LENGTH_MISMATCH || all.status == STATUS_INSUFFICIENT_RESOURCES);
}

static void without_memory_there_is_no_census(void)
{
    for (uint32_t nth = 1; nth <= 2; nth++)
    {
        ntsim_kernel_fail(NTSIM_ExAllocatePool2, nth, STATUS_SUCCESS);
        CHECK_EQ(take_all().status, STATUS_INSUFFICIENT_RESOURCES);
    }
}

static void an_abandoned_census_ends_between_two_processes(void)
{
    bench_patience = 2;
    CHECK_EQ(take_all().status, STATUS_CANCELLED);
    CHECK_EQ(ntsim_kernel_calls(NTSIM_PsLookupProcessByProcessId), 2);
    CHECK_EQ(bench_core.Counters.Cancelled, 1);
}

const test_case census_tests[] = {
    {"CENSUS: every process is there once", everyone_is_there_once},
    {"CENSUS: a record joins what the list says with what the process says",
     a_record_says_what_the_list_and_the_process_say},
    {"CENSUS: records come in the order of their keys", records_come_in_census_order},
    {"CENSUS: keys are ordered by sequence, create time, pid", keys_are_compared_member_by_member},
    {"CENSUS: taken in parts of any size, every process is there exactly once", parts_make_a_whole},
    {"CENSUS: a room for not one record with its name is too small", a_room_without_one_record_is_too_small},
    {"CENSUS: after the last process there is nothing, and that is no failure", after_the_last_there_is_nothing},
    {"CENSUS: who lives throughout is there once, who comes and goes at most once",
     who_comes_and_goes_is_there_at_most_once},
    {"CENSUS: a pid that changed hands after the list is gone, and no fact of the new one is told",
     a_pid_that_changed_hands_is_gone},
    {"CENSUS: a process that ended after the list is gone", a_process_that_ended_after_the_list_is_gone},
    {"CENSUS: an answer that does not say whose it is is no answer", an_answer_without_a_create_time_is_no_answer},
    {"CENSUS: before 1709 create time and pid make the order", before_1709_create_time_and_pid_make_the_order},
    {"CENSUS: a list that cannot be read is a failure with its status", a_list_that_cannot_be_read_is_a_failure},
    {"CENSUS: a list that grew meanwhile is asked for again", a_list_that_grows_is_asked_for_again},
    {"CENSUS: a list that never fits is given up", a_list_that_never_fits_is_given_up},
    {"CENSUS: without memory there is none", without_memory_there_is_no_census},
    {"CENSUS: an abandoned one ends between two processes", an_abandoned_census_ends_between_two_processes},
    {0},
};
