/*
 * From a verdict to allow or refuse (DESIGN.md rules 1, 3 and 5; its tl_decide). Pure, total, fail-closed. The rules
 * are data, decision_table.h, written from the same source as lib/guard/decide.ts.
 */
#pragma once

#include "decision_names.h"
#include "nt.h"
#include "trustlet_protocol.h"
#include "verdict.h"

typedef struct _TL_DECISION_INPUT
{
    /* At least one operation, as a mask; those the caller accepts on a trustlet. */
    UINT32 Operations;
    UINT32 Accepted;
    /* TL_IDENTITY_…, TL_THREAD_… */
    UINT8 Identity;
    UINT8 Thread;
    /* TL_ACQUISITION_…: how getting hold of the object with its rights went, and the status of that. */
    UINT8 Acquisition;
    NTSTATUS AcquisitionStatus;
    TL_JUDGEMENT Judgement;
} TL_DECISION_INPUT;

typedef struct _TL_DECISION
{
    UINT8 Decision;
    UINT8 Verdict;
    UINT8 Reason;
    UINT8 Evidence;
    NTSTATUS Status;
} TL_DECISION;

/*
 * \brief The guard's decision.
 * \return TL_DECISION_ALLOW only for an ordinary, examined target, or for a trustlet all of whose operations are
 *         availability operations accepted by name.
 * IRQL: any.
 */
TL_DECISION TlDecide(_In_ const TL_DECISION_INPUT *Input);

/* \return the access rights a mask of operations needs, united. IRQL: any. */
UINT32 TlRightsOfOperations(_In_ UINT32 Operations);
