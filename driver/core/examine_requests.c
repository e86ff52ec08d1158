/* EXAMINE and GUARD: the object behind a handle of the client, and what may be done with it. */
#include "examine.h"
#include "reply.h"
#include "requests.h"

/* A handle means something only in its own process, and only as user mode would resolve it. */
static BOOLEAN MayExamine(_In_ const TL_CALLER *Caller)
{
    return Caller->RequestorMode == UserMode && Caller->InRequestorContext;
}

_IRQL_requires_max_(PASSIVE_LEVEL)
static VOID ExamineFor(_Inout_ TL_CORE *Core, _In_ const TL_TARGET *Target, _Out_ TL_EXAMINATION *Examination)
{
    TL_SYSTEM System = Core->System;

    TlReadForVerdicts(&System);
    TlExamine(Target, &System, Examination);
    TlCountVerdict(&Core->Counters, Examination->Judgement.Verdict);
}

_IRQL_requires_max_(PASSIVE_LEVEL)
NTSTATUS
TlHandleExamine(_Inout_ TL_CORE *Core, _In_ const TL_CALLER *Caller, _In_ const TL_VALID_REQUEST *Request,
                _Inout_ PVOID Buffer, _In_ ULONG OutputLength, _Out_ ULONG_PTR *Information)
{
    const TL_TARGET Target = TlTargetOfExamine(&Request->Body.Examine);
    TL_EXAMINATION Examination;
    TL_EXAMINE_REPLY Fixed;
    TL_REPLY Reply;

    PAGED_CODE();
    *Information = 0;
    if (!MayExamine(Caller))
    {
        return STATUS_NOT_SUPPORTED;
    }
    ExamineFor(Core, &Target, &Examination);
    TlBeginReply(&Reply, Request, Buffer, OutputLength);
    TlAddRecord(&Reply, &Examination.Record, sizeof(Examination.Record));
    RtlZeroMemory(&Fixed, sizeof(Fixed));
    Fixed.ReferenceStatus = (UINT32)Examination.ReferenceStatus;
    Fixed.GrantedAccess = Examination.GrantedAccess;
    Fixed.Tid = Examination.Tid;
    Fixed.ThreadStatus = (UINT32)Examination.ThreadStatus;
    Fixed.Identity = Examination.Identity;
    Fixed.Thread = Examination.Thread;
    Fixed.AccessSufficient = Examination.AccessSufficient;
    *Information = TlFinishReply(&Reply, &Fixed, sizeof(Fixed));
    return STATUS_SUCCESS;
}

_IRQL_requires_max_(PASSIVE_LEVEL)
NTSTATUS
TlHandleGuard(_Inout_ TL_CORE *Core, _In_ const TL_CALLER *Caller, _In_ const TL_VALID_REQUEST *Request,
              _Inout_ PVOID Buffer, _In_ ULONG OutputLength, _Out_ ULONG_PTR *Information)
{
    const TL_GUARD_REQUEST *Guard = &Request->Body.Guard;
    const TL_TARGET Target = TlTargetOfGuard(Guard);
    TL_EXAMINATION Examination;
    TL_GUARD_REPLY Fixed;
    TL_REPLY Reply;

    PAGED_CODE();
    *Information = 0;
    if (!MayExamine(Caller))
    {
        return STATUS_NOT_SUPPORTED;
    }
    ExamineFor(Core, &Target, &Examination);
    const TL_DECISION Decision = TlDecideExamined(&Examination, Guard->Operations, Guard->Accepted);
    TlCountDecision(&Core->Counters, Guard->Operations, Decision.Decision, Decision.Reason);
    TlBeginReply(&Reply, Request, Buffer, OutputLength);
    TlAddRecord(&Reply, &Examination.Record, sizeof(Examination.Record));
    RtlZeroMemory(&Fixed, sizeof(Fixed));
    Fixed.ReferenceStatus = (UINT32)Examination.ReferenceStatus;
    Fixed.GrantedAccess = Examination.GrantedAccess;
    Fixed.Tid = Examination.Tid;
    Fixed.ThreadStatus = (UINT32)Examination.ThreadStatus;
    Fixed.Identity = Examination.Identity;
    Fixed.Thread = Examination.Thread;
    Fixed.AccessSufficient = Examination.AccessSufficient;
    Fixed.Decision = Decision.Decision;
    Fixed.Verdict = Decision.Verdict;
    Fixed.Reason = Decision.Reason;
    Fixed.Evidence = Decision.Evidence;
    Fixed.Status = (UINT32)Decision.Status;
    *Information = TlFinishReply(&Reply, &Fixed, sizeof(Fixed));
    return STATUS_SUCCESS;
}
