#include "ask.h"

#include "process.h"

static TL_GUARD_VERDICT VerdictOf(_In_ TL_JUDGEMENT Judgement)
{
    const TL_GUARD_VERDICT Verdict = {
        .Verdict = Judgement.Verdict,
        .Reason = Judgement.Reason,
        .Evidence = Judgement.Evidence,
        .Status = Judgement.Status,
    };
    return Verdict;
}

/* Is there something to hold a process to? A 0 is what a caller has who could not find out, and never a wildcard. */
static BOOLEAN IsIdentity(_In_ const TL_GUARD_IDENTITY *Identity)
{
    const UINT32 Usable = (Identity->Pid != 0 ? TL_EXPECT_PID : 0u) |
                          (Identity->CreateTime != 0 ? TL_EXPECT_CREATE_TIME : 0u) |
                          (Identity->StartKey != 0 ? TL_EXPECT_START_KEY : 0u);
    return Identity->Expect != 0 && (Identity->Expect & ~Usable) == 0;
}

/* \return STATUS_SUCCESS, and the target can be filled; else it is unknown with this status. */
static NTSTATUS Begin(_In_ const TL_GUARD_STATE *State, _In_ UINT32 Kind, _In_opt_ const TL_GUARD_IDENTITY *Expected,
                      _Out_ TL_GUARD_TARGET *Target, _Out_ TL_SYSTEM *System)
{
    RtlZeroMemory(Target, sizeof(*Target));
    Target->Kind = Kind;
    NTSTATUS Status = TlPrepareQuestion(State, System);
    if (NT_SUCCESS(Status) && Expected != NULL)
    {
        Target->Expected = *Expected;
        Status = IsIdentity(Expected) ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
    }
    Target->Verdict = VerdictOf(TlNotAsked(Status));
    return Status;
}

static VOID LetGo(_Inout_ TL_GUARD_TARGET *Target)
{
    if (Target->Thread != NULL)
    {
        ObDereferenceObject(Target->Thread);
        Target->Thread = NULL;
    }
    if (Target->Process != NULL)
    {
        ObDereferenceObject(Target->Process);
        Target->Process = NULL;
    }
}

/* Asks about what the target now holds. */
_IRQL_requires_max_(PASSIVE_LEVEL)
static VOID Judge(_Inout_ TL_GUARD_TARGET *Target, _In_ const TL_SYSTEM *System)
{
    TL_GUARD_EXAMINATION Examination;

    TlExamineTarget(Target, System, &Examination);
    if (Examination.Identity == TL_IDENTITY_OTHER)
    {
        /* Nobody asked about this one: it is neither judged nor held. The verdict is unknown, as it began. */
        Target->Verdict.Reason = TL_REASON_IDENTITY_MISMATCH;
        LetGo(Target);
        return;
    }
    Target->Verdict = VerdictOf(Examination.Judgement);
    Target->Identity = Examination.Found;
    Target->ThreadState = Examination.Thread;
    Target->ThreadStatus = Examination.ThreadStatus;
}

_IRQL_requires_max_(PASSIVE_LEVEL)
VOID TlQueryProcess(_In_ const TL_GUARD_STATE *State, _In_opt_ PEPROCESS Process,
                    _In_opt_ const TL_GUARD_IDENTITY *Expected, _Out_ TL_GUARD_TARGET *Target)
{
    TL_SYSTEM System;

    if (!NT_SUCCESS(Begin(State, TL_KIND_PROCESS, Expected, Target, &System)))
    {
        return;
    }
    if (Process == NULL)
    {
        Target->Verdict = VerdictOf(TlNotAsked(STATUS_INVALID_PARAMETER));
        return;
    }
    ObReferenceObject(Process);
    Target->Process = Process;
    Judge(Target, &System);
}

/* \return STATUS_SUCCESS, and the target holds the process of exactly this id; else it is unknown. */
_IRQL_requires_max_(PASSIVE_LEVEL)
static NTSTATUS HoldProcess(_In_ HANDLE ProcessId, _Inout_ TL_GUARD_TARGET *Target)
{
    const ULONG_PTR Pid = (ULONG_PTR)ProcessId;

    /* Ids have 32 bits; to cut off what is above them would make another id of this one. */
    const NTSTATUS Status =
        Pid <= MAXULONG ? TlReferenceProcessById((UINT32)Pid, &Target->Process) : STATUS_INVALID_CID;
    if (!NT_SUCCESS(Status))
    {
        Target->Verdict = VerdictOf(TlJudgeFailedOpen(Status));
        Target->Verdict.Reason = Pid == 0 ? (UINT8)TL_REASON_IDLE_PROCESS : Target->Verdict.Reason;
    }
    return Status;
}

