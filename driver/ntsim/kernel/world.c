/* Boot and shutdown; processes as a test writes them down, made into the table a machine starts from. */
#include <stdio.h>
#include <stdlib.h>

#include "internal.h"

#define FIRST_TIME UINT64_C(133000000000000000) /* a FILETIME of 2022 */
#define BOOT_ID UINT64_C(7)
#define ALL_ACCESS 0x1FFFFFu
#define SECURE_BIT 0x80u /* facts/nt.md 1.2 */
#define ISOLATED_USER_MODE_CLASS 165u

typedef struct table_builder
{
    unsigned char *bytes;
    uint32_t length;
} table_builder;

static uint32_t name_units(const ntsim_program *program)
{
    return program->name == NULL ? 0 : (uint32_t)strlen(program->name);
}

static void describe_process(const ntsim_program *program, uint32_t index, uint32_t bits, ntsim_table_process *record)
{
    const bool absent = program->sequence_number == NTSIM_ABSENT;
    *record = (ntsim_table_process){
        .create_time = program->create_time == 0 ? FIRST_TIME + index : program->create_time,
        .sequence_number = absent                          ? 0
                           : program->sequence_number == 0 ? index + 1u
                                                           : program->sequence_number,
        .pid = program->pid,
        .parent_pid = program->parent_pid,
        .session_id = program->session_id,
        .flags = program->flags | (program->secure && (bits & NTSIM_SYSTEM_SECURE_BIT) != 0 ? SECURE_BIT : 0),
        .thread_count = program->threads,
        .process_access = ALL_ACCESS & ~program->denied_access,
        .thread_access = ALL_ACCESS & ~program->denied_access,
        .protection = program->protection,
        .classification = program->classification,
        .state = program->state | (program->secure ? NTSIM_PROCESS_SECURE | NTSIM_PROCESS_TRUSTLET : 0),
    };
    record->start_key = absent ? 0 : BOOT_ID << 48 | record->sequence_number; /* facts/nt.md 4.3 */
}

/* Lays the table out: header, processes, thread ids, one class, names. */
static table_builder build(const ntsim_system *system, const ntsim_program *programs, uint32_t count, uint32_t caller)
{
    uint32_t threads = 0;
    uint32_t units = 0;
    for (uint32_t i = 0; i < count; i++)
    {
        threads += programs[i].threads;
        units += name_units(&programs[i]);
    }
    ntsim_table_header header = {
        .magic = NTSIM_TABLE_MAGIC,
        .version = NTSIM_TABLE_VERSION,
        .header_bytes = sizeof header,
        .process_offset = sizeof header,
        .process_count = count,
        .process_bytes = sizeof(ntsim_table_process),
        .thread_count = threads,
        .fault_bytes = sizeof(ntsim_table_fault),
        .class_count = system->knows_no_ium ? 1 : 0,
        .text_bytes = units * 2,
        .caller_index = caller,
        .major = 10,
        .build = system->build,
        .system = system->bits,
        .policies = system->policies,
        .boot_id = (uint32_t)BOOT_ID,
        .seed = 1,
        .churn = system->churn,
    };
    header.thread_offset = header.process_offset + count * (uint32_t)sizeof(ntsim_table_process);
    header.class_offset = header.thread_offset + threads * 4;
    header.fault_offset = header.class_offset + 4;
    header.text_offset = header.class_offset + 4;
    header.total_bytes = header.text_offset + header.text_bytes;
    table_builder table = {kernel_allocate(header.total_bytes), header.total_bytes};
    uint32_t *tids = (uint32_t *)(void *)(table.bytes + header.thread_offset);
    ntsim_table_process *records = (ntsim_table_process *)(void *)(table.bytes + header.process_offset);
    const uint32_t missing_class = ISOLATED_USER_MODE_CLASS;
    uint16_t *text = (uint16_t *)(void *)(table.bytes + header.text_offset);
    uint32_t tid_count = 0;
    uint32_t unit_count = 0;
    memcpy(table.bytes, &header, sizeof header);
    memcpy(table.bytes + header.class_offset, &missing_class, sizeof missing_class);
    for (uint32_t i = 0; i < count; i++)
    {
        const ntsim_program *program = &programs[i];
        describe_process(program, i, system->bits, &records[i]);
        records[i].first_thread = tid_count;
        records[i].name_offset = unit_count * 2;
        records[i].name_bytes = name_units(program) * 2;
        for (uint32_t t = 0; t < program->threads; t++)
            tids[tid_count++] = NTSIM_TID(program->pid, t);
        for (uint32_t u = 0; u < name_units(program); u++)
            text[unit_count++] = (uint16_t)(unsigned char)program->name[u];
    }
    return table;
}

static uint32_t system_bits;

static void start_kernel(void)
{
    kernel_reset_script();
    kernel_reset_routines();
    kernel_reset_registry();
    kernel_reset_io();
    kernel_reset_requests();
    ntsim_kernel_detach();
    kernel_lock();
    struct ntsim_object *system = door_find(4, DOOR_PROCESS);
    if (system != NULL)
    {
        struct ntsim_object *thread = door_first_thread(system);
        kernel_set_system(kernel_object_for(system, DOOR_PROCESS),
                          thread == NULL ? NULL : kernel_object_for(thread, DOOR_THREAD));
    }
    kernel_unlock();
    if (system == NULL)
    {
        (void)fprintf(stderr, "ntsim: a machine without System\n");
        abort();
    }
}

