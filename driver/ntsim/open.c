/* Opens, closes and duplicates. */
#include <stdlib.h>

#include "machine.h"

#define OPEN_TERMINATED_THREAD_STATUS NT_STATUS(0xC000004Bu) /* STATUS_THREAD_IS_TERMINATING [known] */

/* facts/nt.md 6.1, implied grants at open [rev]; NTSIM_POLICY_NO_IMPLIED_GRANTS leaves them out. */
static nt_access with_implied(const ntsim_machine *machine, enum ntsim_kind kind, nt_access access)
{
    if (ntsim_policy(machine, NTSIM_POLICY_NO_IMPLIED_GRANTS))
        return access;
    nt_access granted = access;
    if (kind == NTSIM_PROCESS_OBJECT)
    {
        const nt_access write = PROCESS_VM_OPERATION | PROCESS_VM_WRITE;
        if ((access & PROCESS_QUERY_INFORMATION) != 0 || (access & write) == write)
            granted |= PROCESS_QUERY_LIMITED_INFORMATION;
        if ((access & PROCESS_SET_INFORMATION) != 0)
            granted |= PROCESS_SET_LIMITED_INFORMATION;
        return granted;
    }
    if ((access & THREAD_QUERY_INFORMATION) != 0)
        granted |= THREAD_QUERY_LIMITED_INFORMATION;
    if ((access & THREAD_SET_INFORMATION) != 0)
        granted |= THREAD_SET_LIMITED_INFORMATION;
    if ((access & THREAD_SUSPEND_RESUME) != 0)
        granted |= THREAD_RESUME;
    return granted;
}

#define MAXIMUM_ALLOWED 0x02000000u /* [known], like the generic bits and what they stand for */
#define SPECIFIC_AND_STANDARD 0x01FFFFFFu

static nt_access map_generic(enum ntsim_kind kind, nt_access access)
{
    const bool process = kind == NTSIM_PROCESS_OBJECT;
    nt_access wanted = access & SPECIFIC_AND_STANDARD;
    if ((access & 0x80000000u) != 0)
        wanted |= process ? 0x20410u : 0x20048u;
    if ((access & 0x40000000u) != 0)
        wanted |= process ? 0x20BEBu : 0x20437u;
    if ((access & 0x20000000u) != 0)
        wanted |= process ? 0x121001u : 0x120800u;
    if ((access & 0x10000000u) != 0)
        wanted |= process ? PROCESS_ALL_ACCESS : THREAD_ALL_ACCESS;
    return wanted;
}

nt_access ntsim_access_of(const ntsim_machine *machine, enum ntsim_kind kind, nt_access access)
{
    return with_implied(machine, kind, map_generic(kind, access));
}

/*
 * What an open is granted. The checks of token, DACL and protection (facts/nt.md 2) are behind the table's two masks:
 * a bit outside them is STATUS_ACCESS_DENIED, and so is a request for nothing [known].
 */
nt_status ntsim_grant(const ntsim_machine *machine, ntsim_object *object, nt_access access, nt_access *granted)
{
    const ntsim_process *process = ntsim_process_of(object);
    const nt_access most =
        object->kind == NTSIM_PROCESS_OBJECT ? process->record.process_access : process->record.thread_access;
    nt_access wanted = map_generic(object->kind, access);
    if ((wanted & ~most) != 0)
        return STATUS_ACCESS_DENIED;
    if ((access & MAXIMUM_ALLOWED) != 0)
        wanted |= most;
    if (wanted == 0)
        return STATUS_ACCESS_DENIED;
    *granted = with_implied(machine, object->kind, wanted);
    return STATUS_SUCCESS;
}

/* [known] what NtOpenProcess and NtOpenThread say to their arguments before they look for anything. */
static nt_status check_arguments(const nt_handle *handle, const nt_object_attributes *attributes,
                                 const nt_client_id *client_id)
{
    if (handle == NULL || attributes == NULL)
        return STATUS_ACCESS_VIOLATION;
    if (attributes->Length != sizeof *attributes)
        return STATUS_INVALID_PARAMETER;
    if ((attributes->ObjectName != NULL) == (client_id != NULL))
        return STATUS_INVALID_PARAMETER_MIX;
    return client_id == NULL ? STATUS_NOT_SUPPORTED : STATUS_SUCCESS;
}

