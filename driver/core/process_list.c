#include "process_list.h"

#include "pool.h"

/* The list grows between two calls (facts/nt.md 4.1): slack for some dozens of processes with their threads. */
#define FIRST_LENGTH 0x20000u
#define LENGTH_SLACK 0x4000u
/* Some 50,000 processes with a hundred threads each. Beyond it a length is a mistake, not a list. */
#define MAXIMUM_LENGTH 0x20000000u

/* Classification: bits 1-4 of the extension's Flags (facts/nt.md 4.1). */
#define CLASSIFICATION_SHIFT 1u
#define CLASSIFICATION_MASK 0xFu

LONG TlCompareCensusKeys(_In_ const TL_CENSUS_KEY *Left, _In_ const TL_CENSUS_KEY *Right)
{
    if (Left->Sequence != Right->Sequence)
    {
        return Left->Sequence < Right->Sequence ? -1 : 1;
    }
    if (Left->CreateTime != Right->CreateTime)
    {
        return Left->CreateTime < Right->CreateTime ? -1 : 1;
    }
    if (Left->Pid != Right->Pid)
    {
        return Left->Pid < Right->Pid ? -1 : 1;
    }
    return 0;
}

/* \brief Asks for the list with a growing buffer. \param Buffer to be freed by the caller, NULL on failure. */
_IRQL_requires_max_(PASSIVE_LEVEL)
static NTSTATUS Ask(_Outptr_result_maybenull_ PVOID *Buffer, _Out_ ULONG *Length, _Out_ UINT32 *Restarts)
{
    ULONG Capacity = FIRST_LENGTH;

    *Buffer = NULL;
    *Length = 0;
    /* Ends: each time the buffer doubles at least, up to its limit. */
    for (*Restarts = 0;; (*Restarts)++)
    {
        ULONG Returned = 0;
        PVOID List = TlAllocatePageable(Capacity);
        if (List == NULL)
        {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        const NTSTATUS Status = ZwQuerySystemInformation(TlSystemProcessInformation, List, Capacity, &Returned);
        if (Status == STATUS_SUCCESS)
        {
            *Buffer = List;
            *Length = Returned != 0 && Returned < Capacity ? Returned : Capacity;
            return STATUS_SUCCESS;
        }
        TlFree(List);
        if (Status != STATUS_INFO_LENGTH_MISMATCH && Status != STATUS_BUFFER_TOO_SMALL)
        {
            return NT_SUCCESS(Status) ? STATUS_UNSUCCESSFUL : Status;
        }
        if (Returned > MAXIMUM_LENGTH || Capacity > MAXIMUM_LENGTH / 2)
        {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        Capacity = Returned + LENGTH_SLACK > Capacity * 2 ? Returned + LENGTH_SLACK : Capacity * 2;
    }
}

/*
 * Copies an entry's fixed part out of the list. Copies, because Wine packs its entries without aligning them.
 * \return how long the entry is: to the next one's start or the list's end; 0 for one that does not fit.
 */
static ULONG ReadEntry(_In_reads_bytes_(Length) const UINT8 *List, _In_ ULONG Length, _In_ ULONG Offset,
                       _Out_ TL_SYSTEM_PROCESS_ENTRY *Entry)
{
    const ULONG Left = Length - Offset;

    RtlZeroMemory(Entry, sizeof(*Entry));
    if (Left < sizeof(*Entry))
    {
        return 0;
    }
    RtlCopyMemory(Entry, List + Offset, sizeof(*Entry));
    if (Entry->NextEntryOffset == 0)
    {
        return Left;
    }
    return Entry->NextEntryOffset >= sizeof(*Entry) && Entry->NextEntryOffset < Left ? Entry->NextEntryOffset : 0;
}

/* \return how many entries there are, or 0 for a list that contradicts itself. */
static UINT32 CountEntries(_In_reads_bytes_(Length) const UINT8 *List, _In_ ULONG Length)
{
    TL_SYSTEM_PROCESS_ENTRY Entry;
    UINT32 Count = 0;
    ULONG Offset = 0;

    do
    {
        const ULONG Step = ReadEntry(List, Length, Offset, &Entry);
        if (Step == 0)
        {
            return 0;
        }
        Offset += Step;
        Count++;
    } while (Entry.NextEntryOffset != 0);
    return Count;
}

/* The name counts only if it lies in the list and is whole UTF-16 units. */
static VOID ReadName(_In_reads_bytes_(Length) const UINT8 *List, _In_ ULONG Length,
                     _In_ const TL_SYSTEM_PROCESS_ENTRY *Entry, _Inout_ TL_LISTED_PROCESS *Process)
{
    const ULONG_PTR Start = (ULONG_PTR)List;
    const ULONG_PTR Name = (ULONG_PTR)Entry->ImageName.Buffer;
    const ULONG Bytes = Entry->ImageName.Length;
    if (Bytes == 0 || Bytes % sizeof(WCHAR) != 0 || Name < Start || Name - Start > Length ||
        Length - (ULONG)(Name - Start) < Bytes)
    {
        return;
    }
    Process->Name = List + (Name - Start);
    Process->NameLength = (UINT16)Bytes;
}

/* The extension follows the threads, from build 16299 on, where the entry has room for it (facts/nt.md 4.1). */
static VOID ReadExtension(_In_reads_bytes_(Length) const UINT8 *Start, _In_ ULONG Length, _In_ UINT32 Threads,
                          _Inout_ TL_LISTED_PROCESS *Process)
{
    const UINT64 Offset = sizeof(TL_SYSTEM_PROCESS_ENTRY) + (UINT64)Threads * TL_SYSTEM_THREAD_ENTRY_SIZE;
    TL_SYSTEM_PROCESS_EXTENSION Extension;

    if (Offset + sizeof(Extension) > Length)
    {
        return;
    }
    RtlCopyMemory(&Extension, Start + Offset, sizeof(Extension));
    Process->Classification = (UINT8)((Extension.Flags >> CLASSIFICATION_SHIFT) & CLASSIFICATION_MASK);
    Process->HasClassification = TRUE;
    Process->Key.Sequence = Extension.ProcessSequenceNumber;
}

static VOID ReadEntries(_In_ const TL_SYSTEM *System, _In_reads_bytes_(Length) const UINT8 *List, _In_ ULONG Length,
                        _Inout_ TL_PROCESS_LIST *Result)
{
    ULONG Offset = 0;
    for (UINT32 Index = 0; Index < Result->Count; Index++)
    {
        TL_LISTED_PROCESS *Process = &Result->Processes[Index];
        TL_SYSTEM_PROCESS_ENTRY Entry;

        const ULONG Step = ReadEntry(List, Length, Offset, &Entry);
        Process->Key.CreateTime = (UINT64)Entry.CreateTime;
        Process->Key.Pid = (UINT32)Entry.UniqueProcessId;
        Process->ParentPid = (UINT32)Entry.InheritedFromUniqueProcessId;
        Process->SessionId = Entry.SessionId;
        ReadName(List, Length, &Entry, Process);
        if (System->Build >= TL_FIRST_BUILD_WITH_EXTENSION)
        {
            ReadExtension(List + Offset, Step, Entry.NumberOfThreads, Process);
        }
        Offset += Step;
    }
}

static VOID SiftDown(_Inout_updates_(Count) TL_LISTED_PROCESS *Processes, _In_ UINT32 Root, _In_ UINT32 Count)
{
    for (;;)
    {
        UINT32 Child = 2 * Root + 1;
        if (Child >= Count)
        {
            return;
        }
        if (Child + 1 < Count && TlCompareCensusKeys(&Processes[Child].Key, &Processes[Child + 1].Key) < 0)
        {
            Child++;
        }
        if (TlCompareCensusKeys(&Processes[Root].Key, &Processes[Child].Key) >= 0)
        {
            return;
        }
        const TL_LISTED_PROCESS Swapped = Processes[Root];
        Processes[Root] = Processes[Child];
        Processes[Child] = Swapped;
        Root = Child;
    }
}

/* Heapsort: no recursion and no memory on a kernel stack, and no input makes it slow. */
static VOID Sort(_Inout_updates_(Count) TL_LISTED_PROCESS *Processes, _In_ UINT32 Count)
{
    for (UINT32 Root = Count / 2; Root > 0; Root--)
    {
        SiftDown(Processes, Root - 1, Count);
    }
    for (UINT32 End = Count; End > 1; End--)
    {
        const TL_LISTED_PROCESS Largest = Processes[0];
        Processes[0] = Processes[End - 1];
        Processes[End - 1] = Largest;
        SiftDown(Processes, 0, End - 1);
    }
}

_IRQL_requires_max_(PASSIVE_LEVEL)
_Must_inspect_result_ NTSTATUS TlReadProcessList(_In_ const TL_SYSTEM *System, _Out_ TL_PROCESS_LIST *List)
{
    ULONG Length = 0;

    PAGED_CODE();
    RtlZeroMemory(List, sizeof(*List));
    NTSTATUS Status = Ask(&List->Buffer, &Length, &List->Restarts);
    if (!NT_SUCCESS(Status))
    {
        return Status;
    }
    List->Count = CountEntries(List->Buffer, Length);
    if (List->Count == 0)
    {
        Status = STATUS_DATA_ERROR;
        goto FreeList;
    }
    List->Processes = TlAllocatePageable((SIZE_T)List->Count * sizeof(*List->Processes));
    if (List->Processes == NULL)
    {
        Status = STATUS_INSUFFICIENT_RESOURCES;
        goto FreeList;
    }
    ReadEntries(System, List->Buffer, Length, List);
    Sort(List->Processes, List->Count);
    return STATUS_SUCCESS;

FreeList:
    TlFreeProcessList(List);
    return Status;
}

_IRQL_requires_max_(APC_LEVEL)
VOID TlFreeProcessList(_Inout_ TL_PROCESS_LIST *List)
{
    TlFree(List->Processes);
    TlFree(List->Buffer);
    List->Processes = NULL;
    List->Buffer = NULL;
    List->Count = 0;
}
