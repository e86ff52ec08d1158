#include "grammar.h"

#include "bytes.h"
#include "rules.h"

#define HEADER_FIELDS                                                                                                  \
    {0, 4}, {4, 2}, {6, 2}, {8, 4},                                                                                    \
    {                                                                                                                  \
        12, 4                                                                                                          \
    }
#define TARGET_FIELDS                                                                                                  \
    {16, 8}, {24, 4}, {28, 4}, {32, 4}, {36, 4}, {40, 8}, {48, 8},                                                     \
    {                                                                                                                  \
        56, 8                                                                                                          \
    }

static const FUZZ_FIELD HelloFields[] = {HEADER_FIELDS, {16, 2}, {18, 2}, {20, 4}};
static const FUZZ_FIELD QueryFields[] = {HEADER_FIELDS, {16, 4}, {20, 4}};
static const FUZZ_FIELD CensusFields[] = {HEADER_FIELDS, {16, 4}, {20, 4}, {24, 8}, {32, 8}};
static const FUZZ_FIELD ExamineFields[] = {HEADER_FIELDS, TARGET_FIELDS};
static const FUZZ_FIELD GuardFields[] = {HEADER_FIELDS, TARGET_FIELDS, {64, 4}, {68, 4}};
static const FUZZ_FIELD StatsFields[] = {HEADER_FIELDS};

#define COUNT_OF(Array) ((uint32_t)(sizeof(Array) / sizeof((Array)[0])))

static const struct
{
    const FUZZ_FIELD *Fields;
    uint32_t Count;
} FieldsOf[FUZZ_MESSAGES] = {
    {HelloFields, COUNT_OF(HelloFields)},   {QueryFields, COUNT_OF(QueryFields)},
    {CensusFields, COUNT_OF(CensusFields)}, {ExamineFields, COUNT_OF(ExamineFields)},
    {GuardFields, COUNT_OF(GuardFields)},   {StatsFields, COUNT_OF(StatsFields)},
};

const uint64_t FuzzEdges[] = {
    0,
    1,
    2,
    3,
    4,
    5,
    6,
    7,
    8,
    9,
    15,
    16,
    17,
    23,
    24,
    25,
    31,
    32,
    39,
    40,
    41,
    47,
    48,
    56,
    63,
    64,
    65,
    71,
    72,
    73,
    79,
    80,
    120,
    127,
    128,
    129,
    136,
    1016,
    1017,
    1023,
    1024,
    1025,
    1032,
    2048,
    4095,
    4096,
    4097,
    0x1000,
    0x3FFF,
    0x4000,
    0x7000,
    0x7FFF,
    0x8000,
    0xFFF8,
    0xFFFF,
    0x10000,
    0x7FFFFFFF,
    0x80000000,
    0xFFFFFFF8,
    0xFFFFFFFF,
    0x100000000u,
    0x7FFFFFFFFFFFFFFFu,
    0x8000000000000000u,
    0xFFFFFFFFFFFFFFFEu,
    0xFFFFFFFFFFFFFFFFu,
};
const uint32_t FuzzEdgeCount = COUNT_OF(FuzzEdges);

const FUZZ_FIELD *FuzzFieldsOf(uint32_t Message, uint32_t *Count)
{
    *Count = FieldsOf[Message - 1].Count;
    return FieldsOf[Message - 1].Fields;
}

FUZZ_REQUEST FuzzParseRequest(const uint8_t *Data, size_t Size)
{
    uint32_t Head[FUZZ_REQUEST_HEAD / 4] = {0};
    const size_t HeadSize = Size < sizeof(Head) ? Size : sizeof(Head);
    memcpy(Head, Data, HeadSize);
    const FUZZ_REQUEST Request = {
        .Code = Head[0],
        .OutputLength = Head[1],
        .InputLength = Head[2] < FUZZ_LONGEST_INPUT ? Head[2] : FUZZ_LONGEST_INPUT,
        .Bytes = Data + HeadSize,
        .ByteCount = (uint32_t)(Size - HeadSize),
    };
    return Request;
}

