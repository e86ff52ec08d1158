/* NtQuerySystemInformation and RtlGetVersion. */
#include <string.h>

#include "machine.h"

#define FIRST_BUILD_OF_WINDOWS_10 10240u
#define FIRST_BUILD_WITH_EXTENSION 16299u      /* facts/nt.md 10 */
#define FIRST_BUILD_WITH_VSM_PROTECTION 14393u /* assumed: facts/nt.md 3.3 and 12 name none */
#define FIRST_BUILD_WITH_MBEC 17134u           /* facts/nt.md 10 */
#define FIRST_BUILD_WITH_APIC 19041u           /* facts/nt.md 10 */
#define FIRST_BUILD_WITH_ENFORCED_VBS 22621u   /* assumed: facts/nt.md 3.1 says "newer bits" */
#define FIRST_BUILD_WITH_SECURE_CORE 26100u    /* assumed: S1 has class 240 as new there (facts/nt.md 3.3) */
#define EXTENSION_CLASSIFICATION_SHIFT 1       /* facts/nt.md 4.1: bits 1-4 */
#define NORMAL_PRIORITY 8

/* facts/nt.md 3.1 */
#define IUM_SECURE_KERNEL_RUNNING 0x1u
#define IUM_HVCI_ENABLED 0x2u
#define IUM_HVCI_STRICT_MODE 0x4u
#define IUM_ENCRYPTION_KEY_AVAILABLE 0x20u
#define IUM_TRUSTLET_RUNNING 0x100u
#define IUM_HARDWARE_ENFORCED_VBS 0x400u
/* facts/nt.md 3.2 */
#define CI_ENABLED 0x1u
#define CI_TESTSIGN 0x2u
#define CI_DEBUGMODE_ENABLED 0x80u
#define CI_HVCI_KMCI_ENABLED 0x400u
#define CI_HVCI_KMCI_STRICTMODE 0x1000u
#define CI_HVCI_IUM_ENABLED 0x2000u

/* vsm.md 1: CPUID 0x40000000 and up, as class 159 hands it on; the last leaf of its seven is 0x40000006 */
#define HYPERVISOR_MAX_FUNCTION 0x40000006u
#define HYPERVISOR_VENDOR "Microsoft Hv"
#define HYPERVISOR_INTERFACE "Hv#1"

#define LONGEST_ANSWER 112u

static bool has(const ntsim_machine *machine, uint32_t bit)
{
    return (machine->table.header->system & bit) != 0;
}

static bool is_missing(const ntsim_machine *machine, uint32_t info_class)
{
    for (uint32_t i = 0; i < machine->table.header->class_count; i++)
        if (machine->table.classes[i] == info_class)
            return true;
    return false;
}

/* ---- class 5: facts/nt.md 4.1 ---- */

static bool is_listed(const ntsim_machine *machine, const ntsim_process *process)
{
    return !process->ended || ntsim_policy(machine, NTSIM_POLICY_LIST_TERMINATED);
}

static bool has_extension(const ntsim_machine *machine)
{
    return machine->table.header->build >= FIRST_BUILD_WITH_EXTENSION;
}

static uint64_t name_position(const ntsim_machine *machine, const ntsim_process *process)
{
    return sizeof(nt_system_process_information) +
           (uint64_t)process->running_threads * sizeof(nt_system_thread_information) +
           (has_extension(machine) ? sizeof(nt_system_process_information_extension) : 0);
}

static uint64_t entry_bytes(const ntsim_machine *machine, const ntsim_process *process)
{
    const uint64_t name = process->name == NULL ? 0 : process->record.name_bytes + UINT64_C(2);
    return (name_position(machine, process) + name + 7) & ~UINT64_C(7);
}

static void write_entry(const ntsim_machine *machine, const ntsim_process *process, unsigned char *entry, uint32_t next)
{
    const ntsim_table_process *record = &process->record;
    unsigned char *cursor = entry + sizeof(nt_system_process_information);
    unsigned char *name = entry + name_position(machine, process);
    nt_system_process_information info;
    memset(&info, 0, sizeof info);
    info.NextEntryOffset = next;
    info.NumberOfThreads = process->running_threads;
    info.CreateTime = (int64_t)record->create_time;
    info.BasePriority = NORMAL_PRIORITY;
    info.UniqueProcessId = process->object.id;
    info.InheritedFromUniqueProcessId = record->parent_pid;
    info.SessionId = record->session_id;
    if (process->name != NULL)
    {
        info.ImageName.Length = (uint16_t)record->name_bytes;
        info.ImageName.MaximumLength = (uint16_t)(record->name_bytes + 2);
        info.ImageName.Buffer = (uintptr_t)name;
        memcpy(name, process->name, record->name_bytes);
        memset(name + record->name_bytes, 0, 2);
    }
    memcpy(entry, &info, sizeof info);
    for (const ntsim_thread *thread = process->first_thread; thread != NULL; thread = thread->next)
    {
        nt_system_thread_information row;
        memset(&row, 0, sizeof row);
        row.CreateTime = (int64_t)record->create_time;
        row.ClientId = (nt_client_id){process->object.id, thread->object.id};
        row.Priority = NORMAL_PRIORITY;
        row.BasePriority = NORMAL_PRIORITY;
        memcpy(cursor, &row, sizeof row);
        cursor += sizeof row;
    }
    if (has_extension(machine))
    {
        nt_system_process_information_extension extension;
        memset(&extension, 0, sizeof extension);
        extension.Flags = (uint32_t)record->classification << EXTENSION_CLASSIFICATION_SHIFT;
        extension.ProcessSequenceNumber = record->sequence_number;
        memcpy(cursor, &extension, sizeof extension);
    }
}

