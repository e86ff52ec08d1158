/* Details that a wrong turn of one word would change and that no other test would notice (scripts/mutate.mjs found them). */
#include <string.h>

#include "bench.h"
#include "decide.h"
#include "pool.h"
#include "process_list.h"
#include "requests.h"

static const TL_LISTED_PROCESS *listed(const TL_PROCESS_LIST *list, UINT32 pid)
{
    for (UINT32 index = 0; index < list->Count; index++)
        if (list->Processes[index].Key.Pid == pid)
            return &list->Processes[index];
    return NULL;
}

static const ntsim_program classified[] = {
    {.pid = AGENT_PID, .threads = 1, .denied_access = 0x800},
    {.pid = NOTEPAD_PID, .name = "Secure System", .classification = 2},
    {.pid = LSAISO_PID, .name = "Registry", .classification = 4, .protection = 0x72},
};

static void the_list_tells_the_classification(void)
{
    TL_PROCESS_LIST list;
    bench_end();
    bench_boot_with(classified, ARRAYSIZE(classified));
    CHECK_EQ(TlReadProcessList(&bench_core.System, &list), STATUS_SUCCESS);
    const UINT8 secure_system = listed(&list, NOTEPAD_PID)->Classification;
    const UINT8 registry = listed(&list, LSAISO_PID)->Classification;
    TlFreeProcessList(&list);
    CHECK_EQ(secure_system, 2);
    CHECK_EQ(registry, 4);
    CHECK(list.Buffer == NULL && list.Processes == NULL);
    CHECK_EQ(list.Count, 0);
}

static void the_extension_begins_with_build_16299(void)
{
    TL_PROCESS_LIST list;
    bench_end();
    bench_boot_on(16299, NTSIM_SYSTEM_SECURE_BIT);
    CHECK_EQ(TlReadProcessList(&bench_core.System, &list), STATUS_SUCCESS);
    const BOOLEAN has = listed(&list, NOTEPAD_PID)->HasClassification;
    TlFreeProcessList(&list);
    CHECK_EQ(has, TRUE);
}

static void class_165_is_asked_for_before_build_15063_alone(void)
{
    static const uint32_t builds[] = {15062, 15063};
    for (size_t i = 0; i < ARRAYSIZE(builds); i++)
    {
        TL_PROCESS_RECORD record;
        bench_end();
        bench_boot_on(builds[i], NTSIM_SYSTEM_SECURE_BIT);
        CHECK_EQ(query_one(NOTEPAD_PID, &record), STATUS_SUCCESS);
        CHECK_EQ(ntsim_kernel_calls(NTSIM_ZwQuerySystemInformation), builds[i] < 15063 ? 1 : 0);
        CHECK_EQ(bench_core.System.IsolatedUserModeStatus, STATUS_UNSUCCESSFUL);
        CHECK_EQ(bench_core.System.IsolatedUserModeFlags, 0xFFFFFFFF);
    }
}

static ULONG returned_length;

static NTSTATUS says_a_length(void *context, NTSTATUS status, void *buffer, ULONG length, ULONG *returned)
{
    (void)context, (void)buffer, (void)length;
    *returned = returned_length;
    return status;
}

static void class_165_has_a_word_at_least(void)
{
    static const ULONG lengths[] = {3, 4};
    for (size_t i = 0; i < ARRAYSIZE(lengths); i++)
    {
        TL_SYSTEM system = bench_core.System;
        returned_length = lengths[i];
        ntsim_kernel_clear_script();
        ntsim_kernel_alter_query(NTSIM_ZwQuerySystemInformation, 165, 1, says_a_length, NULL);
        TlReadIsolatedUserMode(&system);
        CHECK_EQ(system.IsolatedUserModeStatus, lengths[i] < 4 ? STATUS_INFO_LENGTH_MISMATCH : STATUS_SUCCESS);
    }
}

/* ---- growth of the list's buffer ---- */

static ULONG asked_lengths[4];
static int asked;

static NTSTATUS wants_more_twice(void *context, NTSTATUS status, void *buffer, ULONG length, ULONG *returned)
{
    (void)context, (void)buffer;
    if (asked < 4)
        asked_lengths[asked] = length;
    asked++;
    if (asked > 2)
        return status;
    *returned = asked == 1 ? 0x100 : 0x100000;
    return STATUS_INFO_LENGTH_MISMATCH;
}

