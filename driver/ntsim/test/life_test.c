#include "check.h"
#include "sample.h"

static uint64_t start_key_of(uint32_t pid)
{
    nt_handle handle;
    nt_process_telemetry_id id = {0};
    if (NT_SUCCESS(open_process(pid, 0x1000, &handle)))
    {
        NtQueryInformationProcess(handle, ProcessTelemetryIdInformation, &id, sizeof id, NULL);
        NtClose(handle);
    }
    return id.ProcessStartKey;
}

static int is_listed(uint32_t pid)
{
    static _Alignas(8) unsigned char buffer[65536];
    nt_system_process_information info;
    uint32_t offset = 0;
    if (!NT_SUCCESS(NtQuerySystemInformation(5, buffer, sizeof buffer, NULL)))
        return -1;
    do
    {
        memcpy(&info, buffer + offset, sizeof info);
        if (info.UniqueProcessId == pid)
            return 1;
        offset += info.NextEntryOffset;
    } while (info.NextEntryOffset != 0);
    return 0;
}

static void an_exiting_process_answers_with_the_deleting_bit(void)
{
    load_sample();
    CHECK_EQ(ntsim_mark_exiting(LSAISO_PID), NTSIM_OK);
    CHECK_EQ(flags_of(LSAISO_PID), 0x84);
    CHECK_EQ(is_listed(LSAISO_PID), 1);
    CHECK_EQ(ntsim_mark_exiting(NOBODY_PID), NTSIM_E_NOT_FOUND);
}

static void a_table_may_start_with_an_exiting_process(void)
{
    sample_table table = sample();
    table.processes[NOTEPAD].state = NTSIM_PROCESS_EXITING;
    load(&table);
    CHECK_EQ(flags_of(NOTEPAD_PID), 0x4);
    CHECK_EQ(is_listed(NOTEPAD_PID), 1);
}

static void what_ends_unheld_is_gone(void)
{
    load_sample();
    CHECK_EQ(ntsim_exit(NOTEPAD_PID), NTSIM_OK);
    CHECK_EQ(flags_of(NOTEPAD_PID), STATUS_INVALID_CID);
    CHECK_EQ(is_listed(NOTEPAD_PID), 0);
    CHECK_EQ(ntsim_exit(NOTEPAD_PID), NTSIM_E_NOT_FOUND);
    CHECK_EQ(ntsim_exit(AGENT_PID), NTSIM_E_VALUE);
    CHECK_EQ(ntsim_exit(NOTEPAD_TID), NTSIM_E_NOT_FOUND);
}

static void a_held_object_outlives_its_process(void)
{
    nt_handle handle;
    nt_process_extended_basic_information info;
    nt_kernel_user_times times;
    load_sample();
    CHECK_EQ(open_process(NOTEPAD_PID, 0x1000, &handle), STATUS_SUCCESS);
    CHECK_EQ(ntsim_exit(NOTEPAD_PID), NTSIM_OK);
    CHECK_EQ(is_listed(NOTEPAD_PID), 0);
    CHECK_EQ(query_extended(handle, &info), STATUS_SUCCESS);
    CHECK_EQ(info.Flags, 0x4);
    CHECK_EQ(info.BasicInfo.ExitStatus, 0);
    CHECK_EQ(NtQueryInformationProcess(handle, ProcessTimes, &times, sizeof times, NULL), STATUS_SUCCESS);
    CHECK(times.ExitTime > times.CreateTime);
    CHECK_EQ(flags_of(NOTEPAD_PID), 0x4); /* and can still be opened */
    CHECK_EQ(ntsim_mark_exiting(NOTEPAD_PID), NTSIM_E_NOT_FOUND);
    CHECK_EQ(NtClose(handle), STATUS_SUCCESS);
    CHECK_EQ(flags_of(NOTEPAD_PID), STATUS_INVALID_CID);
}

