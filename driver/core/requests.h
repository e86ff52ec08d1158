/*
 * One function for each message. All of them: the request is valid, Buffer is the client's METHOD_BUFFERED buffer with
 * room for OutputLength bytes, and *Information is the reply's length on success.
 *
 * IRQL of all: PASSIVE_LEVEL, in the thread that sent the request, no lock held.
 */
#pragma once

#include "core.h"
#include "validate.h"

typedef _IRQL_requires_max_(PASSIVE_LEVEL)
NTSTATUS
TL_REQUEST_HANDLER(_Inout_ TL_CORE *Core, _In_ const TL_CALLER *Caller, _In_ const TL_VALID_REQUEST *Request,
                   _Inout_ PVOID Buffer, _In_ ULONG OutputLength, _Out_ ULONG_PTR *Information);

/* \return STATUS_SUCCESS. */
TL_REQUEST_HANDLER TlHandleHello;
/* \return STATUS_SUCCESS, STATUS_INSUFFICIENT_RESOURCES, STATUS_CANCELLED. */
TL_REQUEST_HANDLER TlHandleQuery;
/* \return STATUS_SUCCESS, STATUS_CANCELLED, STATUS_BUFFER_TOO_SMALL where not one record fits, or why there is no list.
 */
TL_REQUEST_HANDLER TlHandleCensus;
/* \return STATUS_SUCCESS, or STATUS_NOT_SUPPORTED for a kernel-mode client or another process's context. */
TL_REQUEST_HANDLER TlHandleExamine;
TL_REQUEST_HANDLER TlHandleGuard;
/* \return STATUS_SUCCESS. */
TL_REQUEST_HANDLER TlHandleStats;

/* \return the newest version that both sides speak; 0 if there is none. IRQL: any. */
UINT16 TlChooseVersion(_In_ UINT16 ClientMin, _In_ UINT16 ClientMax, _In_ UINT16 DriverMin, _In_ UINT16 DriverMax);
