#include "check.h"
#include "sample.h"

static nt_handle opened;

static nt_status query(uint32_t info_class, void *buffer, uint32_t length, uint32_t *return_length)
{
    return NtQueryInformationProcess(opened, info_class, buffer, length, return_length);
}

static void open_for_query(uint32_t pid)
{
    if (!NT_SUCCESS(open_process(pid, PROCESS_QUERY_LIMITED_INFORMATION, &opened)))
        check_failed = 1;
}

static void class_0_answers_64_and_48_bytes_only(void)
{
    _Alignas(8) unsigned char buffer[128];
    load_sample();
    open_for_query(NOTEPAD_PID);
    for (uint32_t length = 0; length <= sizeof buffer; length++)
    {
        uint32_t told = 77;
        const nt_status status = query(ProcessBasicInformation, buffer, length, &told);
        CHECK_EQ(status, length == 64 || length == 48 ? STATUS_SUCCESS : STATUS_INFO_LENGTH_MISMATCH);
        CHECK_EQ(told, length == 64 || length == 48 ? length : 77);
    }
    NtClose(opened);
}

static void the_extended_form_says_it_all(void)
{
    nt_process_extended_basic_information info;
    load_sample();
    open_for_query(LSAISO_PID);
    const nt_status status = query_extended(opened, &info);
    NtClose(opened);
    CHECK_EQ(status, STATUS_SUCCESS);
    CHECK_EQ(info.Size, 64);
    CHECK_EQ(info.BasicInfo.ExitStatus, 0x103);
    CHECK_EQ(info.BasicInfo.PebBaseAddress, INT64_C(0x7000000000) + 812 * 0x1000);
    CHECK_EQ(info.BasicInfo.UniqueProcessId, 812);
    CHECK_EQ(info.BasicInfo.InheritedFromUniqueProcessId, 4);
    CHECK_EQ(info.Flags, 0x80);
}

static void flags_are_each_process_s_own(void)
{
    load_sample();
    CHECK_EQ(flags_of(SYSTEM_PID), 0);
    CHECK_EQ(flags_of(AGENT_PID), 0);
    CHECK_EQ(flags_of(LSAISO_PID), 0x80);
    CHECK_EQ(flags_of(PROTECTED_PID), 0x1);
}

static void the_plain_form_writes_48_bytes(void)
{
    _Alignas(8) unsigned char buffer[64];
    nt_process_basic_information info;
    load_sample();
    memset(buffer, 0xAA, sizeof buffer);
    open_for_query(NOTEPAD_PID);
    const nt_status status = query(ProcessBasicInformation, buffer, 48, NULL);
    NtClose(opened);
    CHECK_EQ(status, STATUS_SUCCESS);
    memcpy(&info, buffer, sizeof info);
    CHECK_EQ(info.UniqueProcessId, 3000);
    CHECK_EQ(info.PebBaseAddress, INT64_C(0x100000000) + 3000 * 0x1000);
    for (size_t i = 48; i < sizeof buffer; i++)
        CHECK_EQ(buffer[i], 0xAA);
}

static void size_is_written_before_the_handle_is_looked_at(void)
{
    nt_process_extended_basic_information info;
    load_sample();
    memset(&info, 0xAA, sizeof info);
    CHECK_EQ(NtQueryInformationProcess(0x1234, 0, &info, sizeof info, NULL), STATUS_INVALID_HANDLE);
    CHECK_EQ(info.Size, 64);
    CHECK_EQ(info.Flags, 0xAAAAAAAAu);
    CHECK_EQ(info.BasicInfo.ExitStatus, NT_STATUS(0xAAAAAAAAu));
}

