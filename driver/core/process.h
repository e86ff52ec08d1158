/*
 * What the kernel says of one process, as the record that goes over the wire.
 */
#pragma once

#include "nt.h"
#include "system.h"
#include "trustlet_protocol.h"
#include "verdict.h"

/*
 * \brief Asks about a process the caller holds a reference to, through a kernel handle of the driver's own with
 *        PROCESS_QUERY_LIMITED_INFORMATION: whatever rights a client has do not matter here, and none are given to it.
 * \param Record what was found out, and judged. Every member is defined.
 * \return the judgement, the same as in the record.
 * IRQL: PASSIVE_LEVEL, APCs enabled, no lock held. Opens and closes one kernel handle.
 */
_IRQL_requires_max_(PASSIVE_LEVEL)
TL_JUDGEMENT
TlReadProcess(_In_ PEPROCESS Process, _In_ const TL_SYSTEM *System, _Out_ TL_PROCESS_RECORD *Record);

/*
 * \brief The same for a pid: references the process, asks, lets go of it.
 *
 * A pid that finds a process with another pid (the kernel ignores the low two bits) is nobody's.
 *
 * IRQL: PASSIVE_LEVEL, APCs enabled, no lock held.
 */
_IRQL_requires_max_(PASSIVE_LEVEL)
TL_JUDGEMENT
TlReadProcessById(_In_ UINT32 Pid, _In_ const TL_SYSTEM *System, _Out_ TL_PROCESS_RECORD *Record);

/*
 * \brief References the process of a pid.
 * \param Process a referenced process, which the caller dereferences; NULL on failure.
 * \return STATUS_SUCCESS; STATUS_INVALID_CID where no process has exactly this pid, whatever this Windows calls it.
 * IRQL: PASSIVE_LEVEL.
 */
_IRQL_requires_max_(PASSIVE_LEVEL)
_Must_inspect_result_ NTSTATUS TlReferenceProcessById(_In_ UINT32 Pid, _Outptr_result_maybenull_ PEPROCESS *Process);

/* \brief Writes a judgement into a record. IRQL: any. */
VOID TlRecordJudgement(_Inout_ TL_PROCESS_RECORD *Record, _In_ TL_JUDGEMENT Judgement);
