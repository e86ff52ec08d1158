/* NtQueryInformationProcess and NtQueryInformationThread. */
#include <string.h>

#include "machine.h"

/* facts/nt.md 10, 2 and 4.3: the first builds that know a class. */
#define FIRST_BUILD_WITH_PROTECTION 9600u
#define FIRST_BUILD_WITH_TELEMETRY_ID 10240u
#define FIRST_BUILD_WITH_START_KEY 15063u
#define FIRST_BUILD_WITH_SEQUENCE_NUMBER 17134u

/* Where process environment blocks lie: made up, a trustlet's in VTL1 (facts/nt.md 1.4). */
#define PEB_BASE UINT64_C(0x0000000100000000)
#define SECURE_PEB_BASE UINT64_C(0x0000007000000000)
#define TEB_BASE UINT64_C(0x0000000200000000)
#define PAGE_BYTES 0x1000u

#define NORMAL_PRIORITY 8
#define ALL_PROCESSORS 0xFu

static bool is_secure(const ntsim_process *process)
{
    return (process->record.state & NTSIM_PROCESS_SECURE) != 0;
}

/* facts/nt.md 1.3 step 3 [rev]: the PEB address of a secure process comes from a secure call, which may fail. */
static nt_status peb_address(ntsim_machine *machine, const ntsim_process *process, uint64_t *address)
{
    nt_status status;
    const uint64_t page = (uint64_t)process->object.id * PAGE_BYTES;
    const bool pseudo = (process->record.state & NTSIM_PROCESS_PSEUDO) != 0;
    *address = pseudo ? 0 : (is_secure(process) ? SECURE_PEB_BASE : PEB_BASE) + page;
    if (!is_secure(process))
        return STATUS_SUCCESS;
    machine->calls[NTSIM_CALL_SECURE_CALL]++;
    if (ntsim_fails(machine, NTSIM_CALL_SECURE_CALL, -1, process, process->object.id, &status))
        return status;
    /* facts/nt.md 3.3: without VSM secure calls fail. */
    if ((machine->table.header->system & NTSIM_SYSTEM_VSM) == 0)
        return STATUS_DEVICE_NOT_CONNECTED;
    /* Not in the facts: what the secure kernel says of a trustlet that is being deleted. */
    if (process->exiting && ntsim_policy(machine, NTSIM_POLICY_FAIL_DELETING_SECURE_CALL))
        return STATUS_PROCESS_IS_TERMINATING;
    return STATUS_SUCCESS;
}

/* A fault comes before the handle's rights are looked at, and after whatever the class writes before that. */
static nt_status reach_object(ntsim_machine *machine, enum ntsim_call call, nt_handle handle, uint32_t info_class,
                              enum ntsim_kind kind, nt_access access, ntsim_reach *reach)
{
    nt_status fault;
    *reach = (ntsim_reach){NULL, 0};
    const nt_status status = ntsim_resolve(machine, handle, kind, reach);
    const ntsim_process *process = reach->object == NULL ? NULL : ntsim_process_of(reach->object);
    const uint32_t pid = process == NULL ? NTSIM_NONE : process->object.id;
    if (ntsim_fails(machine, call, (int32_t)info_class, process, pid, &fault))
        return fault;
    if (!NT_SUCCESS(status))
        return status;
    return (reach->access & access) == access ? STATUS_SUCCESS : STATUS_ACCESS_DENIED;
}

static void tell(uint32_t *return_length, uint32_t length)
{
    if (return_length != NULL)
        *return_length = length;
}

