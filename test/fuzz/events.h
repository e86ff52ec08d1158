/*
 * One thing that goes wrong, or happens, at one call of one kernel service: the part of a fuzz input that is not a
 * request.
 */
#pragma once

#include <stdint.h>

#include "random.h"

#define FUZZ_EVENT_SIZE 6u

typedef struct _FUZZ_EVENT
{
    uint8_t Kind;
    uint8_t Service;
    /* Which call from now: 1 the next; 0 every one, for a failure. */
    uint8_t Nth;
    /* Whom, or which status. */
    uint8_t Target;
    uint16_t Argument;
} FUZZ_EVENT;

FUZZ_EVENT FuzzReadEvent(const uint8_t *Bytes);
void FuzzWriteEvent(uint8_t *Bytes, FUZZ_EVENT Event);
FUZZ_EVENT FuzzGenerateEvent(FUZZ_RANDOM *Random);

/* \brief Arms an event in the world; most kinds mark it disturbed. */
void FuzzArm(FUZZ_EVENT Event);

/* \brief Disarms what has not happened, and waits for a thread that an event started. */
void FuzzDisarm(void);

/* The file that an event closes from another thread, in the middle of a request to it. */
void FuzzAimAtFile(void *File);

/* \return whether the event closed the file. */
int FuzzWasFileClosed(void);
