/*
 * A mutator that knows steps: a step more, less or otherwise, and requests changed as grammar.c does.
 */
#include "steps.h"

#include "bytes.h"
#include "world.h"

size_t LLVMFuzzerMutate(uint8_t *Data, size_t Size, size_t MaxSize);
size_t LLVMFuzzerCustomMutator(uint8_t *Data, size_t Size, size_t MaxSize, unsigned int Seed);

const FUZZ_WORDS *FuzzStepWords;

const uint8_t FuzzServiceSid[FUZZ_SID_LENGTH] = {1, 6, 0, 0, 0, 0, 0, 5, 80, 0, 0, 0, 1, 0, 0, 0,
                                                 2, 0, 0, 0, 3, 0, 0, 0, 4,  0, 0, 0, 5, 0, 0, 0};

/* As many operands as a kind reads; what follows is the next step. */
static const uint8_t Operands[STEP_KINDS] = {0, 1, 1, 2, 2, 1, 2, 1, 1, 2, 3, 1, 4, 2};

static size_t GenerateStep(FUZZ_RANDOM *Random, uint8_t *Data)
{
    const uint8_t Kind = (uint8_t)(FuzzOnceIn(Random, 2) ? STEP_REQUEST : FuzzBelow(Random, STEP_KINDS));
    Data[0] = Kind;
    if (Kind != STEP_REQUEST)
    {
        for (uint32_t Index = 1; Index <= Operands[Kind]; Index++)
        {
            Data[Index] = (uint8_t)FuzzBelow(Random, 16);
        }
        return 1u + Operands[Kind];
    }
    Data[1] = (uint8_t)FuzzBelow(Random, FuzzOnceIn(Random, 2) ? 1 : STEP_FILES);
    Data[2] = (uint8_t)(FuzzOnceIn(Random, 8) ? FuzzBelow(Random, 4) : 0);
    const size_t Length = FuzzGenerateRequest(Random, FuzzStepWords, Data + STEP_REQUEST_HEAD);
    FuzzPut(Data, 3, 2, Length);
    FuzzWriteEvent(Data + 5, FuzzGenerateEvent(Random));
    return STEP_REQUEST_HEAD + Length;
}

#define LONGEST_STEP (STEP_REQUEST_HEAD + FUZZ_LONGEST_REQUEST)

/* Where steps start, as the reader above finds them. \return how many. */
static uint32_t FindSteps(const uint8_t *Data, size_t Size, size_t Starts[STEPS_MOST + 1])
{
    uint32_t Count = 0;
    size_t At = STEPS_HEAD;
    while (At < Size && Count < STEPS_MOST)
    {
        const uint8_t Kind = Data[At] % STEP_KINDS;
        Starts[Count++] = At;
        if (Kind == STEP_REQUEST)
        {
            At += STEP_REQUEST_HEAD + (At + 5 <= Size ? FuzzGet16(Data, (uint32_t)At + 3) : 0u);
        }
        else
        {
            At += 1u + Operands[Kind];
        }
    }
    Starts[Count] = At < Size ? At : Size;
    return Count;
}

static size_t GenerateLife(FUZZ_RANDOM *Random, uint8_t *Data, size_t MaxSize)
{
    Data[0] = (uint8_t)FuzzBelow(Random, FUZZ_VARIANTS);
    Data[1] = FuzzOnceIn(Random, 8) ? SID_WHOLE : SID_NONE;
    size_t Size = STEPS_HEAD;
    if (FuzzOnceIn(Random, 16))
    {
        /* One that is whole but for a byte. */
        Data[1] = SID_RAW;
        Data[2] = (uint8_t)FUZZ_SID_LENGTH;
        memcpy(Data + 3, FuzzServiceSid, FUZZ_SID_LENGTH);
        Data[3 + FuzzBelow(Random, FUZZ_SID_LENGTH)] ^= (uint8_t)FuzzBelow(Random, 256);
        Size = 3 + FUZZ_SID_LENGTH;
    }
    Data[Size++] = STEP_OPEN;
    Data[Size++] = 0;
    for (uint32_t Steps = 1 + FuzzBelow(Random, 6); Steps > 0 && Size + LONGEST_STEP <= MaxSize; Steps--)
    {
        Size += GenerateStep(Random, Data + Size);
    }
    return Size;
}

size_t LLVMFuzzerCustomMutator(uint8_t *Data, size_t Size, size_t MaxSize, unsigned int Seed)
{
    static uint8_t Step[LONGEST_STEP];
    size_t Starts[STEPS_MOST + 1];
    FUZZ_RANDOM Random = FuzzSeed(Seed);
    const uint32_t Choice = FuzzBelow(&Random, 12);
    if (MaxSize < 2 * LONGEST_STEP || Size > MaxSize - LONGEST_STEP || Choice == 0)
    {
        return LLVMFuzzerMutate(Data, Size, MaxSize);
    }
    if (Size < 4 || Choice == 1)
    {
        return GenerateLife(&Random, Data, MaxSize);
    }
    const uint32_t Count = FindSteps(Data, Size, Starts);
    if (Count == 0)
    {
        return GenerateLife(&Random, Data, MaxSize);
    }
    const uint32_t Which = FuzzBelow(&Random, Count);
    const size_t Start = Starts[Which];
    const size_t End = Starts[Which + 1] < Size ? Starts[Which + 1] : Size;
    switch (Choice)
    {
    case 2:
        Data[0] = (uint8_t)FuzzBelow(&Random, FUZZ_VARIANTS);
        return Size;
    case 3: /* a step less */
        memmove(Data + Start, Data + End, Size - End);
        return Size - (End - Start);
    case 4:
    case 5:
    case 6:
    { /* a step more */
        const size_t Length = GenerateStep(&Random, Step);
        memmove(Data + End + Length, Data + End, Size - End);
        memcpy(Data + End, Step, Length);
        return Size + Length;
    }
    default: /* a step otherwise */
        break;
    }
    if (Data[Start] % STEP_KINDS != STEP_REQUEST || Start + STEP_REQUEST_HEAD > Size)
    {
        if (End > Start + 1)
        {
            Data[Start + 1 + FuzzBelow(&Random, (uint32_t)(End - Start - 1))] = (uint8_t)FuzzBelow(&Random, 16);
        }
        return Size;
    }
    if (FuzzOnceIn(&Random, 3))
    {
        FuzzWriteEvent(Data + Start + 5, FuzzGenerateEvent(&Random));
        return Size;
    }
    /* The mutated request may have another length: the rest moves. */
    size_t Length = End - Start - STEP_REQUEST_HEAD;
    if (Length > FUZZ_LONGEST_REQUEST)
    {
        return Size;
    }
    memcpy(Step, Data + Start, End - Start);
    Length = FuzzMutateRequest(&Random, FuzzStepWords, Step + STEP_REQUEST_HEAD, Length);
    FuzzPut(Step, 3, 2, Length);
    memmove(Data + Start + STEP_REQUEST_HEAD + Length, Data + End, Size - End);
    memcpy(Data + Start, Step, STEP_REQUEST_HEAD + Length);
    return Size - (End - Start) + STEP_REQUEST_HEAD + Length;
}