void FuzzWriteInput(const FUZZ_REQUEST *Request, uint8_t *Input)
{
    const uint32_t Given = Request->ByteCount < Request->InputLength ? Request->ByteCount : Request->InputLength;
    memcpy(Input, Request->Bytes, Given);
    for (uint32_t Offset = Given; Offset < Request->InputLength; Offset++)
    {
        Input[Offset] = Given < 4 ? 0 : Input[Offset - 4];
    }
}

/* ---- making requests ---- */

static uint64_t Among64(FUZZ_RANDOM *Random, const uint64_t *Values, uint32_t Count)
{
    return Count == 0 || FuzzOnceIn(Random, 8) ? FuzzEdges[FuzzBelow(Random, FuzzEdgeCount)]
                                               : Values[FuzzBelow(Random, Count)];
}

static uint32_t Among32(FUZZ_RANDOM *Random, const uint32_t *Values, uint32_t Count)
{
    return Count == 0 || FuzzOnceIn(Random, 8) ? (uint32_t)FuzzEdges[FuzzBelow(Random, FuzzEdgeCount)]
                                               : Values[FuzzBelow(Random, Count)];
}

static uint64_t NotZero(uint64_t Value)
{
    return Value == 0 ? 1 : Value;
}

/* A size as this client, or as a newer one, would state it. */
static uint32_t Stated(FUZZ_RANDOM *Random, uint32_t Known)
{
    if (Known == 0 || !FuzzOnceIn(Random, 4))
    {
        return Known;
    }
    const uint32_t Room = (1024 - Known) / 8;
    return Known + 8 * (FuzzOnceIn(Random, 4) ? Room : FuzzBelow(Random, FuzzOnceIn(Random, 2) ? 3 : Room + 1));
}

static void GenerateTarget(FUZZ_RANDOM *Random, const FUZZ_WORDS *Words, uint8_t *Input)
{
    /* One expectation set at a time tells a wrong comparison apart from a right refusal. */
    static const uint32_t Expectations[] = {0, 0, 0, 1, 2, 4, 3, 5, 6, 7};
    static const uint32_t Accesses[] = {0, 0, 0x1000, 0x800, 0x10, 0x400, 0x1FFFFF, 0x100000};
    const uint32_t Expect = Expectations[FuzzBelow(Random, COUNT_OF(Expectations))];
    FuzzPut(Input, 16, 8, Among64(Random, Words->Handles, Words->HandleCount));
    FuzzPut(Input, 24, 4, 1 + FuzzBelow(Random, 2));
    FuzzPut(Input, 28, 4, Accesses[FuzzBelow(Random, COUNT_OF(Accesses))]);
    FuzzPut(Input, 32, 4, Expect);
    if ((Expect & 1) != 0)
    {
        const uint32_t Pid = Among32(Random, Words->Pids, Words->PidCount);
        FuzzPut(Input, 36, 4, NotZero(Pid));
    }
    if ((Expect & 2) != 0)
    {
        FuzzPut(Input, 40, 8, NotZero(Among64(Random, Words->CreateTimes, Words->CreateTimeCount)));
    }
    if ((Expect & 4) != 0)
    {
        FuzzPut(Input, 48, 8, NotZero(Among64(Random, Words->StartKeys, Words->StartKeyCount)));
    }
}

static void GenerateOperations(FUZZ_RANDOM *Random, uint8_t *Input)
{
    const uint32_t OfKind = FuzzGet32(Input, 24) == 1 ? FUZZ_PROCESS_OPERATIONS : FUZZ_THREAD_OPERATIONS;
    uint32_t Operations = OfKind & (uint32_t)FuzzWord(Random);
    if (FuzzOnceIn(Random, 2))
    {
        Operations &= FUZZ_AVAILABILITY_OPERATIONS;
    }
    if (Operations == 0 || FuzzOnceIn(Random, 2))
    {
        do
        {
            Operations = OfKind & (1u << FuzzBelow(Random, 15));
        } while (Operations == 0);
    }
    FuzzPut(Input, 64, 4, Operations);
    FuzzPut(Input, 68, 4, FuzzOnceIn(Random, 2) ? 0 : FUZZ_AVAILABILITY_OPERATIONS & (uint32_t)FuzzWord(Random));
}