/* The low two bits of an id are ignored [known]; NTSIM_POLICY_EXACT_IDS makes them count. Ids are 32 bits wide. */
static bool id_of(const ntsim_machine *machine, uint64_t client, uint32_t *id)
{
    if (client > UINT32_MAX || (ntsim_policy(machine, NTSIM_POLICY_EXACT_IDS) && client % 4 != 0))
        return false;
    *id = (uint32_t)client & ~UINT32_C(3);
    return true;
}

ntsim_object *ntsim_lookup(const ntsim_machine *machine, uint64_t client, enum ntsim_kind kind)
{
    uint32_t id;
    if (!id_of(machine, client, &id))
        return NULL;
    ntsim_object *object = ntsim_find(machine, id);
    return object != NULL && object->kind == kind ? object : NULL;
}

/* Finds what a CLIENT_ID names; a member that is zero is not compared [known]. */
static ntsim_object *find_client(const ntsim_machine *machine, const nt_client_id *client_id, enum ntsim_kind kind)
{
    if (client_id->UniqueThread == 0)
        return kind == NTSIM_PROCESS_OBJECT ? ntsim_lookup(machine, client_id->UniqueProcess, kind) : NULL;
    ntsim_object *thread = ntsim_lookup(machine, client_id->UniqueThread, NTSIM_THREAD_OBJECT);
    if (thread == NULL)
        return NULL;
    ntsim_object *process = &ntsim_process_of(thread)->object;
    if (client_id->UniqueProcess != 0 &&
        ntsim_lookup(machine, client_id->UniqueProcess, NTSIM_PROCESS_OBJECT) != process)
        return NULL;
    return kind == NTSIM_PROCESS_OBJECT ? process : thread;
}

/* facts/nt.md 7: an exiting process is found; one that has ended too, unless the policy says otherwise. */
nt_status ntsim_refuse_terminated(const ntsim_machine *machine, ntsim_object *object)
{
    if (!ntsim_policy(machine, NTSIM_POLICY_REFUSE_TERMINATED_OPEN))
        return STATUS_SUCCESS;
    if (object->kind == NTSIM_PROCESS_OBJECT)
        return ((ntsim_process *)(void *)object)->ended ? STATUS_PROCESS_IS_TERMINATING : STATUS_SUCCESS;
    return ((ntsim_thread *)(void *)object)->ended ? OPEN_TERMINATED_THREAD_STATUS : STATUS_SUCCESS;
}

static nt_status open_object(ntsim_machine *machine, enum ntsim_call call, enum ntsim_kind kind, nt_handle *handle,
                             nt_access access, const nt_object_attributes *attributes, const nt_client_id *client_id)
{
    nt_status status = check_arguments(handle, attributes, client_id);
    if (!NT_SUCCESS(status))
        return status;
    ntsim_object *object = find_client(machine, client_id, kind);
    const ntsim_process *process = object == NULL ? NULL : ntsim_process_of(object);
    const uint32_t meant = process != NULL ? process->object.id : (uint32_t)client_id->UniqueProcess;
    if (ntsim_fails(machine, call, -1, process, meant, &status))
        return status;
    /* facts/nt.md 1.4: Idle cannot be opened; 7: an unknown pid is STATUS_INVALID_CID since Vista. */
    if (object == NULL || object->id == 0)
        return STATUS_INVALID_CID;
    status = ntsim_refuse_terminated(machine, object);
    nt_access granted = 0;
    if (NT_SUCCESS(status))
        status = ntsim_grant(machine, object, access, &granted);
    if (!NT_SUCCESS(status))
        return status;
    return ntsim_new_handle(machine, object, granted, attributes->Attributes, handle);
}

/* NtOpenProcess: facts/nt.md 0.8 (no special mask for trustlets), 1.4, 6.1. */
nt_status ntsim_open_process(ntsim_machine *machine, nt_handle *handle, nt_access access,
                             const nt_object_attributes *attributes, const nt_client_id *client_id)
{
    machine->calls[NTSIM_CALL_OPEN_PROCESS]++;
    ntsim_machine_churn(machine);
    return open_object(machine, NTSIM_CALL_OPEN_PROCESS, NTSIM_PROCESS_OBJECT, handle, access, attributes, client_id);
}

