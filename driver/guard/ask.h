/*
 * Inside the guard library: may a question be asked, and what does the target answer?
 */
#pragma once

#include "nt.h"
#include "system.h"
#include "trustlet_guard.h"
#include "verdict.h"

/* What an examination of a target found. */
typedef struct _TL_GUARD_EXAMINATION
{
    TL_JUDGEMENT Judgement;
    TL_GUARD_IDENTITY Found;
    /* TL_IDENTITY_…, TL_THREAD_… */
    UINT8 Identity;
    UINT8 Thread;
    NTSTATUS ThreadStatus;
} TL_GUARD_EXAMINATION;

/*
 * \brief Prepares one question.
 * \param System this system, and what a verdict needs beside the process; all zero on failure.
 * \return STATUS_SUCCESS; STATUS_INVALID_LEVEL where the kernel must not be asked; STATUS_DEVICE_NOT_READY for a guard
 * that was not started. IRQL: up to DISPATCH_LEVEL, which it refuses.
 */
_Must_inspect_result_ NTSTATUS TlPrepareQuestion(_In_ const TL_GUARD_STATE *State, _Out_ TL_SYSTEM *System);

/*
 * \brief Asks a target that holds a process about it, and about the thread it holds, if any.
 * IRQL: PASSIVE_LEVEL, APCs enabled, no lock held.
 */
_IRQL_requires_max_(PASSIVE_LEVEL)
VOID TlExamineTarget(_In_ const TL_GUARD_TARGET *Target, _In_ const TL_SYSTEM *System,
                     _Out_ TL_GUARD_EXAMINATION *Examination);

/* \return the verdict where no question could be asked. IRQL: any. */
TL_JUDGEMENT TlNotAsked(_In_ NTSTATUS Status);
