/*
 * Counters for STATS. They only count: no decision reads them.
 */
#pragma once

#include "nt.h"
#include "trustlet_protocol.h"

typedef struct _TL_COUNTERS
{
    volatile LONG64 Opens;
    volatile LONG64 OpenNow;
    volatile LONG64 Requests;
    volatile LONG64 Rejected;
    volatile LONG64 Cancelled;
    volatile LONG64 Records;
    volatile LONG64 Secure;
    volatile LONG64 Ordinary;
    volatile LONG64 Unknown;
    volatile LONG64 Allowed;
    volatile LONG64 Refused;
    volatile LONG64 CensusRestarts;
    volatile LONG64 Refusals[TL_OPERATION_COUNT][TL_REASON_COUNT];
} TL_COUNTERS;

/* IRQL: any. */
VOID TlCountVerdict(_Inout_ TL_COUNTERS *Counters, _In_ UINT8 Verdict);

/* \brief Counts a decision, and a refusal once for every operation that was asked for. IRQL: any. */
VOID TlCountDecision(_Inout_ TL_COUNTERS *Counters, _In_ UINT32 Operations, _In_ UINT8 Decision, _In_ UINT8 Reason);

/* \return a counter that others may be raising. IRQL: any. */
UINT64 TlReadCounter(_In_ const volatile LONG64 *Counter);