static void size_on_input_is_ignored_or_strict(void)
{
    nt_process_extended_basic_information info = {.Size = 12345};
    sample_table table = sample();
    load(&table);
    CHECK_EQ(NtQueryInformationProcess(-1, 0, &info, sizeof info, NULL), STATUS_SUCCESS);
    CHECK_EQ(info.Size, 64);
    table.header.policies = NTSIM_POLICY_STRICT_SIZE;
    load(&table);
    info.Size = 0;
    CHECK_EQ(NtQueryInformationProcess(-1, 0, &info, sizeof info, NULL), STATUS_INVALID_PARAMETER);
    CHECK_EQ(info.Size, 0);
    info.Size = 64;
    CHECK_EQ(NtQueryInformationProcess(-1, 0, &info, sizeof info, NULL), STATUS_SUCCESS);
}

static void bad_buffers_are_refused(void)
{
    _Alignas(8) unsigned char buffer[80];
    load_sample();
    CHECK_EQ(NtQueryInformationProcess(-1, 0, NULL, 64, NULL), STATUS_ACCESS_VIOLATION);
    CHECK_EQ(NtQueryInformationProcess(-1, 4, NULL, 32, NULL), STATUS_ACCESS_VIOLATION);
    CHECK_EQ(NtQueryInformationProcess(-1, 0, buffer + 2, 64, NULL), STATUS_DATATYPE_MISALIGNMENT);
    CHECK_EQ(NtQueryInformationProcess(-1, 0, buffer + 4, 64, NULL), STATUS_SUCCESS);
}

static void a_handle_must_have_the_right_and_the_type(void)
{
    nt_handle handle;
    nt_process_extended_basic_information info;
    load_sample();
    CHECK_EQ(open_process(NOTEPAD_PID, 0x10, &handle), STATUS_SUCCESS); /* VM_READ alone: facts/nt.md 1.4 */
    const nt_status denied = query_extended(handle, &info);
    CHECK_EQ(NtQueryInformationProcess(handle, 61, &info, 1, NULL), STATUS_ACCESS_DENIED);
    NtClose(handle);
    CHECK_EQ(denied, STATUS_ACCESS_DENIED);
    CHECK_EQ(open_thread(NOTEPAD_TID, 0x1FFFFF, &handle), STATUS_SUCCESS);
    const nt_status mismatch = query_extended(handle, &info);
    NtClose(handle);
    CHECK_EQ(mismatch, STATUS_OBJECT_TYPE_MISMATCH);
    CHECK_EQ(query_extended(handle, &info), STATUS_INVALID_HANDLE);
}

static void a_failed_secure_call_fails_both_forms_of_a_trustlet(void)
{
    _Alignas(8) unsigned char buffer[64];
    load_sample();
    CHECK_EQ(ntsim_fail(NTSIM_CALL_SECURE_CALL, -1, 0, 0, 0xC000009Au), NTSIM_OK);
    open_for_query(LSAISO_PID);
    memset(buffer, 0xAA, sizeof buffer);
    CHECK_EQ(query(ProcessBasicInformation, buffer, 64, NULL), NT_STATUS(0xC000009Au));
    CHECK_EQ(buffer[56], 0xAA);
    CHECK_EQ(query(ProcessBasicInformation, buffer, 48, NULL), NT_STATUS(0xC000009Au));
    CHECK_EQ(query(ProcessProtectionInformation, buffer, 1, NULL), STATUS_SUCCESS);
    NtClose(opened);
    CHECK_EQ(ntsim_calls(NTSIM_CALL_SECURE_CALL), 2);
    CHECK_EQ(flags_of(NOTEPAD_PID), 0);
    CHECK_EQ(ntsim_calls(NTSIM_CALL_SECURE_CALL), 2);
}

static void without_vsm_a_secure_call_is_not_connected(void)
{
    sample_table table = sample();
    table.header.system = 0;
    load(&table);
    CHECK_EQ(flags_of(LSAISO_PID), NT_STATUS(0xC000009Du));
    CHECK_EQ(flags_of(NOTEPAD_PID), 0);
}

