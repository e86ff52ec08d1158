#include <stdlib.h>

#include "check.h"
#include "sample.h"

static uint32_t list_bytes(void)
{
    uint32_t needed = 0;
    NtQuerySystemInformation(SystemProcessInformation, NULL, 0, &needed);
    return needed;
}

static void the_list_has_every_process_once(void)
{
    static const uint32_t pids[] = {0, 4, 2000, 3000, 812, 900, 904};
    static const uint32_t threads[] = {0, 1, 1, 2, 1, 1, 1};
    unsigned char *buffer = malloc(list_bytes() + 8192);
    CHECK(buffer != NULL);
    load_sample();
    const uint32_t needed = list_bytes();
    uint32_t told = 0;
    uint32_t offset = 0;
    memset(buffer, 0xAA, needed + 8);
    CHECK_EQ(NtQuerySystemInformation(5, buffer, needed, &told), STATUS_SUCCESS);
    CHECK_EQ(told, needed);
    CHECK_EQ(buffer[needed], 0xAA);
    for (size_t i = 0; i < 7; i++)
    {
        nt_system_process_information info;
        nt_system_process_information_extension extension;
        memcpy(&info, buffer + offset, sizeof info);
        memcpy(&extension, buffer + offset + 256 + info.NumberOfThreads * 80, sizeof extension);
        CHECK_EQ(info.UniqueProcessId, pids[i]);
        CHECK_EQ(info.NumberOfThreads, threads[i]);
        CHECK_EQ(info.CreateTime, INT64_C(133000000000000000) + (int64_t)i);
        CHECK_EQ(extension.ProcessSequenceNumber, i + 1);
        CHECK_EQ(extension.Flags, i == 1 ? 2 : 0); /* System is classification 1 */
        CHECK_EQ(info.NextEntryOffset == 0, i == 6);
        if (i == 3)
        {
            nt_system_thread_information thread;
            memcpy(&thread, buffer + offset + 256 + 80, sizeof thread);
            CHECK_EQ(thread.ClientId.UniqueProcess, 3000);
            CHECK_EQ(thread.ClientId.UniqueThread, 3008);
            CHECK_EQ(info.SessionId, 1);
            CHECK_EQ(info.ImageName.Length, 16);
            CHECK_EQ(info.ImageName.MaximumLength, 18);
            CHECK_EQ(info.ImageName.Buffer, (int64_t)(uintptr_t)buffer + offset + 256 + 160 + 368);
            CHECK(memcmp((void *)(uintptr_t)info.ImageName.Buffer, u"notepad ", 18) == 0);
        }
        if (i == 0)
            CHECK_EQ(info.ImageName.Buffer, 0);
        offset += info.NextEntryOffset;
    }
    free(buffer);
}

static void a_short_buffer_learns_what_it_needs(void)
{
    load_sample();
    const uint32_t needed = list_bytes();
    for (uint32_t length = 0; length < needed; length += 8)
    {
        unsigned char *buffer = malloc(length + 1);
        uint32_t told = 0;
        CHECK(buffer != NULL);
        const nt_status status = NtQuerySystemInformation(5, buffer, length, &told);
        free(buffer);
        CHECK_EQ(status, STATUS_INFO_LENGTH_MISMATCH);
        CHECK_EQ(told, needed);
    }
    CHECK_EQ(NtQuerySystemInformation(5, NULL, needed, NULL), STATUS_ACCESS_VIOLATION);
    CHECK_EQ(ntsim_exit(NOTEPAD_PID), NTSIM_OK);
    CHECK_EQ(list_bytes(), needed - (256 + 160 + 368 + 24)); /* name and NUL, to 8 */
}

static void the_extension_comes_with_build_16299(void)
{
    sample_table table = sample();
    load(&table);
    const uint32_t with = list_bytes();
    table.header.build = 15063;
    load(&table);
    CHECK_EQ(list_bytes(), with - SAMPLE_PROCESSES * 368);
}

