/*
 * What the kernel of the scenario's machine answers, from the table, in the words of driver/ntsim. Test artefact, see
 * table.h. IRQL of all: PASSIVE_LEVEL, after CurrentTable returned a table.
 */
#pragma once

#include "table.h"

/* Class 0, 64 bytes. \param Basic what Wine says of the real process. */
NTSTATUS AnswerExtended(_In_ const ntsim_table_process *Process, _In_ const TL_BASIC_INFORMATION *Basic,
                        _Out_ TL_EXTENDED_BASIC_INFORMATION *Information, _Out_ ULONG *Returned);

/* Class 61. */
NTSTATUS AnswerProtection(_In_ const ntsim_table_process *Process, _Out_writes_bytes_(Length) UINT8 *Protection,
                          _In_ ULONG Length, _Out_ ULONG *Returned);

/* System class 165. */
NTSTATUS AnswerIsolatedUserMode(_Out_ TL_ISOLATED_USER_MODE_INFORMATION *Information, _Out_ ULONG *Returned);

/* System class 5: the table's processes that run, and nobody else. */
NTSTATUS AnswerProcessList(_Out_writes_bytes_(Length) UINT8 *List, _In_ ULONG Length, _Out_ ULONG *Returned);

/* Does the real process run? Pid 0 does. */
BOOLEAN IsRunning(_In_ UINT32 Pid);
