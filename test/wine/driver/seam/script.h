/*
 * The scripted process table of the test build: what the kernel would say of a process, by its pid, from the service's
 * key `Parameters\Processes`. A value's name is the pid in decimal, its data a SCRIPTED (REG_BINARY). Written by the
 * harness.
 *
 * Test artefact: linked into trustlet-sim.sys only (facts/wine.md 8), never into what ships.
 */
#pragma once

#include "nt.h"

typedef struct _SCRIPTED
{
    /* NTSTATUS of the extended query; the rest counts only if it is 0. */
    UINT32 Status;
    UINT32 Flags;
    /* PS_PROTECTION; 0xFF: class 61 is unknown, as in Wine. */
    UINT8 Protection;
    UINT8 Reserved[3];
} SCRIPTED;

/*
 * \brief Looks a process up, each time anew: the table may change between two requests.
 * \return FALSE for a pid that is not in the table.
 * IRQL: PASSIVE_LEVEL.
 */
BOOLEAN ReadScript(_In_ ULONG_PTR Pid, _Out_ SCRIPTED *Scripted);

/*
 * \brief Reads a number of the service's `Parameters`.
 * \return FALSE if there is no such value.
 * IRQL: PASSIVE_LEVEL.
 */
BOOLEAN ReadParameter(_In_ PCWSTR Name, _Out_ UINT32 *Value);

/* \brief Leaves bytes in the service's `Parameters`, for a client to read. IRQL: PASSIVE_LEVEL. */
VOID WriteBytes(_In_ PCWSTR Name, _In_reads_bytes_(Length) PVOID Data, _In_ ULONG Length);
