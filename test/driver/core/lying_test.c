/* A kernel that lies: answers that succeed and are short, and process lists that contradict themselves. */
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "process_list.h"

/* What is done to an answer before the core sees it. */
typedef void lie(void *buffer, ULONG length, ULONG *returned, NTSTATUS *status);

static NTSTATUS tell(void *context, NTSTATUS status, void *buffer, ULONG length, ULONG *returned)
{
    NTSTATUS told = status;
    (*(lie *const *)context)(buffer, length, returned, &told);
    return told;
}

/* Every answer of one class is this lie from now on. */
static void lie_about_process(ULONG info_class, lie *what)
{
    static lie *told;
    told = what;
    ntsim_kernel_clear_script();
    ntsim_kernel_alter_query(NTSIM_ZwQueryInformationProcess, (int32_t)info_class, 0, tell, &told);
}

static void lie_about_system(ULONG info_class, lie *what)
{
    static lie *told;
    told = what;
    ntsim_kernel_clear_script();
    ntsim_kernel_alter_query(NTSIM_ZwQuerySystemInformation, (int32_t)info_class, 0, tell, &told);
}

/* ---- one process ---- */

static void says_48(void *buffer, ULONG length, ULONG *returned, NTSTATUS *status)
{
    (void)buffer, (void)length, (void)status;
    *returned = 48;
}

static void writes_48_in_size(void *buffer, ULONG length, ULONG *returned, NTSTATUS *status)
{
    const UINT64 size = 48;
    (void)length, (void)returned, (void)status;
    memcpy(buffer, &size, sizeof size);
}

static void names_no_pid(void *buffer, ULONG length, ULONG *returned, NTSTATUS *status)
{
    (void)length, (void)returned, (void)status;
    memset((UINT8 *)buffer + 40, 0, 8);
}

static void says_pending(void *buffer, ULONG length, ULONG *returned, NTSTATUS *status)
{
    (void)buffer, (void)length, (void)returned;
    *status = 0x00000103;
}

static void an_extended_answer_must_be_whole(void)
{
    static lie *const lies[] = {says_48, writes_48_in_size, names_no_pid, says_pending};
    for (size_t i = 0; i < ARRAYSIZE(lies); i++)
    {
        TL_PROCESS_RECORD record;
        lie_about_process(0, lies[i]);
        CHECK_EQ(query_one(NOTEPAD_PID, &record), STATUS_SUCCESS);
        CHECK_EQ(record.Verdict, 0);
        CHECK_EQ(record.Reason, 0);
        CHECK_EQ(record.ExtendedStatus, 0xC0000001);
        CHECK_EQ(record.Flags, 0);
        CHECK_EQ(record.ParentPid, 0);
        CHECK_EQ(query_one(LSAISO_PID, &record), STATUS_SUCCESS);
        CHECK_EQ(record.Verdict, 0);
    }
}

static void fails_and_writes_garbage(void *buffer, ULONG length, ULONG *returned, NTSTATUS *status)
{
    (void)returned;
    memset(buffer, 0xFF, length);
    *status = STATUS_UNSUCCESSFUL;
}

static void what_a_failure_wrote_is_not_read(void)
{
    TL_PROCESS_RECORD record;
    lie_about_process(0, fails_and_writes_garbage);
    CHECK_EQ(query_one(NOTEPAD_PID, &record), STATUS_SUCCESS);
    CHECK_EQ(record.Flags, 0);
    CHECK_EQ(record.ParentPid, 0);
    lie_about_process(61, fails_and_writes_garbage);
    CHECK_EQ(query_one(NOTEPAD_PID, &record), STATUS_SUCCESS);
    CHECK_EQ(record.Protection, 0);
    CHECK_EQ(record.Present & TL_PRESENT_PROTECTION, 0);
    lie_about_process(4, fails_and_writes_garbage);
    CHECK_EQ(query_one(NOTEPAD_PID, &record), STATUS_SUCCESS);
    CHECK_EQ(record.CreateTime, 0);
    CHECK_EQ(record.Present & TL_PRESENT_CREATE_TIME, 0);
}

/* ---- the system ---- */

static void is_two_bytes(void *buffer, ULONG length, ULONG *returned, NTSTATUS *status)
{
    (void)buffer, (void)length, (void)status;
    *returned = 2;
}

static void wrote_nothing(void *buffer, ULONG length, ULONG *returned, NTSTATUS *status)
{
    (void)returned, (void)status;
    memset(buffer, 0xFF, length);
}

static void a_short_class_165_makes_no_process_ordinary(void)
{
    static lie *const lies[] = {is_two_bytes, says_pending, wrote_nothing};
    bench_end();
    bench_boot_on(14393, NTSIM_SYSTEM_VSM | NTSIM_SYSTEM_SECURE_BIT);
    for (size_t i = 0; i < ARRAYSIZE(lies); i++)
    {
        TL_PROCESS_RECORD record;
        lie_about_system(165, lies[i]);
        CHECK_EQ(query_one(NOTEPAD_PID, &record), STATUS_SUCCESS);
        CHECK_EQ(record.Verdict, 0);
        CHECK_EQ(record.Reason, 6);
        CHECK_EQ(query_one(LSAISO_PID, &record), STATUS_SUCCESS);
        CHECK_EQ(record.Verdict, 2);
        CHECK_EQ(record.Evidence, 1);
    }
}

