/*
 * Requests as fuzz input, and a mutator that knows their shape, so that most of what it makes is accepted.
 *
 * A request in a fuzz input: u32 control code, u32 output length, u32 input length, then bytes. Where the input is
 * longer than the bytes, its rest repeats the last four: 4,096 pids need no 16 KB of corpus.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "random.h"

#define FUZZ_REQUEST_HEAD 12u
/* More than the longest valid request, 1,024 + 4 * 4,096 bytes. */
#define FUZZ_LONGEST_INPUT 20000u
/* More than the longest reply that a request fixes, 72 + 64 * 4,096 bytes. */
#define FUZZ_LONGEST_OUTPUT 0x48000u
/* What a mutator writes at most for one request. */
#define FUZZ_LONGEST_REQUEST 1280u

typedef struct _FUZZ_REQUEST
{
    uint32_t Code;
    uint32_t OutputLength;
    uint32_t InputLength;
    const uint8_t *Bytes;
    uint32_t ByteCount;
} FUZZ_REQUEST;

/* Values that mean something where the requests go: those of a scene. */
typedef struct _FUZZ_WORDS
{
    const uint64_t *Handles;
    uint32_t HandleCount;
    const uint32_t *Pids;
    uint32_t PidCount;
    const uint64_t *CreateTimes;
    uint32_t CreateTimeCount;
    const uint64_t *StartKeys;
    uint32_t StartKeyCount;
} FUZZ_WORDS;

/* \brief Reads a request; what is missing is 0, and an input length beyond the longest is cut. */
FUZZ_REQUEST FuzzParseRequest(const uint8_t *Data, size_t Size);

/* \brief Writes a request's InputLength bytes. */
void FuzzWriteInput(const FUZZ_REQUEST *Request, uint8_t *Input);

/* \brief Makes a request of a random message, mostly a valid one. \return its length, at most FUZZ_LONGEST_REQUEST. */
size_t FuzzGenerateRequest(FUZZ_RANDOM *Random, const FUZZ_WORDS *Words, uint8_t *Data);

/* \brief Makes a valid request of one message. \return its length. */
size_t FuzzGenerateValid(FUZZ_RANDOM *Random, const FUZZ_WORDS *Words, uint32_t Message, uint8_t *Data);

/* \brief Changes a request in place. Data has room for FUZZ_LONGEST_REQUEST. \return its new length. */
size_t FuzzMutateRequest(FUZZ_RANDOM *Random, const FUZZ_WORDS *Words, uint8_t *Data, size_t Size);

/* \brief Mixes two fuzz inputs that are one request each. \return the length, at most FUZZ_LONGEST_REQUEST. */
size_t FuzzCrossRequests(FUZZ_RANDOM *Random, const uint8_t *Left, size_t LeftSize, const uint8_t *Right,
                         size_t RightSize, uint8_t *Data);

/* A field of a request: where it stands and how wide it is. */
typedef struct _FUZZ_FIELD
{
    uint32_t Offset;
    uint32_t Width;
} FUZZ_FIELD;

/* \return the fields of a message's request, the header's among them. */
const FUZZ_FIELD *FuzzFieldsOf(uint32_t Message, uint32_t *Count);

/* Numbers that stand at or beside some limit. */
extern const uint64_t FuzzEdges[];
extern const uint32_t FuzzEdgeCount;
