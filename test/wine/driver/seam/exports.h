/* Test artefact: how the seam finds what it has put itself in front of. */
#pragma once

#include "nt.h"

/*
 * \brief A routine of the module that holds some address, by the module's own export directory. Needed for
 * MmGetSystemRoutineAddress itself, which is answered here.
 * \param Inside any routine of that module
 * \return NULL if it is not exported, or forwarded
 */
PVOID FindExport(_In_ const VOID *Inside, _In_z_ const char *Name);