static void the_buffer_doubles_or_takes_what_is_wanted_and_some(void)
{
    TL_PROCESS_LIST list;
    asked = 0;
    ntsim_kernel_alter_query(NTSIM_ZwQuerySystemInformation, 5, 0, wants_more_twice, NULL);
    CHECK_EQ(TlReadProcessList(&bench_core.System, &list), STATUS_SUCCESS);
    CHECK_EQ(list.Restarts, 2);
    TlFreeProcessList(&list);
    CHECK_EQ(asked_lengths[0], 0x20000);
    CHECK_EQ(asked_lengths[1], 0x40000);
    CHECK_EQ(asked_lengths[2], 0x104000);
}

/* ---- edges of an entry ---- */

static struct
{
    ULONG length;
    UINT32 threads;
    ULONG name_offset;
    UINT16 name_length;
} edge;

/* The list is its first entry, cut to a length, with so many threads and a name at a place. */
static NTSTATUS is_one_entry(void *context, NTSTATUS status, void *buffer, ULONG length, ULONG *returned)
{
    UINT8 *entry = buffer;
    const UINT32 last = 0;
    const UINT64 name = (UINT64)(ULONG_PTR)entry + edge.name_offset;
    (void)context, (void)length;
    memcpy(entry, &last, 4);
    memcpy(entry + 4, &edge.threads, 4);
    memcpy(entry + 56, &edge.name_length, 2);
    memcpy(entry + 64, &name, 8);
    *returned = edge.length;
    return status;
}

static TL_LISTED_PROCESS read_edge(void)
{
    TL_LISTED_PROCESS first;
    TL_PROCESS_LIST list;
    memset(&first, 0xEE, sizeof first);
    ntsim_kernel_clear_script();
    ntsim_kernel_alter_query(NTSIM_ZwQuerySystemInformation, 5, 0, is_one_entry, NULL);
    if (NT_SUCCESS(TlReadProcessList(&bench_core.System, &list)))
    {
        first = list.Processes[0];
        TlFreeProcessList(&list);
    }
    return first;
}

static void an_extension_fits_to_the_byte(void)
{
    edge.threads = 2;
    edge.name_length = 0;
    edge.length = 256 + 2 * 80 + 368;
    CHECK_EQ(read_edge().HasClassification, TRUE);
    edge.length--;
    CHECK_EQ(read_edge().HasClassification, FALSE);
}

static void a_name_fits_to_the_byte(void)
{
    edge.threads = 0;
    edge.length = 700;
    edge.name_length = 8;
    edge.name_offset = 692;
    CHECK_EQ(read_edge().NameLength, 8);
    edge.name_offset = 694;
    CHECK_EQ(read_edge().NameLength, 0);
    edge.name_offset = 700;
    CHECK_EQ(read_edge().NameLength, 0);
    edge.name_offset = 702;
    CHECK_EQ(read_edge().NameLength, 0);
}

/* ---- what a census tells of those who went ---- */

typedef struct census_reply
{
    TL_CENSUS_REPLY reply;
    TL_PROCESS_RECORD records[64];
    UINT8 names[4096];
} census_reply;

static const TL_PROCESS_RECORD *take(census_reply *census, UINT32 pid)
{
    const TL_CENSUS_REQUEST request = census_request();
    if (!NT_SUCCESS(bench_send(TL_IOCTL_CENSUS, &request, sizeof request, census, sizeof *census, NULL)))
        return NULL;
    for (UINT32 i = 0; i < census->reply.Header.RecordCount; i++)
        if (census->records[i].Pid == pid)
            return &census->records[i];
    return NULL;
}

static void protect_notepad(void *context)
{
    static const ntsim_program other = {.pid = NOTEPAD_PID, .parent_pid = 4, .protection = 0x41, .flags = 1};
    (void)context;
    (void)ntsim_kernel_reuse_pid(NOTEPAD_PID, &other);
}

static void a_reused_pid_tells_nothing_of_the_new_owner(void)
{
    census_reply census;
    ntsim_kernel_hook(NTSIM_PsLookupProcessByProcessId, 1, protect_notepad, NULL);
    const TL_PROCESS_RECORD *record = take(&census, NOTEPAD_PID);
    CHECK(record != NULL);
    CHECK_EQ(record->Protection, 0);
    CHECK_EQ(record->ParentPid, AGENT_PID);
    CHECK_EQ(record->Present, TL_PRESENT_EXTENDED_STATUS | TL_PRESENT_CLASSIFICATION | TL_PRESENT_PARENT |
                                  TL_PRESENT_SESSION | TL_PRESENT_CREATE_TIME | TL_PRESENT_NAME | TL_PRESENT_REUSED);
}

