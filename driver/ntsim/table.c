#include "table.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A region of `count` items of `size` bytes lies behind the header, aligned and inside the table. */
static bool inside(const ntsim_table_header *header, uint32_t offset, uint32_t count, uint32_t size, uint32_t alignment)
{
    if (count == 0)
        return true;
    if (offset < header->header_bytes || offset % alignment != 0)
        return false;
    return (uint64_t)offset + (uint64_t)count * size <= header->total_bytes;
}

static enum ntsim_result check_header(const ntsim_table_header *header, uint32_t length)
{
    if (header->magic != NTSIM_TABLE_MAGIC)
        return NTSIM_E_MAGIC;
    if (header->version != NTSIM_TABLE_VERSION || header->header_bytes != sizeof(ntsim_table_header) ||
        header->process_bytes != sizeof(ntsim_table_process) || header->fault_bytes != sizeof(ntsim_table_fault))
        return NTSIM_E_VERSION;
    if (header->total_bytes > length || header->total_bytes < header->header_bytes)
        return NTSIM_E_TRUNCATED;
    if (header->process_count == 0 || header->process_count > NTSIM_MAX_PROCESSES ||
        header->thread_count > NTSIM_MAX_THREADS || header->fault_count > NTSIM_MAX_FAULTS ||
        header->class_count > NTSIM_MAX_CLASSES || header->text_bytes > NTSIM_MAX_TEXT_BYTES)
        return NTSIM_E_COUNT;
    if (!inside(header, header->process_offset, header->process_count, sizeof(ntsim_table_process), 8) ||
        !inside(header, header->thread_offset, header->thread_count, sizeof(uint32_t), 4) ||
        !inside(header, header->fault_offset, header->fault_count, sizeof(ntsim_table_fault), 4) ||
        !inside(header, header->class_offset, header->class_count, sizeof(uint32_t), 4) ||
        !inside(header, header->text_offset, header->text_bytes, 1, 2))
        return NTSIM_E_BOUNDS;
    if ((header->policies & ~NTSIM_POLICY_ALL) != 0 || (header->system & ~NTSIM_SYSTEM_ALL) != 0 ||
        header->churn > NTSIM_CHURN_REUSE_AT_EVERY_CALL)
        return NTSIM_E_VALUE;
    return NTSIM_OK;
}

static enum ntsim_result check_process(const ntsim_table *table, const ntsim_table_process *process)
{
    const ntsim_table_header *header = table->header;
    if ((uint64_t)process->first_thread + process->thread_count > header->thread_count ||
        (uint64_t)process->name_offset + process->name_bytes > header->text_bytes)
        return NTSIM_E_BOUNDS;
    if (process->name_offset % 2 != 0 || process->name_bytes % 2 != 0)
        return NTSIM_E_BOUNDS;
    if (process->name_bytes > NTSIM_MAX_NAME_BYTES)
        return NTSIM_E_COUNT;
    if (process->pid % 4 != 0 || (process->state & ~NTSIM_PROCESS_STATE_ALL) != 0)
        return NTSIM_E_VALUE;
    for (uint32_t i = 0; i < process->thread_count; i++)
    {
        const uint32_t tid = table->threads[process->first_thread + i];
        if (tid == 0 || tid % 4 != 0)
            return NTSIM_E_VALUE;
    }
    return NTSIM_OK;
}

static enum ntsim_result check_contents(const ntsim_table *table)
{
    const ntsim_table_header *header = table->header;
    for (uint32_t i = 0; i < header->process_count; i++)
    {
        const enum ntsim_result result = check_process(table, &table->processes[i]);
        if (result != NTSIM_OK)
            return result;
    }
    for (uint32_t i = 0; i < header->fault_count; i++)
    {
        const ntsim_table_fault *fault = &table->faults[i];
        if (fault->call >= NTSIM_CALL_COUNT)
            return NTSIM_E_VALUE;
        if (fault->target_index != NTSIM_NONE && fault->target_index >= header->process_count)
            return NTSIM_E_BOUNDS;
    }
    return header->caller_index == NTSIM_NONE || header->caller_index < header->process_count ? NTSIM_OK
                                                                                              : NTSIM_E_BOUNDS;
}

enum ntsim_result ntsim_table_read(const void *bytes, uint32_t length, ntsim_table *table)
{
    ntsim_table_header header;
    memset(table, 0, sizeof *table);
    if (bytes == NULL || length < sizeof header)
        return NTSIM_E_TRUNCATED;
    memcpy(&header, bytes, sizeof header);
    enum ntsim_result result = check_header(&header, length);
    if (result != NTSIM_OK)
        return result;

    unsigned char *copy = malloc(header.total_bytes);
    if (copy == NULL)
        return NTSIM_E_MEMORY;
    memcpy(copy, bytes, header.total_bytes);
    table->bytes = copy;
    table->header = (const void *)copy;
    table->processes = (const void *)(copy + header.process_offset);
    table->threads = header.thread_count == 0 ? NULL : (const void *)(copy + header.thread_offset);
    table->faults = header.fault_count == 0 ? NULL : (const void *)(copy + header.fault_offset);
    table->classes = header.class_count == 0 ? NULL : (const void *)(copy + header.class_offset);
    table->text = header.text_bytes == 0 ? NULL : copy + header.text_offset;
    result = check_contents(table);
    if (result != NTSIM_OK)
        ntsim_table_free(table);
    return result;
}

void ntsim_table_free(ntsim_table *table)
{
    free(table->bytes);
    memset(table, 0, sizeof *table);
}

