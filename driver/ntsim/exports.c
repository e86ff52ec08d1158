/* The library's entry points: one machine behind one lock. What they do is in the files of machine.h. */
#include "ntsim.h"

#include "lock.h"
#include "machine.h"

static ntsim_lock lock = NTSIM_LOCK_FREE;
static ntsim_machine *machine;

#define LOCKED(type, without_machine, expression)                                                                      \
    do                                                                                                                 \
    {                                                                                                                  \
        ntsim_acquire(&lock);                                                                                          \
        const type answer_ = machine == NULL ? (type)(without_machine) : (type)(expression);                           \
        ntsim_release(&lock);                                                                                          \
        return answer_;                                                                                                \
    } while (0)

#define NT_CALL(expression) LOCKED(nt_status, STATUS_UNSUCCESSFUL, expression)
#define CONTROL(expression) LOCKED(uint32_t, NTSIM_E_NO_MACHINE, expression)

nt_status NTSIM_NTAPI NtOpenProcess(nt_handle *handle, nt_access access, nt_object_attributes *attributes,
                                    nt_client_id *client_id)
{
    NT_CALL(ntsim_open_process(machine, handle, access, attributes, client_id));
}

nt_status NTSIM_NTAPI NtOpenThread(nt_handle *handle, nt_access access, nt_object_attributes *attributes,
                                   nt_client_id *client_id)
{
    NT_CALL(ntsim_open_thread(machine, handle, access, attributes, client_id));
}

nt_status NTSIM_NTAPI NtClose(nt_handle handle)
{
    NT_CALL(ntsim_close(machine, handle));
}

nt_status NTSIM_NTAPI NtDuplicateObject(nt_handle source_process, nt_handle source, nt_handle target_process,
                                        nt_handle *target, nt_access access, uint32_t attributes, uint32_t options)
{
    NT_CALL(ntsim_duplicate(machine, source_process, source, target_process, target, access, attributes, options));
}

nt_status NTSIM_NTAPI NtQueryInformationProcess(nt_handle handle, uint32_t info_class, void *buffer, uint32_t length,
                                                uint32_t *return_length)
{
    NT_CALL(ntsim_query_process(machine, handle, info_class, buffer, length, return_length));
}

nt_status NTSIM_NTAPI NtQueryInformationThread(nt_handle handle, uint32_t info_class, void *buffer, uint32_t length,
                                               uint32_t *return_length)
{
    NT_CALL(ntsim_query_thread(machine, handle, info_class, buffer, length, return_length));
}

nt_status NTSIM_NTAPI NtQuerySystemInformation(uint32_t info_class, void *buffer, uint32_t length,
                                               uint32_t *return_length)
{
    NT_CALL(ntsim_query_system(machine, info_class, buffer, length, return_length));
}

nt_status NTSIM_NTAPI RtlGetVersion(nt_os_version_info *info)
{
    NT_CALL(ntsim_get_version(machine, info));
}

uint32_t NTSIM_NTAPI RtlNtStatusToDosError(nt_status status)
{
    return ntsim_dos_error(status);
}

uint32_t ntsim_load(const void *table, uint32_t length)
{
    ntsim_machine *created;
    const uint32_t result = ntsim_machine_create(table, length, &created);
    if (result != NTSIM_OK)
        return result;
    ntsim_acquire(&lock);
    ntsim_machine *old = machine;
    machine = created;
    ntsim_release(&lock);
    if (old != NULL)
        ntsim_machine_destroy(old);
    return NTSIM_OK;
}

void ntsim_unload(void)
{
    ntsim_acquire(&lock);
    ntsim_machine *old = machine;
    machine = NULL;
    ntsim_release(&lock);
    if (old != NULL)
        ntsim_machine_destroy(old);
}

uint32_t ntsim_exit(uint32_t pid)
{
    CONTROL(ntsim_machine_exit(machine, pid));
}

uint32_t ntsim_exit_thread(uint32_t tid)
{
    CONTROL(ntsim_machine_exit_thread(machine, tid));
}

uint32_t ntsim_mark_exiting(uint32_t pid)
{
    CONTROL(ntsim_machine_mark_exiting(machine, pid));
}

uint32_t ntsim_spawn(const void *table, uint32_t length, uint32_t *pid)
{
    CONTROL(ntsim_machine_spawn(machine, table, length, pid));
}

uint32_t ntsim_reuse(uint32_t pid, uint32_t index)
{
    CONTROL(ntsim_machine_reuse(machine, pid, index));
}

uint32_t ntsim_reuse_with(uint32_t pid, const void *table, uint32_t length)
{
    CONTROL(ntsim_machine_reuse_with(machine, pid, table, length));
}

static uint32_t add_fault(uint32_t call, int32_t info_class, uint32_t pid, uint32_t nth, uint32_t status)
{
    if (call >= NTSIM_CALL_COUNT)
        return NTSIM_E_VALUE;
    const ntsim_fault fault = {
        .call = (enum ntsim_call)call,
        .info_class = info_class,
        .target = pid == 0 ? NTSIM_FAULT_ANY : NTSIM_FAULT_BY_PID,
        .pid = pid,
        .nth = nth,
        .status = NT_STATUS(status),
    };
    return ntsim_add_fault(machine, &fault) ? NTSIM_OK : NTSIM_E_MEMORY;
}

uint32_t ntsim_fail(uint32_t call, int32_t info_class, uint32_t pid, uint32_t nth, uint32_t status)
{
    CONTROL(add_fault(call, info_class, pid, nth, status));
}

uint32_t ntsim_clear_faults(void)
{
    CONTROL((machine->fault_count = 0, NTSIM_OK));
}

uint32_t ntsim_set_churn(uint32_t churn)
{
    CONTROL(churn > NTSIM_CHURN_REUSE_AT_EVERY_CALL ? NTSIM_E_VALUE : (machine->churn = churn, NTSIM_OK));
}

uint32_t ntsim_open_handles(void)
{
    LOCKED(uint32_t, 0, machine->open_handles);
}

uint32_t ntsim_inheritable_handles(void)
{
    LOCKED(uint32_t, 0, machine->inheritable_handles);
}

uint64_t ntsim_calls(uint32_t call)
{
    LOCKED(uint64_t, 0, call < NTSIM_CALL_COUNT ? machine->calls[call] : 0);
}

uint32_t ntsim_table_layout(char *text, uint32_t length)
{
    return ntsim_table_describe(text, length);
}