static uint32_t word(uint32_t info_class, uint32_t length, uint32_t offset)
{
    unsigned char buffer[32] = {8};
    uint32_t value = 0xEEEEEEEEu;
    if (NT_SUCCESS(NtQuerySystemInformation(info_class, buffer, length, NULL)))
        memcpy(&value, buffer + offset, sizeof value);
    return value;
}

static void isolated_user_mode_follows_the_machine(void)
{
    sample_table table = sample();
    load(&table);
    CHECK_EQ(word(165, 16, 0), 0x523); /* kernel, HVCI, key, trustlet, hardware */
    CHECK_EQ(ntsim_exit(LSAISO_PID), NTSIM_OK);
    CHECK_EQ(word(165, 16, 0), 0x423);
    table.header.build = 17763;
    table.header.system |= NTSIM_SYSTEM_HVCI_STRICT;
    load(&table);
    CHECK_EQ(word(165, 16, 0), 0x127);
    table.header.system = 0;
    table.processes[LSAISO].state = 0;
    load(&table);
    CHECK_EQ(word(165, 16, 0), 0);
}

static void code_integrity_wants_its_length(void)
{
    uint32_t words[2] = {8, 0};
    sample_table table = sample();
    load(&table);
    CHECK_EQ(NtQuerySystemInformation(103, words, 8, NULL), STATUS_SUCCESS);
    CHECK_EQ(words[1], 0x2401);
    words[0] = 0;
    CHECK_EQ(NtQuerySystemInformation(103, words, 8, NULL), STATUS_INFO_LENGTH_MISMATCH);
    table.header.system = NTSIM_SYSTEM_HVCI | NTSIM_SYSTEM_HVCI_STRICT | NTSIM_SYSTEM_TEST_SIGNING;
    load(&table);
    CHECK_EQ(word(103, 8, 4), 0x3403);
    CHECK_EQ(word(164, 32, 0), 1);
    CHECK_EQ(word(164, 32, 4), 3);
    table.header.system = 0;
    load(&table);
    CHECK_EQ(word(103, 8, 4), 1);
    CHECK_EQ(word(164, 32, 4), 0);
}

static void secure_boot_and_hypervisor(void)
{
    unsigned char bytes[16] = {0};
    sample_table table = sample();
    load(&table);
    CHECK_EQ(NtQuerySystemInformation(145, bytes, 2, NULL), STATUS_SUCCESS);
    CHECK_EQ(bytes[0], 1);
    CHECK_EQ(bytes[1], 1);
    CHECK_EQ(NtQuerySystemInformation(91, bytes, 16, NULL), STATUS_SUCCESS);
    CHECK_EQ(bytes[0], 1);
    CHECK_EQ(bytes[1], 0);
    CHECK_EQ(bytes[2], 1);
    table.header.system = 0;
    load(&table);
    CHECK_EQ(NtQuerySystemInformation(145, bytes, 2, NULL), STATUS_SUCCESS);
    CHECK_EQ(bytes[0], 0);
    CHECK_EQ(NtQuerySystemInformation(91, bytes, 16, NULL), STATUS_SUCCESS);
    CHECK_EQ(bytes[2], 0);
}