static uint32_t GeneratePids(FUZZ_RANDOM *Random, const FUZZ_WORDS *Words, uint8_t *Pids)
{
    const uint32_t Most = FuzzOnceIn(Random, 8) ? 32 : 5;
    const uint32_t Written = 1 + FuzzBelow(Random, Most);
    for (uint32_t Index = 0; Index < Written; Index++)
    {
        FuzzPut(Pids, 4 * Index, 4, Among32(Random, Words->Pids, Words->PidCount));
    }
    return Written;
}

size_t FuzzGenerateValid(FUZZ_RANDOM *Random, const FUZZ_WORDS *Words, uint32_t Message, uint8_t *Data)
{
    const FUZZ_SIZES *Known = FuzzSizesOf(Message);
    uint8_t *Input = Data + FUZZ_REQUEST_HEAD;
    const uint32_t Size = Stated(Random, Known->Request);
    const uint32_t ReplySize = Stated(Random, Known->Reply);
    uint32_t Records = 0;
    uint32_t Bytes = Size;

    memset(Data, 0, FUZZ_LONGEST_REQUEST);
    FuzzPut(Input, 0, 4, Size);
    FuzzPut(Input, 4, 2, Message == FUZZ_HELLO && FuzzOnceIn(Random, 4) ? 1 + FuzzBelow(Random, 0xFFFF) : 1);
    FuzzPut(Input, 6, 2, Message);
    FuzzPut(Input, 8, 4, ReplySize);
    FuzzPut(Input, 12, 4, Stated(Random, Known->Record));
    uint32_t InputLength = Size;
    switch (Message)
    {
    case FUZZ_HELLO:
    {
        const uint32_t From = 1 + FuzzBelow(Random, FuzzOnceIn(Random, 4) ? 0xFFFF : 2);
        FuzzPut(Input, 16, 2, From);
        FuzzPut(Input, 18, 2, From + FuzzBelow(Random, 0x10000 - From));
        break;
    }
    case FUZZ_QUERY:
        Records = GeneratePids(Random, Words, Input + Size);
        Bytes += 4 * Records;
        if (FuzzOnceIn(Random, 256))
        {
            Records = FuzzOnceIn(Random, 8) ? 4096 : Records + FuzzBelow(Random, 300);
        }
        FuzzPut(Input, 16, 4, Records);
        InputLength += 4 * Records;
        break;
    case FUZZ_CENSUS:
        if (FuzzOnceIn(Random, 2))
        {
            FuzzPut(Input, 16, 4, 1);
            FuzzPut(Input, 20, 4, Among32(Random, Words->Pids, Words->PidCount));
            FuzzPut(Input, 24, 8, FuzzBelow(Random, 16));
            FuzzPut(Input, 32, 8, Among64(Random, Words->CreateTimes, Words->CreateTimeCount));
        }
        Records = FuzzBelow(Random, 24);
        break;
    case FUZZ_EXAMINE:
    case FUZZ_GUARD:
        Records = 1;
        GenerateTarget(Random, Words, Input);
        if (Message == FUZZ_GUARD)
        {
            GenerateOperations(Random, Input);
        }
        break;
    default:
        Records = FuzzBelow(Random, 24);
        break;
    }
    const uint32_t Need = ReplySize + Records * (Known->Record == 0 ? 0 : FuzzGet32(Input, 12));
    FuzzPut(Data, 0, 4, FuzzCodeOf(Message));
    FuzzPut(Data, 4, 4, Need + (FuzzOnceIn(Random, 2) ? 0 : FuzzBelow(Random, 1024)));
    FuzzPut(Data, 8, 4, InputLength);
    /* Zeros that the rule of repetition writes anyhow; kept now and then, so that one of them can be changed. */
    while (Bytes > 4 && !FuzzOnceIn(Random, 64) && FuzzGet32(Input, Bytes - 4) == 0 && FuzzGet32(Input, Bytes - 8) == 0)
    {
        Bytes -= 4;
    }
    return FUZZ_REQUEST_HEAD + Bytes;
}
