/*
 * Wine runs every dispatch routine in a critical region, and KeAreAllApcsDisabled says TRUE there; on Windows a
 * critical region leaves special kernel APCs on, and the answer is FALSE (both measured, Wine 8.0: FALSE in
 * DriverEntry, TRUE there after KeEnterCriticalRegion). The sample as it is therefore refuses everything in Wine. Its
 * test build has this instead (facts/wine.md 8). Test artefact.
 */
#include "nt.h"

static BOOLEAN NTAPI NoApcIsDisabled(VOID)
{
    return FALSE;
}

/* Read by the linker in place of the import table's entry. */
extern PVOID __imp_KeAreAllApcsDisabled;
PVOID __imp_KeAreAllApcsDisabled = (PVOID)(ULONG_PTR)NoApcIsDisabled;
