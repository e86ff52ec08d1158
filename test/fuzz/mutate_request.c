/*
 * Changes a request so that most of it stays valid.
 */
#include "bytes.h"
#include "grammar.h"
#include "rules.h"

static uint64_t NearOrEdge(FUZZ_RANDOM *Random, uint64_t Old)
{
    switch (FuzzBelow(Random, 6))
    {
    case 0:
        return Old + 1;
    case 1:
        return Old - 1;
    case 2:
        return Old + 8;
    case 3:
        return Old - 8;
    case 4:
        return Old ^ 1ull << FuzzBelow(Random, 64);
    default:
        return FuzzEdges[FuzzBelow(Random, FuzzEdgeCount)];
    }
}

/* A field of the request, or of its head, gets another value. */
static void ChangeField(FUZZ_RANDOM *Random, uint8_t *Data, size_t Size)
{
    const uint32_t Message = FuzzMessageOf(FuzzGet32(Data, 0));
    uint32_t Count = 0;
    const FUZZ_FIELD *Fields = FuzzFieldsOf(Message == 0 ? FUZZ_GUARD : Message, &Count);
    const uint32_t Choice = FuzzBelow(Random, Count + 3);
    const FUZZ_FIELD Field = Choice < Count
                                 ? (FUZZ_FIELD){FUZZ_REQUEST_HEAD + Fields[Choice].Offset, Fields[Choice].Width}
                                 : (FUZZ_FIELD){4 * (Choice - Count), 4};
    if (Field.Offset + Field.Width <= Size)
    {
        FuzzPut(Data, Field.Offset, Field.Width, NearOrEdge(Random, FuzzGet(Data, Field.Offset, Field.Width)));
    }
}

static void ChangeByte(FUZZ_RANDOM *Random, uint8_t *Data, size_t Size)
{
    if (Size > 0)
    {
        Data[FuzzBelow(Random, (uint32_t)Size)] ^= (uint8_t)(1u << FuzzBelow(Random, 8));
    }
}

/* The input length that the request itself states, and an output length with room. */
static void Repair(FUZZ_RANDOM *Random, uint8_t *Data, size_t Size)
{
    if (Size < FUZZ_REQUEST_HEAD + 24)
    {
        return;
    }
    const uint8_t *Input = Data + FUZZ_REQUEST_HEAD;
    const uint32_t Message = FuzzMessageOf(FuzzGet32(Data, 0));
    const uint32_t Pids = Message == FUZZ_QUERY ? FuzzGet32(Input, 16) : 0;
    FuzzPut(Data, 8, 4, FuzzGet32(Input, 0) + 4 * Pids);
    if (FuzzOnceIn(Random, 2))
    {
        const uint32_t Records = Message == FUZZ_QUERY ? Pids : FuzzBelow(Random, 24) + 1;
        FuzzPut(Data, 4, 4, FuzzGet32(Input, 8) + Records * FuzzGet32(Input, 12));
    }
}

size_t FuzzGenerateRequest(FUZZ_RANDOM *Random, const FUZZ_WORDS *Words, uint8_t *Data)
{
    const size_t Size = FuzzGenerateValid(Random, Words, 1 + FuzzBelow(Random, FUZZ_MESSAGES), Data);
    if (FuzzOnceIn(Random, 3))
    {
        ChangeField(Random, Data, Size);
    }
    return Size;
}

/* Thousands of pids take milliseconds: now and then is enough. */
static void Thin(FUZZ_RANDOM *Random, uint8_t *Data, size_t Size)
{
    const uint8_t *Input = Data + FUZZ_REQUEST_HEAD;
    if (Size >= FUZZ_REQUEST_HEAD + 24 && FuzzMessageOf(FuzzGet32(Data, 0)) == FUZZ_QUERY &&
        FuzzGet32(Input, 16) > 64 && FuzzGet32(Input, 16) <= 4096 && !FuzzOnceIn(Random, 200))
    {
        FuzzPut(Data + FUZZ_REQUEST_HEAD, 16, 4, 1 + FuzzBelow(Random, 8));
        FuzzPut(Data, 8, 4, FuzzGet32(Input, 0) + 4 * FuzzGet32(Input, 16));
    }
}

size_t FuzzMutateRequest(FUZZ_RANDOM *Random, const FUZZ_WORDS *Words, uint8_t *Data, size_t Size)
{
    if (Size < FUZZ_REQUEST_HEAD + 16 || FuzzOnceIn(Random, 2))
    {
        return FuzzGenerateRequest(Random, Words, Data);
    }
    for (uint32_t Changes = 1 + FuzzBelow(Random, 2); Changes > 0; Changes--)
    {
        if (FuzzOnceIn(Random, 4))
        {
            ChangeByte(Random, Data, Size);
        }
        else
        {
            ChangeField(Random, Data, Size);
        }
    }
    if (FuzzOnceIn(Random, 2))
    {
        Repair(Random, Data, Size);
    }
    Thin(Random, Data, Size);
    return Size;
}

size_t FuzzCrossRequests(FUZZ_RANDOM *Random, const uint8_t *Left, size_t LeftSize, const uint8_t *Right,
                         size_t RightSize, uint8_t *Data)
{
    size_t Size = LeftSize < FUZZ_LONGEST_REQUEST ? LeftSize : FUZZ_LONGEST_REQUEST;
    memcpy(Data, Left, Size);
    const size_t Common = Size < RightSize ? Size : RightSize;
    for (size_t Offset = 0; Offset + 4 <= Common; Offset += 4)
    {
        if (FuzzOnceIn(Random, 2))
        {
            memcpy(Data + Offset, Right + Offset, 4);
        }
    }
    return Size;
}
