/*
 * One reading of the kernel's process list (class 5), indexed and in census order.
 */
#pragma once

#include "nt.h"
#include "system.h"
#include "trustlet_protocol.h"

/*
 * Where a process stands in every census of one boot. Windows numbers its processes; where it does not say the number
 * (before 1709, in Wine), create time and pid stand in for it. Constant while the process lives, and no two living
 * processes share one.
 */
typedef struct _TL_CENSUS_KEY
{
    UINT64 Sequence;
    UINT64 CreateTime;
    UINT32 Pid;
} TL_CENSUS_KEY;

/* \return less than 0, 0, or more than 0, as Left comes before, is, or comes after Right. IRQL: any. */
LONG TlCompareCensusKeys(_In_ const TL_CENSUS_KEY *Left, _In_ const TL_CENSUS_KEY *Right);

/* One process as the list shows it. */
typedef struct _TL_LISTED_PROCESS
{
    TL_CENSUS_KEY Key;
    UINT32 ParentPid;
    UINT32 SessionId;
    /* Within the list's buffer; NameLength bytes, even. */
    const UINT8 *Name;
    UINT16 NameLength;
    UINT8 Classification;
    BOOLEAN HasClassification;
} TL_LISTED_PROCESS;

typedef struct _TL_PROCESS_LIST
{
    PVOID Buffer;
    TL_LISTED_PROCESS *Processes;
    UINT32 Count;
    /* How often the list had grown between the question for its length and the question for it. */
    UINT32 Restarts;
} TL_PROCESS_LIST;

/*
 * \brief Reads the list and sorts it by census key.
 * \param List to be freed with TlFreeProcessList, on success only; empty on failure.
 * \return STATUS_SUCCESS; STATUS_INSUFFICIENT_RESOURCES; STATUS_DATA_ERROR for a list that contradicts itself; or the
 *         query's status.
 * IRQL: PASSIVE_LEVEL.
 */
_IRQL_requires_max_(PASSIVE_LEVEL)
_Must_inspect_result_ NTSTATUS TlReadProcessList(_In_ const TL_SYSTEM *System, _Out_ TL_PROCESS_LIST *List);

/* \brief Frees a list; a freed or empty one is allowed. IRQL: up to APC_LEVEL. */
_IRQL_requires_max_(APC_LEVEL)
VOID TlFreeProcessList(_Inout_ TL_PROCESS_LIST *List);
