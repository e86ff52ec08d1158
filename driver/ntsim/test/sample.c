#include "sample.h"

#include <stdio.h>
#include <stdlib.h>

#define NAME_BYTES 16u

static void process(sample_table *table, uint32_t index, uint32_t pid, uint32_t first_thread, uint32_t threads,
                    uint32_t name_offset)
{
    ntsim_table_process *record = &table->processes[index];
    record->create_time = UINT64_C(133000000000000000) + index;
    record->sequence_number = index + 1;
    record->start_key = UINT64_C(7) << 48 | (index + 1);
    record->pid = pid;
    record->parent_pid = index == IDLE ? 0 : SYSTEM_PID;
    record->session_id = index == NOTEPAD ? 1 : 0;
    record->first_thread = first_thread;
    record->thread_count = threads;
    record->name_offset = name_offset;
    record->name_bytes = name_offset == NTSIM_NONE ? 0 : NAME_BYTES;
    if (name_offset == NTSIM_NONE)
        record->name_offset = 0;
    record->process_access = 0x1FFFFF;
    record->thread_access = 0x1FFFFF;
}

sample_table sample(void)
{
    static const char names[] = "System  "
                                "agentexe"
                                "notepad "
                                "LsaIso  ";
    sample_table table;
    memset(&table, 0, sizeof table);
    table.header = (ntsim_table_header){
        .magic = NTSIM_TABLE_MAGIC,
        .version = NTSIM_TABLE_VERSION,
        .total_bytes = sizeof table,
        .header_bytes = sizeof table.header,
        .process_offset = offsetof(sample_table, processes),
        .process_count = SAMPLE_PROCESSES,
        .process_bytes = sizeof(ntsim_table_process),
        .thread_offset = offsetof(sample_table, tids),
        .thread_count = 7,
        .fault_offset = offsetof(sample_table, faults),
        .fault_bytes = sizeof(ntsim_table_fault),
        .class_offset = offsetof(sample_table, classes),
        .text_offset = offsetof(sample_table, text),
        .text_bytes = sizeof table.text,
        .caller_index = AGENT,
        .major = 10,
        .build = 26100,
        .system = NTSIM_SYSTEM_VSM | NTSIM_SYSTEM_HVCI | NTSIM_SYSTEM_SECURE_BOOT | NTSIM_SYSTEM_HYPERVISOR |
                  NTSIM_SYSTEM_SECURE_BIT,
        .boot_id = 7,
        .seed = 1,
    };
    process(&table, IDLE, IDLE_PID, 0, 0, NTSIM_NONE);
    process(&table, SYSTEM, SYSTEM_PID, 0, 1, 0);
    process(&table, AGENT, AGENT_PID, 1, 1, NAME_BYTES);
    process(&table, NOTEPAD, NOTEPAD_PID, 2, 2, 2 * NAME_BYTES);
    process(&table, LSAISO, LSAISO_PID, 4, 1, 3 * NAME_BYTES);
    process(&table, PROTECTED, PROTECTED_PID, 5, 1, 2 * NAME_BYTES);
    process(&table, HIDDEN, HIDDEN_PID, 6, 1, 2 * NAME_BYTES);
    table.processes[IDLE].state = NTSIM_PROCESS_PSEUDO;
    table.processes[SYSTEM].state = NTSIM_PROCESS_PSEUDO;
    table.processes[SYSTEM].classification = 1;
    table.processes[LSAISO].state = NTSIM_PROCESS_SECURE | NTSIM_PROCESS_TRUSTLET;
    table.processes[LSAISO].flags = PEBI_SECURE_PROCESS;
    table.processes[PROTECTED].protection = 0x41;
    table.processes[PROTECTED].flags = 1;
    table.processes[PROTECTED].process_access = 0x101000;
    table.processes[HIDDEN].process_access = 0;
    table.processes[HIDDEN].thread_access = 0;
    const uint32_t tids[] = {8, AGENT_TID, NOTEPAD_TID, NOTEPAD_TID_2, LSAISO_TID, 920, HIDDEN_TID};
    memcpy(table.tids, tids, sizeof tids);
    for (size_t i = 0; names[i] != 0; i++)
        table.text[i] = (uint16_t)names[i];
    return table;
}

sample_table sample_program(uint32_t pid, uint32_t flags, uint32_t state)
{
    sample_table table = sample();
    table.header.process_count = 1;
    table.header.caller_index = NTSIM_NONE;
    table.processes[0] = table.processes[NOTEPAD];
    table.processes[0].pid = pid;
    table.processes[0].flags = flags;
    table.processes[0].state = state;
    return table;
}

void load(const sample_table *table)
{
    const uint32_t result = ntsim_load(table, sizeof *table);
    if (result == NTSIM_OK)
        return;
    printf("Bail out! the sample table does not load: %u\n", result);
    exit(1);
}

void load_sample(void)
{
    const sample_table table = sample();
    load(&table);
}

static nt_object_attributes no_attributes(void)
{
    nt_object_attributes attributes;
    memset(&attributes, 0, sizeof attributes);
    attributes.Length = sizeof attributes;
    return attributes;
}

nt_status open_process(uint64_t pid, nt_access access, nt_handle *handle)
{
    nt_object_attributes attributes = no_attributes();
    nt_client_id client_id = {pid, 0};
    return NtOpenProcess(handle, access, &attributes, &client_id);
}

nt_status open_thread(uint64_t tid, nt_access access, nt_handle *handle)
{
    nt_object_attributes attributes = no_attributes();
    nt_client_id client_id = {0, tid};
    return NtOpenThread(handle, access, &attributes, &client_id);
}

nt_status query_extended(nt_handle handle, nt_process_extended_basic_information *info)
{
    memset(info, 0, sizeof *info);
    info->Size = sizeof *info;
    return NtQueryInformationProcess(handle, ProcessBasicInformation, info, sizeof *info, NULL);
}

int64_t flags_of(uint64_t pid)
{
    nt_handle handle;
    nt_process_extended_basic_information info;
    nt_status status = open_process(pid, PROCESS_QUERY_LIMITED_INFORMATION, &handle);
    if (!NT_SUCCESS(status))
        return status;
    status = query_extended(handle, &info);
    NtClose(handle);
    return NT_SUCCESS(status) ? (int64_t)info.Flags : status;
}