/* The list, or STATUS_INFO_LENGTH_MISMATCH with the length it needs now. */
static nt_status query_processes(const ntsim_machine *machine, unsigned char *buffer, uint32_t length,
                                 uint32_t *return_length)
{
    uint64_t needed = 0;
    for (const ntsim_process *process = machine->first_process; process != NULL; process = process->next)
        needed += is_listed(machine, process) ? entry_bytes(machine, process) : 0;
    if (needed > UINT32_MAX)
        return STATUS_INSUFFICIENT_RESOURCES;
    *return_length = (uint32_t)needed;
    if (length < needed)
        return STATUS_INFO_LENGTH_MISMATCH;
    if (buffer == NULL)
        return STATUS_ACCESS_VIOLATION;
    uint64_t left = needed;
    for (const ntsim_process *process = machine->first_process; process != NULL; process = process->next)
    {
        if (!is_listed(machine, process))
            continue;
        const uint64_t size = entry_bytes(machine, process);
        left -= size;
        write_entry(machine, process, buffer, left == 0 ? 0 : (uint32_t)size);
        buffer += size;
    }
    return STATUS_SUCCESS;
}

/* ---- classes of a fixed size: facts/nt.md 3 ---- */

static bool trustlet_runs(const ntsim_machine *machine)
{
    for (const ntsim_process *process = machine->first_process; process != NULL; process = process->next)
        if (!process->ended && (process->record.state & NTSIM_PROCESS_TRUSTLET) != 0)
            return true;
    return false;
}

static void put(unsigned char *answer, uint32_t offset, uint32_t value)
{
    memcpy(answer + offset, &value, sizeof value);
}

/* 3.1 */
static uint32_t isolated_user_mode(const ntsim_machine *machine)
{
    const bool hvci = has(machine, NTSIM_SYSTEM_HVCI);
    uint32_t flags = trustlet_runs(machine) ? IUM_TRUSTLET_RUNNING : 0;
    if (!has(machine, NTSIM_SYSTEM_VSM))
        return flags;
    flags |= IUM_SECURE_KERNEL_RUNNING | IUM_ENCRYPTION_KEY_AVAILABLE;
    flags |= hvci ? IUM_HVCI_ENABLED : 0;
    flags |= hvci && has(machine, NTSIM_SYSTEM_HVCI_STRICT) ? IUM_HVCI_STRICT_MODE : 0;
    if (has(machine, NTSIM_SYSTEM_HYPERVISOR) && machine->table.header->build >= FIRST_BUILD_WITH_ENFORCED_VBS)
        flags |= IUM_HARDWARE_ENFORCED_VBS;
    return flags;
}

/* 3.2 */
static uint32_t code_integrity(const ntsim_machine *machine)
{
    uint32_t options = CI_ENABLED | (has(machine, NTSIM_SYSTEM_TEST_SIGNING) ? CI_TESTSIGN : 0) |
                       (has(machine, NTSIM_SYSTEM_KERNEL_DEBUGGER) ? CI_DEBUGMODE_ENABLED : 0);
    if (has(machine, NTSIM_SYSTEM_HVCI))
        options |= CI_HVCI_KMCI_ENABLED | CI_HVCI_IUM_ENABLED |
                   (has(machine, NTSIM_SYSTEM_HVCI_STRICT) ? CI_HVCI_KMCI_STRICTMODE : 0);
    return options;
}

/* 3.3, class 164 */
static uint32_t hvci_options(const ntsim_machine *machine)
{
    const uint32_t strict = has(machine, NTSIM_SYSTEM_HVCI_STRICT) ? 2 : 0;
    return has(machine, NTSIM_SYSTEM_HVCI) ? 1 | strict : 0;
}

/* 3.3, class 169: 2, 3 or 4 bytes by build */
static uint32_t vsm_protection_bytes(uint32_t build)
{
    if (build < FIRST_BUILD_WITH_VSM_PROTECTION)
        return 0;
    return build >= FIRST_BUILD_WITH_APIC ? 4 : build >= FIRST_BUILD_WITH_MBEC ? 3 : 2;
}

/* 3.3, class 159: zeros where no hypervisor runs (assumed); the feature words are nobody's here and stay 0 */
static void hypervisor_detail(const ntsim_machine *machine, unsigned char *answer)
{
    if (!has(machine, NTSIM_SYSTEM_HYPERVISOR))
        return;
    put(answer, 0, HYPERVISOR_MAX_FUNCTION);
    memcpy(answer + 4, HYPERVISOR_VENDOR, sizeof HYPERVISOR_VENDOR - 1);
    memcpy(answer + 16, HYPERVISOR_INTERFACE, sizeof HYPERVISOR_INTERFACE - 1);
}

