/*
 * The scenario table of the test build: a whole machine, in the bytes that the simulated kernel loads too
 * (driver/ntsim/table.h, lib/testing/scenario-table.ts), from the service's `Parameters\ScenarioTable`. It applies while
 * `ScenarioSerial` is not 0, and is read anew when that number changes, so that a running driver can be given another
 * machine. The pids and tids in it are those of real processes: whoever writes it has started them.
 *
 * A process in the table answers as the table says; what the table does not have, Wine answers. Test artefact: linked into
 * trustlet-sim.sys only (facts/wine.md 8). Wine dispatches in one thread (facts/wine.md 0), so nothing here is locked.
 */
#pragma once

#include "../../../../driver/ntsim/table.h"
#include "nt.h"

/* \return the table that applies now, NULL for none. Valid until the next call. IRQL: PASSIVE_LEVEL. */
const ntsim_table_header *CurrentTable(VOID);

/* \return the process of that pid in the table that CurrentTable returned last, NULL for none. */
const ntsim_table_process *FindInTable(_In_ ULONG_PTR Pid);

const ntsim_table_process *ProcessInTable(_In_ UINT32 Index);
const UINT32 *ThreadsInTable(VOID);
const UINT8 *TextInTable(VOID);
BOOLEAN IsClassMissing(_In_ UINT32 Class);

/*
 * \brief Counts a call against the table's faults, as ntsim_fails does.
 * \param Process whom it is about; NULL: nobody in particular
 * \return TRUE if the call is to fail, with Status
 */
BOOLEAN Fails(_In_ UINT32 Call, _In_ INT32 Class, _In_opt_ const ntsim_table_process *Process, _Out_ NTSTATUS *Status);
