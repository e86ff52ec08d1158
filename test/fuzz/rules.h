/*
 * The rules of docs/protocol.md, "Validation", once more: written from the document as a list of offsets and numbers,
 * sharing nothing with driver/core/validate.c, so that a mistake in one of the two shows as a disagreement.
 */
#pragma once

#include <stdint.h>

enum
{
    FUZZ_HELLO = 1,
    FUZZ_QUERY = 2,
    FUZZ_CENSUS = 3,
    FUZZ_EXAMINE = 4,
    FUZZ_GUARD = 5,
    FUZZ_STATS = 6,
    FUZZ_MESSAGES = 6
};

#define FUZZ_SUCCESS 0u
#define FUZZ_INFO_LENGTH_MISMATCH 0xC0000004u
#define FUZZ_INVALID_PARAMETER 0xC000000Du
#define FUZZ_INVALID_DEVICE_REQUEST 0xC0000010u
#define FUZZ_BUFFER_TOO_SMALL 0xC0000023u
#define FUZZ_REVISION_MISMATCH 0xC0000059u
#define FUZZ_NOT_SUPPORTED 0xC00000BBu

/* Bits of operations (lib/guard/operations.ts, in order). */
#define FUZZ_ISOLATION_OPERATIONS 0x0FFFu
#define FUZZ_AVAILABILITY_OPERATIONS 0x7000u
#define FUZZ_THREAD_OPERATIONS 0x1481u
#define FUZZ_PROCESS_OPERATIONS 0x6B7Eu

/* What a message's structures measure. */
typedef struct _FUZZ_SIZES
{
    uint32_t Request;
    uint32_t Reply;
    /* 0: no records. */
    uint32_t Record;
} FUZZ_SIZES;

/* \return the sizes of a message, 1 to 6. */
const FUZZ_SIZES *FuzzSizesOf(uint32_t Message);

/* \return the control code of a message. */
uint32_t FuzzCodeOf(uint32_t Message);

/* \return the message of a control code, 0 for a foreign one. */
uint32_t FuzzMessageOf(uint32_t Code);

/* \return the status a request must get from validation. */
uint32_t FuzzExpectedStatus(uint32_t Code, const uint8_t *Input, uint32_t InputLength, uint32_t OutputLength);
