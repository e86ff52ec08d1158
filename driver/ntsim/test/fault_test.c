#include "check.h"
#include "sample.h"

#define RESOURCES 0xC000009Au

static void a_call_fails_every_time_or_once(void)
{
    load_sample();
    CHECK_EQ(ntsim_fail(NTSIM_CALL_OPEN_PROCESS, -1, 0, 2, RESOURCES), NTSIM_OK);
    CHECK_EQ(flags_of(NOTEPAD_PID), 0);
    CHECK_EQ(flags_of(NOTEPAD_PID), NT_STATUS(RESOURCES));
    CHECK_EQ(flags_of(NOTEPAD_PID), 0);
    CHECK_EQ(ntsim_fail(NTSIM_CALL_OPEN_PROCESS, -1, 0, 0, RESOURCES), NTSIM_OK);
    CHECK_EQ(flags_of(NOTEPAD_PID), NT_STATUS(RESOURCES));
    CHECK_EQ(flags_of(NOTEPAD_PID), NT_STATUS(RESOURCES));
    CHECK_EQ(ntsim_clear_faults(), NTSIM_OK);
    CHECK_EQ(flags_of(NOTEPAD_PID), 0);
    CHECK_EQ(ntsim_calls(NTSIM_CALL_OPEN_PROCESS), 6);
}

static void a_target_fails_alone(void)
{
    nt_handle handle;
    load_sample();
    CHECK_EQ(ntsim_fail(NTSIM_CALL_QUERY_PROCESS, 0, NOTEPAD_PID, 0, RESOURCES), NTSIM_OK);
    CHECK_EQ(ntsim_fail(NTSIM_CALL_OPEN_PROCESS, -1, NOBODY_PID, 0, RESOURCES), NTSIM_OK);
    CHECK_EQ(ntsim_fail(NTSIM_CALL_OPEN_THREAD, -1, NOTEPAD_PID, 0, RESOURCES), NTSIM_OK);
    CHECK_EQ(flags_of(NOTEPAD_PID), NT_STATUS(RESOURCES));
    CHECK_EQ(flags_of(LSAISO_PID), 0x80);
    CHECK_EQ(flags_of(NOBODY_PID), NT_STATUS(RESOURCES));
    CHECK_EQ(open_thread(NOTEPAD_TID, 0x800, &handle), NT_STATUS(RESOURCES));
    CHECK_EQ(open_thread(LSAISO_TID, 0x800, &handle), STATUS_SUCCESS);
    NtClose(handle);
    CHECK_EQ(ntsim_fail(NTSIM_CALL_COUNT, -1, 0, 0, RESOURCES), NTSIM_E_VALUE);
}

static void a_class_fails_alone(void)
{
    unsigned char bytes[32];
    load_sample();
    CHECK_EQ(ntsim_fail(NTSIM_CALL_QUERY_PROCESS, 61, 0, 0, RESOURCES), NTSIM_OK);
    CHECK_EQ(ntsim_fail(NTSIM_CALL_QUERY_SYSTEM, 165, 0, 0, RESOURCES), NTSIM_OK);
    CHECK_EQ(ntsim_fail(NTSIM_CALL_QUERY_THREAD, 20, 0, 0, RESOURCES), NTSIM_OK);
    CHECK_EQ(NtQueryInformationProcess(-1, 61, bytes, 1, NULL), NT_STATUS(RESOURCES));
    CHECK_EQ(NtQueryInformationProcess(-1, 4, bytes, 32, NULL), STATUS_SUCCESS);
    CHECK_EQ(NtQuerySystemInformation(165, bytes, 16, NULL), NT_STATUS(RESOURCES));
    CHECK_EQ(NtQuerySystemInformation(145, bytes, 2, NULL), STATUS_SUCCESS);
    CHECK_EQ(NtQueryInformationThread(-2, 20, bytes, 4, NULL), NT_STATUS(RESOURCES));
}

static void a_failing_query_has_written_size_and_no_flags(void)
{
    nt_process_extended_basic_information info;
    load_sample();
    CHECK_EQ(ntsim_fail(NTSIM_CALL_QUERY_PROCESS, 0, 0, 0, RESOURCES), NTSIM_OK);
    memset(&info, 0xAA, sizeof info);
    CHECK_EQ(NtQueryInformationProcess(-1, 0, &info, sizeof info, NULL), NT_STATUS(RESOURCES));
    CHECK_EQ(info.Size, 64);
    CHECK_EQ(info.Flags, 0xAAAAAAAAu);
}

