#include "core.h"

#include "pool.h"
#include "requests.h"
#include "validate.h"

_IRQL_requires_max_(PASSIVE_LEVEL)
_Must_inspect_result_ NTSTATUS TlCoreStart(_Out_ TL_CORE *Core)
{
    PAGED_CODE();
    RtlZeroMemory(Core, sizeof(*Core));
    TlPoolStart();
    return TlReadSystem(&Core->System);
}

VOID TlCoreOpened(_Inout_ TL_CORE *Core)
{
    InterlockedIncrement64(&Core->Counters.Opens);
    InterlockedIncrement64(&Core->Counters.OpenNow);
}

VOID TlCoreClosed(_Inout_ TL_CORE *Core)
{
    InterlockedDecrement64(&Core->Counters.OpenNow);
}

static TL_REQUEST_HANDLER *HandlerOf(_In_ UINT16 Message)
{
    switch (Message)
    {
    case TL_MESSAGE_HELLO:
        return TlHandleHello;
    case TL_MESSAGE_QUERY:
        return TlHandleQuery;
    case TL_MESSAGE_CENSUS:
        return TlHandleCensus;
    case TL_MESSAGE_EXAMINE:
        return TlHandleExamine;
    case TL_MESSAGE_GUARD:
        return TlHandleGuard;
    default:
        return TlHandleStats;
    }
}

_IRQL_requires_max_(PASSIVE_LEVEL)
_Must_inspect_result_ NTSTATUS TlDispatch(_Inout_ TL_CORE *Core, _In_ const TL_CALLER *Caller, _In_ ULONG IoControlCode,
                                          _Inout_updates_bytes_opt_(max(InputLength, OutputLength)) PVOID SystemBuffer,
                                          _In_ ULONG InputLength, _In_ ULONG OutputLength, _Out_ ULONG_PTR *Information)
{
    TL_VALID_REQUEST Request;

    PAGED_CODE();
    *Information = 0;
    InterlockedIncrement64(&Core->Counters.Requests);
    NTSTATUS Status = TlValidateRequest(IoControlCode, SystemBuffer, InputLength, OutputLength, &Request);
    if (!NT_SUCCESS(Status))
    {
        InterlockedIncrement64(&Core->Counters.Rejected);
        return Status;
    }
    Status = HandlerOf(Request.Message)(Core, Caller, &Request, SystemBuffer, OutputLength, Information);
    if (Status == STATUS_CANCELLED)
    {
        InterlockedIncrement64(&Core->Counters.Cancelled);
    }
    return Status;
}