/* Fills `answer` and tells its length; 0 for a class that this system does not know. */
static uint32_t fixed_answer(const ntsim_machine *machine, uint32_t info_class, unsigned char *answer)
{
    const uint32_t build = machine->table.header->build;
    const bool vsm = has(machine, NTSIM_SYSTEM_VSM);
    const bool debugger = has(machine, NTSIM_SYSTEM_KERNEL_DEBUGGER);
    if (build < FIRST_BUILD_OF_WINDOWS_10)
        return 0;
    switch (info_class)
    {
    case SystemKernelDebuggerInformation: /* 3.3 */
        answer[0] = debugger;
        answer[1] = !debugger;
        return 2;
    case SystemHypervisorInformation: /* 3.3 */
        answer[0] = has(machine, NTSIM_SYSTEM_HYPERVISOR);
        answer[2] = has(machine, NTSIM_SYSTEM_HYPERVISOR);
        return 16;
    case SystemCodeIntegrityInformation: /* 3.2 */
        put(answer, 0, 8);
        put(answer, 4, code_integrity(machine));
        return 8;
    case SystemSecureBootInformation: /* 3.3 */
        answer[0] = has(machine, NTSIM_SYSTEM_SECURE_BOOT);
        answer[1] = 1;
        return 2;
    case SystemKernelDebuggerInformationEx: /* 3.3; Allowed without a debugger is not told anywhere, and clear here */
        memset(answer, debugger, 3);
        return 3;
    case SystemHypervisorDetailInformation: /* 3.3 */
        hypervisor_detail(machine, answer);
        return 112;
    case SystemCodeIntegrityPolicyInformation: /* 3.3 */
        put(answer, 0, 1);
        put(answer, 4, hvci_options(machine));
        return 32;
    case SystemIsolatedUserModeInformation: /* 3.1 */
        put(answer, 0, isolated_user_mode(machine));
        return 16;
    case SystemVsmProtectionInformation: /* 3.3 */
        answer[0] = vsm && !has(machine, NTSIM_SYSTEM_NO_DMA_PROTECTION);
        answer[1] = answer[0];
        answer[2] = vsm;
        return vsm_protection_bytes(build);
    case SystemSecureCoreInformation: /* 3.3 */
        answer[8] = vsm;
        return build >= FIRST_BUILD_WITH_SECURE_CORE ? 24 : 0;
    default:
        return 0;
    }
}

static nt_status query_fixed(const ntsim_machine *machine, uint32_t info_class, void *buffer, uint32_t length,
                             uint32_t *return_length)
{
    unsigned char answer[LONGEST_ANSWER] = {0};
    const uint32_t size = fixed_answer(machine, info_class, answer);
    if (size == 0)
        return STATUS_INVALID_INFO_CLASS;
    *return_length = size;
    if (length < size || (length > size && !ntsim_policy(machine, NTSIM_POLICY_LONGER_BUFFERS)))
        return STATUS_INFO_LENGTH_MISMATCH;
    if (buffer == NULL)
        return STATUS_ACCESS_VIOLATION;
    if (info_class == SystemCodeIntegrityInformation)
    {
        uint32_t told;
        memcpy(&told, buffer, sizeof told);
        if (told != size) /* facts/nt.md 3.2: Length = 8 on input */
            return STATUS_INFO_LENGTH_MISMATCH;
    }
    memcpy(buffer, answer, size);
    return STATUS_SUCCESS;
}

/* NtQuerySystemInformation: facts/nt.md 3 and 4.1; no class here asks for a privilege. */
nt_status ntsim_query_system(ntsim_machine *machine, uint32_t info_class, void *buffer, uint32_t length,
                             uint32_t *return_length)
{
    nt_status status;
    uint32_t needed = 0;
    machine->calls[NTSIM_CALL_QUERY_SYSTEM]++;
    if (ntsim_fails(machine, NTSIM_CALL_QUERY_SYSTEM, (int32_t)info_class, NULL, NTSIM_NONE, &status))
        return status;
    if (is_missing(machine, info_class))
        return STATUS_INVALID_INFO_CLASS;
    status = info_class == SystemProcessInformation ? query_processes(machine, buffer, length, &needed)
                                                    : query_fixed(machine, info_class, buffer, length, &needed);
    if (return_length != NULL)
        *return_length = needed;
    return status;
}

/* RtlGetVersion: facts/nt.md 10; layout [known]. Told to nobody who gives no room for it. */
nt_status ntsim_get_version(const ntsim_machine *machine, nt_os_version_info *info)
{
    if (info == NULL || info->OSVersionInfoSize < sizeof *info)
        return STATUS_INVALID_PARAMETER;
    info->MajorVersion = machine->table.header->major;
    info->MinorVersion = machine->table.header->minor;
    info->BuildNumber = machine->table.header->build;
    info->PlatformId = 2; /* VER_PLATFORM_WIN32_NT */
    memset(info->CSDVersion, 0, sizeof info->CSDVersion);
    return STATUS_SUCCESS;
}
