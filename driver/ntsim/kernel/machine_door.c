#include "machine_door.h"

#include <stdlib.h>

#include "../machine.h"

static ntsim_machine *machine;
static door_resolver *resolve;

static nt_status resolve_for_machine(nt_handle handle, enum ntsim_kind kind, ntsim_reach *reach)
{
    return resolve(handle, kind == NTSIM_PROCESS_OBJECT ? DOOR_PROCESS : DOOR_THREAD, &reach->object, &reach->access);
}

enum ntsim_result door_boot(const void *table, uint32_t length, door_resolver *resolver)
{
    const enum ntsim_result result = ntsim_machine_create(table, length, &machine);
    if (result != NTSIM_OK)
        return result;
    resolve = resolver;
    machine->resolver = resolve_for_machine;
    return NTSIM_OK;
}

void door_shutdown(void)
{
    ntsim_machine_destroy(machine);
    machine = NULL;
}

uint32_t door_build(void)
{
    return machine->table.header->build;
}

static enum ntsim_kind kind_of(door_kind kind)
{
    return kind == DOOR_PROCESS ? NTSIM_PROCESS_OBJECT : NTSIM_THREAD_OBJECT;
}

/* facts/nt.md 1.4: Idle has no object that anybody could get. */
ntsim_object *door_find(uint64_t id, door_kind kind)
{
    ntsim_object *object = ntsim_lookup(machine, id, kind_of(kind));
    if (object == NULL || object->id == 0 || ntsim_refuse_terminated(machine, object) != STATUS_SUCCESS)
        return NULL;
    return object;
}

uint32_t door_id(const ntsim_object *object)
{
    return object->id;
}

ntsim_object *door_process_of(ntsim_object *thread)
{
    return &ntsim_process_of(thread)->object;
}

ntsim_object *door_first_thread(ntsim_object *process)
{
    ntsim_thread *thread = ntsim_process_of(process)->first_thread;
    return thread == NULL ? NULL : &thread->object;
}

uint32_t door_thread_id(ntsim_object *process, uint32_t index)
{
    const ntsim_thread *thread = ntsim_process_of(process)->first_thread;
    while (thread != NULL && index-- != 0)
        thread = thread->next;
    return thread == NULL ? 0 : thread->object.id;
}

uint64_t door_start_key(const ntsim_object *process)
{
    return ((const ntsim_process *)(const void *)process)->record.start_key;
}

void door_reference(ntsim_object *object)
{
    ntsim_reference(object);
}

void door_dereference(ntsim_object *object)
{
    ntsim_dereference(machine, object);
}

void *door_embedder(const ntsim_object *object)
{
    return object->embedder;
}

void door_set_embedder(ntsim_object *object, void *embedder)
{
    object->embedder = embedder;
}

uint32_t door_access_of(door_kind kind, uint32_t access)
{
    return ntsim_access_of(machine, kind_of(kind), access);
}

int32_t door_grant(ntsim_object *object, uint32_t access, uint32_t *granted)
{
    return ntsim_grant(machine, object, access, granted);
}

int32_t door_query_process(intptr_t handle, uint32_t info_class, void *buffer, uint32_t length, uint32_t *returned)
{
    return ntsim_query_process(machine, handle, info_class, buffer, length, returned);
}

int32_t door_query_thread(intptr_t handle, uint32_t info_class, void *buffer, uint32_t length, uint32_t *returned)
{
    return ntsim_query_thread(machine, handle, info_class, buffer, length, returned);
}

int32_t door_query_system(uint32_t info_class, void *buffer, uint32_t length, uint32_t *returned)
{
    return ntsim_query_system(machine, info_class, buffer, length, returned);
}

int32_t door_get_version(void *info)
{
    return ntsim_get_version(machine, info);
}

void door_churn(void)
{
    ntsim_machine_churn(machine);
}

void door_set_churn(uint32_t churn)
{
    machine->churn = churn;
}

bool door_exit_process(uint32_t pid)
{
    return ntsim_machine_exit(machine, pid) == NTSIM_OK;
}

bool door_exit_thread(uint32_t tid)
{
    return ntsim_machine_exit_thread(machine, tid) == NTSIM_OK;
}

bool door_mark_exiting(uint32_t pid)
{
    return ntsim_machine_mark_exiting(machine, pid) == NTSIM_OK;
}

bool door_start_process(const void *table, uint32_t length)
{
    uint32_t pid;
    return ntsim_machine_spawn(machine, table, length, &pid) == NTSIM_OK;
}

bool door_reuse_pid(uint32_t pid, const void *table, uint32_t length)
{
    return ntsim_machine_reuse_with(machine, pid, table, length) == NTSIM_OK;
}

void door_fail(uint32_t call, int32_t info_class, uint32_t pid, uint32_t nth, int32_t status)
{
    const ntsim_fault fault = {
        .call = (enum ntsim_call)call,
        .info_class = info_class,
        .target = pid == 0 ? NTSIM_FAULT_ANY : NTSIM_FAULT_BY_PID,
        .pid = pid,
        .nth = nth,
        .status = status,
    };
    if (!ntsim_add_fault(machine, &fault))
        abort();
}

void door_clear_faults(void)
{
    machine->fault_count = 0;
}
