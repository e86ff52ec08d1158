#include "process.h"

#include "secure.h"

VOID TlRecordJudgement(_Inout_ TL_PROCESS_RECORD *Record, _In_ TL_JUDGEMENT Judgement)
{
    Record->Verdict = Judgement.Verdict;
    Record->Reason = Judgement.Reason;
    Record->Evidence = Judgement.Evidence;
    Record->Status = (UINT32)Judgement.Status;
}

static TL_JUDGEMENT Judged(_Inout_ TL_PROCESS_RECORD *Record, _In_ const TL_SYSTEM *System)
{
    const TL_JUDGEMENT Judgement = TlJudge(Record, System);
    TlRecordJudgement(Record, Judgement);
    return Judgement;
}

_IRQL_requires_max_(PASSIVE_LEVEL)
static VOID ReadFlags(_In_ HANDLE Handle, _Inout_ TL_PROCESS_RECORD *Record)
{
    TL_EXTENDED_BASIC_INFORMATION Information;

    const NTSTATUS Status = TlQueryExtendedInformation(Handle, &Information);
    Record->ExtendedStatus = (UINT32)Status;
    Record->Present |= TL_PRESENT_EXTENDED_STATUS;
    if (NT_SUCCESS(Status))
    {
        Record->Flags = Information.Flags;
        Record->ParentPid = (UINT32)Information.BasicInfo.InheritedFromUniqueProcessId;
        Record->Present |= TL_PRESENT_FLAGS | TL_PRESENT_PARENT;
    }
}

_IRQL_requires_max_(PASSIVE_LEVEL)
static VOID ReadProtection(_In_ HANDLE Handle, _Inout_ TL_PROCESS_RECORD *Record)
{
    UINT8 Protection = 0;
    ULONG Returned = 0;

    /* Absent before Windows 8.1, and in Wine (facts/nt.md 2, facts/wine.md 3). */
    const NTSTATUS Status =
        ZwQueryInformationProcess(Handle, TlProcessProtectionInformation, &Protection, sizeof(Protection), &Returned);
    if (Status == STATUS_SUCCESS)
    {
        Record->Protection = Protection;
        Record->Present |= TL_PRESENT_PROTECTION;
    }
}

_IRQL_requires_max_(PASSIVE_LEVEL)
static VOID ReadIdentity(_In_ HANDLE Handle, _In_ PEPROCESS Process, _In_ const TL_SYSTEM *System,
                         _Inout_ TL_PROCESS_RECORD *Record)
{
    KERNEL_USER_TIMES Times;
    ULONG Returned = 0;

    /* Not PsGetProcessCreateTimeQuadPart, which ends a driver in Wine (facts/wine.md 3). */
    RtlZeroMemory(&Times, sizeof(Times));
    const NTSTATUS Status = ZwQueryInformationProcess(Handle, TlProcessTimes, &Times, sizeof(Times), &Returned);
    if (Status == STATUS_SUCCESS)
    {
        Record->CreateTime = (UINT64)Times.CreateTime.QuadPart;
        Record->Present |= TL_PRESENT_CREATE_TIME;
    }
    if (System->GetProcessStartKey != NULL)
    {
        /* 0 is absent, never a key (DESIGN.md rule 2). */
        Record->StartKey = System->GetProcessStartKey(Process);
        Record->Present |= Record->StartKey != 0 ? TL_PRESENT_START_KEY : 0u;
    }
}

_IRQL_requires_max_(PASSIVE_LEVEL)
TL_JUDGEMENT
TlReadProcess(_In_ PEPROCESS Process, _In_ const TL_SYSTEM *System, _Out_ TL_PROCESS_RECORD *Record)
{
    HANDLE Handle = NULL;

    PAGED_CODE();
    RtlZeroMemory(Record, sizeof(*Record));
    Record->Pid = (UINT32)(ULONG_PTR)PsGetProcessId(Process);
    const NTSTATUS Status = ObOpenObjectByPointer(Process, OBJ_KERNEL_HANDLE, NULL, PROCESS_QUERY_LIMITED_INFORMATION,
                                                  TL_PROCESS_TYPE, KernelMode, &Handle);
    Record->OpenStatus = (UINT32)Status;
    if (NT_SUCCESS(Status))
    {
        ReadFlags(Handle, Record);
        ReadProtection(Handle, Record);
        ReadIdentity(Handle, Process, System, Record);
        (VOID) ZwClose(Handle);
    }
    return Judged(Record, System);
}

_IRQL_requires_max_(PASSIVE_LEVEL)
_Must_inspect_result_ NTSTATUS TlReferenceProcessById(_In_ UINT32 Pid, _Outptr_result_maybenull_ PEPROCESS *Process)
{
    PEPROCESS Found = NULL;

    PAGED_CODE();
    *Process = NULL;
    const NTSTATUS Status = PsLookupProcessByProcessId((HANDLE)(ULONG_PTR)Pid, &Found);
    if (!NT_SUCCESS(Status))
    {
        /* Wine says the one, Windows the other (facts/wine.md 3). */
        return Status == STATUS_INVALID_PARAMETER ? STATUS_INVALID_CID : Status;
    }
    if ((UINT32)(ULONG_PTR)PsGetProcessId(Found) != Pid)
    {
        ObDereferenceObject(Found);
        return STATUS_INVALID_CID;
    }
    *Process = Found;
    return STATUS_SUCCESS;
}

_IRQL_requires_max_(PASSIVE_LEVEL)
TL_JUDGEMENT
TlReadProcessById(_In_ UINT32 Pid, _In_ const TL_SYSTEM *System, _Out_ TL_PROCESS_RECORD *Record)
{
    PEPROCESS Process = NULL;

    PAGED_CODE();
    const NTSTATUS Status = TlReferenceProcessById(Pid, &Process);
    if (!NT_SUCCESS(Status))
    {
        RtlZeroMemory(Record, sizeof(*Record));
        Record->Pid = Pid;
        Record->OpenStatus = (UINT32)Status;
        return Judged(Record, System);
    }
    const TL_JUDGEMENT Judgement = TlReadProcess(Process, System, Record);
    ObDereferenceObject(Process);
    return Judgement;
}
