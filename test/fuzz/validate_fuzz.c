/*
 * TlValidateRequest alone, against the rules written a second time (rules.c), and against what its header promises
 * about the copy it makes.
 */
#include "validate.h"

#include "bytes.h"
#include "counts.h"
#include "grammar.h"
#include "require.h"
#include "rules.h"

size_t LLVMFuzzerMutate(uint8_t *Data, size_t Size, size_t MaxSize);
int LLVMFuzzerTestOneInput(const uint8_t *Data, size_t Size);
size_t LLVMFuzzerCustomMutator(uint8_t *Data, size_t Size, size_t MaxSize, unsigned int Seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *Left, size_t LeftSize, const uint8_t *Right, size_t RightSize,
                                 uint8_t *Out, size_t MaxOutSize, unsigned int Seed);

static const uint64_t Handles[] = {4, 8, 12, 0x104, 0xFFFFFFFFFFFFFFFFu, 0xFFFFFFFFFFFFFFFEu, 0xFFFFFFFF80000004u};
static const uint32_t Pids[] = {0, 4, 72, 812, 900, 4096};
static const uint64_t Times[] = {0x01DB000000000000u, 0x01DB000000000001u};
static const uint64_t Keys[] = {1, 2, 0x0001000000000001u};
static const FUZZ_WORDS Words = {Handles, 7, Pids, 6, Times, 2, Keys, 3};

static uint32_t Smaller(uint32_t Left, uint32_t Right)
{
    return Left < Right ? Left : Right;
}

static void CheckAccepted(const TL_VALID_REQUEST *Request, uint32_t Message, const uint8_t *Input)
{
    const FUZZ_SIZES *Known = FuzzSizesOf(Message);
    const uint32_t Size = FuzzGet32(Input, 0);
    REQUIRE_EQUAL(Request->Message, Message);
    REQUIRE_EQUAL(Request->Version, FuzzGet16(Input, 4));
    REQUIRE_EQUAL(Request->FixedLength, Smaller(FuzzGet32(Input, 8), Known->Reply));
    REQUIRE_EQUAL(Request->Stride, Smaller(FuzzGet32(Input, 12), Known->Record));
    REQUIRE_EQUAL(Request->PidsOffset, Size);
    REQUIRE(memcmp(&Request->Body, Input, Known->Request) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *Data, size_t Size)
{
    static const TL_VALID_REQUEST Nothing;
    const FUZZ_REQUEST Fuzzed = FuzzParseRequest(Data, Size);
    TL_VALID_REQUEST Request;

    FuzzCountExecution();
    /* Of its very length, so that a byte read too far is seen. */
    uint8_t *Input = Fuzzed.InputLength == 0 ? NULL : malloc(Fuzzed.InputLength);
    if (Input != NULL)
    {
        FuzzWriteInput(&Fuzzed, Input);
    }
    memset(&Request, 0xA5, sizeof(Request));
    const NTSTATUS Status = TlValidateRequest(Fuzzed.Code, Input, Fuzzed.InputLength, Fuzzed.OutputLength, &Request);
    REQUIRE_EQUAL((uint32_t)Status, FuzzExpectedStatus(Fuzzed.Code, Input, Fuzzed.InputLength, Fuzzed.OutputLength));
    if (Status == STATUS_SUCCESS)
    {
        const uint32_t Message = FuzzMessageOf(Fuzzed.Code);
        CheckAccepted(&Request, Message, Input);
        FuzzCountAccepted(Message);
    }
    else
    {
        REQUIRE(memcmp(&Request, &Nothing, sizeof(Request)) == 0);
    }
    free(Input);
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *Data, size_t Size, size_t MaxSize, unsigned int Seed)
{
    FUZZ_RANDOM Random = FuzzSeed(Seed);
    if (MaxSize < FUZZ_LONGEST_REQUEST || Size > FUZZ_LONGEST_REQUEST || FuzzOnceIn(&Random, 8))
    {
        return LLVMFuzzerMutate(Data, Size, MaxSize);
    }
    return FuzzMutateRequest(&Random, &Words, Data, Size);
}

size_t LLVMFuzzerCustomCrossOver(const uint8_t *Left, size_t LeftSize, const uint8_t *Right, size_t RightSize,
                                 uint8_t *Out, size_t MaxOutSize, unsigned int Seed)
{
    FUZZ_RANDOM Random = FuzzSeed(Seed);
    return MaxOutSize < FUZZ_LONGEST_REQUEST ? 0 : FuzzCrossRequests(&Random, Left, LeftSize, Right, RightSize, Out);
}