static void ended_processes_by_policy(void)
{
    nt_handle handle, thread, again;
    sample_table table = sample();
    table.header.policies = NTSIM_POLICY_REFUSE_TERMINATED_OPEN | NTSIM_POLICY_LIST_TERMINATED;
    load(&table);
    CHECK_EQ(open_process(NOTEPAD_PID, 0x1000, &handle), STATUS_SUCCESS);
    CHECK_EQ(open_thread(NOTEPAD_TID, 0x800, &thread), STATUS_SUCCESS);
    CHECK_EQ(ntsim_exit(NOTEPAD_PID), NTSIM_OK);
    CHECK_EQ(is_listed(NOTEPAD_PID), 1);
    CHECK_EQ(open_process(NOTEPAD_PID, 0x1000, &again), STATUS_PROCESS_IS_TERMINATING);
    CHECK_EQ(open_thread(NOTEPAD_TID, 0x800, &again), NT_STATUS(0xC000004Bu));
    NtClose(handle);
    NtClose(thread);
    CHECK_EQ(is_listed(NOTEPAD_PID), 0);
}

static void a_deleting_trustlet_s_secure_call_by_policy(void)
{
    sample_table table = sample();
    table.header.policies = NTSIM_POLICY_FAIL_DELETING_SECURE_CALL;
    load(&table);
    CHECK_EQ(flags_of(LSAISO_PID), 0x80);
    CHECK_EQ(ntsim_mark_exiting(LSAISO_PID), NTSIM_OK);
    CHECK_EQ(ntsim_mark_exiting(NOTEPAD_PID), NTSIM_OK);
    CHECK_EQ(flags_of(LSAISO_PID), STATUS_PROCESS_IS_TERMINATING);
    CHECK_EQ(flags_of(NOTEPAD_PID), 0x4);
}

static void a_pid_comes_back_as_another_process(void)
{
    load_sample();
    const uint64_t before = start_key_of(NOTEPAD_PID);
    CHECK_EQ(ntsim_reuse(NOTEPAD_PID, LSAISO), NTSIM_OK);
    CHECK_EQ(flags_of(NOTEPAD_PID), 0x80);
    CHECK_EQ(flags_of(LSAISO_PID), 0x80);
    const uint64_t after = start_key_of(NOTEPAD_PID);
    CHECK_EQ(before, INT64_C(7) << 48 | 4);
    CHECK_EQ(after, INT64_C(7) << 48 | 8);
    CHECK_EQ(ntsim_reuse(NOTEPAD_PID, SAMPLE_PROCESSES), NTSIM_E_NOT_FOUND);
    CHECK_EQ(ntsim_reuse(AGENT_PID, NOTEPAD), NTSIM_E_VALUE);
    CHECK_EQ(ntsim_reuse(0, NOTEPAD), NTSIM_E_VALUE);
    CHECK_EQ(ntsim_reuse(NOTEPAD_PID + 1, NOTEPAD), NTSIM_E_VALUE);
    CHECK_EQ(ntsim_reuse(LSAISO_TID, NOTEPAD), NTSIM_E_IN_USE);
    CHECK_EQ(ntsim_reuse(NOBODY_PID, NOTEPAD), NTSIM_OK);
    CHECK_EQ(flags_of(NOBODY_PID), 0);
}

static void a_held_pid_cannot_be_reused(void)
{
    nt_handle handle;
    load_sample();
    const sample_table program = sample_program(0, 0x80, NTSIM_PROCESS_SECURE);
    CHECK_EQ(open_process(NOTEPAD_PID, 0x1000, &handle), STATUS_SUCCESS);
    CHECK_EQ(ntsim_reuse_with(NOTEPAD_PID, &program, sizeof program), NTSIM_E_REFERENCED);
    CHECK_EQ(ntsim_reuse(NOTEPAD_PID, LSAISO), NTSIM_E_REFERENCED);
    CHECK_EQ(flags_of(NOTEPAD_PID), 0x4); /* it ended all the same */
    NtClose(handle);
    CHECK_EQ(ntsim_reuse_with(NOTEPAD_PID, &program, sizeof program), NTSIM_OK);
    CHECK_EQ(flags_of(NOTEPAD_PID), 0x80);
    CHECK_EQ(ntsim_reuse_with(NOTEPAD_PID, &program, 8), NTSIM_E_TRUNCATED);
}

