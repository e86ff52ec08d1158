/*
 * The agent's calls on processes and threads. kernel.h offers opens for tests of drivers, which never fail on demand,
 * and duplicates with the same rights only.
 */
#include "agent.h"

static uint32_t pid_of(struct ntsim_object *object, door_kind kind)
{
    return door_id(kind == DOOR_PROCESS ? object : door_process_of(object));
}

static uint32_t open_by_id(uint32_t id, door_kind kind, uint32_t access, intptr_t *handle)
{
    const uint32_t call = kind == DOOR_PROCESS ? NTSIM_CALL_OPEN_PROCESS : NTSIM_CALL_OPEN_THREAD;
    HANDLE opened = NULL;
    NTSTATUS status = STATUS_SUCCESS;
    const kernel_attachment before = agent_enter();
    kernel_lock();
    door_churn(); /* between the decision to open and the open, as in ntsim/open.c */
    struct ntsim_object *found = door_find(id, kind);
    const bool failed = user_faults_hit(call,
                                        found != NULL          ? pid_of(found, kind)
                                        : kind == DOOR_PROCESS ? id
                                                               : 0,
                                        &status);
    kernel_unlock();
    if (!failed)
        status = kind == DOOR_PROCESS ? ntsim_kernel_open_process(id, access, &opened)
                                      : ntsim_kernel_open_thread(id, access, &opened);
    agent_leave(before);
    *handle = (intptr_t)opened;
    return (uint32_t)status;
}

uint32_t sim_open_process(uint32_t pid, uint32_t access, intptr_t *handle)
{
    return open_by_id(pid, DOOR_PROCESS, access, handle);
}

uint32_t sim_open_thread(uint32_t tid, uint32_t access, intptr_t *handle)
{
    return open_by_id(tid, DOOR_THREAD, access, handle);
}

/* ---- duplicates and closes ---- */

static bool is_process_or_thread(const kernel_object *object)
{
    return object->type == &kernel_process_type || object->type == &kernel_thread_type;
}

static door_kind kind_of(const kernel_object *object)
{
    return object->type == &kernel_process_type ? DOOR_PROCESS : DOOR_THREAD;
}

/* Under the lock: what a handle or pseudo-handle of the agent names, and with which rights. */
static kernel_object *resolve(HANDLE handle, uint32_t *access)
{
    kernel_object *object = NULL;
    if (handle == NtCurrentProcess() || handle == NtCurrentThread())
    {
        object = handle == NtCurrentProcess() ? kernel_current_process() : kernel_current_thread();
        *access = object == NULL ? 0 : object->type->all_access;
        return object;
    }
    const kernel_handle *entry = kernel_find_handle(kernel_current_process(), handle, UserMode);
    *access = entry == NULL ? 0 : entry->access;
    return entry == NULL ? NULL : entry->object;
}

/* Rights the source has are passed on, others are checked as at an open: as in ntsim/open.c. */
static NTSTATUS duplicate(HANDLE source, uint32_t access, HANDLE *handle)
{
    NTSTATUS status = STATUS_INVALID_HANDLE;
    uint32_t had = 0;
    uint32_t granted = 0;
    kernel_object *object = resolve(source, &had);
    const bool known = object != NULL && is_process_or_thread(object);
    const uint32_t pid = known ? pid_of(object->machine_object, kind_of(object)) : 0;
    if (user_faults_hit(NTSIM_CALL_DUPLICATE_OBJECT, pid, &status) || object == NULL)
        return status;
    if (!known)
        return STATUS_NOT_SUPPORTED;
    if (access != 0 && (access & ~had) == 0)
        granted = door_access_of(kind_of(object), access);
    else
        status = door_grant(object->machine_object, access, &granted);
    if (granted == 0)
        return status;
    return kernel_new_handle(kernel_current_process(), object, granted, 0, CALLER, handle);
}

uint32_t sim_duplicate(intptr_t source, uint32_t access, intptr_t *handle)
{
    HANDLE made = NULL;
    const kernel_attachment before = agent_enter();
    kernel_lock();
    const NTSTATUS status = duplicate((HANDLE)source, access, &made);
    kernel_unlock();
    agent_leave(before);
    *handle = (intptr_t)made;
    return (uint32_t)status;
}

uint32_t sim_close(intptr_t handle)
{
    NTSTATUS status = STATUS_SUCCESS;
    uint32_t access = 0;
    const kernel_attachment before = agent_enter();
    kernel_lock();
    const kernel_object *object = resolve((HANDLE)handle, &access);
    const bool known = object != NULL && is_process_or_thread(object);
    const bool failed =
        user_faults_hit(NTSIM_CALL_CLOSE, known ? pid_of(object->machine_object, kind_of(object)) : 0, &status);
    kernel_unlock();
    if (!failed)
        status = ntsim_kernel_close((HANDLE)handle);
    agent_leave(before);
    return (uint32_t)status;
}

void sim_close_device(intptr_t file)
{
    const kernel_attachment before = agent_enter();
    (void)ntsim_kernel_close((HANDLE)file);
    agent_leave(before);
}

uint32_t sim_query_system(uint32_t info_class, void *buffer, uint32_t length, uint32_t *returned)
{
    kernel_lock();
    const int32_t status = door_query_system(info_class, buffer, length, returned);
    kernel_unlock();
    return (uint32_t)status;
}
