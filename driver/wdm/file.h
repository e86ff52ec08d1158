/*
 * An open of the device, and the gate that its requests pass.
 *
 * The gate is a remove lock of which the open itself holds one share. Draining gives that share up and waits for all
 * others: from then on nobody enters, and nobody is inside. Windows asks for it with IRP_MJ_CLEANUP, when the last
 * handle is closed; Wine sends IRP_MJ_CLOSE alone, and unloads with files still open (facts/wine.md 1 and 7).
 */
#pragma once

#include "nt.h"

/* Every file that is open, for an unload that finds some. */
typedef struct _TL_FILE_LIST
{
    KSPIN_LOCK Lock;
    _Guarded_by_(Lock) LIST_ENTRY Files;
} TL_FILE_LIST;

typedef struct _TL_FILE
{
    LIST_ENTRY Entry;
    IO_REMOVE_LOCK Gate;
    /* Not 0 once the file is being drained: long requests give up. */
    volatile LONG Closing;
} TL_FILE;

/* \brief Makes an empty list, in memory that stays resident. IRQL: any. */
VOID TlInitializeFileList(_Out_ TL_FILE_LIST *List);

/*
 * \brief Makes a file and lists it.
 * \param File to be given to TlCloseFile once; NULL on failure.
 * \return STATUS_SUCCESS, STATUS_INSUFFICIENT_RESOURCES, or why the gate would not open.
 * IRQL: PASSIVE_LEVEL.
 */
_IRQL_requires_max_(PASSIVE_LEVEL)
_Must_inspect_result_ NTSTATUS TlOpenFile(_Inout_ TL_FILE_LIST *List, _Outptr_result_maybenull_ TL_FILE **File);

/*
 * \brief Enters a file for one request.
 * \param Request what enters, for whoever debugs a file that does not drain.
 * \return STATUS_SUCCESS, and the caller leaves with TlLeaveFile and the same Request; STATUS_DELETE_PENDING for a file
 *         that was drained.
 * Until it leaves, the thread is in a critical region: it cannot be suspended with its share, which whoever closes the
 * last handle waits for. Enter and leave in one thread. IRQL: up to APC_LEVEL.
 */
_IRQL_requires_max_(APC_LEVEL)
_Must_inspect_result_ NTSTATUS TlEnterFile(_Inout_ TL_FILE *File, _In_ PVOID Request);

/* \brief Leaves a file; it may be gone the moment this returns. IRQL: up to APC_LEVEL. */
_IRQL_requires_max_(APC_LEVEL)
VOID TlLeaveFile(_Inout_ TL_FILE *File, _In_ PVOID Request);

/*
 * \brief Shuts the gate and waits until every request has left. Does nothing the second time.
 * IRQL: PASSIVE_LEVEL, in no request of this file: it would wait for itself.
 */
_IRQL_requires_max_(PASSIVE_LEVEL)
VOID TlDrainFile(_Inout_ TL_FILE *File);

/* \return whether the file is being drained. IRQL: any. */
BOOLEAN TlIsFileClosing(_In_ const TL_FILE *File);

/* \brief Drains a file, takes it off the list, and frees it. IRQL: PASSIVE_LEVEL. */
_IRQL_requires_max_(PASSIVE_LEVEL)
VOID TlCloseFile(_Inout_ TL_FILE_LIST *List, _In_ TL_FILE *File);

/*
 * \return a file that is still open, or NULL. Nobody else may be closing files meanwhile.
 * IRQL: up to DISPATCH_LEVEL.
 */
_IRQL_requires_max_(DISPATCH_LEVEL)
TL_FILE *TlFirstFile(_Inout_ TL_FILE_LIST *List);
