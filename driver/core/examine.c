#include "examine.h"

#include "process.h"
#include "thread.h"

_IRQL_requires_max_(PASSIVE_LEVEL)
static VOID ExamineThread(_In_ PETHREAD Thread, _In_ const TL_SYSTEM *System, _Inout_ TL_EXAMINATION *Examination)
{
    TL_THREAD_FACTS Facts;

    Examination->Judgement = TlReadThread(Thread, System, &Facts, &Examination->Record);
    Examination->Tid = Facts.Tid;
    Examination->Thread = Facts.State;
    Examination->ThreadStatus = Facts.Status;
}

_IRQL_requires_max_(PASSIVE_LEVEL)
VOID TlExamine(_In_ const TL_TARGET *Target, _In_ const TL_SYSTEM *System, _Out_ TL_EXAMINATION *Examination)
{
    OBJECT_HANDLE_INFORMATION Granted;
    PVOID Object = NULL;

    PAGED_CODE();
    RtlZeroMemory(Examination, sizeof(*Examination));
    RtlZeroMemory(&Granted, sizeof(Granted));
    const BOOLEAN IsThread = Target->Kind == TL_KIND_THREAD;
    /*
     * UserMode, a constant: a kernel handle's value is not resolved for anybody, and -1 and -2 are the caller itself.
     * Access 0: a handle that lacks the query right is examined all the same, since the questions go through our own.
     */
    const NTSTATUS Status = ObReferenceObjectByHandle(
        (HANDLE)(ULONG_PTR)Target->Handle, 0, IsThread ? TL_THREAD_TYPE : TL_PROCESS_TYPE, UserMode, &Object, &Granted);
    Examination->ReferenceStatus = Status;
    if (!NT_SUCCESS(Status))
    {
        Examination->Judgement = TlJudgeFailedOpen(Status);
        Examination->Record.OpenStatus = (UINT32)Status;
        TlRecordJudgement(&Examination->Record, Examination->Judgement);
        return;
    }
    Examination->GrantedAccess = Granted.GrantedAccess;
    Examination->AccessSufficient = (Granted.GrantedAccess & Target->ExpectedAccess) == Target->ExpectedAccess;
    if (IsThread)
    {
        ExamineThread(Object, System, Examination);
    }
    else
    {
        Examination->Judgement = TlReadProcess(Object, System, &Examination->Record);
    }
    ObDereferenceObject(Object);
    Examination->Identity = TlCompareIdentity(Target, &Examination->Record);
}

TL_DECISION TlDecideExamined(_In_ const TL_EXAMINATION *Examination, _In_ UINT32 Operations, _In_ UINT32 Accepted)
{
    TL_DECISION_INPUT Input = {
        .Operations = Operations,
        .Accepted = Accepted,
        .Identity = Examination->Identity,
        .Thread = Examination->Thread,
        .Acquisition = TL_ACQUISITION_EXAMINED,
        .AcquisitionStatus = STATUS_SUCCESS,
        .Judgement = Examination->Judgement,
    };
    if (!NT_SUCCESS(Examination->ReferenceStatus))
    {
        Input.Acquisition = TL_ACQUISITION_NOT_OPENED;
        Input.AcquisitionStatus = Examination->ReferenceStatus;
    }
    else if (!Examination->AccessSufficient)
    {
        Input.Acquisition = TL_ACQUISITION_NOT_OPENED;
        Input.AcquisitionStatus = STATUS_ACCESS_DENIED;
    }
    return TlDecide(&Input);
}
