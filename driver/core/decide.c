#include "decide.h"

#include "decision_table.h"

UINT32 TlRightsOfOperations(_In_ UINT32 Operations)
{
    UINT32 Rights = 0;
    for (UINT32 Operation = 0; Operation < TL_OPERATION_COUNT; Operation++)
    {
        if ((Operations & (1u << Operation)) != 0)
        {
            Rights |= TlOperationRights[Operation];
        }
    }
    return Rights;
}

/* One isolation matter among the operations makes the whole request one. */
static UINT8 ConsentOf(_In_ UINT32 Operations, _In_ UINT32 Accepted)
{
    if (Operations == 0 || (Operations & ~TL_AVAILABILITY_OPERATIONS) != 0)
    {
        return TL_CONSENT_ISOLATION;
    }
    return (Operations & ~Accepted) == 0 ? TL_CONSENT_ACCEPTED : TL_CONSENT_AVAILABILITY;
}

static UINT8 StatusClassOf(_In_ NTSTATUS Status)
{
    switch (Status)
    {
    case STATUS_INVALID_HANDLE:
        return TL_STATUS_CLASS_INVALID_HANDLE;
    case STATUS_ACCESS_DENIED:
        return TL_STATUS_CLASS_ACCESS_DENIED;
    default:
        return TL_STATUS_CLASS_OTHER;
    }
}

/* A condition is the set of values it holds for. */
static BOOLEAN Holds(_In_ UINT8 Condition, _In_ UINT8 Value)
{
    return (Condition & (1u << Value)) != 0;
}

/* What nobody defined is not looked up: "any" in the table means any of the values there are. */
static BOOLEAN IsDefined(_In_ const TL_DECISION_INPUT *Input)
{
    return Input->Identity <= TL_IDENTITY_OTHER && Input->Thread <= TL_THREAD_EXITED &&
           Input->Judgement.Verdict <= TL_VERDICT_SECURE && Input->Acquisition <= TL_ACQUISITION_NOT_QUERYABLE;
}

static BOOLEAN Matches(_In_ const TL_DECISION_ROW *Row, _In_ const TL_DECISION_INPUT *Input, _In_ UINT8 Consent,
                       _In_ UINT8 StatusClass)
{
    return Holds(Row->Identity, Input->Identity) && Holds(Row->Thread, Input->Thread) &&
           Holds(Row->Verdict, Input->Judgement.Verdict) && Holds(Row->Consent, Consent) &&
           Holds(Row->Acquisition, Input->Acquisition) && Holds(Row->Status, StatusClass);
}

static TL_DECISION Outcome(_In_ const TL_DECISION_ROW *Row, _In_ const TL_DECISION_INPUT *Input)
{
    TL_DECISION Decision = {
        .Decision = Row->Decision,
        .Verdict = Row->VerdictFrom == TL_VERDICT_FROM_JUDGEMENT ? Input->Judgement.Verdict : (UINT8)TL_VERDICT_UNKNOWN,
        .Reason = Row->Reason,
        .Evidence = Input->Judgement.Evidence,
        .Status = STATUS_SUCCESS,
    };
    if (Row->Reason == TL_REASON_OF_JUDGEMENT)
    {
        Decision.Reason = Input->Judgement.Reason;
    }
    else if (Row->Reason == TL_REASON_OF_FAILED_OPEN)
    {
        Decision.Reason = TlJudgeFailedOpen(Input->AcquisitionStatus).Reason;
    }
    if (Row->StatusFrom == TL_STATUS_FROM_JUDGEMENT)
    {
        Decision.Status = Input->Judgement.Status;
    }
    else if (Row->StatusFrom == TL_STATUS_FROM_ACQUISITION)
    {
        Decision.Status = Input->AcquisitionStatus;
    }
    return Decision;
}

TL_DECISION TlDecide(_In_ const TL_DECISION_INPUT *Input)
{
    const UINT8 Consent = ConsentOf(Input->Operations, Input->Accepted);
    const UINT8 StatusClass = StatusClassOf(Input->AcquisitionStatus);
    /* The last row holds for everything and refuses. */
    const UINT32 Last = ARRAYSIZE(TlDecisionRows) - 1;
    UINT32 Index = IsDefined(Input) ? 0 : Last;

    while (Index < Last && !Matches(&TlDecisionRows[Index], Input, Consent, StatusClass))
    {
        Index++;
    }
    return Outcome(&TlDecisionRows[Index], Input);
}
