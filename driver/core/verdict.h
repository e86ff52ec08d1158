/*
 * From what was found out about a process to what it is: the three-valued verdict (DESIGN.md rule 1). Pure.
 * lib/guard/verdict.ts says the same in TypeScript; both are held to the same vectors.
 */
#pragma once

#include "nt.h"
#include "system.h"
#include "trustlet_protocol.h"

/* Bits of the Flags word (facts/nt.md 1.2). Masked, never compared as a whole: bits are added in every release. */
#define TL_FLAG_PROCESS_DELETING 0x4u
#define TL_FLAG_SECURE_PROCESS 0x80u

/* A verdict with its reason, how it is known, and the NTSTATUS that decided it (0 where nothing failed). */
typedef struct _TL_JUDGEMENT
{
    UINT8 Verdict;
    UINT8 Reason;
    UINT8 Evidence;
    NTSTATUS Status;
} TL_JUDGEMENT;

/* \return what a failed open or lookup of a process says about it; always unknown. IRQL: any. */
TL_JUDGEMENT TlJudgeFailedOpen(_In_ NTSTATUS Status);

/*
 * \param Record what was found out; its verdict fields are not read.
 * \return `secure` only for a set bit in a successful query, `ordinary` only for a clear bit that means something.
 * IRQL: any.
 */
TL_JUDGEMENT TlJudge(_In_ const TL_PROCESS_RECORD *Record, _In_ const TL_SYSTEM *System);
