#include "ask.h"
#include "decide.h"

C_ASSERT(((UINT32)TL_STATUS_REFUSED & 0xF0000000u) == 0xE0000000u);

static TL_GUARD_DECISION Refusal(_In_ NTSTATUS Status)
{
    const TL_JUDGEMENT Judgement = TlNotAsked(Status);
    const TL_GUARD_DECISION Decision = {
        .Decision = TL_DECISION_REFUSE,
        .Verdict = Judgement.Verdict,
        .Reason = Judgement.Reason,
        .Evidence = Judgement.Evidence,
        .Status = Judgement.Status,
    };
    return Decision;
}

/* \return TRUE if these operations can be decided on for such a target. */
static BOOLEAN AreOperations(_In_ const TL_GUARD_TARGET *Target, _In_ UINT32 Operations, _In_ UINT32 Accepted)
{
    const UINT32 Possible = TL_PROCESS_OPERATIONS | (Target->Kind == TL_KIND_THREAD ? TL_THREAD_OPERATIONS : 0u);
    return Operations != 0 && (Operations & ~Possible) == 0 && (Accepted & ~TL_AVAILABILITY_OPERATIONS) == 0;
}

/* Asks again about what is held; a target that holds nothing has its verdict from the query, which was unknown. */
_IRQL_requires_max_(PASSIVE_LEVEL)
static VOID Acquire(_In_ const TL_GUARD_TARGET *Target, _In_ const TL_SYSTEM *System, _Inout_ TL_DECISION_INPUT *Input)
{
    TL_GUARD_EXAMINATION Examination;

    if (Target->Process == NULL)
    {
        Input->Acquisition = TL_ACQUISITION_NOT_OPENED;
        Input->AcquisitionStatus = Target->Verdict.Status;
        Input->Judgement = TlNotAsked(Target->Verdict.Status);
        Input->Judgement.Reason = Target->Verdict.Reason;
        return;
    }
    TlExamineTarget(Target, System, &Examination);
    /* No rights are asked about: a pointer has none. */
    Input->Acquisition = TL_ACQUISITION_EXAMINED;
    Input->Judgement = Examination.Judgement;
    Input->Identity = Examination.Identity;
    Input->Thread = Examination.Thread;
}

_IRQL_requires_max_(PASSIVE_LEVEL)
_Must_inspect_result_ NTSTATUS TlGuardedCall(_In_ const TL_GUARD_STATE *State, _In_ const TL_GUARD_TARGET *Target,
                                             _In_ UINT32 Operations, _In_ UINT32 Accepted,
                                             _In_ TL_GUARDED_FUNCTION *Function, _In_opt_ PVOID Context,
                                             _Out_ TL_GUARD_DECISION *Decision)
{
    TL_DECISION_INPUT Input;
    TL_SYSTEM System;

    *Decision = Refusal(STATUS_INVALID_PARAMETER);
    if (!AreOperations(Target, Operations, Accepted))
    {
        return TL_STATUS_REFUSED;
    }
    const NTSTATUS Status = TlPrepareQuestion(State, &System);
    if (!NT_SUCCESS(Status))
    {
        *Decision = Refusal(Status);
        return TL_STATUS_REFUSED;
    }
    RtlZeroMemory(&Input, sizeof(Input));
    Input.Operations = Operations;
    Input.Accepted = Accepted;
    Acquire(Target, &System, &Input);
    const TL_DECISION Decided = TlDecide(&Input);
    Decision->Decision = Decided.Decision;
    Decision->Verdict = Decided.Verdict;
    Decision->Reason = Decided.Reason;
    Decision->Evidence = Decided.Evidence;
    Decision->Status = Decided.Status;
    if (Decided.Decision != TL_DECISION_ALLOW)
    {
        return TL_STATUS_REFUSED;
    }
    return Function(Target, Context);
}
