/*
 * What must hold of one process record, wherever it stands.
 */
#pragma once

#include "world.h"

/* \brief Requires that a record says nothing it does not know, and nothing that is false. */
void FuzzCheckRecord(const uint8_t *Record);

/* \brief Requires that a record says all that there is to know. Process NULL: nobody. */
void FuzzCheckAnswer(const uint8_t *Record, const FUZZ_PROCESS *Process);