/* ---- the list ---- */

static UINT32 first_next;

/* The first entry's NextEntryOffset is another. */
static void leads_elsewhere(void *buffer, ULONG length, ULONG *returned, NTSTATUS *status)
{
    (void)length, (void)returned, (void)status;
    memcpy(buffer, &first_next, sizeof first_next);
}

static void a_list_whose_entries_lead_elsewhere_is_refused(void)
{
    static const UINT32 elsewhere[] = {1, 8, 255, 0x7FFFFFF8, 0x80000000, 0xFFFFFFF8, 0xFFFFFFFF};
    lie_about_system(5, leads_elsewhere);
    for (size_t i = 0; i < ARRAYSIZE(elsewhere); i++)
    {
        TL_PROCESS_LIST list;
        first_next = elsewhere[i];
        CHECK_EQ(TlReadProcessList(&bench_core.System, &list), STATUS_DATA_ERROR);
        CHECK(list.Buffer == NULL && list.Processes == NULL);
        CHECK_EQ(list.Count, 0);
    }
}

static void a_list_of_one_is_a_list(void)
{
    TL_PROCESS_LIST list;
    lie_about_system(5, leads_elsewhere);
    first_next = 0;
    CHECK_EQ(TlReadProcessList(&bench_core.System, &list), STATUS_SUCCESS);
    CHECK_EQ(list.Count, 1);
    TlFreeProcessList(&list);
}

static ULONG said_length;

static void says_another_length(void *buffer, ULONG length, ULONG *returned, NTSTATUS *status)
{
    (void)buffer, (void)length, (void)status;
    *returned = said_length;
}

static void a_list_cut_short_is_refused(void)
{
    static const ULONG cut[] = {1, 8, 255, 256, 600};
    TL_PROCESS_LIST list;
    lie_about_system(5, says_another_length);
    for (size_t i = 0; i < ARRAYSIZE(cut); i++)
    {
        said_length = cut[i];
        CHECK_EQ(TlReadProcessList(&bench_core.System, &list), STATUS_DATA_ERROR);
    }
    /* A length of 0, or beyond the buffer, is no length: the buffer's own bounds hold. */
    said_length = 0;
    CHECK_EQ(TlReadProcessList(&bench_core.System, &list), STATUS_SUCCESS);
    CHECK_EQ(list.Count, BENCH_PROCESSES);
    TlFreeProcessList(&list);
    said_length = 0xFFFFFFFF;
    CHECK_EQ(TlReadProcessList(&bench_core.System, &list), STATUS_SUCCESS);
    CHECK_EQ(list.Count, BENCH_PROCESSES);
    TlFreeProcessList(&list);
}

static void is_one_entry_long(void *buffer, ULONG length, ULONG *returned, NTSTATUS *status)
{
    first_next = 0;
    leads_elsewhere(buffer, length, returned, status);
    *returned = said_length;
}

static void an_entry_is_whole_or_none(void)
{
    TL_PROCESS_LIST list;
    lie_about_system(5, is_one_entry_long);
    said_length = 255;
    CHECK_EQ(TlReadProcessList(&bench_core.System, &list), STATUS_DATA_ERROR);
    said_length = 256;
    CHECK_EQ(TlReadProcessList(&bench_core.System, &list), STATUS_SUCCESS);
    CHECK_EQ(list.Count, 1);
    TlFreeProcessList(&list);
}

static void wants_the_impossible(void *buffer, ULONG length, ULONG *returned, NTSTATUS *status)
{
    (void)buffer, (void)length;
    *status = STATUS_INFO_LENGTH_MISMATCH;
    *returned = said_length;
}

static void a_length_beyond_reason_is_not_allocated(void)
{
    static const ULONG lengths[] = {0x20000001, 0x80000000, 0xFFFFFFFF};
    TL_PROCESS_LIST list;
    lie_about_system(5, wants_the_impossible);
    for (size_t i = 0; i < ARRAYSIZE(lengths); i++)
    {
        said_length = lengths[i];
        const uint64_t before = ntsim_kernel_calls(NTSIM_ExAllocatePool2);
        CHECK_EQ(TlReadProcessList(&bench_core.System, &list), STATUS_INSUFFICIENT_RESOURCES);
        CHECK_EQ(ntsim_kernel_calls(NTSIM_ExAllocatePool2) - before, 1);
    }
}

static int asked;

static void grows_each_time(void *buffer, ULONG length, ULONG *returned, NTSTATUS *status)
{
    (void)buffer, (void)length;
    asked++;
    *status = STATUS_INFO_LENGTH_MISMATCH;
    *returned = said_length;
}

static void a_list_that_never_fits_is_asked_for_a_bounded_number_of_times(void)
{
    TL_PROCESS_LIST list;
    lie_about_system(5, grows_each_time);
    asked = 0;
    said_length = 0x40000;
    CHECK_EQ(TlReadProcessList(&bench_core.System, &list), STATUS_INSUFFICIENT_RESOURCES);
    CHECK(asked <= 16);
}

