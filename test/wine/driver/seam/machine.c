#include "machine.h"

/* facts/nt.md 1.2 and 3.1 */
#define DELETING 0x04u
#define SECURE_KERNEL_RUNNING 0x1u
#define HVCI_ENABLED 0x2u
#define HVCI_STRICT_MODE 0x4u
#define ENCRYPTION_KEY_AVAILABLE 0x20u
#define TRUSTLET_RUNNING 0x100u
#define HARDWARE_ENFORCED_VBS 0x400u
/* facts/nt.md 10; the last as driver/ntsim assumes it */
#define FIRST_BUILD_WITH_PROTECTION 9600u
#define FIRST_BUILD_OF_WINDOWS_10 10240u
#define FIRST_BUILD_WITH_EXTENSION 16299u
#define FIRST_BUILD_WITH_ENFORCED_VBS 22621u

NTSTATUS AnswerExtended(_In_ const ntsim_table_process *Process, _In_ const TL_BASIC_INFORMATION *Basic,
                        _Out_ TL_EXTENDED_BASIC_INFORMATION *Information, _Out_ ULONG *Returned)
{
    const ntsim_table_header *Header = CurrentTable();
    const BOOLEAN Ending = (Process->state & NTSIM_PROCESS_EXITING) != 0 || Basic->ExitStatus != STATUS_PENDING;
    NTSTATUS Status;

    /* The PEB of a secure process comes from a secure call, which may fail (facts/nt.md 1.3). */
    if ((Process->state & NTSIM_PROCESS_SECURE) != 0)
    {
        if (Fails(NTSIM_CALL_SECURE_CALL, -1, Process, &Status))
        {
            return Status;
        }
        if ((Header->system & NTSIM_SYSTEM_VSM) == 0)
        {
            return STATUS_DEVICE_NOT_CONNECTED;
        }
    }
    Information->Size = sizeof(*Information);
    Information->BasicInfo = *Basic;
    Information->BasicInfo.InheritedFromUniqueProcessId = Process->parent_pid;
    Information->Flags = Process->flags | (Ending ? DELETING : 0u);
    Information->Padding = 0;
    *Returned = sizeof(*Information);
    return STATUS_SUCCESS;
}

NTSTATUS AnswerProtection(_In_ const ntsim_table_process *Process, _Out_writes_bytes_(Length) UINT8 *Protection,
                          _In_ ULONG Length, _Out_ ULONG *Returned)
{
    if (CurrentTable()->build < FIRST_BUILD_WITH_PROTECTION)
    {
        return STATUS_INVALID_INFO_CLASS;
    }
    if (Length != sizeof(*Protection))
    {
        return STATUS_INFO_LENGTH_MISMATCH;
    }
    *Protection = Process->protection;
    *Returned = sizeof(*Protection);
    return STATUS_SUCCESS;
}

BOOLEAN IsRunning(_In_ UINT32 Pid)
{
    PEPROCESS Process = NULL;
    TL_BASIC_INFORMATION Basic;
    HANDLE Handle = NULL;
    BOOLEAN Running = FALSE;

    if (Pid == 0)
    {
        return TRUE;
    }
    if (!NT_SUCCESS(PsLookupProcessByProcessId((HANDLE)(ULONG_PTR)Pid, &Process)))
    {
        return FALSE;
    }
    if (NT_SUCCESS(ObOpenObjectByPointer(Process, OBJ_KERNEL_HANDLE, NULL, PROCESS_QUERY_LIMITED_INFORMATION,
                                         TL_PROCESS_TYPE, KernelMode, &Handle)))
    {
        /* The seam passes the 48-byte form on to Wine. */
        Running =
            NT_SUCCESS(ZwQueryInformationProcess(Handle, TlProcessBasicInformation, &Basic, sizeof(Basic), NULL)) &&
            Basic.ExitStatus == STATUS_PENDING;
        (VOID) ZwClose(Handle);
    }
    ObDereferenceObject(Process);
    return Running;
}

static BOOLEAN DoesTrustletRun(_In_ const ntsim_table_header *Header)
{
    for (UINT32 Index = 0; Index < Header->process_count; Index++)
    {
        const ntsim_table_process *Process = ProcessInTable(Index);
        if ((Process->state & NTSIM_PROCESS_TRUSTLET) != 0 && IsRunning(Process->pid))
        {
            return TRUE;
        }
    }
    return FALSE;
}

