/*
 * What must hold of every reply, compared with the truth of the world. Offsets are those of docs/protocol.md.
 */
#pragma once

#include <stdint.h>

typedef struct _FUZZ_REPLY
{
    uint32_t Message;
    const uint8_t *Input;
    uint32_t OutputLength;
    const uint8_t *Output;
    uint64_t Information;
} FUZZ_REPLY;

/* \brief Requires that a reply to an accepted request is whole, in bounds, silent about what it does not know, and
 * true. */
void FuzzCheckReply(const FUZZ_REPLY *Reply);
