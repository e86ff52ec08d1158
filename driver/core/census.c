/*
 * CENSUS: every process, in an order that does not change while a process lives, so that it can be taken in parts: who
 * lives from the first part to the last appears exactly once, all others at most once.
 */
#include "process.h"
#include "process_list.h"
#include "reply.h"
#include "requests.h"

/* \return index of the first process after the cursor. */
static UINT32 FirstAfter(_In_ const TL_PROCESS_LIST *List, _In_ const TL_CENSUS_REQUEST *Census)
{
    const TL_CENSUS_KEY Cursor = {
        .Sequence = Census->CursorSequence, .CreateTime = Census->CursorCreateTime, .Pid = Census->CursorPid};
    UINT32 Index = 0;
    if ((Census->Flags & TL_CENSUS_RESUME) != 0)
    {
        while (Index < List->Count && TlCompareCensusKeys(&List->Processes[Index].Key, &Cursor) <= 0)
        {
            Index++;
        }
    }
    return Index;
}

/* \return how many processes from First on fit into the reply, their names with them. */
static UINT32 CountThatFit(_In_ const TL_PROCESS_LIST *List, _In_ UINT32 First, _In_ const TL_REPLY *Reply)
{
    UINT32 Room = Reply->Capacity - Reply->FixedLength;
    UINT32 Count = 0;
    while (First + Count < List->Count)
    {
        const UINT32 Need = Reply->Stride + List->Processes[First + Count].NameLength;
        if (Need > Room)
        {
            break;
        }
        Room -= Need;
        Count++;
    }
    return Count;
}

/*
 * What the list says joined with what the process of that pid answered. A pid that meanwhile belongs to another process
 * is REUSED, and an answer that does not say whose it is is no answer about the listed one: neither is ever judged.
 */
static TL_JUDGEMENT Join(_Inout_ TL_PROCESS_RECORD *Record, _In_ const TL_LISTED_PROCESS *Listed,
                         _In_ const TL_SYSTEM *System)
{
    if (NT_SUCCESS((NTSTATUS)Record->OpenStatus))
    {
        const BOOLEAN Nameless = (Record->Present & TL_PRESENT_CREATE_TIME) == 0;
        const BOOLEAN Reused = !Nameless && Record->CreateTime != Listed->Key.CreateTime;
        if (Nameless)
        {
            Record->ExtendedStatus = (UINT32)STATUS_UNSUCCESSFUL;
        }
        if (Nameless || Reused)
        {
            Record->Present &= ~(TL_PRESENT_FLAGS | TL_PRESENT_PROTECTION | TL_PRESENT_START_KEY);
            Record->Flags = 0;
            Record->Protection = 0;
            Record->StartKey = 0;
        }
        Record->Present |= Reused ? TL_PRESENT_REUSED : 0u;
    }
    Record->CreateTime = Listed->Key.CreateTime;
    Record->ParentPid = Listed->ParentPid;
    Record->SessionId = Listed->SessionId;
    Record->Present |= TL_PRESENT_CREATE_TIME | TL_PRESENT_PARENT | TL_PRESENT_SESSION;
    if (Listed->HasClassification)
    {
        Record->Classification = Listed->Classification;
        Record->Present |= TL_PRESENT_CLASSIFICATION;
    }
    const TL_JUDGEMENT Judgement = TlJudge(Record, System);
    TlRecordJudgement(Record, Judgement);
    return Judgement;
}

/* \return STATUS_CANCELLED, or STATUS_SUCCESS with Count records and their names in the reply. */
_IRQL_requires_max_(PASSIVE_LEVEL)
static NTSTATUS WriteRecords(_Inout_ TL_CORE *Core, _In_ const TL_CALLER *Caller,
                             _In_reads_(Count) const TL_LISTED_PROCESS *Listed, _In_ UINT32 Count,
                             _Inout_ TL_REPLY *Reply)
{
    const UINT32 TextStart = Reply->FixedLength + Count * Reply->Stride;
    TL_SYSTEM System = Core->System;

    TlReadForVerdicts(&System);
    for (UINT32 Index = 0; Index < Count; Index++)
    {
        TL_PROCESS_RECORD Record;

        if (Caller->Abandoned(Caller->Context))
        {
            return STATUS_CANCELLED;
        }
        (VOID) TlReadProcessById(Listed[Index].Key.Pid, &System, &Record);
        const TL_JUDGEMENT Judgement = Join(&Record, &Listed[Index], &System);
        TlCountVerdict(&Core->Counters, Judgement.Verdict);
        if (Listed[Index].NameLength > 0)
        {
            Record.NameOffset = TextStart + Reply->TextLength;
            Record.NameLength = Listed[Index].NameLength;
            Record.Present |= TL_PRESENT_NAME;
            RtlCopyMemory(Reply->Base + Record.NameOffset, Listed[Index].Name, Listed[Index].NameLength);
            Reply->TextLength += Listed[Index].NameLength;
        }
        TlAddRecord(Reply, &Record, sizeof(Record));
    }
    return STATUS_SUCCESS;
}

_IRQL_requires_max_(PASSIVE_LEVEL)
NTSTATUS
TlHandleCensus(_Inout_ TL_CORE *Core, _In_ const TL_CALLER *Caller, _In_ const TL_VALID_REQUEST *Request,
               _Inout_ PVOID Buffer, _In_ ULONG OutputLength, _Out_ ULONG_PTR *Information)
{
    TL_CENSUS_REPLY Fixed;
    TL_PROCESS_LIST List;
    TL_REPLY Reply;

    PAGED_CODE();
    *Information = 0;
    NTSTATUS Status = TlReadProcessList(&Core->System, &List);
    if (!NT_SUCCESS(Status))
    {
        return Status;
    }
    InterlockedExchangeAdd64(&Core->Counters.CensusRestarts, List.Restarts);
    TlBeginReply(&Reply, Request, Buffer, OutputLength);
    const UINT32 First = FirstAfter(&List, &Request->Body.Census);
    const UINT32 Count = CountThatFit(&List, First, &Reply);
    if (Count == 0 && First < List.Count)
    {
        Status = STATUS_BUFFER_TOO_SMALL;
        goto FreeList;
    }
    Status = WriteRecords(Core, Caller, &List.Processes[First], Count, &Reply);
    if (!NT_SUCCESS(Status))
    {
        goto FreeList;
    }
    RtlZeroMemory(&Fixed, sizeof(Fixed));
    Fixed.Total = List.Count;
    Fixed.Remaining = List.Count - First - Count;
    Fixed.Flags = Fixed.Remaining > 0 ? TL_CENSUS_MORE : 0u;
    if (Count > 0)
    {
        const TL_CENSUS_KEY *Last = &List.Processes[First + Count - 1].Key;
        Fixed.NextSequence = Last->Sequence;
        Fixed.NextCreateTime = Last->CreateTime;
        Fixed.NextPid = Last->Pid;
    }
    *Information = TlFinishReply(&Reply, &Fixed, sizeof(Fixed));

FreeList:
    TlFreeProcessList(&List);
    return Status;
}
