#include "verdict.h"

static TL_JUDGEMENT Judgement(_In_ UINT8 Verdict, _In_ UINT8 Reason, _In_ UINT8 Evidence, _In_ NTSTATUS Status)
{
    const TL_JUDGEMENT Result = {.Verdict = Verdict, .Reason = Reason, .Evidence = Evidence, .Status = Status};
    return Result;
}

static TL_JUDGEMENT Unknown(_In_ UINT8 Reason, _In_ NTSTATUS Status)
{
    return Judgement(TL_VERDICT_UNKNOWN, Reason, TL_EVIDENCE_DOCUMENTED, Status);
}

static TL_JUDGEMENT Ordinary(_In_ UINT8 Evidence)
{
    return Judgement(TL_VERDICT_ORDINARY, TL_REASON_SECURE_BIT_CLEAR, Evidence, STATUS_SUCCESS);
}

TL_JUDGEMENT TlJudgeFailedOpen(_In_ NTSTATUS Status)
{
    switch (Status)
    {
    case STATUS_ACCESS_DENIED:
        return Unknown(TL_REASON_ACCESS_DENIED, Status);
    /* PsLookupProcessByProcessId says either, by version (facts/nt.md 7, facts/wine.md 3). */
    case STATUS_INVALID_CID:
    case STATUS_INVALID_PARAMETER:
        return Unknown(TL_REASON_GONE, Status);
    case STATUS_PROCESS_IS_TERMINATING:
        return Unknown(TL_REASON_EXITING, Status);
    default:
        return Unknown(TL_REASON_QUERY_FAILED, Status);
    }
}

/* Before build 15063 a clear bit means something only where no secure kernel runs (facts/nt.md 1.4). */
static TL_JUDGEMENT ClearBitDownlevel(_In_ const TL_SYSTEM *System)
{
    if (System->IsolatedUserModeStatus == STATUS_INVALID_INFO_CLASS)
    {
        return Ordinary(TL_EVIDENCE_ASSUMED);
    }
    if (System->IsolatedUserModeStatus == STATUS_SUCCESS &&
        (System->IsolatedUserModeFlags & TL_SECURE_KERNEL_RUNNING) == 0)
    {
        return Ordinary(TL_EVIDENCE_DERIVED);
    }
    return Unknown(TL_REASON_DOWNLEVEL_BIT, System->IsolatedUserModeStatus);
}

TL_JUDGEMENT TlJudge(_In_ const TL_PROCESS_RECORD *Record, _In_ const TL_SYSTEM *System)
{
    const BOOLEAN Promised = System->Build >= TL_FIRST_BUILD_WITH_BIT;

    if ((Record->Present & TL_PRESENT_REUSED) != 0)
    {
        return Unknown(TL_REASON_GONE, STATUS_SUCCESS);
    }
    const NTSTATUS OpenStatus = (NTSTATUS)Record->OpenStatus;
    if (!NT_SUCCESS(OpenStatus))
    {
        return Record->Pid == 0 ? Unknown(TL_REASON_IDLE_PROCESS, OpenStatus) : TlJudgeFailedOpen(OpenStatus);
    }
    const NTSTATUS ExtendedStatus =
        (Record->Present & TL_PRESENT_EXTENDED_STATUS) != 0 ? (NTSTATUS)Record->ExtendedStatus : STATUS_UNSUCCESSFUL;
    /* An informational status promises no data: nothing but STATUS_SUCCESS is an answer. */
    if (ExtendedStatus != STATUS_SUCCESS || (Record->Present & TL_PRESENT_FLAGS) == 0)
    {
        return Unknown(ExtendedStatus == STATUS_ACCESS_DENIED ? TL_REASON_ACCESS_DENIED : TL_REASON_QUERY_FAILED,
                       ExtendedStatus);
    }
    if ((Record->Flags & TL_FLAG_SECURE_PROCESS) != 0)
    {
        return Judgement(TL_VERDICT_SECURE, TL_REASON_SECURE_BIT_SET,
                         Promised ? TL_EVIDENCE_DOCUMENTED : TL_EVIDENCE_DERIVED, STATUS_SUCCESS);
    }
    if ((Record->Flags & TL_FLAG_PROCESS_DELETING) != 0)
    {
        return Unknown(TL_REASON_EXITING, STATUS_SUCCESS);
    }
    return Promised ? Ordinary(TL_EVIDENCE_DOCUMENTED) : ClearBitDownlevel(System);
}
