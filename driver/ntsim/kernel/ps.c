/* Ps: processes and threads by id and by pointer. */
#include "internal.h"

/* The process or thread a driver means by a pointer; a complaint and NULL for any other pointer. Under the lock. */
static kernel_object *meant(const void *body, POBJECT_TYPE type, ntsim_service service, const void *caller)
{
    char where[160];
    kernel_object *object = kernel_object_at(body);
    if (object != NULL && object->type == type)
        return object;
    kernel_complain("%s of %p, which is no live %s, from %s", kernel_service_names[service], body, type->name,
                    kernel_describe_site(caller, where));
    return NULL;
}

static HANDLE id_of(const kernel_object *object)
{
    return object == NULL ? NULL : (HANDLE)(uintptr_t)door_id(object->machine_object);
}

static NTSTATUS look_up(HANDLE id, door_kind kind, const void *caller, void **body)
{
    NTSTATUS status = STATUS_INVALID_CID; /* facts/nt.md 7 */
    kernel_lock();
    door_churn();
    struct ntsim_object *found = door_find((uintptr_t)id, kind);
    if (found != NULL)
    {
        kernel_object *object = kernel_object_for(found, kind);
        object->references++;
        object->site = caller;
        kernel_unpin(object);
        *body = object->body;
        status = STATUS_SUCCESS;
    }
    kernel_unlock();
    return status;
}

NTSTATUS PsLookupProcessByProcessId(HANDLE ProcessId, PEPROCESS *Process)
{
    NTSTATUS status;
    if (kernel_enter(NTSIM_PsLookupProcessByProcessId, CALLER, &status))
        return status;
    void *body = NULL;
    status = look_up(ProcessId, DOOR_PROCESS, CALLER, &body);
    if (NT_SUCCESS(status))
        *Process = body;
    return status;
}

NTSTATUS PsLookupThreadByThreadId(HANDLE ThreadId, PETHREAD *Thread)
{
    NTSTATUS status;
    if (kernel_enter(NTSIM_PsLookupThreadByThreadId, CALLER, &status))
        return status;
    void *body = NULL;
    status = look_up(ThreadId, DOOR_THREAD, CALLER, &body);
    if (NT_SUCCESS(status))
        *Thread = body;
    return status;
}

HANDLE PsGetCurrentProcessId(VOID)
{
    NTSTATUS status;
    (void)kernel_enter(NTSIM_PsGetCurrentProcessId, CALLER, &status);
    kernel_lock();
    const HANDLE id = id_of(kernel_current_process());
    kernel_unlock();
    return id;
}

HANDLE PsGetCurrentThreadId(VOID)
{
    NTSTATUS status;
    (void)kernel_enter(NTSIM_PsGetCurrentThreadId, CALLER, &status);
    kernel_lock();
    const HANDLE id = id_of(kernel_current_thread());
    kernel_unlock();
    return id;
}

PEPROCESS IoGetCurrentProcess(VOID)
{
    NTSTATUS status;
    (void)kernel_enter(NTSIM_IoGetCurrentProcess, CALLER, &status);
    kernel_lock();
    void *body = kernel_current_process()->body;
    kernel_unlock();
    return body;
}

PKTHREAD KeGetCurrentThread(VOID)
{
    kernel_lock();
    const kernel_object *thread = kernel_current_thread();
    void *body = thread == NULL ? NULL : thread->body;
    kernel_unlock();
    return body;
}

HANDLE PsGetProcessId(PEPROCESS Process)
{
    NTSTATUS status;
    (void)kernel_enter(NTSIM_PsGetProcessId, CALLER, &status);
    kernel_lock();
    const HANDLE id = id_of(meant(Process, &kernel_process_type, NTSIM_PsGetProcessId, CALLER));
    kernel_unlock();
    return id;
}

HANDLE PsGetThreadId(PETHREAD Thread)
{
    NTSTATUS status;
    (void)kernel_enter(NTSIM_PsGetThreadId, CALLER, &status);
    kernel_lock();
    const HANDLE id = id_of(meant(Thread, &kernel_thread_type, NTSIM_PsGetThreadId, CALLER));
    kernel_unlock();
    return id;
}

HANDLE PsGetThreadProcessId(PETHREAD Thread)
{
    NTSTATUS status;
    HANDLE id = NULL;
    (void)kernel_enter(NTSIM_PsGetThreadProcessId, CALLER, &status);
    kernel_lock();
    const kernel_object *thread = meant(Thread, &kernel_thread_type, NTSIM_PsGetThreadProcessId, CALLER);
    if (thread != NULL)
        id = (HANDLE)(uintptr_t)door_id(door_process_of(thread->machine_object));
    kernel_unlock();
    return id;
}

/* Windows 10 1703 and later (facts/nt.md 4.3); a driver binds it with MmGetSystemRoutineAddress. */
ULONGLONG PsGetProcessStartKey(PEPROCESS Process)
{
    NTSTATUS status;
    ULONGLONG start_key = 0;
    if (kernel_enter(NTSIM_PsGetProcessStartKey, CALLER, &status))
        return 0;
    kernel_lock();
    const kernel_object *process = meant(Process, &kernel_process_type, NTSIM_PsGetProcessStartKey, CALLER);
    if (process != NULL)
        start_key = door_start_key(process->machine_object);
    kernel_unlock();
    return start_key;
}
