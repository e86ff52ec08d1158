/* The life of a machine: made from a table, its processes start, end and give their pids to others. */
#include <stdlib.h>
#include <string.h>

#include "machine.h"

#define CLOCK_STEP 156250u         /* 15.625 ms in FILETIME units */
#define FIRST_FREE_ID 0x2000u      /* ids of processes that start later */
#define START_KEY_BOOT_ID_SHIFT 48 /* facts/nt.md 4.3 */
#define SEED_STEP 0x9E3779B9u

/* A free id, as Windows gives them: multiples of 4, one name space for processes and threads. */
static uint32_t new_id(ntsim_machine *machine)
{
    do
        machine->next_id = machine->next_id >= 0x7FFFFFF8u ? FIRST_FREE_ID : machine->next_id + 4;
    while (ntsim_find(machine, machine->next_id) != NULL);
    return machine->next_id;
}

static ntsim_process *process_with(const ntsim_machine *machine, uint32_t pid)
{
    ntsim_object *object = ntsim_find(machine, pid);
    return object != NULL && object->kind == NTSIM_PROCESS_OBJECT ? (ntsim_process *)(void *)object : NULL;
}

static enum ntsim_result start_thread(ntsim_machine *machine, ntsim_process *process, uint32_t tid)
{
    ntsim_thread *thread = calloc(1, sizeof *thread);
    if (thread == NULL)
        return NTSIM_E_MEMORY;
    thread->object = (ntsim_object){NTSIM_THREAD_OBJECT, tid, 1, 0, NULL, NULL};
    if (!ntsim_enter_object(machine, &thread->object))
    {
        free(thread);
        return NTSIM_E_DUPLICATE;
    }
    thread->process = process;
    ntsim_reference(&process->object);
    thread->previous = process->last_thread;
    if (process->last_thread == NULL)
        process->first_thread = thread;
    else
        process->last_thread->next = thread;
    process->last_thread = thread;
    process->running_threads++;
    return NTSIM_OK;
}

static void end_thread(ntsim_machine *machine, ntsim_thread *thread)
{
    ntsim_process *process = thread->process;
    if (thread->previous == NULL)
        process->first_thread = thread->next;
    else
        thread->previous->next = thread->next;
    if (thread->next == NULL)
        process->last_thread = thread->previous;
    else
        thread->next->previous = thread->previous;
    process->running_threads--;
    thread->ended = true;
    ntsim_dereference(machine, &thread->object);
}

static void end_process(ntsim_machine *machine, ntsim_process *process)
{
    while (process->first_thread != NULL)
        end_thread(machine, process->first_thread);
    machine->clock += CLOCK_STEP;
    process->exiting = true;
    process->ended = true;
    process->exit_status = STATUS_SUCCESS;
    process->exit_time = (int64_t)machine->clock;
    ntsim_dereference(machine, &process->object);
}

/* What a process is started from: a record with its name, and tids where they are given. */
typedef struct
{
    const ntsim_table_process *record;
    const unsigned char *name;
    const uint32_t *tids; /* NULL: new ones */
    uint32_t origin;
} program;

static program program_of(const ntsim_table *table, uint32_t index, uint32_t origin)
{
    const ntsim_table_process *record = &table->processes[index];
    const unsigned char *name = record->name_bytes == 0 ? NULL : table->text + record->name_offset;
    return (program){record, name, NULL, origin};
}

static ntsim_process *new_process(const program *from, uint32_t pid)
{
    ntsim_process *process = calloc(1, sizeof *process);
    if (process == NULL)
        return NULL;
    process->object = (ntsim_object){NTSIM_PROCESS_OBJECT, pid, 1, 0, NULL, NULL};
    process->record = *from->record;
    process->record.pid = pid;
    process->origin = from->origin;
    process->record.flags &= ~PEBI_PROCESS_DELETING;
    process->exiting = (process->record.state & NTSIM_PROCESS_EXITING) != 0;
    process->exit_status = STATUS_PENDING;
    if (process->record.name_bytes != 0)
    {
        process->name = malloc(process->record.name_bytes);
        if (process->name == NULL)
        {
            free(process);
            return NULL;
        }
        memcpy(process->name, from->name, process->record.name_bytes);
    }
    return process;
}

/* Start keys: `boot id << 48 | sequence number`, monotonic and never used twice (facts/nt.md 4.3). */
static void give_identity(ntsim_machine *machine, ntsim_table_process *record)
{
    machine->clock += CLOCK_STEP;
    record->create_time = machine->clock;
    record->sequence_number = machine->next_sequence_number++;
    record->start_key = (uint64_t)machine->table.header->boot_id << START_KEY_BOOT_ID_SHIFT | record->sequence_number;
}

/* Starts a process. One whose tids are given (the machine's first moment) keeps its record's times too. */
static enum ntsim_result start_process(ntsim_machine *machine, const program *from, uint32_t pid)
{
    ntsim_process *process = new_process(from, pid);
    if (process == NULL)
        return NTSIM_E_MEMORY;
    if (!ntsim_enter_object(machine, &process->object))
    {
        free(process->name);
        free(process);
        return NTSIM_E_DUPLICATE;
    }
    process->previous = machine->last_process;
    if (machine->last_process == NULL)
        machine->first_process = process;
    else
        machine->last_process->next = process;
    machine->last_process = process;