static void protection_is_one_byte_of_8_1_and_later(void)
{
    unsigned char protection[2] = {0, 0xAA};
    uint32_t told = 0;
    sample_table table = sample();
    load(&table);
    open_for_query(PROTECTED_PID);
    CHECK_EQ(query(ProcessProtectionInformation, protection, 2, &told), STATUS_INFO_LENGTH_MISMATCH);
    CHECK_EQ(told, 1);
    CHECK_EQ(query(ProcessProtectionInformation, protection, 1, NULL), STATUS_SUCCESS);
    NtClose(opened);
    CHECK_EQ(protection[0], 0x41);
    CHECK_EQ(protection[1], 0xAA);
    table.header.build = 9200;
    load(&table);
    CHECK_EQ(NtQueryInformationProcess(-1, 61, protection, 1, NULL), STATUS_INVALID_INFO_CLASS);
}

static void times_and_sequence_number_identify(void)
{
    nt_kernel_user_times times;
    uint64_t sequence = 0;
    sample_table table = sample();
    load(&table);
    open_for_query(NOTEPAD_PID);
    CHECK_EQ(query(ProcessTimes, &times, sizeof times, NULL), STATUS_SUCCESS);
    CHECK_EQ(query(ProcessTimes, &times, 40, NULL), STATUS_INFO_LENGTH_MISMATCH);
    CHECK_EQ(query(ProcessSequenceNumber, &sequence, 8, NULL), STATUS_SUCCESS);
    CHECK_EQ(query(ProcessSequenceNumber, &sequence, 4, NULL), STATUS_INFO_LENGTH_MISMATCH);
    NtClose(opened);
    CHECK_EQ(times.CreateTime, INT64_C(133000000000000003));
    CHECK_EQ(times.ExitTime, 0);
    CHECK_EQ(sequence, 4);
    table.header.build = 16299;
    load(&table);
    CHECK_EQ(NtQueryInformationProcess(-1, 92, &sequence, 8, NULL), STATUS_INVALID_INFO_CLASS);
}

static void the_telemetry_id_is_filled_though_strings_overflow(void)
{
    _Alignas(8) unsigned char buffer[256];
    nt_process_telemetry_id id;
    uint32_t told = 0;
    load_sample();
    open_for_query(NOTEPAD_PID);
    CHECK_EQ(query(ProcessTelemetryIdInformation, buffer, 95, &told), STATUS_BUFFER_TOO_SMALL);
    CHECK_EQ(told, 96 + 12 + 16 + 2);
    memset(buffer, 0xAA, sizeof buffer);
    CHECK_EQ(query(ProcessTelemetryIdInformation, buffer, 100, &told), STATUS_BUFFER_OVERFLOW);
    CHECK_EQ(buffer[96], 0xAA);
    memcpy(&id, buffer, sizeof id);
    CHECK_EQ(id.HeaderSize, 96);
    CHECK_EQ(id.ProcessId, 3000);
    CHECK_EQ(id.ProcessStartKey, INT64_C(7) << 48 | 4);
    CHECK_EQ(id.CreateTime, INT64_C(133000000000000003));
    CHECK_EQ(id.ProcessSequenceNumber, 4);
    CHECK_EQ(id.SessionId, 1);
    CHECK_EQ(id.BootId, 7);
    CHECK_EQ(query(ProcessTelemetryIdInformation, buffer, sizeof buffer, &told), STATUS_SUCCESS);
    NtClose(opened);
    CHECK_EQ(told, 126);
    CHECK_EQ(buffer[108], 'n');
    CHECK_EQ(buffer[124], 0);
    CHECK_EQ(buffer[126], 0xAA);
}

static void old_builds_lack_start_key_or_telemetry_id(void)
{
    nt_process_telemetry_id id;
    sample_table table = sample();
    table.header.build = 14393;
    load(&table);
    CHECK_EQ(NtQueryInformationProcess(-1, 64, &id, sizeof id, NULL), STATUS_BUFFER_OVERFLOW);
    CHECK_EQ(id.ProcessStartKey, 0);
    CHECK_EQ(id.ProcessSequenceNumber, 3);
    table.header.build = 9600;
    load(&table);
    CHECK_EQ(NtQueryInformationProcess(-1, 64, &id, sizeof id, NULL), STATUS_INVALID_INFO_CLASS);
}

