/*
 * What the driver is, apart from how I/O reaches it: one driver-wide state and one function that answers a request.
 * Nothing here knows of IRPs, and nothing in wdm/ decides.
 */
#pragma once

#include "counters.h"
#include "nt.h"
#include "system.h"
#include "trustlet_protocol.h"

/* Driver-wide state. Zeroed memory is not a started core: see TlCoreStart. */
typedef struct _TL_CORE
{
    TL_SYSTEM System;
    TL_COUNTERS Counters;
} TL_CORE;

/*
 * \brief Asks whether the request's client has given up: its IRP was cancelled, or its last handle closed.
 * \return TRUE and the request ends with STATUS_CANCELLED before the next process is looked at.
 * Called at PASSIVE_LEVEL, with no lock and no reference held.
 */
typedef _IRQL_requires_max_(PASSIVE_LEVEL)
BOOLEAN TL_ABANDONED(_In_ PVOID Context);

/* In whose name a request comes. */
typedef struct _TL_CALLER
{
    KPROCESSOR_MODE RequestorMode;
    /* The current process is the one that sent the request: only then does a handle in it mean what the client meant.
     */
    BOOLEAN InRequestorContext;
    TL_ABANDONED *Abandoned;
    PVOID Context;
} TL_CALLER;

/*
 * \brief Prepares the core: what Windows this is, and which optional services it has.
 * \return STATUS_SUCCESS, or what RtlGetVersion says; then the driver must not load.
 * IRQL: PASSIVE_LEVEL. Once, before any other call.
 */
_IRQL_requires_max_(PASSIVE_LEVEL)
_Must_inspect_result_ NTSTATUS TlCoreStart(_Out_ TL_CORE *Core);

/*
 * \brief Counts an opened and a closed file. Every opened file is closed once.
 * IRQL: any.
 */
VOID TlCoreOpened(_Inout_ TL_CORE *Core);
VOID TlCoreClosed(_Inout_ TL_CORE *Core);

/*
 * \brief Answers one request: validates it, runs it, writes the reply over it.
 * \param SystemBuffer the METHOD_BUFFERED buffer, holding InputLength bytes and having room for the larger of the two
 *        lengths; may be NULL only if both are 0. Nobody else writes to it during the call.
 * \param Information bytes of the reply; 0 with every failure.
 * \return STATUS_SUCCESS, or why there is no answer (docs/protocol.md, "Validation"). The state of a process is never a
 *         failure: it is a status in its record.
 * IRQL: PASSIVE_LEVEL, in the thread that sent the request, APCs enabled. Holds no lock across any kernel service.
 */
_IRQL_requires_max_(PASSIVE_LEVEL)
_Must_inspect_result_ NTSTATUS TlDispatch(_Inout_ TL_CORE *Core, _In_ const TL_CALLER *Caller, _In_ ULONG IoControlCode,
                                          _Inout_updates_bytes_opt_(max(InputLength, OutputLength)) PVOID SystemBuffer,
                                          _In_ ULONG InputLength, _In_ ULONG OutputLength,
                                          _Out_ ULONG_PTR *Information);
