/*
 * validate_dump <output> <generated> <seed> [corpus file…]: what the driver's validator says of every corpus input, of
 * an enumeration around every limit, and of generated requests. scripts/validators.mjs asks the TypeScript validator
 * the same.
 *
 * The file: for each request u32 control code, u32 input length, u32 output length, u32 NTSTATUS, then the input.
 */
#include "validate.h"

#include "bytes.h"
#include "grammar.h"
#include "require.h"
#include "rules.h"

#define COUNT_OF(Array) ((uint32_t)(sizeof(Array) / sizeof((Array)[0])))

static FILE *Output;
static uint8_t Input[FUZZ_LONGEST_INPUT];

static const uint64_t Handles[] = {4, 8, 0xFFFFFFFFFFFFFFFFu, 0xFFFFFFFFFFFFFFFEu};
static const uint32_t Pids[] = {0, 4, 812, 900};
static const uint64_t Times[] = {0x01DB000000000000u, 0x01DB000000000001u};
static const uint64_t Keys[] = {1, 0x0001000000000001u};
static const FUZZ_WORDS Words = {Handles, 4, Pids, 4, Times, 2, Keys, 2};

static void Write(const void *Bytes, size_t Length)
{
    REQUIRE(fwrite(Bytes, 1, Length, Output) == Length);
}

static void Ask(uint32_t Code, uint32_t InputLength, uint32_t OutputLength)
{
    TL_VALID_REQUEST Request;
    if (InputLength > FUZZ_LONGEST_INPUT)
    {
        return;
    }
    const NTSTATUS Status =
        TlValidateRequest(Code, InputLength == 0 ? NULL : Input, InputLength, OutputLength, &Request);
    const uint32_t Head[] = {Code, InputLength, OutputLength, (uint32_t)Status};
    Write(Head, sizeof(Head));
    Write(Input, InputLength);
}

static void AskFuzzed(const uint8_t *Data, size_t Size)
{
    const FUZZ_REQUEST Request = FuzzParseRequest(Data, Size);
    FuzzWriteInput(&Request, Input);
    Ask(Request.Code, Request.InputLength, Request.OutputLength);
}

static void AskFile(const char *Path)
{
    static uint8_t Data[1u << 16];
    FILE *File = fopen(Path, "rb");
    REQUIRE(File != NULL);
    const size_t Size = fread(Data, 1, sizeof(Data), File);
    fclose(File);
    AskFuzzed(Data, Size);
}

/* ---- around every limit ---- */

/* A plain request of each shape that validation tells apart. */
typedef struct _PLAIN
{
    uint32_t Message;
    uint32_t Kind;
    uint32_t Flags;
    uint32_t Pids;
} PLAIN;

static const PLAIN Plains[] = {
    {FUZZ_HELLO, 0, 0, 0},  {FUZZ_QUERY, 0, 0, 2},   {FUZZ_CENSUS, 0, 0, 0},
    {FUZZ_CENSUS, 0, 1, 0}, {FUZZ_EXAMINE, 1, 0, 0}, {FUZZ_EXAMINE, 2, 7, 0},
    {FUZZ_GUARD, 1, 0, 0},  {FUZZ_GUARD, 2, 7, 0},   {FUZZ_STATS, 0, 0, 0},
};