static void unknown_classes_are_refused(void)
{
    unsigned char buffer[8];
    load_sample();
    CHECK_EQ(NtQueryInformationProcess(-1, 7, buffer, 8, NULL), STATUS_INVALID_INFO_CLASS);
    CHECK_EQ(NtQueryInformationProcess(-1, UINT32_MAX, buffer, 8, NULL), STATUS_INVALID_INFO_CLASS);
    CHECK_EQ(NtQueryInformationThread(-2, 1, buffer, 8, NULL), STATUS_INVALID_INFO_CLASS);
}

static void a_thread_names_its_process(void)
{
    nt_handle handle;
    nt_thread_basic_information info;
    uint32_t ended = 7;
    uint32_t told = 0;
    load_sample();
    CHECK_EQ(open_thread(LSAISO_TID, THREAD_QUERY_LIMITED_INFORMATION, &handle), STATUS_SUCCESS);
    CHECK_EQ(NtQueryInformationThread(handle, 0, &info, sizeof info, &told), STATUS_SUCCESS);
    CHECK_EQ(told, 48);
    CHECK_EQ(NtQueryInformationThread(handle, 20, &ended, 4, &told), STATUS_SUCCESS);
    CHECK_EQ(told, 4);
    CHECK_EQ(NtQueryInformationThread(handle, 0, &info, 40, &told), STATUS_INFO_LENGTH_MISMATCH);
    CHECK_EQ(told, 48);
    CHECK_EQ(NtQueryInformationThread(handle, 0, NULL, 48, NULL), STATUS_ACCESS_VIOLATION);
    NtClose(handle);
    CHECK_EQ(info.ExitStatus, 0x103);
    CHECK_EQ(info.ClientId.UniqueProcess, 812);
    CHECK_EQ(info.ClientId.UniqueThread, 816);
    CHECK_EQ(ended, 0);
    CHECK_EQ(NtQueryInformationThread(-1, 0, &info, 48, NULL), STATUS_OBJECT_TYPE_MISMATCH);
    CHECK_EQ(NtQueryInformationThread(handle, 0, &info, 48, NULL), STATUS_INVALID_HANDLE);
}

const test_case query_process_tests[] = {
    {"class 0 answers 64 and 48 bytes and no other length", class_0_answers_64_and_48_bytes_only},
    {"the extended form says what the process is", the_extended_form_says_it_all},
    {"flags are each process's own", flags_are_each_process_s_own},
    {"the plain form writes 48 bytes and no more", the_plain_form_writes_48_bytes},
    {"Size is written before the handle is looked at", size_is_written_before_the_handle_is_looked_at},
    {"Size on input is ignored, or strict by policy", size_on_input_is_ignored_or_strict},
    {"buffers that are missing or misaligned are refused", bad_buffers_are_refused},
    {"a handle must have the right and the type", a_handle_must_have_the_right_and_the_type},
    {"a failed secure call fails both forms, of secure processes only",
     a_failed_secure_call_fails_both_forms_of_a_trustlet},
    {"without VSM a secure call is STATUS_DEVICE_NOT_CONNECTED", without_vsm_a_secure_call_is_not_connected},
    {"protection is one byte, from Windows 8.1", protection_is_one_byte_of_8_1_and_later},
    {"times and sequence number identify a process", times_and_sequence_number_identify},
    {"the telemetry id is filled even when its strings overflow", the_telemetry_id_is_filled_though_strings_overflow},
    {"old builds have no start key, older ones no telemetry id", old_builds_lack_start_key_or_telemetry_id},
    {"unknown classes are STATUS_INVALID_INFO_CLASS", unknown_classes_are_refused},
    {"a thread names its process", a_thread_names_its_process},
    {NULL, NULL},
};