static struct
{
    UINT16 length;
    LONG_PTR offset; /* from the list's start, or absolute when far */
    bool far;
} name_lie;

/* The first entry's name is somewhere else. */
static void names_elsewhere(void *buffer, ULONG length, ULONG *returned, NTSTATUS *status)
{
    const UINT64 place = name_lie.far ? (UINT64)name_lie.offset : (UINT64)(ULONG_PTR)buffer + (UINT64)name_lie.offset;
    (void)length, (void)returned, (void)status;
    memcpy((UINT8 *)buffer + 56, &name_lie.length, 2);
    memcpy((UINT8 *)buffer + 64, &place, 8);
}

static void check_name(UINT16 length, LONG_PTR offset, bool far, UINT16 expected)
{
    TL_PROCESS_LIST list;
    name_lie.length = length;
    name_lie.offset = offset;
    name_lie.far = far;
    lie_about_system(5, names_elsewhere);
    said_length = 0;
    CHECK_EQ(TlReadProcessList(&bench_core.System, &list), STATUS_SUCCESS);
    /* Idle is the first entry and the first in order. */
    const UINT16 found = list.Processes[0].NameLength;
    const bool has = list.Processes[0].Name != NULL;
    TlFreeProcessList(&list);
    CHECK_EQ(found, expected);
    CHECK_EQ(has, expected != 0);
}

static void a_name_outside_the_list_is_no_name(void)
{
    check_name(8, 0, false, 8);
    check_name(8, -8, false, 0);
    check_name(7, 0, false, 0);
    check_name(0, 0, false, 0);
    check_name(8, 0, true, 0);
    check_name(8, -1, true, 0);
    check_name(2, 0x10000000, false, 0);
    check_name(0xFFFE, 0x20000 - 16, false, 0);
}

static UINT32 thread_count;

static void counts_other_threads(void *buffer, ULONG length, ULONG *returned, NTSTATUS *status)
{
    (void)length, (void)returned, (void)status;
    memcpy((UINT8 *)buffer + 4, &thread_count, sizeof thread_count);
}

static void an_extension_that_does_not_fit_is_not_read(void)
{
    static const UINT32 counts[] = {1, 0x1000000, 0x33333333, 0xFFFFFFFF};
    lie_about_system(5, counts_other_threads);
    for (size_t i = 0; i < ARRAYSIZE(counts); i++)
    {
        TL_PROCESS_LIST list;
        thread_count = counts[i];
        CHECK_EQ(TlReadProcessList(&bench_core.System, &list), STATUS_SUCCESS);
        UINT8 found = 0xEE;
        for (UINT32 index = 0; index < list.Count; index++)
            if (list.Processes[index].Key.Pid == 0)
                found = list.Processes[index].HasClassification;
        TlFreeProcessList(&list);
        CHECK_EQ(found, FALSE);
    }
}

static void noise(void *buffer, ULONG length, ULONG *returned, NTSTATUS *status)
{
    static UINT32 state = 12345;
    (void)returned, (void)status;
    for (int i = 0; i < 8; i++)
    {
        state = state * 1664525u + 1013904223u;
        ((UINT8 *)buffer)[(state >> 8) % (length < 4096 ? length : 4096)] ^= (UINT8)(state >> 24);
    }
}

/* Under the address sanitizer: whatever the list says, nothing outside it is read. */
static void a_garbled_list_is_read_within_its_bounds(void)
{
    static UINT8 room[0x10000];
    const TL_CENSUS_REQUEST request = census_request();
    lie_about_system(5, noise);
    for (int i = 0; i < 2000 && check_failed == 0; i++)
        (void)bench_send(TL_IOCTL_CENSUS, &request, sizeof request, room, sizeof room, NULL);
}

const test_case lying_tests[] = {
    {"lies: an extended answer that is not whole is none", an_extended_answer_must_be_whole},
    {"lies: what a failed query wrote is not read", what_a_failure_wrote_is_not_read},
    {"lies: a class 165 that is not whole makes no process ordinary", a_short_class_165_makes_no_process_ordinary},
    {"lies: a list whose entries lead elsewhere is refused", a_list_whose_entries_lead_elsewhere_is_refused},
    {"lies: a list of one process is a list", a_list_of_one_is_a_list},
    {"lies: a list cut short is refused", a_list_cut_short_is_refused},
    {"lies: an entry is whole or none", an_entry_is_whole_or_none},
    {"lies: a length beyond reason is not allocated", a_length_beyond_reason_is_not_allocated},
    {"lies: a list that never fits is asked for a bounded number of times",
     a_list_that_never_fits_is_asked_for_a_bounded_number_of_times},
    {"lies: a name outside the list is no name", a_name_outside_the_list_is_no_name},
    {"lies: an extension that does not fit is not read", an_extension_that_does_not_fit_is_not_read},
    {"lies: a garbled list is read within its bounds", a_garbled_list_is_read_within_its_bounds},
    {0},
};
