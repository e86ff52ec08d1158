/*
 * The examination of the very object behind a client's handle (DESIGN.md rule 2).
 */
#pragma once

#include "decide.h"
#include "nt.h"
#include "system.h"
#include "target.h"
#include "trustlet_protocol.h"
#include "verdict.h"

typedef struct _TL_EXAMINATION
{
    /* NTSTATUS of resolving the handle; nothing else is known if it failed. */
    NTSTATUS ReferenceStatus;
    ACCESS_MASK GrantedAccess;
    BOOLEAN AccessSufficient;
    UINT8 Identity;
    /* TL_THREAD_NONE for a process. */
    UINT8 Thread;
    UINT32 Tid;
    NTSTATUS ThreadStatus;
    TL_JUDGEMENT Judgement;
    TL_PROCESS_RECORD Record;
} TL_EXAMINATION;

/*
 * \brief Resolves a handle of the current process as its user mode would, with no access asked for, and examines the
 * object.
 *
 * The handle is never used again: what is asked is asked through the object. No handle is made for the client.
 *
 * IRQL: PASSIVE_LEVEL, APCs enabled, no lock held, in the context of the process whose handle it is.
 */
_IRQL_requires_max_(PASSIVE_LEVEL)
VOID TlExamine(_In_ const TL_TARGET *Target, _In_ const TL_SYSTEM *System, _Out_ TL_EXAMINATION *Examination);

/* \return what may be done with an examined target. IRQL: any. */
TL_DECISION TlDecideExamined(_In_ const TL_EXAMINATION *Examination, _In_ UINT32 Operations, _In_ UINT32 Accepted);
