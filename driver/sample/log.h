/*
 * What the sample would have done. It stands where a product would act: nothing in this driver queues, attaches, copies
 * or ends anything.
 */
#pragma once

#include "nt.h"
#include "sample_ioctl.h"

/* In memory that stays resident. */
typedef struct _SAMPLE_LOG
{
    KSPIN_LOCK Lock;
    _Guarded_by_(Lock) UINT64 Total;
    _Guarded_by_(Lock) SAMPLE_LOG_RECORD Records[SAMPLE_LOG_LENGTH];
} SAMPLE_LOG;

/* \brief Makes an empty log. IRQL: any. */
VOID SampleStartLog(_Out_ SAMPLE_LOG *Log);

/* \brief Adds a record, over the oldest if there is no room. IRQL: up to DISPATCH_LEVEL. */
_IRQL_requires_max_(DISPATCH_LEVEL)
VOID SampleRecord(_Inout_ SAMPLE_LOG *Log, _In_ UINT32 Action, _In_ UINT32 Pid, _In_ UINT32 Tid);

/* \brief Copies the log. IRQL: up to DISPATCH_LEVEL. */
_IRQL_requires_max_(DISPATCH_LEVEL)
VOID SampleReadLog(_Inout_ SAMPLE_LOG *Log, _Out_ SAMPLE_LOG_REPLY *Reply);
