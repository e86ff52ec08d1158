/* STATS: counters, and nothing that says who was asked about. */
#include "pool.h"
#include "reply.h"
#include "requests.h"

_IRQL_requires_max_(PASSIVE_LEVEL)
NTSTATUS
TlHandleStats(_Inout_ TL_CORE *Core, _In_ const TL_CALLER *Caller, _In_ const TL_VALID_REQUEST *Request,
              _Inout_ PVOID Buffer, _In_ ULONG OutputLength, _Out_ ULONG_PTR *Information)
{
    const TL_COUNTERS *Counters = &Core->Counters;
    TL_STATS_REPLY Fixed;
    TL_REPLY Reply;

    PAGED_CODE();
    UNREFERENCED_PARAMETER(Caller);
    RtlZeroMemory(&Fixed, sizeof(Fixed));
    TlBeginReply(&Reply, Request, Buffer, OutputLength);
    for (UINT32 Operation = 0; Operation < TL_OPERATION_COUNT; Operation++)
    {
        for (UINT32 Reason = 0; Reason < TL_REASON_COUNT; Reason++)
        {
            TL_REFUSAL_RECORD Row = {.Operation = Operation,
                                     .Reason = Reason,
                                     .Count = TlReadCounter(&Counters->Refusals[Operation][Reason])};
            if (Row.Count == 0)
            {
                continue;
            }
            Fixed.RefusalRows++;
            if (TlReplyRoom(&Reply) > 0)
            {
                TlAddRecord(&Reply, &Row, sizeof(Row));
            }
        }
    }
    Fixed.Opens = TlReadCounter(&Counters->Opens);
    Fixed.OpenNow = TlReadCounter(&Counters->OpenNow);
    Fixed.Requests = TlReadCounter(&Counters->Requests);
    Fixed.Rejected = TlReadCounter(&Counters->Rejected);
    Fixed.Cancelled = TlReadCounter(&Counters->Cancelled);
    Fixed.Records = TlReadCounter(&Counters->Records);
    Fixed.Secure = TlReadCounter(&Counters->Secure);
    Fixed.Ordinary = TlReadCounter(&Counters->Ordinary);
    Fixed.Unknown = TlReadCounter(&Counters->Unknown);
    Fixed.Allowed = TlReadCounter(&Counters->Allowed);
    Fixed.Refused = TlReadCounter(&Counters->Refused);
    Fixed.PoolBlocks = TlPoolBlocks();
    Fixed.CensusRestarts = TlReadCounter(&Counters->CensusRestarts);
    *Information = TlFinishReply(&Reply, &Fixed, sizeof(Fixed));
    return STATUS_SUCCESS;
}