/* facts/nt.md 1.3, steps 1-5; Size and alignment: 0.1, 1.2, 1.3. */
static nt_status query_basic(ntsim_machine *machine, nt_handle handle, void *buffer, uint32_t length,
                             uint32_t *return_length)
{
    nt_process_extended_basic_information info;
    ntsim_reach reach;
    const bool extended = length == sizeof info;
    if (!extended && length != sizeof info.BasicInfo)
        return STATUS_INFO_LENGTH_MISMATCH;
    if (buffer == NULL)
        return STATUS_ACCESS_VIOLATION;
    if ((uintptr_t)buffer % 4 != 0)
        return STATUS_DATATYPE_MISALIGNMENT;
    if (extended)
    {
        uint64_t size;
        memcpy(&size, buffer, sizeof size);
        if (ntsim_policy(machine, NTSIM_POLICY_STRICT_SIZE) && size != sizeof info)
            return STATUS_INVALID_PARAMETER;
        size = sizeof info;
        memcpy(buffer, &size, sizeof size);
    }
    nt_status status = reach_object(machine, NTSIM_CALL_QUERY_PROCESS, handle, ProcessBasicInformation,
                                    NTSIM_PROCESS_OBJECT, PROCESS_QUERY_LIMITED_INFORMATION, &reach);
    if (!NT_SUCCESS(status))
        return status;
    const ntsim_process *process = ntsim_process_of(reach.object);
    memset(&info, 0, sizeof info);
    status = peb_address(machine, process, &info.BasicInfo.PebBaseAddress);
    if (!NT_SUCCESS(status))
        return status;
    info.Size = sizeof info;
    info.BasicInfo.ExitStatus = process->exit_status;
    info.BasicInfo.AffinityMask = ALL_PROCESSORS;
    info.BasicInfo.BasePriority = NORMAL_PRIORITY;
    info.BasicInfo.UniqueProcessId = process->object.id;
    info.BasicInfo.InheritedFromUniqueProcessId = process->record.parent_pid;
    info.Flags = process->record.flags | (process->exiting ? PEBI_PROCESS_DELETING : 0);
    if (extended)
        memcpy(buffer, &info, sizeof info);
    else
        memcpy(buffer, &info.BasicInfo, sizeof info.BasicInfo);
    tell(return_length, length);
    return STATUS_SUCCESS;
}

/* S-1-5-18, what every process here says it runs as: nobody asks. */
static const unsigned char system_sid[12] = {1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0};

/*
 * facts/nt.md 4.3: the fixed part is filled even when the strings do not fit. Less than the fixed part: [unverified].
 */
static nt_status fill_telemetry_id(const ntsim_machine *machine, const ntsim_process *process, unsigned char *buffer,
                                   uint32_t length, uint32_t *return_length)
{
    nt_process_telemetry_id id;
    const uint32_t path = sizeof id + sizeof system_sid;
    const uint32_t end = path + process->record.name_bytes;
    const uint32_t needed = end + 2; /* with the NUL that also serves the empty strings */
    tell(return_length, needed);
    if (length < sizeof id)
        return STATUS_BUFFER_TOO_SMALL;
    memset(&id, 0, sizeof id);
    id.HeaderSize = sizeof id;
    id.ProcessId = process->object.id;
    id.ProcessStartKey = machine->table.header->build >= FIRST_BUILD_WITH_START_KEY ? process->record.start_key : 0;
    id.CreateTime = (int64_t)process->record.create_time;
    id.ProcessSequenceNumber = process->record.sequence_number;
    id.SessionId = process->record.session_id;
    id.BootId = machine->table.header->boot_id;
    id.UserSidOffset = sizeof id;
    id.ImagePathOffset = path;
    id.PackageNameOffset = end;
    id.RelativeAppNameOffset = end;
    id.CommandLineOffset = end;
    memcpy(buffer, &id, sizeof id);
    if (length < needed)
        return STATUS_BUFFER_OVERFLOW;
    memcpy(buffer + sizeof id, system_sid, sizeof system_sid);
    if (process->name != NULL)
        memcpy(buffer + path, process->name, process->record.name_bytes);
    memset(buffer + end, 0, 2);
    return STATUS_SUCCESS;
}

/* The one length a class takes; 0 for a class that this build does not know, or that takes several. */
static uint32_t fixed_length(const ntsim_machine *machine, uint32_t info_class)
{
    const uint32_t build = machine->table.header->build;
    switch (info_class)
    {
    case ProcessTimes: /* facts/nt.md 4.3 */
        return sizeof(nt_kernel_user_times);
    case ProcessProtectionInformation: /* facts/nt.md 2 */
        return build >= FIRST_BUILD_WITH_PROTECTION ? 1 : 0;
    case ProcessSequenceNumber: /* facts/nt.md 4.3 */
        return build >= FIRST_BUILD_WITH_SEQUENCE_NUMBER ? 8 : 0;
    default:
        return 0;
    }
}