static void a_failing_close_leaves_the_handle(void)
{
    nt_handle handle, copy;
    load_sample();
    CHECK_EQ(open_process(NOTEPAD_PID, 0x1000, &handle), STATUS_SUCCESS);
    CHECK_EQ(ntsim_fail(NTSIM_CALL_CLOSE, -1, 0, 1, RESOURCES), NTSIM_OK);
    CHECK_EQ(ntsim_fail(NTSIM_CALL_DUPLICATE_OBJECT, -1, NOTEPAD_PID, 1, RESOURCES), NTSIM_OK);
    CHECK_EQ(NtClose(handle), NT_STATUS(RESOURCES));
    CHECK_EQ(ntsim_open_handles(), 1);
    CHECK_EQ(NtDuplicateObject(-1, handle, -1, &copy, 0, 0, DUPLICATE_SAME_ACCESS | DUPLICATE_CLOSE_SOURCE),
             NT_STATUS(RESOURCES));
    CHECK_EQ(ntsim_open_handles(), 1);
    CHECK_EQ(NtClose(handle), STATUS_SUCCESS);
}

static void faults_of_a_table_follow_their_program(void)
{
    sample_table table = sample();
    table.header.fault_count = 2;
    table.faults[0] = (ntsim_table_fault){NTSIM_CALL_QUERY_PROCESS, 0, NOTEPAD, 0, RESOURCES, 0};
    table.faults[1] = (ntsim_table_fault){NTSIM_CALL_QUERY_SYSTEM, 145, NTSIM_NONE, 1, RESOURCES, 0};
    load(&table);
    CHECK_EQ(flags_of(NOTEPAD_PID), NT_STATUS(RESOURCES));
    CHECK_EQ(flags_of(LSAISO_PID), 0x80);
    unsigned char bytes[2];
    CHECK_EQ(NtQuerySystemInformation(145, bytes, 2, NULL), NT_STATUS(RESOURCES));
    CHECK_EQ(NtQuerySystemInformation(145, bytes, 2, NULL), STATUS_SUCCESS);
    /* Another program behind the same pid does not fail; the same program behind another pid does. */
    CHECK_EQ(ntsim_reuse(NOTEPAD_PID, LSAISO), NTSIM_OK);
    CHECK_EQ(flags_of(NOTEPAD_PID), 0x80);
    CHECK_EQ(ntsim_reuse(NOBODY_PID, NOTEPAD), NTSIM_OK);
    CHECK_EQ(flags_of(NOBODY_PID), NT_STATUS(RESOURCES));
    /* A later table's faults belong to its own processes. */
    uint32_t pid;
    sample_table program = sample_program(0, 0, 0);
    program.header.fault_count = 1;
    program.faults[0] = (ntsim_table_fault){NTSIM_CALL_QUERY_PROCESS, 0, 0, 0, 0xC0000001u, 0};
    CHECK_EQ(ntsim_spawn(&program, sizeof program, &pid), NTSIM_OK);
    CHECK_EQ(flags_of(pid), STATUS_UNSUCCESSFUL);
    CHECK_EQ(ntsim_reuse_with(NOBODY_PID, &program, sizeof program), NTSIM_OK);
    CHECK_EQ(flags_of(NOBODY_PID), STATUS_UNSUCCESSFUL);
    CHECK_EQ(flags_of(LSAISO_PID), 0x80);
}

static void calls_are_counted(void)
{
    nt_handle handle;
    load_sample();
    CHECK_EQ(open_process(NOTEPAD_PID, 0x1000, &handle), STATUS_SUCCESS);
    NtClose(handle);
    NtClose(handle);
    CHECK_EQ(ntsim_calls(NTSIM_CALL_OPEN_PROCESS), 1);
    CHECK_EQ(ntsim_calls(NTSIM_CALL_CLOSE), 2);
    CHECK_EQ(ntsim_calls(NTSIM_CALL_OPEN_THREAD), 0);
    CHECK_EQ(ntsim_calls(NTSIM_CALL_COUNT), 0);
}

const test_case fault_tests[] = {
    {"a call fails every time, or only the n-th", a_call_fails_every_time_or_once},
    {"a target fails alone", a_target_fails_alone},
    {"an information class fails alone", a_class_fails_alone},
    {"a failing query has written Size and no Flags", a_failing_query_has_written_size_and_no_flags},
    {"a failing close or duplication leaves the handle", a_failing_close_leaves_the_handle},
    {"faults of a table follow their program, not its pid", faults_of_a_table_follow_their_program},
    {"calls are counted", calls_are_counted},
    {NULL, NULL},
};
