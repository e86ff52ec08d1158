#include "check.h"
#include "sample.h"

static nt_status duplicate(nt_handle source, nt_access access, uint32_t options, nt_handle *target)
{
    return NtDuplicateObject(-1, source, -1, target, access, 0, options);
}

static nt_status query(nt_handle handle)
{
    nt_process_extended_basic_information info;
    return query_extended(handle, &info);
}

static void a_duplicate_has_the_asked_rights(void)
{
    nt_handle source, target;
    load_sample();
    CHECK_EQ(open_process(NOTEPAD_PID, 0x1010, &source), STATUS_SUCCESS);
    CHECK_EQ(duplicate(source, 0x10, 0, &target), STATUS_SUCCESS);
    CHECK(target != source);
    const nt_status narrow = query(target);
    NtClose(target);
    CHECK_EQ(duplicate(source, 0, DUPLICATE_SAME_ACCESS, &target), STATUS_SUCCESS);
    const nt_status same = query(target);
    NtClose(target);
    NtClose(source);
    CHECK_EQ(narrow, STATUS_ACCESS_DENIED);
    CHECK_EQ(same, STATUS_SUCCESS);
}

static void more_rights_are_checked_like_an_open(void)
{
    nt_handle source, target;
    load_sample();
    CHECK_EQ(open_process(NOTEPAD_PID, 0x10, &source), STATUS_SUCCESS);
    CHECK_EQ(duplicate(source, 0x1010, 0, &target), STATUS_SUCCESS);
    CHECK_EQ(query(target), STATUS_SUCCESS);
    NtClose(target);
    NtClose(source);
    CHECK_EQ(open_process(PROTECTED_PID, 0x1000, &source), STATUS_SUCCESS);
    CHECK_EQ(duplicate(source, 0x1010, 0, &target), STATUS_ACCESS_DENIED);
    CHECK_EQ(duplicate(source, 0, 0, &target), STATUS_ACCESS_DENIED);
    NtClose(source);
}

static void pseudo_handles_duplicate_into_real_ones(void)
{
    nt_handle target;
    nt_process_extended_basic_information info;
    uint32_t ended = 7;
    load_sample();
    CHECK_EQ(duplicate(-1, 0x1000, 0, &target), STATUS_SUCCESS);
    CHECK_EQ(query_extended(target, &info), STATUS_SUCCESS);
    CHECK_EQ(info.BasicInfo.UniqueProcessId, 2000);
    NtClose(target);
    CHECK_EQ(duplicate(-2, 0x800, 0, &target), STATUS_SUCCESS);
    CHECK_EQ(NtQueryInformationThread(target, ThreadIsTerminated, &ended, 4, NULL), STATUS_SUCCESS);
    NtClose(target);
    CHECK_EQ(ended, 0);
}

static void threads_duplicate_too(void)
{
    nt_handle source, target;
    uint32_t ended = 7;
    load_sample();
    CHECK_EQ(open_thread(NOTEPAD_TID, 0x10, &source), STATUS_SUCCESS);
    CHECK_EQ(duplicate(source, 0x40, 0, &target), STATUS_SUCCESS); /* 0x40 implies 0x800 */
    CHECK_EQ(NtQueryInformationThread(target, ThreadIsTerminated, &ended, 4, NULL), STATUS_SUCCESS);
    NtClose(target);
    NtClose(source);
}

static void the_source_can_be_closed_by_it(void)
{
    nt_handle source, target;
    load_sample();
    CHECK_EQ(open_process(NOTEPAD_PID, 0x1000, &source), STATUS_SUCCESS);
    CHECK_EQ(duplicate(source, 0, DUPLICATE_SAME_ACCESS | DUPLICATE_CLOSE_SOURCE, &target), STATUS_SUCCESS);
    CHECK_EQ(ntsim_open_handles(), 1);
    CHECK_EQ(NtClose(source), STATUS_INVALID_HANDLE);
    CHECK_EQ(duplicate(target, 0, DUPLICATE_CLOSE_SOURCE, NULL), STATUS_SUCCESS);
    CHECK_EQ(ntsim_open_handles(), 0);
}

static void only_the_caller_s_own_table_is_simulated(void)
{
    nt_handle own, other, thread, target;
    load_sample();
    CHECK_EQ(duplicate(0, 0x1000, 0, &target), STATUS_INVALID_HANDLE);
    CHECK_EQ(open_process(AGENT_PID, 0x40, &own), STATUS_SUCCESS);
    CHECK_EQ(open_process(NOTEPAD_PID, 0x40, &other), STATUS_SUCCESS);
    CHECK_EQ(open_thread(NOTEPAD_TID, 0x800, &thread), STATUS_SUCCESS);
    CHECK_EQ(NtDuplicateObject(other, own, -1, &target, 0x40, 0, 0), STATUS_NOT_SUPPORTED);
    CHECK_EQ(NtDuplicateObject(-1, own, other, &target, 0x40, 0, 0), STATUS_NOT_SUPPORTED);
    CHECK_EQ(NtDuplicateObject(thread, own, -1, &target, 0x40, 0, 0), STATUS_OBJECT_TYPE_MISMATCH);
    CHECK_EQ(NtDuplicateObject(own, other, own, &target, 0x40, OBJ_INHERIT, 0), STATUS_SUCCESS);
    CHECK_EQ(ntsim_inheritable_handles(), 1);
    NtClose(target);
    NtClose(own);
    CHECK_EQ(open_process(AGENT_PID, 0x1000, &own), STATUS_SUCCESS);
    CHECK_EQ(NtDuplicateObject(own, other, -1, &target, 0x40, 0, 0), STATUS_ACCESS_DENIED);
    NtClose(own);
    NtClose(other);
    NtClose(thread);
}

const test_case duplicate_tests[] = {
    {"a duplicate has the rights that were asked for", a_duplicate_has_the_asked_rights},
    {"rights the source lacks are checked like an open", more_rights_are_checked_like_an_open},
    {"pseudo-handles duplicate into real ones", pseudo_handles_duplicate_into_real_ones},
    {"thread handles duplicate too", threads_duplicate_too},
    {"a duplication can close its source", the_source_can_be_closed_by_it},
    {"only the caller's own handle table is simulated", only_the_caller_s_own_table_is_simulated},
    {NULL, NULL},
};