NTSTATUS AnswerIsolatedUserMode(_Out_ TL_ISOLATED_USER_MODE_INFORMATION *Information, _Out_ ULONG *Returned)
{
    const ntsim_table_header *Header = CurrentTable();
    const BOOLEAN Hvci = (Header->system & NTSIM_SYSTEM_HVCI) != 0;
    UINT32 Flags = DoesTrustletRun(Header) ? TRUSTLET_RUNNING : 0u;

    if (Header->build < FIRST_BUILD_OF_WINDOWS_10 || IsClassMissing(TlSystemIsolatedUserModeInformation))
    {
        return STATUS_INVALID_INFO_CLASS;
    }
    if ((Header->system & NTSIM_SYSTEM_VSM) != 0)
    {
        Flags |= SECURE_KERNEL_RUNNING | ENCRYPTION_KEY_AVAILABLE;
        Flags |= Hvci ? HVCI_ENABLED : 0u;
        Flags |= Hvci && (Header->system & NTSIM_SYSTEM_HVCI_STRICT) != 0 ? HVCI_STRICT_MODE : 0u;
        Flags |= (Header->system & NTSIM_SYSTEM_HYPERVISOR) != 0 && Header->build >= FIRST_BUILD_WITH_ENFORCED_VBS
                     ? HARDWARE_ENFORCED_VBS
                     : 0u;
    }
    RtlZeroMemory(Information, sizeof(*Information));
    Information->Flags = Flags;
    *Returned = sizeof(*Information);
    return STATUS_SUCCESS;
}

/* ---- class 5 (facts/nt.md 4.1) ---- */

static ULONG NamePosition(_In_ const ntsim_table_process *Process)
{
    const BOOLEAN Extended = CurrentTable()->build >= FIRST_BUILD_WITH_EXTENSION;
    return (ULONG)sizeof(TL_SYSTEM_PROCESS_ENTRY) + Process->thread_count * TL_SYSTEM_THREAD_ENTRY_SIZE +
           (Extended ? (ULONG)sizeof(TL_SYSTEM_PROCESS_EXTENSION) : 0u);
}

static ULONG EntryLength(_In_ const ntsim_table_process *Process)
{
    const ULONG Name = Process->name_bytes == 0 ? 0 : Process->name_bytes + (ULONG)sizeof(WCHAR);
    return (NamePosition(Process) + Name + 7u) & ~7u;
}

static VOID WriteEntry(_In_ const ntsim_table_process *Process, _Out_ UINT8 *Start, _In_ BOOLEAN IsLast)
{
    TL_SYSTEM_PROCESS_ENTRY *Entry = (PVOID)Start;
    UINT8 *Name = Start + NamePosition(Process);

    RtlZeroMemory(Start, EntryLength(Process));
    Entry->NextEntryOffset = IsLast ? 0 : EntryLength(Process);
    Entry->NumberOfThreads = Process->thread_count;
    Entry->CreateTime = (LONG64)Process->create_time;
    Entry->UniqueProcessId = Process->pid;
    Entry->InheritedFromUniqueProcessId = Process->parent_pid;
    Entry->SessionId = Process->session_id;
    if (Process->name_bytes != 0)
    {
        Entry->ImageName.Length = (USHORT)Process->name_bytes;
        Entry->ImageName.MaximumLength = (USHORT)(Process->name_bytes + sizeof(WCHAR));
        Entry->ImageName.Buffer = (PWSTR)(PVOID)Name;
        RtlCopyMemory(Name, TextInTable() + Process->name_offset, Process->name_bytes);
    }
    for (UINT32 Index = 0; Index < Process->thread_count; Index++)
    {
        /* CreateTime, and ClientId behind the start address (facts/nt.md 4.1). */
        UINT8 *Thread = Start + sizeof(*Entry) + Index * TL_SYSTEM_THREAD_ENTRY_SIZE;
        const UINT64 Ids[2] = {Process->pid, ThreadsInTable()[Process->first_thread + Index]};
        RtlCopyMemory(Thread + 16, &Process->create_time, sizeof(Process->create_time));
        RtlCopyMemory(Thread + 40, Ids, sizeof(Ids));
    }
    if (CurrentTable()->build >= FIRST_BUILD_WITH_EXTENSION)
    {
        TL_SYSTEM_PROCESS_EXTENSION *Extension =
            (PVOID)(Start + sizeof(*Entry) + Process->thread_count * TL_SYSTEM_THREAD_ENTRY_SIZE);
        Extension->Flags = (UINT32)Process->classification << 1;
        Extension->ProcessSequenceNumber = Process->sequence_number;
    }
}

NTSTATUS AnswerProcessList(_Out_writes_bytes_(Length) UINT8 *List, _In_ ULONG Length, _Out_ ULONG *Returned)
{
    const ntsim_table_header *Header = CurrentTable();
    const ntsim_table_process *Previous = NULL;
    UINT8 *End = List;
    ULONG Needed = 0;

    for (UINT32 Index = 0; Index < Header->process_count; Index++)
    {
        const ntsim_table_process *Process = ProcessInTable(Index);
        if (!IsRunning(Process->pid))
        {
            continue;
        }
        Needed += EntryLength(Process);
        if (Needed <= Length)
        {
            if (Previous != NULL)
            {
                WriteEntry(Previous, End - EntryLength(Previous), FALSE);
            }
            WriteEntry(Process, End, TRUE);
            End += EntryLength(Process);
            Previous = Process;
        }
    }
    *Returned = Needed;
    return Needed <= Length ? STATUS_SUCCESS : STATUS_INFO_LENGTH_MISMATCH;
}