    if (from->tids == NULL)
        give_identity(machine, &process->record);
    for (uint32_t i = 0; i < process->record.thread_count; i++)
    {
        const uint32_t tid = from->tids == NULL ? new_id(machine) : from->tids[i];
        const enum ntsim_result result = start_thread(machine, process, tid);
        if (result != NTSIM_OK)
        {
            end_process(machine, process);
            return result;
        }
    }
    return NTSIM_OK;
}

static enum ntsim_result add_table_faults(ntsim_machine *machine, const ntsim_table *table, uint32_t first_origin)
{
    for (uint32_t i = 0; i < table->header->fault_count; i++)
    {
        const ntsim_table_fault *row = &table->faults[i];
        const bool any = row->target_index == NTSIM_NONE;
        const ntsim_fault fault = {
            .call = (enum ntsim_call)row->call,
            .info_class = row->info_class,
            .target = any ? NTSIM_FAULT_ANY : NTSIM_FAULT_BY_ORIGIN,
            .origin = any ? 0 : first_origin + row->target_index,
            .nth = row->nth,
            .status = NT_STATUS(row->status),
        };
        if (!ntsim_add_fault(machine, &fault))
            return NTSIM_E_MEMORY;
    }
    return NTSIM_OK;
}

static enum ntsim_result boot(ntsim_machine *machine)
{
    static const uint32_t no_tids[1] = {0};
    const ntsim_table *table = &machine->table;
    const ntsim_table_header *header = table->header;
    for (uint32_t i = 0; i < header->process_count; i++)
    {
        const ntsim_table_process *record = &table->processes[i];
        program from = program_of(table, i, i);
        from.tids = record->thread_count == 0 ? no_tids : table->threads + record->first_thread;
        const enum ntsim_result result = start_process(machine, &from, record->pid);
        if (result != NTSIM_OK)
            return result;
        if (record->create_time > machine->clock)
            machine->clock = record->create_time;
        if (record->sequence_number >= machine->next_sequence_number)
            machine->next_sequence_number = record->sequence_number + 1;
    }
    machine->caller = process_with(machine, table->processes[header->caller_index].pid);
    machine->next_origin = header->process_count;
    return add_table_faults(machine, table, 0);
}

enum ntsim_result ntsim_machine_create(const void *table, uint32_t length, ntsim_machine **created)
{
    *created = NULL;
    ntsim_machine *machine = calloc(1, sizeof *machine);
    if (machine == NULL)
        return NTSIM_E_MEMORY;
    enum ntsim_result result = ntsim_table_read(table, length, &machine->table);
    if (result == NTSIM_OK && machine->table.header->caller_index == NTSIM_NONE)
        result = NTSIM_E_BOUNDS;
    if (result == NTSIM_OK)
    {
        const ntsim_table_header *header = machine->table.header;
        uint32_t buckets = 64;
        while (buckets < header->process_count + header->thread_count)
            buckets *= 2;
        machine->bucket_mask = buckets - 1;
        machine->buckets = calloc(buckets, sizeof(ntsim_object *));
        machine->next_id = FIRST_FREE_ID + (header->seed * SEED_STEP >> 20) * 4;
        machine->next_sequence_number = 1;
        machine->churn = header->churn;
        result = machine->buckets == NULL ? NTSIM_E_MEMORY : boot(machine);
    }
    if (result != NTSIM_OK)
    {
        ntsim_machine_destroy(machine);
        return result;
    }
    *created = machine;
    return NTSIM_OK;
}

void ntsim_machine_destroy(ntsim_machine *machine)
{
    for (uint32_t i = 0; i < machine->slot_count; i++)
        if (machine->slots[i].object != NULL)
            ntsim_free_slot(machine, &machine->slots[i]);
    while (machine->first_process != NULL)
        end_process(machine, machine->first_process);
    free(machine->slots);
    free(machine->faults);
    free(machine->buckets);
    ntsim_table_free(&machine->table);
    free(machine);
}

enum ntsim_result ntsim_machine_spawn(ntsim_machine *machine, const void *bytes, uint32_t length, uint32_t *pid)
{
    ntsim_table table;
    enum ntsim_result result = ntsim_table_read(bytes, length, &table);
    if (result != NTSIM_OK)
        return result;
    const uint32_t first_origin = machine->next_origin;
    *pid = 0;
    for (uint32_t i = 0; i < table.header->process_count && result == NTSIM_OK; i++)
    {
        const uint32_t wanted = table.processes[i].pid;
        const uint32_t given = wanted != 0 && ntsim_find(machine, wanted) == NULL ? wanted : new_id(machine);
        const program from = program_of(&table, i, first_origin + i);
        result = start_process(machine, &from, given);
        if (i == 0)
            *pid = given;
    }
    if (result == NTSIM_OK)
        result = add_table_faults(machine, &table, first_origin);
    machine->next_origin += table.header->process_count;
    ntsim_table_free(&table);
    return result;
}