static void vsm_protection_is_as_long_as_its_build(void)
{
    static const struct
    {
        uint32_t build;
        uint32_t length;
    } rows[] = {{26100, 4}, {19041, 4}, {18363, 3}, {17134, 3}, {16299, 2}, {14393, 2}, {10586, 0}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    {
        sample_table table = sample();
        table.header.build = rows[i].build;
        load(&table);
        for (uint32_t length = 0; length <= 5; length++)
        {
            unsigned char bytes[8] = {0};
            const nt_status status = NtQuerySystemInformation(169, bytes, length, NULL);
            if (rows[i].length == 0)
                CHECK_EQ(status, STATUS_INVALID_INFO_CLASS);
            else
                CHECK_EQ(status, length == rows[i].length ? STATUS_SUCCESS : STATUS_INFO_LENGTH_MISMATCH);
            if (NT_SUCCESS(status))
                CHECK_EQ(bytes[0], 1);
        }
    }
}

static void dma_protection_is_the_tables(void)
{
    unsigned char bytes[4] = {0};
    sample_table table = sample();
    table.header.build = 26100;
    table.header.system |= NTSIM_SYSTEM_NO_DMA_PROTECTION;
    load(&table);
    CHECK_EQ(NtQuerySystemInformation(169, bytes, 4, NULL), STATUS_SUCCESS);
    CHECK_EQ(bytes[0], 0);
    CHECK_EQ(bytes[1], 0);
    CHECK_EQ(bytes[2], 1);
}

static void kernel_debugger_is_the_tables(void)
{
    unsigned char bytes[8] = {0xEE, 0xEE, 0xEE, 0xEE, 0xEE, 0xEE, 0xEE, 0xEE};
    sample_table table = sample();
    load(&table);
    CHECK_EQ(NtQuerySystemInformation(35, bytes, 3, NULL), STATUS_INFO_LENGTH_MISMATCH);
    CHECK_EQ(NtQuerySystemInformation(35, bytes, 2, NULL), STATUS_SUCCESS);
    CHECK_EQ(bytes[0], 0);
    CHECK_EQ(bytes[1], 1);
    CHECK_EQ(bytes[2], 0xEE);
    CHECK_EQ(NtQuerySystemInformation(149, bytes, 3, NULL), STATUS_SUCCESS);
    CHECK_EQ(bytes[0] | bytes[1] | bytes[2], 0);
    table.header.system |= NTSIM_SYSTEM_KERNEL_DEBUGGER;
    load(&table);
    CHECK_EQ(NtQuerySystemInformation(35, bytes, 2, NULL), STATUS_SUCCESS);
    CHECK_EQ(bytes[0], 1);
    CHECK_EQ(bytes[1], 0);
    CHECK_EQ(NtQuerySystemInformation(149, bytes, 3, NULL), STATUS_SUCCESS);
    CHECK_EQ(bytes[0] & bytes[1] & bytes[2], 1);
}

static void hypervisor_detail_names_the_hypervisor(void)
{
    unsigned char bytes[112];
    sample_table table = sample();
    load(&table);
    CHECK_EQ(NtQuerySystemInformation(159, bytes, 111, NULL), STATUS_INFO_LENGTH_MISMATCH);
    CHECK_EQ(NtQuerySystemInformation(159, bytes, 112, NULL), STATUS_SUCCESS);
    CHECK_EQ(memcmp(bytes + 4, "Microsoft Hv", 12), 0);
    CHECK_EQ(memcmp(bytes + 16, "Hv#1", 4), 0);
    CHECK_EQ(bytes[20], 0);
    table.header.system = 0;
    load(&table);
    CHECK_EQ(NtQuerySystemInformation(159, bytes, 112, NULL), STATUS_SUCCESS);
    CHECK_EQ(bytes[4], 0);
    CHECK_EQ(bytes[16], 0);
}

static void secure_core_comes_with_build_26100(void)
{
    unsigned char bytes[24] = {0};
    sample_table table = sample();
    load(&table);
    CHECK_EQ(NtQuerySystemInformation(242, bytes, 24, NULL), STATUS_SUCCESS);
    CHECK_EQ(bytes[0], 0);
    CHECK_EQ(bytes[8], 1);
    table.header.build = 22631;
    load(&table);
    CHECK_EQ(NtQuerySystemInformation(242, bytes, 24, NULL), STATUS_INVALID_INFO_CLASS);
}

static void longer_buffers_by_policy(void)
{
    unsigned char bytes[64] = {0};
    uint32_t told = 0;
    sample_table table = sample();
    table.header.policies = NTSIM_POLICY_LONGER_BUFFERS;
    load(&table);
    CHECK_EQ(NtQuerySystemInformation(165, bytes, 64, &told), STATUS_SUCCESS);
    CHECK_EQ(told, 16);
    CHECK_EQ(NtQuerySystemInformation(165, bytes, 15, &told), STATUS_INFO_LENGTH_MISMATCH);
    CHECK_EQ(NtQuerySystemInformation(165, NULL, 16, &told), STATUS_ACCESS_VIOLATION);
}

static void classes_can_be_missing(void)
{
    sample_table table = sample();
    table.header.class_count = 2;
    table.classes[0] = 165;
    table.classes[1] = 5;
    load(&table);
    CHECK_EQ(word(165, 16, 0), 0xEEEEEEEEu);
    CHECK_EQ(NtQuerySystemInformation(165, NULL, 0, NULL), STATUS_INVALID_INFO_CLASS);
    CHECK_EQ(NtQuerySystemInformation(5, NULL, 0, NULL), STATUS_INVALID_INFO_CLASS);
    CHECK_EQ(NtQuerySystemInformation(6, NULL, 0, NULL), STATUS_INVALID_INFO_CLASS);
    CHECK_EQ(word(145, 2, 0) & 0xFFFF, 0x0101);
    table.header.class_count = 0;
    table.header.build = 9600;
    load(&table);
    CHECK_EQ(NtQuerySystemInformation(165, NULL, 0, NULL), STATUS_INVALID_INFO_CLASS);
}

static void the_version_is_the_table_s(void)
{
    nt_os_version_info info = {.OSVersionInfoSize = sizeof info, .CSDVersion = {1}};
    load_sample();
    CHECK_EQ(RtlGetVersion(&info), STATUS_SUCCESS);
    CHECK_EQ(info.MajorVersion, 10);
    CHECK_EQ(info.MinorVersion, 0);
    CHECK_EQ(info.BuildNumber, 26100);
    CHECK_EQ(info.PlatformId, 2);
    CHECK_EQ(info.CSDVersion[0], 0);
    info.OSVersionInfoSize = 20;
    CHECK_EQ(RtlGetVersion(&info), STATUS_INVALID_PARAMETER);
    CHECK_EQ(RtlGetVersion(NULL), STATUS_INVALID_PARAMETER);
}

static void statuses_have_their_win32_errors(void)
{
    CHECK_EQ(RtlNtStatusToDosError(0), 0);
    CHECK_EQ(RtlNtStatusToDosError(STATUS_ACCESS_DENIED), 5);
    CHECK_EQ(RtlNtStatusToDosError(STATUS_INVALID_CID), 87);
    CHECK_EQ(RtlNtStatusToDosError(STATUS_PROCESS_IS_TERMINATING), 5);
    CHECK_EQ(RtlNtStatusToDosError(NT_STATUS(0xC0DE0001u)), 317);
}

const test_case query_system_tests[] = {
    {"the process list has every process once", the_list_has_every_process_once},
    {"a short buffer learns what the list needs now", a_short_buffer_learns_what_it_needs},
    {"the list's extension comes with build 16299", the_extension_comes_with_build_16299},
    {"class 165 follows the machine", isolated_user_mode_follows_the_machine},
    {"class 103 wants its Length, and class 164 agrees with it", code_integrity_wants_its_length},
    {"Secure Boot and hypervisor are told", secure_boot_and_hypervisor},
    {"class 169 is as long as its build has it", vsm_protection_is_as_long_as_its_build},
    {"class 169 tells a machine without DMA protection", dma_protection_is_the_tables},
    {"classes 35 and 149 tell a kernel debugger", kernel_debugger_is_the_tables},
    {"class 159 names the hypervisor", hypervisor_detail_names_the_hypervisor},
    {"class 242 comes with build 26100", secure_core_comes_with_build_26100},
    {"longer buffers are accepted by policy", longer_buffers_by_policy},
    {"classes can be missing", classes_can_be_missing},
    {"the version is the table's", the_version_is_the_table_s},
    {"statuses have their Win32 errors", statuses_have_their_win32_errors},
    {NULL, NULL},
};
