#include "secure.h"

#include "system.h"
#include "verdict.h"

_IRQL_requires_max_(PASSIVE_LEVEL)
_Must_inspect_result_ NTSTATUS TlQueryExtendedInformation(_In_ HANDLE ProcessHandle,
                                                          _Out_ TL_EXTENDED_BASIC_INFORMATION *Information)
{
    ULONG Returned = 0;

    PAGED_CODE();
    RtlZeroMemory(Information, sizeof(*Information));
    /* Older headers demand it on input, newer ones ignore it: right for both (facts/nt.md 1.2). */
    Information->Size = sizeof(*Information);
    NTSTATUS Status = ZwQueryInformationProcess(ProcessHandle, TlProcessBasicInformation, Information,
                                                sizeof(*Information), &Returned);
    /* Only Idle has pid 0, and no handle names it. */
    const BOOLEAN Written = Returned == sizeof(*Information) && Information->Size == sizeof(*Information) &&
                            Information->BasicInfo.UniqueProcessId != 0;
    if (Status == STATUS_SUCCESS && Written)
    {
        return STATUS_SUCCESS;
    }
    RtlZeroMemory(Information, sizeof(*Information));
    return NT_SUCCESS(Status) ? STATUS_UNSUCCESSFUL : Status;
}

_IRQL_requires_max_(PASSIVE_LEVEL)
_Must_inspect_result_ NTSTATUS TlIsSecureProcess(_In_ HANDLE ProcessHandle, _Out_ TL_SECURE_ANSWER *SecureProcess)
{
    TL_EXTENDED_BASIC_INFORMATION Information;
    TL_SYSTEM System;
    TL_PROCESS_RECORD Record;

    PAGED_CODE();
    SecureProcess->Verdict = TL_VERDICT_UNKNOWN;
    NTSTATUS Status = TlReadSystem(&System);
    if (!NT_SUCCESS(Status))
    {
        return Status;
    }
    TlReadForVerdicts(&System);
    Status = TlQueryExtendedInformation(ProcessHandle, &Information);
    if (!NT_SUCCESS(Status))
    {
        return Status;
    }
    RtlZeroMemory(&Record, sizeof(Record));
    Record.Pid = (UINT32)Information.BasicInfo.UniqueProcessId;
    Record.Flags = Information.Flags;
    Record.Present = TL_PRESENT_EXTENDED_STATUS | TL_PRESENT_FLAGS;
    const TL_JUDGEMENT Judgement = TlJudge(&Record, &System);
    SecureProcess->Verdict = Judgement.Verdict;
    if (Judgement.Verdict != TL_VERDICT_UNKNOWN)
    {
        return STATUS_SUCCESS;
    }
    return Judgement.Reason == TL_REASON_EXITING ? STATUS_PROCESS_IS_TERMINATING : STATUS_NOT_SUPPORTED;
}