static void end_notepad(void *context)
{
    (void)context;
    (void)ntsim_kernel_exit_process(NOTEPAD_PID);
}

static void one_that_ended_keeps_its_parent_and_is_counted(void)
{
    census_reply census;
    ntsim_kernel_hook(NTSIM_PsLookupProcessByProcessId, 1, end_notepad, NULL);
    const TL_PROCESS_RECORD *record = take(&census, NOTEPAD_PID);
    CHECK(record != NULL);
    CHECK_EQ(record->ParentPid, AGENT_PID);
    CHECK_EQ(record->SessionId, 1);
    CHECK_EQ(bench_core.Counters.Records, BENCH_PROCESSES);
    CHECK_EQ(bench_core.Counters.Secure, 1);
}

/* ---- replies, member by member ---- */

static void a_handle_of_nothing_is_judged_in_the_record_too(void)
{
    examined result;
    const TL_EXAMINE_REQUEST request = examine_request((HANDLE)(ULONG_PTR)0x7770, TL_KIND_PROCESS);
    CHECK_EQ(examine(&request, &result), STATUS_SUCCESS);
    CHECK_EQ(result.record.Status, 0xC0000008);
    CHECK_EQ(result.record.Evidence, 3);
}

static void a_guard_reply_tells_all_it_knows(void)
{
    guarded result;
    const HANDLE handle = thread_handle(NOTEPAD_PID, 0, 0x10);
    TL_GUARD_REQUEST request = guard_request(handle, TL_KIND_THREAD, TL_OPERATION_QUEUE_APC);
    request.Expect = TL_EXPECT_PID;
    request.ExpectedPid = NOTEPAD_PID;
    ntsim_kernel_fail(NTSIM_ZwQueryInformationThread, 1, STATUS_ACCESS_DENIED);
    CHECK_EQ(guard(&request, &result), STATUS_SUCCESS);
    CHECK_EQ(ntsim_kernel_close(handle), 0);
    CHECK_EQ(result.reply.Header.Size, 48);
    CHECK_EQ(result.reply.ThreadStatus, 0xC0000022);
    CHECK_EQ(result.reply.Identity, 1);
    CHECK_EQ(result.reply.Evidence, 3);
    CHECK_EQ(result.reply.GrantedAccess, 0x10);
    CHECK_EQ(result.reply.AccessSufficient, 1);
    CHECK_EQ(result.reply.Tid, NTSIM_TID(NOTEPAD_PID, 0));
}

static void the_drivers_own_thread_handle_is_the_kernels(void)
{
    examined result;
    bench_end();
    /* This agent's threads refuse the query right to user mode. */
    bench_boot_with(classified, ARRAYSIZE(classified));
    const TL_EXAMINE_REQUEST request = examine_request((HANDLE)(LONG_PTR)-2, TL_KIND_THREAD);
    CHECK_EQ(examine(&request, &result), STATUS_SUCCESS);
    CHECK_EQ(result.reply.Thread, 1);
    CHECK_EQ(result.reply.ThreadStatus, 0);
}

static void one_known_member_of_an_identity_is_enough_to_differ(void)
{
    examined result;
    ntsim_kernel_provide_routine("PsGetProcessStartKey", false);
    CHECK(NT_SUCCESS(TlCoreStart(&bench_core)));
    const HANDLE handle = process_handle(EXITING_PID, 0x1000);
    TL_EXAMINE_REQUEST request = examine_request(handle, TL_KIND_PROCESS);
    request.Expect = TL_EXPECT_CREATE_TIME;
    request.ExpectedCreateTime = 1;
    CHECK_EQ(examine(&request, &result), STATUS_SUCCESS);
    CHECK_EQ(ntsim_kernel_close(handle), 0);
    CHECK_EQ(result.record.Verdict, 0);
    CHECK_EQ(result.reply.Identity, 2);
}

