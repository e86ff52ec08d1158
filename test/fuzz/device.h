/*
 * The agent's side of the device: opens, sends a fuzzed request, and holds the answer against the rules and the truth.
 */
#pragma once

#include "events.h"
#include "grammar.h"

/* How a request comes to the driver: bits of one byte of a fuzz input. */
#define FUZZ_FROM_KERNEL_MODE 1u
#define FUZZ_IN_FOREIGN_CONTEXT 2u
/* The file has another handle, so that closing this one does not end it: no event closes it. Never in an input. */
#define FUZZ_SHARED_FILE 0x80u

/* \return the agent's handle of the device, or NULL. */
void *FuzzOpenDevice(void);

/*
 * \brief Sends a request while an event is armed, and checks what comes back.
 * \return whether the file is still open; an event may have closed it.
 */
int FuzzSend(void *File, const FUZZ_REQUEST *Request, uint8_t How, FUZZ_EVENT Event);
