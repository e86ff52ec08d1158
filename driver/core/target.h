/*
 * Whom an EXAMINE or GUARD request is about: the fields the two have in common.
 */
#pragma once

#include "nt.h"
#include "trustlet_protocol.h"

typedef struct _TL_TARGET
{
    UINT64 Handle;
    UINT32 Kind;
    UINT32 ExpectedAccess;
    UINT32 Expect;
    UINT32 ExpectedPid;
    UINT64 ExpectedCreateTime;
    UINT64 ExpectedStartKey;
} TL_TARGET;

/* IRQL: any. */
TL_TARGET TlTargetOfExamine(_In_ const TL_EXAMINE_REQUEST *Examine);

/* \brief Expects the access that the operations need, beside what the request itself expects. IRQL: any. */
TL_TARGET TlTargetOfGuard(_In_ const TL_GUARD_REQUEST *Guard);

/*
 * \brief Is this the process that was expected? What was asked for must be known and equal: absence never matches.
 * \return TL_IDENTITY_UNCHECKED where nothing was expected, or where a record of which nothing is known has the better
 *         reason to refuse.
 * IRQL: any.
 */
UINT8 TlCompareIdentity(_In_ const TL_TARGET *Target, _In_ const TL_PROCESS_RECORD *Record);