/* NtOpenThread: facts/nt.md 0.8, 4.3, 6.1. */
nt_status ntsim_open_thread(ntsim_machine *machine, nt_handle *handle, nt_access access,
                            const nt_object_attributes *attributes, const nt_client_id *client_id)
{
    machine->calls[NTSIM_CALL_OPEN_THREAD]++;
    ntsim_machine_churn(machine);
    return open_object(machine, NTSIM_CALL_OPEN_THREAD, NTSIM_THREAD_OBJECT, handle, access, attributes, client_id);
}

/* NtClose: pseudo-handles are no entries of the table, so they are invalid here [known]. */
nt_status ntsim_close(ntsim_machine *machine, nt_handle handle)
{
    nt_status status;
    machine->calls[NTSIM_CALL_CLOSE]++;
    ntsim_handle_slot *slot = ntsim_slot(machine, handle);
    const ntsim_process *process = slot == NULL ? NULL : ntsim_process_of(slot->object);
    if (ntsim_fails(machine, NTSIM_CALL_CLOSE, -1, process, process == NULL ? 0 : process->object.id, &status))
        return status;
    if (slot == NULL)
        return STATUS_INVALID_HANDLE;
    ntsim_free_slot(machine, slot);
    return STATUS_SUCCESS;
}

/*
 * Both processes of a duplication must be the caller: another's handle table is not simulated. Right: facts/nt.md
 * 6.2.
 */
static nt_status check_own_process(ntsim_machine *machine, nt_handle handle)
{
    ntsim_reach reach;
    const nt_status status = ntsim_resolve(machine, handle, NTSIM_PROCESS_OBJECT, &reach);
    if (!NT_SUCCESS(status))
        return status;
    if ((reach.access & PROCESS_DUP_HANDLE) == 0)
        return STATUS_ACCESS_DENIED;
    return reach.object == &machine->caller->object ? STATUS_SUCCESS : STATUS_NOT_SUPPORTED;
}

static nt_status resolve_any(ntsim_machine *machine, nt_handle handle, ntsim_reach *reach)
{
    const nt_status status = ntsim_resolve(machine, handle, NTSIM_PROCESS_OBJECT, reach);
    return status == STATUS_OBJECT_TYPE_MISMATCH ? STATUS_SUCCESS : status;
}

/* NtDuplicateObject: rights the source handle has are passed on, others are checked as at an open [known]. */
nt_status ntsim_duplicate(ntsim_machine *machine, nt_handle source_process, nt_handle source, nt_handle target_process,
                          nt_handle *target, nt_access access, uint32_t attributes, uint32_t options)
{
    ntsim_reach reach = {NULL, 0};
    machine->calls[NTSIM_CALL_DUPLICATE_OBJECT]++;
    nt_status status = check_own_process(machine, source_process);
    if (NT_SUCCESS(status))
        status = check_own_process(machine, target_process);
    if (NT_SUCCESS(status))
        status = resolve_any(machine, source, &reach);
    const ntsim_process *process = reach.object == NULL ? NULL : ntsim_process_of(reach.object);
    const uint32_t pid = process == NULL ? 0 : process->object.id;
    nt_status fault;
    if (ntsim_fails(machine, NTSIM_CALL_DUPLICATE_OBJECT, -1, process, pid, &fault))
        return fault;
    if (!NT_SUCCESS(status))
        return status;
    if (target != NULL)
    {
        nt_access granted = reach.access;
        if ((options & DUPLICATE_SAME_ACCESS) == 0)
        {
            if (access != 0 && (access & ~reach.access) == 0)
                granted = with_implied(machine, reach.object->kind, access);
            else
                status = ntsim_grant(machine, reach.object, access, &granted);
        }
        if (NT_SUCCESS(status))
            status = ntsim_new_handle(machine, reach.object, granted, attributes, target);
    }
    ntsim_handle_slot *slot = ntsim_slot(machine, source);
    if ((options & DUPLICATE_CLOSE_SOURCE) != 0 && slot != NULL)
        ntsim_free_slot(machine, slot);
    return status;
}
