#include "ask.h"

#include "process.h"
#include "target.h"
#include "thread.h"

/* A started guard: no zeroed or forgotten memory looks like it. */
#define STARTED 0x6472617547747254ull

C_ASSERT(sizeof(TL_SYSTEM) <= RTL_FIELD_SIZE(TL_GUARD_STATE, System));

_IRQL_requires_max_(PASSIVE_LEVEL)
_Must_inspect_result_ NTSTATUS TlGuardStart(_Out_ TL_GUARD_STATE *State)
{
    TL_SYSTEM System;

    PAGED_CODE();
    RtlZeroMemory(State, sizeof(*State));
    const NTSTATUS Status = TlReadSystem(&System);
    if (!NT_SUCCESS(Status))
    {
        return Status;
    }
    RtlCopyMemory(State->System, &System, sizeof(System));
    State->Signature = STARTED;
    return STATUS_SUCCESS;
}

_Must_inspect_result_ NTSTATUS TlPrepareQuestion(_In_ const TL_GUARD_STATE *State, _Out_ TL_SYSTEM *System)
{
    RtlZeroMemory(System, sizeof(*System));
    /* In a guarded region or from APC_LEVEL on the query's own APC never comes (facts/nt.md 1.4). */
    if (KeAreAllApcsDisabled())
    {
        return STATUS_INVALID_LEVEL;
    }
    if (State->Signature != STARTED)
    {
        return STATUS_DEVICE_NOT_READY;
    }
    RtlCopyMemory(System, State->System, sizeof(*System));
    TlReadForVerdicts(System);
    return STATUS_SUCCESS;
}

/* What of a process's identity the kernel knows. */
static TL_GUARD_IDENTITY IdentityOf(_In_ const TL_PROCESS_RECORD *Record)
{
    const TL_GUARD_IDENTITY Identity = {
        .Expect = TL_EXPECT_PID | (Record->CreateTime != 0 ? TL_EXPECT_CREATE_TIME : 0u) |
                  (Record->StartKey != 0 ? TL_EXPECT_START_KEY : 0u),
        .Pid = Record->Pid,
        .CreateTime = Record->CreateTime,
        .StartKey = Record->StartKey,
    };
    return Identity;
}

_IRQL_requires_max_(PASSIVE_LEVEL)
VOID TlExamineTarget(_In_ const TL_GUARD_TARGET *Target, _In_ const TL_SYSTEM *System,
                     _Out_ TL_GUARD_EXAMINATION *Examination)
{
    const TL_TARGET Expected = {
        .Expect = Target->Expected.Expect,
        .ExpectedPid = Target->Expected.Pid,
        .ExpectedCreateTime = Target->Expected.CreateTime,
        .ExpectedStartKey = Target->Expected.StartKey,
    };
    TL_PROCESS_RECORD Record;
    TL_THREAD_FACTS Facts;

    PAGED_CODE();
    RtlZeroMemory(Examination, sizeof(*Examination));
    Examination->Judgement = TlReadProcess(Target->Process, System, &Record);
    Examination->Found = IdentityOf(&Record);
    Examination->Identity = TlCompareIdentity(&Expected, &Record);
    if (Target->Thread != NULL)
    {
        /* Last, so that "alive" is the newest of the answers. */
        TlReadThreadState(Target->Thread, &Facts);
        Examination->Thread = Facts.State;
        Examination->ThreadStatus = Facts.Status;
    }
}

TL_JUDGEMENT TlNotAsked(_In_ NTSTATUS Status)
{
    const TL_JUDGEMENT Judgement = {
        .Verdict = TL_VERDICT_UNKNOWN,
        .Reason = TL_REASON_QUERY_FAILED,
        .Evidence = TL_EVIDENCE_DOCUMENTED,
        .Status = Status,
    };
    return Judgement;
}
