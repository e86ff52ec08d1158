/* QUERY: a record for each of up to 4,096 pids, in the order asked. */
#include "pool.h"
#include "process.h"
#include "reply.h"
#include "requests.h"

_IRQL_requires_max_(PASSIVE_LEVEL)
NTSTATUS
TlHandleQuery(_Inout_ TL_CORE *Core, _In_ const TL_CALLER *Caller, _In_ const TL_VALID_REQUEST *Request,
              _Inout_ PVOID Buffer, _In_ ULONG OutputLength, _Out_ ULONG_PTR *Information)
{
    const UINT32 Count = Request->Body.Query.PidCount;
    NTSTATUS Status = STATUS_SUCCESS;
    TL_QUERY_REPLY Fixed;
    TL_SYSTEM System = Core->System;
    TL_REPLY Reply;

    PAGED_CODE();
    *Information = 0;
    /* The reply overwrites the pids. */
    UINT32 *Pids = TlAllocatePageable((SIZE_T)Count * sizeof(*Pids));
    if (Pids == NULL)
    {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    RtlCopyMemory(Pids, (const UINT8 *)Buffer + Request->PidsOffset, (SIZE_T)Count * sizeof(*Pids));
    TlReadForVerdicts(&System);
    TlBeginReply(&Reply, Request, Buffer, OutputLength);
    for (UINT32 Index = 0; Index < Count; Index++)
    {
        TL_PROCESS_RECORD Record;

        if (Caller->Abandoned(Caller->Context))
        {
            Status = STATUS_CANCELLED;
            goto FreePids;
        }
        const TL_JUDGEMENT Judgement = TlReadProcessById(Pids[Index], &System, &Record);
        TlCountVerdict(&Core->Counters, Judgement.Verdict);
        TlAddRecord(&Reply, &Record, sizeof(Record));
    }
    RtlZeroMemory(&Fixed, sizeof(Fixed));
    *Information = TlFinishReply(&Reply, &Fixed, sizeof(Fixed));

FreePids:
    TlFree(Pids);
    return Status;
}