bool ntsim_kernel_boot_table(const void *table, uint32_t length)
{
    kernel_host_thread *host = kernel_this_thread(); /* before the machine: it outlives it */
    host->user = NTSIM_ADMINISTRATOR;
    const enum ntsim_result result = door_boot(table, length, kernel_resolve_for_query);
    if (result != NTSIM_OK)
    {
        (void)fprintf(stderr, "ntsim: the table is refused (%d)\n", (int)result);
        return false;
    }
    start_kernel();
    return true;
}

static const ntsim_program *find(const ntsim_program *programs, size_t count, uint32_t pid)
{
    for (size_t i = 0; i < count; i++)
        if (programs[i].pid == pid)
            return &programs[i];
    return NULL;
}

void ntsim_kernel_boot(const ntsim_system *system, const ntsim_program *programs, size_t count)
{
    const ntsim_program own[] = {
        {.pid = 0, .name = "Idle", .state = NTSIM_PROCESS_PSEUDO},
        {.pid = 4, .name = "System", .threads = 1, .state = NTSIM_PROCESS_PSEUDO, .classification = 1},
    };
    ntsim_program *all = kernel_allocate((count + 2) * sizeof *all);
    uint32_t total = 0;
    uint32_t caller = 0;
    for (unsigned i = 0; i < 2; i++)
        if (find(programs, count, own[i].pid) == NULL)
            all[total++] = own[i];
    for (size_t i = 0; i < count; i++)
        all[total++] = programs[i];
    for (uint32_t i = 0; i < total; i++)
        if (all[i].pid == 4)
            caller = i;
    const table_builder table = build(system, all, total, caller);
    const bool booted = ntsim_kernel_boot_table(table.bytes, table.length);
    free(table.bytes);
    free(all);
    system_bits = system->bits;
    if (!booted)
        abort();
}

void ntsim_kernel_shutdown(void)
{
    ntsim_kernel_detach();
    kernel_lock();
    kernel_object *process = kernel_current_process();
    kernel_object *thread = kernel_current_thread();
    kernel_set_system(NULL, NULL);
    kernel_unpin(process);
    if (thread != NULL)
        kernel_unpin(thread);
    kernel_empty_graveyard();
    kernel_unlock();
    door_shutdown();
}

/* ---- what happens to processes ---- */

static table_builder build_one(const ntsim_program *program)
{
    const ntsim_system system = {.build = 0, .bits = system_bits};
    return build(&system, program, 1, NTSIM_NONE);
}

bool ntsim_kernel_start_process(const ntsim_program *program)
{
    const table_builder table = build_one(program);
    kernel_lock();
    const bool started = door_find(program->pid, DOOR_PROCESS) == NULL && door_start_process(table.bytes, table.length);
    kernel_unlock();
    free(table.bytes);
    return started;
}

/* The handles of a process that ends are closed in its own context, and its requests cancelled first. */
static bool close_down(uint32_t pid)
{
    kernel_lock();
    struct ntsim_object *found = door_find(pid, DOOR_PROCESS);
    kernel_object *process = found == NULL ? NULL : kernel_object_for(found, DOOR_PROCESS);
    kernel_unlock();
    if (process == NULL)
        return false;
    ntsim_kernel_cancel_requests(pid);
    const kernel_attachment before = kernel_enter_process(process, NULL, UserMode);
    kernel_close_all_handles(process);
    kernel_leave_process(before);
    kernel_lock();
    kernel_unpin(process);
    kernel_unlock();
    return true;
}

bool ntsim_kernel_exit_process(uint32_t pid)
{
    if (!close_down(pid))
        return false;
    kernel_lock();
    const bool ended = door_exit_process(pid);
    kernel_unlock();
    return ended;
}

bool ntsim_kernel_reuse_pid(uint32_t pid, const ntsim_program *program)
{
    (void)close_down(pid);
    const table_builder table = build_one(program);
    kernel_lock();
    const bool reused = door_reuse_pid(pid, table.bytes, table.length);
    kernel_unlock();
    free(table.bytes);
    return reused;
}

bool ntsim_kernel_exit_thread(uint32_t tid)
{
    kernel_lock();
    const bool ended = door_exit_thread(tid);
    kernel_unlock();
    return ended;
}

bool ntsim_kernel_mark_exiting(uint32_t pid)
{
    kernel_lock();
    const bool marked = door_mark_exiting(pid);
    kernel_unlock();
    return marked;
}

uint32_t ntsim_kernel_thread_of(uint32_t pid, uint32_t index)
{
    kernel_lock();
    struct ntsim_object *process = door_find(pid, DOOR_PROCESS);
    const uint32_t tid = process == NULL ? 0 : door_thread_id(process, index);
    kernel_unlock();
    return tid;
}

void ntsim_kernel_set_churn(uint32_t churn)
{
    kernel_lock();
    door_set_churn(churn);
    kernel_unlock();
}

void ntsim_kernel_fail_query(ntsim_service service, int32_t info_class, uint32_t pid, uint32_t nth, NTSTATUS status)
{
    const uint32_t call = service == NTSIM_ZwQueryInformationProcess  ? NTSIM_CALL_QUERY_PROCESS
                          : service == NTSIM_ZwQueryInformationThread ? NTSIM_CALL_QUERY_THREAD
                                                                      : NTSIM_CALL_QUERY_SYSTEM;
    kernel_lock();
    door_fail(call, info_class, pid, nth, status);
    kernel_unlock();
}

void ntsim_kernel_fail_secure_call(uint32_t pid, NTSTATUS status)
{
    kernel_lock();
    door_fail(NTSIM_CALL_SECURE_CALL, -1, pid, 0, status);
    kernel_unlock();
}