_IRQL_requires_max_(PASSIVE_LEVEL)
VOID TlQueryProcessById(_In_ const TL_GUARD_STATE *State, _In_ HANDLE ProcessId,
                        _In_opt_ const TL_GUARD_IDENTITY *Expected, _Out_ TL_GUARD_TARGET *Target)
{
    TL_SYSTEM System;

    if (NT_SUCCESS(Begin(State, TL_KIND_PROCESS, Expected, Target, &System)) &&
        NT_SUCCESS(HoldProcess(ProcessId, Target)))
    {
        Judge(Target, &System);
    }
}

/* \brief Asks about a thread that the target holds already: first it gets hold of its process. */
_IRQL_requires_max_(PASSIVE_LEVEL)
static VOID JudgeThread(_Inout_ TL_GUARD_TARGET *Target, _In_ const TL_SYSTEM *System)
{
    Target->Tid = (UINT32)(ULONG_PTR)PsGetThreadId(Target->Thread);
    /* The thread keeps its process, and that its pid. IoThreadToProcess ends a driver in Wine (facts/wine.md 8.1). */
    if (NT_SUCCESS(HoldProcess(PsGetThreadProcessId(Target->Thread), Target)))
    {
        Judge(Target, System);
    }
    else
    {
        LetGo(Target);
    }
}

_IRQL_requires_max_(PASSIVE_LEVEL)
VOID TlQueryThread(_In_ const TL_GUARD_STATE *State, _In_opt_ PETHREAD Thread,
                   _In_opt_ const TL_GUARD_IDENTITY *Expected, _Out_ TL_GUARD_TARGET *Target)
{
    TL_SYSTEM System;

    if (!NT_SUCCESS(Begin(State, TL_KIND_THREAD, Expected, Target, &System)))
    {
        return;
    }
    if (Thread == NULL)
    {
        Target->Verdict = VerdictOf(TlNotAsked(STATUS_INVALID_PARAMETER));
        return;
    }
    ObReferenceObject(Thread);
    Target->Thread = Thread;
    JudgeThread(Target, &System);
}

/* \param Thread a referenced thread of exactly this id, which the caller dereferences; NULL on failure. */
_IRQL_requires_max_(PASSIVE_LEVEL)
static NTSTATUS ReferenceThreadById(_In_ HANDLE ThreadId, _Outptr_result_maybenull_ PETHREAD *Thread)
{
    PETHREAD Found = NULL;

    *Thread = NULL;
    const NTSTATUS Status = PsLookupThreadByThreadId(ThreadId, &Found);
    if (!NT_SUCCESS(Status))
    {
        return Status;
    }
    /* The kernel ignores the low two bits of an id. */
    if (PsGetThreadId(Found) != ThreadId)
    {
        ObDereferenceObject(Found);
        return STATUS_INVALID_CID;
    }
    *Thread = Found;
    return STATUS_SUCCESS;
}

_IRQL_requires_max_(PASSIVE_LEVEL)
VOID TlQueryThreadById(_In_ const TL_GUARD_STATE *State, _In_ HANDLE ThreadId,
                       _In_opt_ const TL_GUARD_IDENTITY *Expected, _Out_ TL_GUARD_TARGET *Target)
{
    TL_SYSTEM System;

    if (!NT_SUCCESS(Begin(State, TL_KIND_THREAD, Expected, Target, &System)))
    {
        return;
    }
    const NTSTATUS Status = ReferenceThreadById(ThreadId, &Target->Thread);
    if (!NT_SUCCESS(Status))
    {
        Target->Verdict = VerdictOf(TlJudgeFailedOpen(Status));
        return;
    }
    JudgeThread(Target, &System);
}

_IRQL_requires_max_(DISPATCH_LEVEL)
VOID TlReleaseTarget(_Inout_ TL_GUARD_TARGET *Target)
{
    LetGo(Target);
    RtlZeroMemory(Target, sizeof(*Target));
    Target->Verdict = VerdictOf(TlNotAsked(STATUS_INVALID_HANDLE));
}