typedef struct
{
    const char *name;
    uint32_t value;
    uint32_t size; /* 0: a constant */
} layout_entry;

#define MEMBER(structure, member)                                                                                      \
    {                                                                                                                  \
#structure "." #member, (uint32_t)offsetof(ntsim_table_##structure, member),                                   \
            (uint32_t)sizeof(((ntsim_table_##structure *)0)->member)                                                   \
    }
#define CONSTANT(name)                                                                                                 \
    {                                                                                                                  \
#name, (uint32_t)NTSIM_##name, 0                                                                               \
    }

static const layout_entry layout[] = {
    MEMBER(header, magic),
    MEMBER(header, version),
    MEMBER(header, total_bytes),
    MEMBER(header, header_bytes),
    MEMBER(header, process_offset),
    MEMBER(header, process_count),
    MEMBER(header, process_bytes),
    MEMBER(header, thread_offset),
    MEMBER(header, thread_count),
    MEMBER(header, fault_offset),
    MEMBER(header, fault_count),
    MEMBER(header, fault_bytes),
    MEMBER(header, class_offset),
    MEMBER(header, class_count),
    MEMBER(header, text_offset),
    MEMBER(header, text_bytes),
    MEMBER(header, caller_index),
    MEMBER(header, major),
    MEMBER(header, minor),
    MEMBER(header, build),
    MEMBER(header, system),
    MEMBER(header, policies),
    MEMBER(header, boot_id),
    MEMBER(header, seed),
    MEMBER(header, churn),
    MEMBER(process, create_time),
    MEMBER(process, sequence_number),
    MEMBER(process, start_key),
    MEMBER(process, pid),
    MEMBER(process, parent_pid),
    MEMBER(process, session_id),
    MEMBER(process, flags),
    MEMBER(process, first_thread),
    MEMBER(process, thread_count),
    MEMBER(process, name_offset),
    MEMBER(process, name_bytes),
    MEMBER(process, process_access),
    MEMBER(process, thread_access),
    MEMBER(process, protection),
    MEMBER(process, classification),
    MEMBER(process, state),
    MEMBER(fault, call),
    MEMBER(fault, info_class),
    MEMBER(fault, target_index),
    MEMBER(fault, nth),
    MEMBER(fault, status),
    {"header", (uint32_t)sizeof(ntsim_table_header), 0},
    {"process", (uint32_t)sizeof(ntsim_table_process), 0},
    {"fault", (uint32_t)sizeof(ntsim_table_fault), 0},
    CONSTANT(TABLE_MAGIC),
    CONSTANT(TABLE_VERSION),
    CONSTANT(NONE),
    CONSTANT(SYSTEM_VSM),
    CONSTANT(SYSTEM_HVCI),
    CONSTANT(SYSTEM_HVCI_STRICT),
    CONSTANT(SYSTEM_SECURE_BOOT),
    CONSTANT(SYSTEM_TEST_SIGNING),
    CONSTANT(SYSTEM_HYPERVISOR),
    CONSTANT(SYSTEM_SECURE_BIT),
    CONSTANT(SYSTEM_NO_DMA_PROTECTION),
    CONSTANT(SYSTEM_KERNEL_DEBUGGER),
    CONSTANT(POLICY_STRICT_SIZE),
    CONSTANT(POLICY_REFUSE_TERMINATED_OPEN),
    CONSTANT(POLICY_LIST_TERMINATED),
    CONSTANT(POLICY_FAIL_DELETING_SECURE_CALL),
    CONSTANT(POLICY_NO_IMPLIED_GRANTS),
    CONSTANT(POLICY_EXACT_IDS),
    CONSTANT(POLICY_LONGER_BUFFERS),
    CONSTANT(CHURN_NONE),
    CONSTANT(CHURN_REUSE_AT_EVERY_CALL),
    CONSTANT(PROCESS_SECURE),
    CONSTANT(PROCESS_EXITING),
    CONSTANT(PROCESS_VOLATILE),
    CONSTANT(PROCESS_TRUSTLET),
    CONSTANT(PROCESS_PSEUDO),
    CONSTANT(CALL_OPEN_PROCESS),
    CONSTANT(CALL_OPEN_THREAD),
    CONSTANT(CALL_CLOSE),
    CONSTANT(CALL_DUPLICATE_OBJECT),
    CONSTANT(CALL_QUERY_PROCESS),
    CONSTANT(CALL_QUERY_THREAD),
    CONSTANT(CALL_QUERY_SYSTEM),
    CONSTANT(CALL_SECURE_CALL),
    CONSTANT(MAX_PROCESSES),
    CONSTANT(MAX_THREADS),
    CONSTANT(MAX_FAULTS),
    CONSTANT(MAX_CLASSES),
    CONSTANT(MAX_NAME_BYTES),
};

uint32_t ntsim_table_describe(char *text, uint32_t length)
{
    uint32_t needed = 0;
    for (size_t i = 0; i < sizeof layout / sizeof *layout; i++)
    {
        char line[96];
        const layout_entry *entry = &layout[i];
        const int written = entry->size == 0
                                ? snprintf(line, sizeof line, "%s=%u\n", entry->name, entry->value)
                                : snprintf(line, sizeof line, "%s=%u,%u\n", entry->name, entry->value, entry->size);
        const uint32_t size = (uint32_t)written;
        if (needed < length && size < length - needed)
            memcpy(text + needed, line, size + 1);
        needed += size;
    }
    return needed;
}