static uint32_t WritePlain(const PLAIN *Plain, uint32_t *OutputLength)
{
    const FUZZ_SIZES *Known = FuzzSizesOf(Plain->Message);
    memset(Input, 0, 2048);
    FuzzPut(Input, 0, 4, Known->Request);
    FuzzPut(Input, 4, 2, 1);
    FuzzPut(Input, 6, 2, Plain->Message);
    FuzzPut(Input, 8, 4, Known->Reply);
    FuzzPut(Input, 12, 4, Known->Record);
    *OutputLength = Known->Reply;
    switch (Plain->Message)
    {
    case FUZZ_HELLO:
        FuzzPut(Input, 16, 2, 1);
        FuzzPut(Input, 18, 2, 1);
        break;
    case FUZZ_QUERY:
        FuzzPut(Input, 16, 4, Plain->Pids);
        break;
    case FUZZ_CENSUS:
        FuzzPut(Input, 16, 4, Plain->Flags);
        FuzzPut(Input, 24, 8, Plain->Flags);
        break;
    case FUZZ_EXAMINE:
    case FUZZ_GUARD:
        FuzzPut(Input, 16, 8, 4);
        FuzzPut(Input, 24, 4, Plain->Kind);
        FuzzPut(Input, 32, 4, Plain->Flags);
        FuzzPut(Input, 36, 4, Plain->Flags & 1);
        FuzzPut(Input, 40, 8, Plain->Flags & 2);
        FuzzPut(Input, 48, 8, Plain->Flags & 4);
        if (Plain->Message == FUZZ_GUARD)
        {
            FuzzPut(Input, 64, 4, Plain->Kind == 1 ? 0x2008 : 0x1001);
            FuzzPut(Input, 68, 4, 0x7000);
        }
        break;
    default:
        break;
    }
    const uint32_t Records = Plain->Message == FUZZ_QUERY ? Plain->Pids : 1;
    *OutputLength += Records * Known->Record;
    return Known->Request + 4 * Plain->Pids;
}

/* A field of the request (Index below Count), the input length, or the output length. */
static void Set(const FUZZ_FIELD *Fields, uint32_t Count, uint32_t Index, uint64_t Value, uint32_t Lengths[2])
{
    if (Index < Count)
    {
        FuzzPut(Input, Fields[Index].Offset, Fields[Index].Width, Value);
    }
    else
    {
        Lengths[Index - Count] = (uint32_t)Value;
    }
}

static void AskPairs(const PLAIN *Plain)
{
    const FUZZ_SIZES *Known = FuzzSizesOf(Plain->Message);
    const uint32_t Code = FuzzCodeOf(Plain->Message);
    const uint64_t Near[] = {0,
                             1,
                             2,
                             3,
                             4,
                             7,
                             8,
                             15,
                             16,
                             Known->Request - 8,
                             Known->Request,
                             Known->Request + 1,
                             Known->Request + 8,
                             Known->Reply - 1,
                             Known->Reply + 8,
                             Known->Reply + Known->Record,
                             1024,
                             1025,
                             1032,
                             4096,
                             4097,
                             0x7000,
                             0x7FFF,
                             0x8000,
                             0xFFFF,
                             0xFFFFFFFF,
                             0x100000000u};
    uint32_t Count = 0;
    const FUZZ_FIELD *Fields = FuzzFieldsOf(Plain->Message, &Count);
    for (uint32_t First = 0; First < Count + 2; First++)
    {
        for (uint32_t Second = First + 1; Second < Count + 2; Second++)
        {
            for (uint32_t Left = 0; Left < COUNT_OF(Near); Left++)
            {
                for (uint32_t Right = 0; Right < COUNT_OF(Near); Right++)
                {
                    uint32_t Lengths[2];
                    Lengths[0] = WritePlain(Plain, &Lengths[1]);
                    Set(Fields, Count, First, Near[Left], Lengths);
                    Set(Fields, Count, Second, Near[Right], Lengths);
                    Ask(Code, Lengths[0], Lengths[1]);
                }
            }
        }
    }
}

static void AskEdges(const PLAIN *Plain)
{
    uint32_t Count = 0;
    const FUZZ_FIELD *Fields = FuzzFieldsOf(Plain->Message, &Count);
    for (uint32_t Index = 0; Index < Count + 2; Index++)
    {
        for (uint32_t Edge = 0; Edge < FuzzEdgeCount; Edge++)
        {
            uint32_t Lengths[2];
            Lengths[0] = WritePlain(Plain, &Lengths[1]);
            Set(Fields, Count, Index, FuzzEdges[Edge], Lengths);
            Ask(FuzzCodeOf(Plain->Message), Lengths[0], Lengths[1]);
        }
    }
    /* Every single bit of the fixed part. */
    for (uint32_t Bit = 0; Bit < 8 * FuzzSizesOf(Plain->Message)->Request; Bit++)
    {
        uint32_t OutputLength;
        const uint32_t InputLength = WritePlain(Plain, &OutputLength);
        Input[Bit / 8] ^= (uint8_t)(1u << Bit % 8);
        Ask(FuzzCodeOf(Plain->Message), InputLength, OutputLength);
    }
}