static void stats_tell_what_was_given_up_and_what_is_held(void)
{
    TL_STATS_REPLY reply;
    TL_PROCESS_RECORD record;
    census_reply census;
    const TL_STATS_REQUEST request = stats_request();
    bench_patience = 0;
    CHECK_EQ(query_one(NOTEPAD_PID, &record), STATUS_CANCELLED);
    bench_patience = -1;
    CHECK_EQ(query_one(NOTEPAD_PID, &record), STATUS_SUCCESS);
    ntsim_kernel_fail_query(NTSIM_ZwQuerySystemInformation, 5, 0, 1, STATUS_INFO_LENGTH_MISMATCH);
    CHECK(take(&census, 0) != NULL);
    void *held = TlAllocate(16);
    CHECK_EQ(bench_send(TL_IOCTL_STATS, &request, sizeof request, &reply, sizeof reply, NULL), STATUS_SUCCESS);
    TlFree(held);
    CHECK_EQ(reply.Cancelled, 1);
    CHECK_EQ(reply.CensusRestarts, 1);
    CHECK_EQ(reply.PoolBlocks, 1);
    /* Notepad twice and each process of the census; three of those are ordinary and three unknown. */
    CHECK_EQ(reply.Records, 1 + BENCH_PROCESSES);
    CHECK_EQ(reply.Secure, 1);
    CHECK(reply.Ordinary > reply.Unknown);
    CHECK_EQ(reply.Ordinary + reply.Unknown, BENCH_PROCESSES);
}

static void an_unknown_verdict_says_how_it_is_known(void)
{
    const TL_PROCESS_RECORD reused = {.Pid = 4, .Present = TL_PRESENT_REUSED};
    const TL_PROCESS_RECORD exiting = {.Pid = 4, .Flags = 4, .Present = TL_PRESENT_EXTENDED_STATUS | TL_PRESENT_FLAGS};
    CHECK_EQ(TlJudge(&reused, &bench_core.System).Status, 0);
    CHECK_EQ(TlJudge(&exiting, &bench_core.System).Status, 0);
    CHECK_EQ(TlJudge(&exiting, &bench_core.System).Evidence, 3);
}

static void a_right_to_ask_that_was_refused_is_a_reason_of_its_own(void)
{
    const TL_DECISION_INPUT input = {
        .Operations = TL_OPERATION_READ,
        .Acquisition = TL_ACQUISITION_NOT_QUERYABLE,
        .AcquisitionStatus = STATUS_ACCESS_DENIED,
        .Judgement = {.Verdict = TL_VERDICT_ORDINARY, .Reason = TL_REASON_SECURE_BIT_CLEAR},
    };
    CHECK_EQ(TlDecide(&input).Decision, 0);
    CHECK_EQ(TlDecide(&input).Reason, 15);
}

const test_case detail_tests[] = {
    {"the list tells the classification, and forgets all when it is freed", the_list_tells_the_classification},
    {"the list's extension begins with build 16299", the_extension_begins_with_build_16299},
    {"class 165 is asked for before build 15063 alone", class_165_is_asked_for_before_build_15063_alone},
    {"class 165 has a word at least", class_165_has_a_word_at_least},
    {"the list's buffer doubles, or takes what is wanted and some",
     the_buffer_doubles_or_takes_what_is_wanted_and_some},
    {"an extension fits to the byte", an_extension_fits_to_the_byte},
    {"a name fits to the byte", a_name_fits_to_the_byte},
    {"CENSUS: a reused pid tells nothing of its new owner", a_reused_pid_tells_nothing_of_the_new_owner},
    {"CENSUS: a process that ended keeps its parent and is counted", one_that_ended_keeps_its_parent_and_is_counted},
    {"EXAMINE: a handle of nothing is judged in the record too", a_handle_of_nothing_is_judged_in_the_record_too},
    {"GUARD: the reply tells all it knows", a_guard_reply_tells_all_it_knows},
    {"EXAMINE: the driver's own handle of a thread is the kernel's", the_drivers_own_thread_handle_is_the_kernels},
    {"EXAMINE: one known member of an identity is enough to differ",
     one_known_member_of_an_identity_is_enough_to_differ},
    {"STATS: what was given up, and what is held", stats_tell_what_was_given_up_and_what_is_held},
    {"TlJudge: an unknown verdict says how it is known", an_unknown_verdict_says_how_it_is_known},
    {"TlDecide: a refused right to ask is a reason of its own", a_right_to_ask_that_was_refused_is_a_reason_of_its_own},
    {0},
};