static void fill_fixed(const ntsim_process *process, uint32_t info_class, void *buffer)
{
    if (info_class == ProcessTimes)
    {
        const nt_kernel_user_times times = {(int64_t)process->record.create_time, process->exit_time, 0, 0};
        memcpy(buffer, &times, sizeof times);
    }
    else if (info_class == ProcessProtectionInformation)
        memcpy(buffer, &process->record.protection, 1);
    else
        memcpy(buffer, &process->record.sequence_number, 8);
}

/* NtQueryInformationProcess: facts/nt.md 1.3 (class 0), 2 (61), 4.3 (4, 64, 92; their right 0x1000 is [unverified]). */
nt_status ntsim_query_process(ntsim_machine *machine, nt_handle handle, uint32_t info_class, void *buffer,
                              uint32_t length, uint32_t *return_length)
{
    ntsim_reach reach;
    machine->calls[NTSIM_CALL_QUERY_PROCESS]++;
    if (info_class == ProcessBasicInformation)
        return query_basic(machine, handle, buffer, length, return_length);
    const uint32_t size = fixed_length(machine, info_class);
    const bool telemetry =
        info_class == ProcessTelemetryIdInformation && machine->table.header->build >= FIRST_BUILD_WITH_TELEMETRY_ID;
    if (size == 0 && !telemetry)
        return STATUS_INVALID_INFO_CLASS;
    if (size != 0 && length != size)
    {
        tell(return_length, size);
        return STATUS_INFO_LENGTH_MISMATCH;
    }
    if (buffer == NULL && length != 0)
        return STATUS_ACCESS_VIOLATION;
    const nt_status status = reach_object(machine, NTSIM_CALL_QUERY_PROCESS, handle, info_class, NTSIM_PROCESS_OBJECT,
                                          PROCESS_QUERY_LIMITED_INFORMATION, &reach);
    if (!NT_SUCCESS(status))
        return status;
    const ntsim_process *process = ntsim_process_of(reach.object);
    if (telemetry)
        return fill_telemetry_id(machine, process, buffer, length, return_length);
    fill_fixed(process, info_class, buffer);
    tell(return_length, size);
    return STATUS_SUCCESS;
}

/* NtQueryInformationThread: right 0x800, facts/nt.md 4.3; class 20 and the lengths are [known]. */
nt_status ntsim_query_thread(ntsim_machine *machine, nt_handle handle, uint32_t info_class, void *buffer,
                             uint32_t length, uint32_t *return_length)
{
    ntsim_reach reach;
    machine->calls[NTSIM_CALL_QUERY_THREAD]++;
    if (info_class != ThreadBasicInformation && info_class != ThreadIsTerminated)
        return STATUS_INVALID_INFO_CLASS;
    const uint32_t size = info_class == ThreadIsTerminated ? 4 : sizeof(nt_thread_basic_information);
    if (length != size)
    {
        tell(return_length, size);
        return STATUS_INFO_LENGTH_MISMATCH;
    }
    if (buffer == NULL)
        return STATUS_ACCESS_VIOLATION;
    const nt_status status = reach_object(machine, NTSIM_CALL_QUERY_THREAD, handle, info_class, NTSIM_THREAD_OBJECT,
                                          THREAD_QUERY_LIMITED_INFORMATION, &reach);
    if (!NT_SUCCESS(status))
        return status;
    const ntsim_thread *thread = (const ntsim_thread *)(const void *)reach.object;
    if (info_class == ThreadIsTerminated)
    {
        const uint32_t ended = thread->ended ? 1 : 0;
        memcpy(buffer, &ended, sizeof ended);
    }
    else
    {
        const nt_thread_basic_information info = {
            .ExitStatus = thread->ended ? STATUS_SUCCESS : STATUS_PENDING,
            .TebBaseAddress = TEB_BASE + (uint64_t)thread->object.id * PAGE_BYTES,
            .ClientId = {thread->process->object.id, thread->object.id},
            .AffinityMask = ALL_PROCESSORS,
            .Priority = NORMAL_PRIORITY,
            .BasePriority = NORMAL_PRIORITY,
        };
        memcpy(buffer, &info, sizeof info);
    }
    tell(return_length, size);
    return STATUS_SUCCESS;
}