/* What a newer client appends: zeros of every length, and one byte that is not. */
static void AskTails(const PLAIN *Plain)
{
    const uint32_t Known = FuzzSizesOf(Plain->Message)->Request;
    for (uint32_t Size = Known; Size <= 1040; Size += 4)
    {
        uint32_t OutputLength;
        (void)WritePlain(Plain, &OutputLength);
        FuzzPut(Input, 0, 4, Size);
        Ask(FuzzCodeOf(Plain->Message), Size + 4 * Plain->Pids, OutputLength);
        Input[Size - 1] ^= 1;
        Ask(FuzzCodeOf(Plain->Message), Size + 4 * Plain->Pids, OutputLength);
    }
}

/* Numbers of pids whose bytes pass 2^32 among them. */
static void AskPids(void)
{
    static const uint32_t Counts[] = {0,    1,          2,          3,          4094,       4095,       4096,
                                      4097, 0x3FFFFFFE, 0x3FFFFFFF, 0x40000000, 0x40000001, 0x80000001, 0xFFFFFFFF};
    static const uint32_t Sizes[] = {16, 24, 32, 1016, 1024, 1032};
    static const int32_t Offs[] = {-8, -4, -1, 0, 1, 4};
    for (uint32_t Index = 0; Index < COUNT_OF(Counts) * COUNT_OF(Sizes) * COUNT_OF(Offs); Index++)
    {
        const uint32_t Count = Counts[Index % COUNT_OF(Counts)];
        const uint32_t Size = Sizes[Index / COUNT_OF(Counts) % COUNT_OF(Sizes)];
        const int32_t Off = Offs[Index / COUNT_OF(Counts) / COUNT_OF(Sizes)];
        const PLAIN Plain = {FUZZ_QUERY, 0, 0, Count};
        uint32_t Need;
        (void)WritePlain(&Plain, &Need);
        FuzzPut(Input, 0, 4, Size);
        const uint32_t Length = Size + 4 * Count + (uint32_t)Off;
        Ask(FuzzCodeOf(FUZZ_QUERY), Length, Need - 1);
        Ask(FuzzCodeOf(FUZZ_QUERY), Length, Need);
        Ask(FuzzCodeOf(FUZZ_QUERY), Length, 0xFFFFFFFFu);
    }
}

/* Every control code of this device type, every code a bit away from ours, and every input shorter than a header. */
static void AskDoors(void)
{
    uint32_t OutputLength;
    const uint32_t InputLength = WritePlain(&Plains[0], &OutputLength);
    for (uint32_t Low = 0; Low < 0x10000; Low++)
    {
        Ask(0x8E540000u | Low, InputLength, OutputLength);
    }
    for (uint32_t Message = 1; Message <= FUZZ_MESSAGES; Message++)
    {
        for (uint32_t Bit = 0; Bit < 32; Bit++)
        {
            Ask(FuzzCodeOf(Message) ^ 1u << Bit, InputLength, OutputLength);
        }
        for (uint32_t Length = 0; Length <= 24; Length++)
        {
            Ask(FuzzCodeOf(Message), Length, OutputLength);
        }
    }
}

int main(int ArgumentCount, char **Arguments)
{
    REQUIRE(ArgumentCount >= 4);
    Output = fopen(Arguments[1], "wb");
    REQUIRE(Output != NULL);
    for (int Index = 4; Index < ArgumentCount; Index++)
    {
        AskFile(Arguments[Index]);
    }
    AskDoors();
    AskPids();
    for (uint32_t Index = 0; Index < COUNT_OF(Plains); Index++)
    {
        AskEdges(&Plains[Index]);
        AskTails(&Plains[Index]);
        AskPairs(&Plains[Index]);
    }
    FUZZ_RANDOM Random = FuzzSeed(strtoull(Arguments[3], NULL, 10));
    for (uint64_t Left = strtoull(Arguments[2], NULL, 10); Left > 0; Left--)
    {
        uint8_t Data[FUZZ_LONGEST_REQUEST];
        size_t Size = FuzzGenerateRequest(&Random, &Words, Data);
        AskFuzzed(Data, Size);
        Size = FuzzMutateRequest(&Random, &Words, Data, Size);
        AskFuzzed(Data, Size);
    }
    REQUIRE(fclose(Output) == 0);
    return 0;
}