static void a_held_thread_holds_the_pid_too(void)
{
    nt_handle thread;
    nt_thread_basic_information info;
    uint32_t ended = 0;
    load_sample();
    CHECK_EQ(open_thread(NOTEPAD_TID_2, 0x800, &thread), STATUS_SUCCESS);
    CHECK_EQ(ntsim_exit(NOTEPAD_PID), NTSIM_OK);
    CHECK_EQ(NtQueryInformationThread(thread, ThreadIsTerminated, &ended, 4, NULL), STATUS_SUCCESS);
    CHECK_EQ(ended, 1);
    CHECK_EQ(NtQueryInformationThread(thread, ThreadBasicInformation, &info, sizeof info, NULL), STATUS_SUCCESS);
    CHECK_EQ(info.ExitStatus, 0);
    CHECK_EQ(info.ClientId.UniqueProcess, 3000);
    CHECK_EQ(ntsim_reuse(NOTEPAD_PID, LSAISO), NTSIM_E_REFERENCED);
    CHECK_EQ(flags_of(NOTEPAD_PID), 0x4);
    NtClose(thread);
    CHECK_EQ(flags_of(NOTEPAD_PID), STATUS_INVALID_CID);
    CHECK_EQ(ntsim_reuse(NOTEPAD_PID, LSAISO), NTSIM_OK);
}

static void a_thread_ends_alone(void)
{
    nt_handle thread;
    uint32_t ended = 0;
    load_sample();
    CHECK_EQ(open_thread(NOTEPAD_TID, 0x800, &thread), STATUS_SUCCESS);
    CHECK_EQ(ntsim_exit_thread(NOTEPAD_TID), NTSIM_OK);
    CHECK_EQ(ntsim_exit_thread(NOTEPAD_TID), NTSIM_E_NOT_FOUND);
    CHECK_EQ(NtQueryInformationThread(thread, ThreadIsTerminated, &ended, 4, NULL), STATUS_SUCCESS);
    CHECK_EQ(ended, 1);
    CHECK_EQ(flags_of(NOTEPAD_PID), 0);
    NtClose(thread);
    CHECK_EQ(open_thread(NOTEPAD_TID, 0x800, &thread), STATUS_INVALID_CID);
    CHECK_EQ(ntsim_exit_thread(NOTEPAD_TID_2), NTSIM_OK);
    CHECK_EQ(ntsim_exit_thread(NOTEPAD_PID), NTSIM_E_NOT_FOUND);
    CHECK_EQ(flags_of(NOTEPAD_PID), 0);
}

static void processes_start_later(void)
{
    uint32_t pid = 0;
    uint32_t second = 0;
    sample_table program = sample_program(NOBODY_PID, 0x80, NTSIM_PROCESS_SECURE | NTSIM_PROCESS_TRUSTLET);
    load_sample();
    CHECK_EQ(ntsim_spawn(&program, sizeof program, &pid), NTSIM_OK);
    CHECK_EQ(pid, NOBODY_PID);
    CHECK_EQ(flags_of(NOBODY_PID), 0x80);
    CHECK_EQ(ntsim_spawn(&program, sizeof program, &second), NTSIM_OK); /* the pid is taken: another */
    CHECK(second != pid && second % 4 == 0 && second != 0);
    CHECK(start_key_of(second) == start_key_of(pid) + 1);
    program.processes[0].pid = 0;
    CHECK_EQ(ntsim_spawn(&program, sizeof program, &second), NTSIM_OK);
    CHECK_EQ(flags_of(second), 0x80);
    CHECK_EQ(ntsim_spawn(&program, 12, &second), NTSIM_E_TRUNCATED);
}

static void churn_takes_turns_and_leaves_held_ones(void)
{
    nt_handle handle;
    sample_table table = sample();
    table.header.churn = NTSIM_CHURN_REUSE_AT_EVERY_CALL;
    table.processes[NOTEPAD].state = NTSIM_PROCESS_VOLATILE;
    load(&table);
    const uint64_t original = (uint64_t)7 << 48 | 4;
    /* Each open replaces it first: ordinary, then a trustlet, and so on. */
    CHECK_EQ(flags_of(NOTEPAD_PID), 0);
    CHECK_EQ(flags_of(NOTEPAD_PID), 0x80);
    CHECK_EQ(flags_of(NOTEPAD_PID), 0);
    CHECK(start_key_of(NOTEPAD_PID) != original);
    CHECK_EQ(open_process(NOTEPAD_PID, 0x1000, &handle), STATUS_SUCCESS);
    nt_process_extended_basic_information first, second;
    CHECK_EQ(query_extended(handle, &first), STATUS_SUCCESS);
    const uint64_t held = start_key_of(NOTEPAD_PID);
    CHECK_EQ(start_key_of(NOTEPAD_PID), held);
    CHECK_EQ(query_extended(handle, &second), STATUS_SUCCESS);
    CHECK_EQ(first.Flags, second.Flags);
    NtClose(handle);
    CHECK(start_key_of(NOTEPAD_PID) != held);
    CHECK_EQ(is_listed(NOTEPAD_PID), 1);
}