enum ntsim_result ntsim_machine_exit(ntsim_machine *machine, uint32_t pid)
{
    ntsim_process *process = process_with(machine, pid);
    if (process == NULL || process->ended)
        return NTSIM_E_NOT_FOUND;
    if (process == machine->caller)
        return NTSIM_E_VALUE;
    end_process(machine, process);
    return NTSIM_OK;
}

enum ntsim_result ntsim_machine_exit_thread(ntsim_machine *machine, uint32_t tid)
{
    ntsim_object *object = ntsim_find(machine, tid);
    if (object == NULL || object->kind != NTSIM_THREAD_OBJECT || ((ntsim_thread *)(void *)object)->ended)
        return NTSIM_E_NOT_FOUND;
    end_thread(machine, (ntsim_thread *)(void *)object);
    return NTSIM_OK;
}

enum ntsim_result ntsim_machine_mark_exiting(ntsim_machine *machine, uint32_t pid)
{
    ntsim_process *process = process_with(machine, pid);
    if (process == NULL || process->ended)
        return NTSIM_E_NOT_FOUND;
    process->exiting = true;
    return NTSIM_OK;
}

static enum ntsim_result reuse(ntsim_machine *machine, uint32_t pid, const program *from)
{
    if (pid == 0 || pid % 4 != 0 || pid == machine->caller->object.id)
        return NTSIM_E_VALUE;
    ntsim_process *process = process_with(machine, pid);
    if (process != NULL && !process->ended)
        end_process(machine, process);
    if (process_with(machine, pid) != NULL)
        return NTSIM_E_REFERENCED;
    if (ntsim_find(machine, pid) != NULL)
        return NTSIM_E_IN_USE;
    return start_process(machine, from, pid);
}

enum ntsim_result ntsim_machine_reuse(ntsim_machine *machine, uint32_t pid, uint32_t index)
{
    if (index >= machine->table.header->process_count)
        return NTSIM_E_NOT_FOUND;
    const program from = program_of(&machine->table, index, index);
    return reuse(machine, pid, &from);
}

enum ntsim_result ntsim_machine_reuse_with(ntsim_machine *machine, uint32_t pid, const void *bytes, uint32_t length)
{
    ntsim_table table;
    enum ntsim_result result = ntsim_table_read(bytes, length, &table);
    if (result != NTSIM_OK)
        return result;
    const program from = program_of(&table, 0, machine->next_origin);
    result = reuse(machine, pid, &from);
    if (result == NTSIM_OK)
        result = add_table_faults(machine, &table, machine->next_origin);
    machine->next_origin += table.header->process_count;
    ntsim_table_free(&table);
    return result;
}

/* A process that churn may take: volatile, running, and held by no handle of its own or of its threads. */
static bool may_churn(const ntsim_machine *machine, const ntsim_process *process)
{
    if ((process->record.state & NTSIM_PROCESS_VOLATILE) == 0 || process->exiting || process == machine->caller ||
        process->object.handles != 0)
        return false;
    for (const ntsim_thread *thread = process->first_thread; thread != NULL; thread = thread->next)
        if (thread->object.handles != 0)
            return false;
    /* Thread objects that ended but are held keep the process object, too: references are its own and its threads'. */
    return process->object.references == 1 + process->running_threads;
}

/*
 * Every process that may be taken has its turn: it ends, and its pid goes to a program of the same name that is by
 * turns an ordinary process and, where VSM runs, a trustlet.
 */
void ntsim_machine_churn(ntsim_machine *machine)
{
    uint32_t count = 0;
    if (machine->churn == NTSIM_CHURN_NONE)
        return;
    for (const ntsim_process *process = machine->first_process; process != NULL; process = process->next)
        count += may_churn(machine, process) ? 1u : 0u;
    if (count == 0)
        return;
    uint32_t before = machine->churned++ % count;
    ntsim_process *chosen = machine->first_process;
    while (!may_churn(machine, chosen) || before-- != 0)
        chosen = chosen->next;

    const uint32_t system = machine->table.header->system;
    const bool trustlet = (system & NTSIM_SYSTEM_VSM) != 0 && machine->churned % 2 == 0;
    const bool shown = trustlet && (system & NTSIM_SYSTEM_SECURE_BIT) != 0;
    ntsim_table_process record = chosen->record;
    record.flags = shown ? PEBI_SECURE_PROCESS : 0;
    record.state = NTSIM_PROCESS_VOLATILE | (trustlet ? NTSIM_PROCESS_SECURE | NTSIM_PROCESS_TRUSTLET : 0);
    record.protection = 0;
    record.classification = 0;
    record.thread_count = 1;
    unsigned char *name = chosen->name; /* outlives the process */
    chosen->name = NULL;
    const program from = {&record, name, NULL, NTSIM_NONE};
    (void)reuse(machine, chosen->object.id, &from);
    free(name);
}
