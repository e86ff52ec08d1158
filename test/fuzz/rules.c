#include "rules.h"

#include <stdbool.h>

#include "bytes.h"

#define LARGEST_FIXED_PART 1024u
#define MOST_PIDS 4096u

static const FUZZ_SIZES Sizes[FUZZ_MESSAGES] = {
    {.Request = 24, .Reply = 72, .Record = 0},  {.Request = 24, .Reply = 16, .Record = 64},
    {.Request = 40, .Reply = 48, .Record = 64}, {.Request = 64, .Reply = 40, .Record = 64},
    {.Request = 72, .Reply = 48, .Record = 64}, {.Request = 16, .Reply = 128, .Record = 16},
};

const FUZZ_SIZES *FuzzSizesOf(uint32_t Message)
{
    return &Sizes[Message - 1];
}

uint32_t FuzzCodeOf(uint32_t Message)
{
    return 0x8E546400u + 4 * Message;
}

uint32_t FuzzMessageOf(uint32_t Code)
{
    for (uint32_t Message = 1; Message <= FUZZ_MESSAGES; Message++)
    {
        if (FuzzCodeOf(Message) == Code)
        {
            return Message;
        }
    }
    return 0;
}

static bool IsStated(uint32_t Stated, uint32_t Least)
{
    return Stated >= Least && Stated <= LARGEST_FIXED_PART && Stated % 8 == 0;
}

static uint32_t Least(uint32_t Left, uint32_t Right)
{
    return Left < Right ? Left : Right;
}

static bool AreZero(const uint8_t *Bytes, uint32_t From, uint32_t To)
{
    for (uint32_t Offset = From; Offset < To; Offset++)
    {
        if (Bytes[Offset] != 0)
        {
            return false;
        }
    }
    return true;
}

static bool IsTold(const uint8_t *Input, uint32_t Bit, uint32_t Offset, uint32_t Width)
{
    const bool Stated = (FuzzGet32(Input, 32) & Bit) != 0;
    return Stated ? FuzzGet(Input, Offset, Width) != 0 : FuzzGet(Input, Offset, Width) == 0;
}

static bool IsTarget(const uint8_t *Input)
{
    const uint32_t Kind = FuzzGet32(Input, 24);
    return Kind >= 1 && Kind <= 2 && IsTold(Input, 1, 36, 4) && IsTold(Input, 2, 40, 8) && IsTold(Input, 4, 48, 8);
}

static uint32_t ExpectedOfGuard(const uint8_t *Input)
{
    const uint32_t Operations = FuzzGet32(Input, 64);
    const uint32_t Accepted = FuzzGet32(Input, 68);
    if ((FuzzGet32(Input, 32) >> 3) != 0 || ((Operations | Accepted) >> 15) != 0)
    {
        return FUZZ_NOT_SUPPORTED;
    }
    if (!IsTarget(Input) || Operations == 0)
    {
        return FUZZ_INVALID_PARAMETER;
    }
    const uint32_t Foreign = FuzzGet32(Input, 24) == 1 ? FUZZ_THREAD_OPERATIONS : FUZZ_PROCESS_OPERATIONS;
    const bool Accepts = (Accepted & FUZZ_ISOLATION_OPERATIONS) == 0;
    return (Operations & Foreign) == 0 && Accepts ? FUZZ_SUCCESS : FUZZ_INVALID_PARAMETER;
}

/* Step 9. */
static uint32_t ExpectedOfValues(uint32_t Message, const uint8_t *Input)
{
    switch (Message)
    {
    case FUZZ_HELLO:
    {
        const uint32_t From = FuzzGet16(Input, 16);
        const uint32_t To = FuzzGet16(Input, 18);
        return FuzzGet32(Input, 20) == 0 && From != 0 && To >= From ? FUZZ_SUCCESS : FUZZ_INVALID_PARAMETER;
    }
    case FUZZ_QUERY:
        return FuzzGet32(Input, 20) == 0 ? FUZZ_SUCCESS : FUZZ_INVALID_PARAMETER;
    case FUZZ_CENSUS:
    {
        const uint32_t Flags = FuzzGet32(Input, 16);
        if (Flags > 1)
        {
            return FUZZ_NOT_SUPPORTED;
        }
        return Flags == 1 || AreZero(Input, 20, 40) ? FUZZ_SUCCESS : FUZZ_INVALID_PARAMETER;
    }
    case FUZZ_EXAMINE:
    case FUZZ_GUARD:
        if (FuzzGet64(Input, 56) != 0)
        {
            return FUZZ_INVALID_PARAMETER;
        }
        if (Message == FUZZ_GUARD)
        {
            return ExpectedOfGuard(Input);
        }
        if ((FuzzGet32(Input, 32) >> 3) != 0)
        {
            return FUZZ_NOT_SUPPORTED;
        }
        return IsTarget(Input) ? FUZZ_SUCCESS : FUZZ_INVALID_PARAMETER;
    default:
        return FUZZ_SUCCESS;
    }
}

uint32_t FuzzExpectedStatus(uint32_t Code, const uint8_t *Input, uint32_t InputLength, uint32_t OutputLength)
{
    const uint32_t Message = FuzzMessageOf(Code);
    if (Message == 0)
    {
        return FUZZ_INVALID_DEVICE_REQUEST;
    }
    if (InputLength < 16)
    {
        return FUZZ_INFO_LENGTH_MISMATCH;
    }
    const FUZZ_SIZES *Known = FuzzSizesOf(Message);
    const uint32_t Size = FuzzGet32(Input, 0);
    const uint32_t Version = FuzzGet16(Input, 4);
    const uint32_t ReplySize = FuzzGet32(Input, 8);
    const uint32_t RecordSize = FuzzGet32(Input, 12);
    if (FuzzGet16(Input, 6) != Message)
    {
        return FUZZ_INVALID_PARAMETER;
    }
    if (Version == 0 || (Version > 1 && Message != FUZZ_HELLO))
    {
        return FUZZ_REVISION_MISMATCH;
    }
    const bool RecordStated = Known->Record == 0 ? RecordSize == 0 : IsStated(RecordSize, Known->Record);
    if (!IsStated(Size, Known->Request) || Size > InputLength || !IsStated(ReplySize, Known->Reply) || !RecordStated)
    {
        return FUZZ_INFO_LENGTH_MISMATCH;
    }
    if (!AreZero(Input, Known->Request, Size))
    {
        return FUZZ_NOT_SUPPORTED;
    }
    uint32_t Pids = 0;
    if (Message == FUZZ_QUERY)
    {
        Pids = FuzzGet32(Input, 16);
        if (Pids == 0 || Pids > MOST_PIDS)
        {
            return FUZZ_INVALID_PARAMETER;
        }
    }
    if (InputLength != Size + 4 * Pids)
    {
        return FUZZ_INFO_LENGTH_MISMATCH;
    }
    const uint32_t Values = ExpectedOfValues(Message, Input);
    if (Values != FUZZ_SUCCESS)
    {
        return Values;
    }
    const uint32_t Records = Message == FUZZ_QUERY ? Pids : Message == FUZZ_EXAMINE || Message == FUZZ_GUARD;
    const uint32_t Need = Least(ReplySize, Known->Reply) + Records * Least(RecordSize, Known->Record);
    return OutputLength < Need ? FUZZ_BUFFER_TOO_SMALL : FUZZ_SUCCESS;
}