static void churn_spares_a_process_whose_thread_is_held(void)
{
    nt_handle thread, other;
    nt_thread_basic_information info;
    sample_table table = sample();
    table.processes[NOTEPAD].state = NTSIM_PROCESS_VOLATILE;
    load(&table);
    CHECK_EQ(open_thread(NOTEPAD_TID, 0x800, &thread), STATUS_SUCCESS);
    CHECK_EQ(ntsim_set_churn(2), NTSIM_E_VALUE);
    CHECK_EQ(ntsim_set_churn(NTSIM_CHURN_REUSE_AT_EVERY_CALL), NTSIM_OK);
    CHECK_EQ(open_thread(LSAISO_TID, 0x800, &other), STATUS_SUCCESS);
    CHECK_EQ(NtQueryInformationThread(thread, ThreadBasicInformation, &info, sizeof info, NULL), STATUS_SUCCESS);
    CHECK_EQ(info.ExitStatus, 0x103);
    NtClose(thread);
    NtClose(other);
    CHECK_EQ(open_thread(NOTEPAD_TID, 0x800, &thread), STATUS_INVALID_CID); /* replaced at this very open */
    CHECK_EQ(ntsim_set_churn(NTSIM_CHURN_NONE), NTSIM_OK);
}

static void churn_spares_the_caller_the_exiting_and_the_referenced(void)
{
    nt_handle thread;
    nt_thread_basic_information info;
    sample_table table = sample();
    table.processes[AGENT].state = NTSIM_PROCESS_VOLATILE;
    table.processes[LSAISO].state |= NTSIM_PROCESS_VOLATILE;
    table.processes[NOTEPAD].state = NTSIM_PROCESS_VOLATILE;
    load(&table);
    const uint64_t trustlet = start_key_of(LSAISO_PID);
    CHECK_EQ(open_thread(NOTEPAD_TID, 0x800, &thread), STATUS_SUCCESS);
    CHECK_EQ(ntsim_exit_thread(NOTEPAD_TID), NTSIM_OK); /* its object still refers to its process */
    CHECK_EQ(ntsim_mark_exiting(LSAISO_PID), NTSIM_OK);
    CHECK_EQ(ntsim_set_churn(NTSIM_CHURN_REUSE_AT_EVERY_CALL), NTSIM_OK);
    CHECK_EQ(flags_of(LSAISO_PID), 0x84);
    CHECK_EQ(start_key_of(LSAISO_PID), trustlet);
    CHECK_EQ(flags_of(AGENT_PID), 0);
    CHECK_EQ(flags_of(NOTEPAD_PID), 0);
    CHECK_EQ(NtQueryInformationThread(thread, ThreadBasicInformation, &info, sizeof info, NULL), STATUS_SUCCESS);
    CHECK_EQ(info.ClientId.UniqueProcess, 3000);
    NtClose(thread);
    CHECK_EQ(start_key_of(NOTEPAD_PID) > trustlet, 1);
}

const test_case life_tests[] = {
    {"an exiting process answers, with the Deleting bit", an_exiting_process_answers_with_the_deleting_bit},
    {"a table may start with an exiting process", a_table_may_start_with_an_exiting_process},
    {"what ends unheld is gone", what_ends_unheld_is_gone},
    {"a held object outlives its process", a_held_object_outlives_its_process},
    {"ended processes are listed and not opened, by policy", ended_processes_by_policy},
    {"a deleting trustlet's secure call fails, by policy", a_deleting_trustlet_s_secure_call_by_policy},
    {"a pid comes back as another process with a new start key", a_pid_comes_back_as_another_process},
    {"a held pid cannot be reused", a_held_pid_cannot_be_reused},
    {"a held thread holds its process's pid too", a_held_thread_holds_the_pid_too},
    {"a thread ends alone", a_thread_ends_alone},
    {"processes start later, with free pids", processes_start_later},
    {"churn takes turns and leaves held processes alone", churn_takes_turns_and_leaves_held_ones},
    {"churn spares a process whose thread is held", churn_spares_a_process_whose_thread_is_held},
    {"churn spares the caller, the exiting and the referenced", churn_spares_the_caller_the_exiting_and_the_referenced},
    {NULL, NULL},
};
